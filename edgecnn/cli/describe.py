"""A result as a line for people."""

from __future__ import annotations

from collections import Counter

from edgecnn.core.results import (
    Classification,
    Detections,
    Embedding,
    Faces,
    Result,
    Segmentation,
    Tensors,
)
from edgecnn.faces.recognition import Recognition
from edgecnn.wording import counted


def one_line(result: Result) -> str:
    """What a result says, in one line."""
    if isinstance(result, Classification):
        return ", ".join(f"{item.label} {item.score:.2f}" for item in result)
    if isinstance(result, Detections):
        if not len(result):
            return "nothing found"
        return ", ".join(f"{item.label} {item.score:.2f}" for item in result)
    if isinstance(result, Recognition) and len(result):
        return ", ".join(sorted(names_found(result).elements()))
    if isinstance(result, Faces):
        if not len(result):
            return "no faces"
        scores = ", ".join(f"{score:.2f}" for score in result.scores)
        return f"{counted(len(result), 'face')} ({scores})"
    if isinstance(result, Segmentation):
        return ", ".join(f"{item.label} {item.coverage:.0%} of the picture" for item in result)
    if isinstance(result, Embedding):
        return f"{len(result)} numbers in space {result.space}"
    if isinstance(result, Tensors):
        shapes = (f"{name} {' x '.join(map(str, a.shape))}" for name, a in result.items())
        return ", ".join(shapes)
    raise TypeError(f"No words for a {type(result).__name__}.")


def names_found(result: Result) -> Counter[str]:
    """What a result names, and how often: for counting over a video."""
    if isinstance(result, Classification):
        return Counter(result.labels[:1])
    if isinstance(result, Detections):
        return Counter(result.labels)
    if isinstance(result, Recognition):
        return Counter(face.name or face.state for face in result)
    if isinstance(result, Faces):
        return Counter({"face": len(result)} if len(result) else {})
    if isinstance(result, Segmentation):
        return Counter(item.label for item in result if item.coverage > 0)
    return Counter()
