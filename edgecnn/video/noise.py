"""Keeps OpenCV from writing to standard error when a camera or stream cannot be opened."""

from __future__ import annotations

import os

import cv2


def quiet_opencv() -> None:
    """Silence OpenCV also where it was imported before edgecnn asked it to be silent.

    What goes wrong is said by the source's status instead. `edgecnn.core` sets the environment
    variables that OpenCV reads when it is loaded; whoever has set ``OPENCV_LOG_LEVEL`` to something
    else keeps that.
    """
    if os.environ.get("OPENCV_LOG_LEVEL") == "SILENT":
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
