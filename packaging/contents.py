"""What `make package` puts into the folder and what it leaves out, as data and functions of it.

The spec asks these functions, and tests hold them against the disk: a module that is found by name
only (the tables of `edgecnn.registry` and `edgecnn.cli`, the tabs of the window) is seen by no
import analysis, so every module of ours is named.
"""

from __future__ import annotations

import re
from pathlib import Path

OURS = ("edgecnn", "gui")
"""Packages that are taken whole, but for `TRAINING`."""

TRAINING = ("edgecnn.nets", "edgecnn.training", "edgecnn.explain")
"""What needs Keras, which is larger than everything else together."""

NAMED = (
    *("ai_edge_litert.interpreter", "openvino", "keyring", "keyring.errors"),
    *("cryptography.exceptions", "cryptography.hazmat.primitives.ciphers.aead"),
    *("cryptography.hazmat.primitives.serialization",),
    *("cryptography.hazmat.primitives.asymmetric.ed25519",),
)
"""Modules of others that code of ours imports by name."""

NEVER = (
    *TRAINING,
    *("converters", "tensorflow", "keras", "jax", "torch", "nncf", "ai_edge_quantizer", "optuna"),
    *("sklearn", "scipy", "matplotlib", "pandas", "IPython", "pytest", "setuptools", "pip"),
    # Parts of what is taken that only those who make models want.
    *("ai_edge_litert.aot", "ai_edge_litert.tools", "ai_edge_litert.vendors"),
    *("openvino.tools", "openvino.torch", "openvino_telemetry"),
    *(f"openvino.frontend.{name}" for name in ("jax", "onnx", "paddle", "pytorch", "tensorflow")),
    *("numpy.distutils", "numpy.f2py", "numpy.testing", "tkinter", "unittest", "lib2to3"),
)
"""Modules that stay out even where the environment that builds has them."""

METADATA = (
    *("ai-edge-litert", "openvino", "numpy", "opencv-python-headless", "msgspec", "click", "rich"),
    *("platformdirs", "psutil", "cryptography", "keyring"),
)
"""Distributions whose metadata is read: for versions of engines, the about box and keyrings."""

_QT_MODULES = ("QtCore", "QtGui", "QtSvg", "QtWidgets")
_QT_LIBRARIES = ("Core", "DBus", "Gui", "OpenGL", "Svg", "WaylandClient", "Widgets", "XcbQpa")
_QT_PLUGINS = (
    *("iconengines/libqsvgicon", "imageformats/libqjpeg", "imageformats/libqsvg"),
    *("platforminputcontexts/libcompose", "platforminputcontexts/libibus"),
    *("platforms/libqminimal.", "platforms/libqoffscreen", "platforms/libqwayland"),
    *("platforms/libqxcb", "platformthemes/libqxdgdesktopportal"),
    *("wayland-decoration-client/", "wayland-graphics-integration-client/libqt-plugin-wayland-egl"),
    *("wayland-shell-integration/libxdg-shell", "xcbglintegrations/"),
)
_OPENVINO = (
    *("libopenvino.so", "libopenvino_intel_cpu_plugin", "libopenvino_ir_frontend"),
    *("libopenvino_tensorflow_lite_frontend", "libtbb.", "libtbbmalloc.", "libtbbbind", "libhwloc"),
)
_OF_SYSTEM = re.compile(
    # What Python's own modules link, and the small libraries of X11 that desktops often lack.
    r"lib(bz2|crypto|ffi|gdbm|lzma|ncursesw|readline|sqlite3|ssl|tinfo|uuid"
    r"|xcb-[a-z-]+|xkbcommon|xkbcommon-x11|python[\d.]+)\.so"
)


def modules(root: Path) -> list[str]:
    """Dotted names of every module of ours that goes into the folder, from the disk.

    Args:
        root: The checkout.
    """
    names = []
    for package in OURS:
        for file in sorted((root / package).rglob("*.py")):
            name = ".".join(file.relative_to(root).with_suffix("").parts)
            name = name.removesuffix(".__init__")
            if not any(name == out or name.startswith(f"{out}.") for out in TRAINING):
                names.append(name)
    return names


def engine_libraries(site_packages: Path) -> list[tuple[str, str]]:
    """OpenVINO's libraries, which it opens by name: pairs of a file and its folder in the package.

    Args:
        site_packages: Where OpenVINO is installed.
    """
    folder = site_packages / "openvino" / "libs"
    found = [file for file in sorted(folder.glob("*.so*")) if file.name.startswith(_OPENVINO)]
    return [(str(file), "openvino/libs") for file in found]


def is_wanted(destination: str, *, of_system: bool = False) -> bool:
    """Whether a library or data file goes into the folder.

    Libraries of the system stay in the system: those of graphics have to fit its drivers.

    Args:
        destination: Where it would lie, relative to the folder, with forward slashes.
        of_system: It comes neither from a wheel nor from Python.
    """
    top, _, rest = destination.partition("/")
    if of_system:
        return _OF_SYSTEM.match(top) is not None
    if top == "PySide6":
        return _is_wanted_of_qt(rest)
    if destination.startswith("openvino/libs/"):
        return rest.removeprefix("libs/").startswith(_OPENVINO)
    # OpenVINO looks for its plug-ins beside the library as it was found: a link would mislead it.
    return not destination.startswith(("libopenvino", "libtbb", "libhwloc"))


def _is_wanted_of_qt(inside: str) -> bool:
    """The same, for what lies in the folder ``PySide6``."""
    if inside.startswith("Qt/lib/"):
        name = re.match(r"libQt6(\w+?)\.so", inside.removeprefix("Qt/lib/"))
        return name is None or name[1] in _QT_LIBRARIES
    if inside.startswith("Qt/"):
        return inside.removeprefix("Qt/plugins/").startswith(_QT_PLUGINS)
    name = re.match(r"(Qt\w+)\.abi3\.so", inside)
    return name is None or name[1] in _QT_MODULES
