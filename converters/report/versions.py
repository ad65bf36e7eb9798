"""What a conversion was made with and on, for its report."""

from __future__ import annotations

import platform
from importlib import metadata

_DISTRIBUTIONS = (
    "edgecnn", "tensorflow", "tensorflow-cpu", "keras", "openvino", "nncf", "ai-edge-litert",
    "ai-edge-quantizer", "numpy", "opencv-python-headless",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Distribution -> version, of those that are installed, and Python's own."""
    found = {"python": platform.python_version()}
    for name in _DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
