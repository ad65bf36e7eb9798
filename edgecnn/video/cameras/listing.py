"""Which cameras there are, without opening one and without noise.

Numbers of cameras change when one is unplugged; what is stored in settings is the stable ``id``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgecnn.video.cameras.v4l2 import Capability, query
from edgecnn.video.files import natural_key

SYSTEM = Path("/sys/class/video4linux")
DEVICES = Path("/dev")


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A camera of this machine.

    Attributes:
        id: Stays the same when cameras are plugged in another order, or at least (two cameras of
            one make without serial numbers) while it stays in its socket.
        index: The number that OpenCV and ``edgecnn run 0`` use; may change.
        name: For people; numbered when two cameras have the same.
        path: Such as ``/dev/video0``.
    """

    id: str
    index: int
    name: str
    path: str


def list_cameras(
    *,
    system: Path = SYSTEM,
    devices: Path = DEVICES,
    ask: Callable[[str], Capability | None] = query,
) -> list[CameraInfo]:
    """The cameras, in the order of their numbers; empty where the system is not Linux.

    A webcam has several devices, of which one gives pictures, and a Raspberry Pi has a dozen that
    are codecs: what the kernel knows of each decides. A camera that this user may not open is
    listed all the same, so that trying it says why.

    Args:
        system: The folder in which Linux lists video devices.
        devices: The folder of the devices themselves.
        ask: What a device at a path is; None when it cannot be asked.
    """
    try:
        entries = sorted(system.glob("video*"), key=natural_key)
    except OSError:
        return []
    stable = _stable_names(devices)
    found: list[CameraInfo] = []
    for entry in entries:
        number = re.fullmatch(r"video(\d+)", entry.name)
        path = devices / entry.name
        if number is None or not path.exists():
            continue
        capability = ask(str(path))
        if capability is None and _first_line(entry / "index") not in ("", "0"):
            continue  # cannot be asked: only the first device of a camera gives pictures
        if capability is not None and not capability.captures:
            continue
        name = _first_line(entry / "name") or (capability.card if capability else "")
        found.append(
            CameraInfo(
                stable.get(entry.name, str(path)),
                int(number.group(1)),
                _tidy(name) or f"camera {number.group(1)}",
                str(path),
            )
        )
    return _numbered(found)


def find_camera(word: str, cameras: list[CameraInfo]) -> CameraInfo | None:
    """The camera that a number, path or stable id means, or None."""
    path = Path(word)
    target = str(path.resolve()) if path.is_absolute() else ""
    for camera in cameras:
        if word in (str(camera.index), camera.id, camera.path) or target == camera.path:
            return camera
    return None


def _stable_names(devices: Path) -> dict[str, str]:
    """Device -> name of the link that udev made for it, by serial number if it has one."""
    names: dict[str, str] = {}
    for folder in ("by-path", "by-id"):  # the later one wins
        for link in sorted((devices / "v4l" / folder).glob("*")):
            names[link.resolve().name] = link.name
    return names


def _first_line(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace").strip().partition("\n")[0]
    except OSError:
        return ""


def _tidy(name: str) -> str:
    """The kernel repeats the product name: ``C920: C920`` and ``C920: C92``."""
    first, separator, second = name.partition(": ")
    return first.strip() if separator and first.startswith(second.strip()) else name.strip()


def _numbered(cameras: list[CameraInfo]) -> list[CameraInfo]:
    numbered = []
    for position, camera in enumerate(cameras):
        same = [other.name for other in cameras].count(camera.name)
        before = [other.name for other in cameras[:position]].count(camera.name)
        name = f"{camera.name} ({before + 1})" if same > 1 else camera.name
        numbered.append(CameraInfo(camera.id, camera.index, name, camera.path))
    return numbered
