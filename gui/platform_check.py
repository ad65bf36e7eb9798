"""Whether Qt could open a window here, asked before Qt is: it aborts the process when it cannot."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import PySide6

from edgecnn.errors import EdgeCNNError

X11_PACKAGES = (
    "libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 "
    "libxcb-render-util0 libxcb-shape0 libxcb-util1 libxcb-xkb1 libxkbcommon-x11-0"
)


class WindowError(EdgeCNNError):
    """No window can be opened here."""


def forget_other_qt() -> None:
    """Undo what the full OpenCV wheel does when it is imported: it points Qt at its own Qt 5."""
    for variable in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        if "cv2" in Path(os.environ.get(variable, "")).parts:
            del os.environ[variable]


def check_platform() -> None:
    """Load what Qt will load for a display of X11.

    Raises:
        WindowError: A system library is missing; says which, and how Debian calls the packages.
    """
    named = os.environ.get("QT_QPA_PLATFORM", "")
    wayland = os.environ.get("WAYLAND_DISPLAY") and named != "xcb"
    if not sys.platform.startswith("linux") or wayland or named not in ("", "xcb"):
        return
    plugin = Path(PySide6.__file__).parent / "Qt" / "plugins" / "platforms" / "libqxcb.so"
    if not plugin.exists():  # a Qt of the system has its plugins elsewhere, and its packages whole
        return
    try:
        ctypes.CDLL(str(plugin))
    except OSError as error:
        raise WindowError(
            f"The window needs system libraries that are missing ({error}). On Debian and Ubuntu "
            f"type: sudo apt-get install {X11_PACKAGES}"
        ) from error
