"""One thread budget for everything that computes.

LiteRT, OpenVINO and OpenCV each have a pool of their own. Left alone, each takes all cores, and
they get in each other's way: a budget is set once and given to all three.
"""

from __future__ import annotations

import os

import cv2
import psutil

from edgecnn.errors import OptionError

MAX_DEFAULT = 4
"""More threads than this rarely pay for one picture at a time on a mobile-size network."""


def available_cores() -> int:
    """Physical cores that this process may run on, at least 1."""
    try:
        logical = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        logical = os.cpu_count() or 1
    physical = psutil.cpu_count(logical=False) or logical
    return max(1, min(logical, physical))


def resolve_threads(threads: int | None) -> int:
    """The number of inference threads: as asked for, or the cores there are, at most four.

    Raises:
        OptionError: Less than 1, or more than this machine has logical cores.
    """
    if threads is None:
        return min(available_cores(), MAX_DEFAULT)
    limit = os.cpu_count() or 1
    if isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= limit:
        raise OptionError(
            f"threads must be a whole number from 1 to {limit} (the cores of this machine), "
            f"but got {threads!r}."
        )
    return threads


def share_with_opencv(threads: int) -> None:
    """Give OpenCV the same budget; its pool is one for the whole process."""
    if cv2.getNumThreads() != threads:
        cv2.setNumThreads(threads)
