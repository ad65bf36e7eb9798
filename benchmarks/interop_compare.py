"""How far two answers about one picture are apart, and how far they may be.

Both sides run the same network on the same pixels, so what remains is rounding: other kernels,
another thread split, and boxes that the other side rounds to whole pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from benchmarks.interop_tools import Answer, Found, Ranked
from edgecnn.core.overlap import iou_matrix

SCORE = {"float32": 0.002, "float16": 0.002, "int8": 0.05}
"""Largest difference of a score, by precision."""
COSINE = {"float32": 0.99999, "float16": 0.99999, "int8": 0.999}
MASK_IOU = 0.99
BOX_PX = 2.0
"""Corners of boxes, in pixels of the network's input: others round boxes to whole pixels. Boxes of
8 bits are held to `INT8_BOX_IOU` instead."""
INT8_BOX_IOU = 0.75


_HIGHER_IS_BETTER = frozenset({"cosine", "mask IoU", "box IoU"})


@dataclass
class Tally:
    """What was seen over all pictures of one file.

    Attributes:
        asked: Pictures.
        agreed: Pictures within all limits.
        figures: Figure -> its values, one a picture (or a box).
    """

    asked: int = 0
    agreed: int = 0
    figures: dict[str, list[float]] = field(default_factory=dict)

    def note(self, name: str, value: float) -> float:
        """Remember a figure, and give it back."""
        self.figures.setdefault(name, []).append(value)
        return value

    def words(self) -> str:
        """The figures in a cell of the table: the worst of each."""
        parts = []
        for name, values in self.figures.items():
            value = min(values) if name in _HIGHER_IS_BETTER else max(values)
            if name == "same top 5":
                parts.append(
                    f"same five in the same order {np.mean(values):.0%} (equal scores in any)"
                )
            elif name == "objects":
                parts.append(f"{int(sum(values))} objects")
            else:
                parts.append(f"{name} {value:.5f}" if value < 1.5 else f"{name} {value:.1f}")
        return ", ".join(parts)


def judge(ours: Answer, theirs: Answer, precision: str, tally: Tally) -> bool:
    """Note how far two answers are apart; True when they are the same within the limits."""
    tally.asked += 1
    if isinstance(ours, Ranked) and isinstance(theirs, Ranked):
        same = _ranked(ours, theirs, SCORE[precision], tally)
    elif isinstance(ours, Found) and isinstance(theirs, Found):
        same = _found(ours, theirs, precision, tally)
    elif isinstance(ours, np.ndarray) and isinstance(theirs, np.ndarray):
        judge_array = _vector if ours.ndim == 1 else _mask
        same = judge_array(ours, theirs, precision, tally)
    else:
        raise TypeError(f"{type(ours).__name__} and {type(theirs).__name__} are not comparable.")
    tally.agreed += same
    return same


def _ranked(ours: Ranked, theirs: Ranked, slack: float, tally: Tally) -> bool:
    count = len(theirs.labels)
    known = dict(zip(ours.labels, ours.scores, strict=True))
    gaps = [
        abs(float(score) - float(known.get(label, np.inf)))
        for label, score in zip(theirs.labels, theirs.scores, strict=True)
    ]
    # Of classes with the very same score (8 bits have few), either order is right.
    in_their_order = np.array([known.get(label, np.inf) for label in theirs.labels], np.float32)
    same = bool(np.allclose(in_their_order, ours.scores[:count], atol=1e-6))
    tally.note("same top 5", float(same))
    return same and tally.note("score difference", max(gaps)) <= slack


def _found(ours: Found, theirs: Found, precision: str, tally: Tally) -> bool:
    tally.note("objects", float(len(ours.labels)))
    overlaps = iou_matrix(ours.boxes_xyxy, theirs.boxes_xyxy)
    partners: set[int] = set()
    same, by_overlap = True, precision == "int8"
    for index, label in enumerate(ours.labels):
        options = [
            (float(overlaps[index, other]), other)
            for other, name in enumerate(theirs.labels)
            if name == label and other not in partners
        ]
        overlap, partner = max(options, default=(0.0, -1))
        if partner < 0 or overlap < 0.5:
            same = False
            tally.note("unmatched score", float(ours.scores[index]))
            continue
        partners.add(partner)
        tally.note("box IoU", overlap)
        gap = float(np.abs(ours.boxes_xyxy[index] - theirs.boxes_xyxy[partner]).max())
        apart = abs(float(ours.scores[index] - theirs.scores[partner]))
        tally.note("corner px", gap)
        tally.note("score difference", apart)
        near = overlap >= INT8_BOX_IOU if by_overlap else gap <= BOX_PX
        same &= near and apart <= SCORE[precision]
    return same and len(partners) == len(theirs.labels)


def _vector(ours: np.ndarray, theirs: np.ndarray, precision: str, tally: Tally) -> bool:
    lengths = float(np.linalg.norm(ours) * np.linalg.norm(theirs))
    cosine = tally.note("cosine", float(ours @ theirs) / lengths)
    tally.note("distance", float(np.linalg.norm(ours - theirs)))
    return cosine >= COSINE[precision]


def _mask(ours: np.ndarray, theirs: np.ndarray, precision: str, tally: Tally) -> bool:
    if ours.shape != theirs.shape:
        return False
    tally.note("probability difference", float(np.abs(ours - theirs).max()))
    a, b = ours >= 0.5, theirs >= 0.5
    union = int((a | b).sum())
    overlap = tally.note("mask IoU", 1.0 if union == 0 else int((a & b).sum()) / union)
    return overlap >= MASK_IOU
