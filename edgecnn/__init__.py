"""edgecnn: take a CNN from training to a live camera on a small device.

    import edgecnn

    detect = edgecnn.load("detect_nanodet")
    for found in detect("street.jpg"):
        print(found.label, found.score, found.box_xyxy)

Names are imported when they are first used, so that ``import edgecnn`` costs next to nothing and
optional parts stay optional.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from edgecnn.api import draw, load
    from edgecnn.core.results import (
        Classification,
        Detections,
        Embedding,
        Faces,
        Segmentation,
        Tensors,
    )
    from edgecnn.errors import EdgeCNNError
    from edgecnn.video.frame import Frame
    from edgecnn.video.pipeline import Pipeline

_LAZY = {
    "Classification": "edgecnn.core.results",
    "Detections": "edgecnn.core.results",
    "EdgeCNNError": "edgecnn.errors",
    "Embedding": "edgecnn.core.results",
    "Faces": "edgecnn.core.results",
    "Frame": "edgecnn.video.frame",
    "Pipeline": "edgecnn.video.pipeline",
    "Segmentation": "edgecnn.core.results",
    "Tensors": "edgecnn.core.results",
    "convert": "converters.convert",
    "draw": "edgecnn.api",
    "load": "edgecnn.api",
    "optimize": "converters.search.optimize",
}

__all__ = [
    "Classification",
    "Detections",
    "EdgeCNNError",
    "Embedding",
    "Faces",
    "Frame",
    "Pipeline",
    "Segmentation",
    "Tensors",
    "__version__",
    "convert",
    "draw",
    "load",
    "optimize",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'edgecnn' has no attribute {name!r}")
    value = getattr(importlib.import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
