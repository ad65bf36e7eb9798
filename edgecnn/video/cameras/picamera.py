"""Reads the camera of a Raspberry Pi through libcamera.

``picamera2`` is a package of Raspberry Pi OS, not of PyPI: it comes with ``sudo apt install
python3-picamera2``, and a virtual environment sees it when it was made with
``--system-site-packages``. The system's picamera2 encodes JPEG with a ``simplejpeg`` that was
compiled for the system's numpy; with a newer numpy in the environment, simplejpeg has to be newer
as well (picamera2 issue 1088).
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from edgecnn.video.facts import SourceFacts
from edgecnn.video.fault import Fault
from edgecnn.video.link import Grab
from edgecnn.video.status import Reason

SIZE_WH = (1280, 720)
"""What is asked for when nobody says."""


def import_picamera2() -> Any:
    """The system's module.

    Raises:
        Fault: It is not there.
    """
    try:
        return importlib.import_module("picamera2")
    except ImportError as error:
        raise Fault(
            Reason.NOT_FOUND,
            "The Pi camera needs picamera2, which this Python does not see "
            f"({error}). Install it with: sudo apt install python3-picamera2   and make the "
            "virtual environment with: python3 -m venv --system-site-packages .venv",
        ) from error
    except ValueError as error:  # "numpy.dtype size changed": compiled for the system's own numpy
        raise Fault(
            Reason.BROKEN,
            "picamera2 was made for an older numpy than the one in this environment. Mend it with: "
            f"pip install --upgrade simplejpeg   ({error})",
        ) from error


class PicameraReader:
    """One opening of a Pi camera.

    Args:
        name: For people.
        number: Which of the Pi's cameras, from 0.
        size_wh: Width and height to ask for.
        fps: Pictures a second to ask for.
        module: Gives picamera2; another one in tests.
    """

    exclusive = True

    def __init__(
        self,
        name: str,
        number: int = 0,
        size_wh: tuple[int, int] | None = None,
        fps: float | None = None,
        *,
        module: Callable[[], Any] = import_picamera2,
    ) -> None:
        self.name = name
        self._number = number
        self._size_wh = size_wh or SIZE_WH
        self._fps = fps
        self._module = module
        self._camera: Any = None

    def open(self) -> SourceFacts:
        """Configure the camera for video and start it.

        Raises:
            Fault: No picamera2, no camera, or it is in use.
        """
        picamera2 = self._module()
        try:
            self._camera = picamera2.Picamera2(self._number)
        except IndexError as error:
            raise Fault(
                Reason.NOT_FOUND,
                f"{self.name} is not connected. Check the ribbon cable; `rpicam-hello "
                "--list-cameras` lists what the Pi sees.",
            ) from error
        except RuntimeError as error:
            raise Fault(
                Reason.BUSY,
                f"{self.name} cannot be taken: another program uses it. Close that program and "
                "try again.",
            ) from error
        # libcamera's RGB888 lies in memory as blue, green, red: what OpenCV calls BGR.
        main = {"size": self._size_wh, "format": "RGB888"}
        controls = {} if self._fps is None else {"FrameRate": float(self._fps)}
        configuration = self._camera.create_video_configuration(main=main, controls=controls)
        self._camera.configure(configuration)
        self._camera.start()
        size_wh = tuple(int(side) for side in self._camera.camera_configuration()["main"]["size"])
        return SourceFacts((size_wh[0], size_wh[1]), self._fps, None, "picamera2", "RGB888")

    def read(self) -> Grab | None:
        """The next picture, with the time stamp of the sensor."""
        request = self._camera.capture_request()
        captured_s = time.monotonic()
        try:
            pixels = np.array(request.make_array("main"), np.uint8)
            stamp_ns = request.get_metadata().get("SensorTimestamp")
        finally:
            request.release()
        return Grab(
            np.ascontiguousarray(pixels[:, :, :3]),
            captured_s,
            stamp_ns / 1e9 if stamp_ns else None,
        )

    def trouble(self) -> str:
        """Trouble comes as an exception."""
        return ""

    def interrupt(self) -> None:
        """A driver answers in time or not at all: whoever waits leaves this thread behind."""

    def close(self) -> None:
        """Stop the camera and let go of it."""
        camera, self._camera = self._camera, None
        if camera is not None:
            try:
                camera.stop()
            finally:
                camera.close()
