"""Golden pictures of a conversion: a few of its proof inputs, with the float file's answers.

They go into the bundle, so that ``edgecnn verify`` can ask any device whether it still answers like
the machine that converted. Pictures with a clear answer are taken; the limits are what the variants
were seen to differ by here, with room for another processor's rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from converters.bundles.pack import golden_answers
from converters.bundles.publish import golden_jpeg
from converters.inputs.pictures import PictureSet
from edgecnn.bundle.arrays import write_arrays
from edgecnn.bundle.io import Bundle
from edgecnn.bundle.schema import Golden
from edgecnn.core.image import Pixels
from edgecnn.errors import ConversionError
from edgecnn.evaluation.agreement import compare
from edgecnn.registry import TASKS
from edgecnn.runtime.backend import Array
from edgecnn.runtime.policy import Choice, candidates
from edgecnn.video.frame import Frame

COUNT = 4
PNG_PIXELS = 128 * 128
"""Pictures up to this size are kept without loss; larger ones as JPEG."""
ROOM = 1.5
"""How much more than what was measured here another processor's rounding may differ."""

_LEAST = {
    # check -> smallest limit, by precision: float32, float16, int8, int4w
    "score": (0.01, 0.03, 0.1, 0.15),
    "top1": (0.0, 0.0, 0.0, 0.0),
    "missed_clear": (0.0, 0.0, 0.0, 0.2),
    "extra_clear": (0.0, 0.0, 0.2, 0.2),
    "count": (0.0, 0.0, 0.0, 0.0),
    "missed": (0.0, 0.0, 0.0, 0.0),
    "points_percent": (1.0, 2.0, 8.0, 8.0),
    "distance": (0.005, 0.01, 0.05, 0.1),
    "grid": (0.005, 0.01, 0.05, 0.08),
    "coverage": (0.005, 0.01, 0.05, 0.08),
    "relative": (0.001, 0.02, 0.1, 0.2),
    "cosine_distance": (1e-6, 1e-4, 0.01, 0.02),
}
_CHECKS = {
    "classify": ("score", "top1"),
    "detect": ("missed_clear", "extra_clear"),
    "detect_faces": ("count", "missed", "points_percent"),
    "embed": ("distance",),
    "segment": ("grid", "coverage"),
    "tensors": ("relative", "cosine_distance"),
}
_PRECISIONS = ("float32", "float16", "int8", "int4w")


@dataclass(frozen=True, slots=True)
class GoldenFiles:
    """Entries of the manifest and the pictures that they name.

    Attributes:
        golden: For `Manifest.golden`.
        files: Path inside the bundle -> content.
    """

    golden: tuple[Golden, ...]
    files: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Item:
    """A golden picture, or golden arrays.

    Attributes:
        content: Of its file.
        asked: What a task is called with; of the file as whoever opens it sees it.
    """

    content: bytes
    asked: Any


def picture_items(pictures: PictureSet, indices: Sequence[int]) -> dict[str, Item]:
    """Path inside the bundle -> picture."""
    items = {}
    for number, index in enumerate(indices):
        content, suffix = encode(*pictures.picture(index))
        path = f"golden/{number}{suffix}"
        decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        frame = Frame(np.asarray(decoded, np.uint8), "bgr", source=path)
        items[path] = Item(content, frame)
    return items


def array_items(inputs: Sequence[Mapping[str, Array]]) -> dict[str, Item]:
    """Path inside the bundle -> arrays of the task ``tensors``, of the first `COUNT` inputs."""
    return {
        f"golden/{number}.npz": Item(write_arrays(arrays), arrays)
        for number, arrays in enumerate(inputs[:COUNT])
    }


def make_golden(bundle: Bundle, items: Mapping[str, Item]) -> GoldenFiles:
    """Ask the first variant, and set limits that every variant keeps.

    Args:
        bundle: The finished variants, the float reference first.
        items: From `picture_items` or `array_items`.
    """
    asked = {path: item.asked for path, item in items.items()}
    drafts = golden_answers(bundle, asked, {}, lambda task, what: task(what))
    limits = _limits(bundle, drafts, asked)
    golden = tuple(
        Golden(image=draft.image, expected=draft.expected, tolerance=limits) for draft in drafts
    )
    return GoldenFiles(golden, {path: item.content for path, item in items.items()})


def choose(task: str, expected: Sequence[Any], answers: Sequence[Sequence[Any]]) -> list[int]:
    """Pictures whose answer is clear, each of another first class where there are classes.

    Args:
        task: Name of a task.
        expected: The reference's answers, as `converters.proof.parity.kept` gives them.
        answers: The same of the variants.

    Returns:
        Indices of at most `COUNT` pictures, the clearest first.
    """
    if task != "classify":
        step = max(len(expected) // COUNT, 1)
        return list(range(0, len(expected), step))[:COUNT]
    order = sorted(range(len(expected)), key=lambda index: -float(expected[index]["scores"][0]))
    agreed = [
        index
        for index in order
        if all(one[index]["class_ids"][:1] == expected[index]["class_ids"][:1] for one in answers)
    ]
    chosen: list[int] = []
    seen: set[int] = set()
    for index in agreed:
        first = int(expected[index]["class_ids"][0])
        if first not in seen:
            seen.add(first)
            chosen.append(index)
    return (chosen + [index for index in agreed if index not in chosen])[:COUNT]


def encode(pixels: Pixels, color: str) -> tuple[bytes, str]:
    """A picture as PNG when it is small, else as JPEG of at most 60 kB; with the file's suffix.

    Args:
        pixels: (H, W, 3) or (H, W) uint8.
        color: Order of its channels.
    """
    ordered: Any = pixels
    if color == "rgb":
        ordered = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    elif color == "gray":
        ordered = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    if pixels.shape[0] * pixels.shape[1] > PNG_PIXELS:
        return golden_jpeg(ordered), ".jpg"
    done, content = cv2.imencode(".png", ordered)
    if not done:
        raise ConversionError(f"A picture of shape {pixels.shape} cannot be written as PNG.")
    return bytes(content.tobytes()), ".png"


def _limits(
    bundle: Bundle, drafts: Sequence[Golden], items: Mapping[str, Any]
) -> dict[str, dict[str, float]]:
    """Precision -> check -> limit, from what each variant differs by here."""
    task = bundle.manifest.task
    checks = _CHECKS[task]
    limits = {
        precision: {check: _LEAST[check][column] for check in checks}
        for column, precision in enumerate(_PRECISIONS)
        if any(variant.precision == precision for variant in bundle.manifest.variants)
    }
    for variant, backend in candidates(bundle.manifest):
        with TASKS[task](bundle, Choice(variant, backend, 1, "f32", "golden")) as asked:
            for draft in drafts:
                figures = compare(task, draft.expected, asked(items[draft.image]).to_dict())
                kept = limits[variant.precision]
                for check in checks:
                    kept[check] = max(kept[check], round(ROOM * figures[check], 4))
    return limits
