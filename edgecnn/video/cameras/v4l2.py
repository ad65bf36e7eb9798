"""What Linux says about a video device: asked of the kernel, because OpenCV says only yes or no."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass

from edgecnn.video.fault import Fault
from edgecnn.video.status import Reason

_QUERYCAP = 0x80685600  # VIDIOC_QUERYCAP: struct v4l2_capability, 104 bytes
_REQBUFS = 0xC0145608  # VIDIOC_REQBUFS: struct v4l2_requestbuffers, 20 bytes
_CAPABILITY = struct.Struct("16s32s32sIII12x")
_CAPTURE = 0x1 | 0x1000  # single and multi-planar video capture
_MEMORY_TO_MEMORY = 0x4000 | 0x8000  # a codec, not a camera
_HAS_DEVICE_CAPS = 0x80000000
_TYPE_CAPTURE, _MEMORY_MMAP = 1, 1

NO_CAMERAS = ("bcm2835-codec", "bcm2835-isp", "pispbe", "rp1-cfe", "unicam", "rpi-hevc-dec")
"""Drivers of a Raspberry Pi that look like cameras and are parts of one: see `picamera`."""

Ioctl = Callable[[int, int, bytearray], int]


@dataclass(frozen=True, slots=True)
class Capability:
    """What a device says it is.

    Attributes:
        driver: Such as ``uvcvideo``.
        card: The name for people.
        captures: Whether pictures can be read from it.
    """

    driver: str
    card: str
    captures: bool


def query(path: str, ioctl: Ioctl | None = None) -> Capability | None:
    """Ask a device what it is; None when it is no video device or must not be opened."""
    try:
        device = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        answer = bytearray(_CAPABILITY.size)
        (ioctl or _kernel())(device, _QUERYCAP, answer)
    except OSError:
        return None
    finally:
        os.close(device)
    driver, card, _, _, capabilities, device_caps = _CAPABILITY.unpack(answer)
    own = device_caps if capabilities & _HAS_DEVICE_CAPS else capabilities
    name = driver.split(b"\0")[0].decode("utf-8", "replace")
    captures = bool(own & _CAPTURE) and not own & _MEMORY_TO_MEMORY and name not in NO_CAMERAS
    return Capability(name, card.split(b"\0")[0].decode("utf-8", "replace"), captures)


def why_closed(path: str, name: str, ioctl: Ioctl | None = None) -> Fault:
    """Why a device that should be a camera could not be opened."""
    try:
        device = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return _refused(path, name, error)
    try:
        # Asking for no buffers changes nothing, and is refused while another program has some.
        (ioctl or _kernel())(
            device, _REQBUFS, bytearray(struct.pack("5I", 0, _TYPE_CAPTURE, _MEMORY_MMAP, 0, 0))
        )
    except OSError as error:
        if error.errno == errno.EBUSY:
            return _busy(name)
        if error.errno in (errno.ENODEV, errno.ENXIO):
            return _missing(path, name)
        return Fault(
            Reason.BROKEN,
            f"{name} ({path}) is no camera that pictures can be read from ({error.strerror}). "
            "`edgecnn doctor` lists the cameras.",
        )
    finally:
        os.close(device)
    return Fault(
        Reason.BROKEN,
        f"{name} ({path}) cannot be opened although it is free: it has no format that can be read, "
        "or it hangs. Unplug it and plug it in again.",
    )


def _refused(path: str, name: str, error: OSError) -> Fault:
    if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return _missing(path, name)
    if error.errno in (errno.EACCES, errno.EPERM):
        return Fault(
            Reason.NO_PERMISSION,
            f"{name} ({path}) may not be opened by this user. Add the user to the group video "
            "(sudo usermod -aG video $USER) and log in again.",
        )
    if error.errno == errno.EBUSY:
        return _busy(name)
    return Fault(Reason.BROKEN, f"{name} ({path}) cannot be opened: {error.strerror}.")


def _missing(path: str, name: str) -> Fault:
    return Fault(
        Reason.NOT_FOUND,
        f"{name} is not connected (there is no {path}). Plug it in; `edgecnn doctor` lists the "
        "cameras.",
    )


def _busy(name: str) -> Fault:
    return Fault(
        Reason.BUSY, f"{name} is in use by another program. Close that program and try again."
    )


def _kernel() -> Ioctl:
    import fcntl  # not on Windows

    def ioctl(device: int, request: int, answer: bytearray) -> int:
        return int(fcntl.ioctl(device, request, answer, True))

    return ioctl
