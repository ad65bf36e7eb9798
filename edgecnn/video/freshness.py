"""Whether a picture is a new one: the evidence by which a frozen camera is known.

Drivers go on returning the last picture after a camera was unplugged, and say that all is well. So
the return value of a driver is no evidence; its time stamps and the pictures themselves are.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

from edgecnn.core.image import Pixels

_EVERY = 8
"""Every so-many-th pixel in both directions is looked at: sensor noise changes all of them."""


def fingerprint(pixels: Pixels) -> int:
    """A number that is equal for equal pictures, from one pixel in sixty-four."""
    return zlib.crc32(np.ascontiguousarray(pixels[::_EVERY, ::_EVERY]).data)


def is_black(pixels: Pixels) -> bool:
    """Whether a picture is exactly zero, as cameras give it before the first exposure."""
    return not pixels[::_EVERY, ::_EVERY].any() and not pixels.any()


class Freshness:
    """Compares each picture with the one before it."""

    def __init__(self) -> None:
        self._device_s: float | None = None
        self._fingerprint: int | None = None

    def copy(self) -> Freshness:
        """The same knowledge, for another thread."""
        same = Freshness()
        same._device_s, same._fingerprint = self._device_s, self._fingerprint
        return same

    def reconnected(self) -> None:
        """Forget the time stamp, which starts anew; the picture may still be the old one."""
        self._device_s = None

    def is_new(self, device_s: float | None, mark: Callable[[], int]) -> bool:
        """Whether a picture differs from the last by its time stamp or its content.

        Both must stand still for a picture to be an old one: behind a closed shutter pictures are
        equal but the stamps go on; some drivers give no stamps, or always the same.

        Args:
            device_s: The device's time stamp of the picture; None or 0 where it gives none.
            mark: Gives the picture's `fingerprint`, or a checksum of its bytes; not asked for
                while stamps advance.
        """
        device_s, last_s = device_s or None, self._device_s
        self._device_s = device_s
        if device_s is not None and last_s is not None and device_s != last_s:
            return True
        known, self._fingerprint = self._fingerprint, mark()
        return self._fingerprint != known
