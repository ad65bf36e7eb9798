"""What the two writers of the standard SSD form have to know of a raw SSD."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgecnn.errors import ConversionError
from edgecnn.runtime.decode.outputs import Activation
from edgecnn.runtime.output import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Anchors, coding and thresholds.

    Attributes:
        anchors_yxhw: (N, 4) float32 centre y, centre x, height, width, as shares of the input.
        box_scales: What the four numbers (y, x, height, width) are divided by.
        activation: What turns scores into probabilities.
        background: Whether the first score stands for no object.
        score_threshold, iou_threshold, max_results: As `DetectionParameters`.
    """

    anchors_yxhw: Floats
    box_scales: tuple[float, float, float, float]
    activation: Activation
    background: bool
    score_threshold: float
    iou_threshold: float
    max_results: int

    def check(self, boxes: Sequence[int], scores: Sequence[int]) -> int:
        """Number of classes, when both outputs fit the anchors.

        Args:
            boxes: Shape of the offsets.
            scores: Shape of the scores.

        Raises:
            ConversionError: They do not.
        """
        count = len(self.anchors_yxhw)
        columns = scores[-1] if len(scores) == 3 else 0
        classes = columns - int(self.background)
        if tuple(boxes) != (1, count, 4) or tuple(scores) != (1, count, columns) or classes < 1:
            raise ConversionError(
                f"A raw SSD with {count} anchors has boxes (1, {count}, 4) and scores "
                f"(1, {count}, classes), but this one has {tuple(boxes)} and {tuple(scores)}. "
                "Correct the anchors, or the names of its outputs."
            )
        return classes


def raw_output(names: Sequence[str], outputs: Mapping[str, str], wanted: str) -> int:
    """Which output the decoder knows by that name.

    Args:
        names: Of the outputs in the file, in order.
        outputs: Name in the file -> name that the decoder knows it by.
        wanted: ``boxes`` or ``scores``.

    Raises:
        ConversionError: None, or several.
    """
    found = [index for index, name in enumerate(names) if outputs.get(name, name) == wanted]
    if len(found) != 1 or len(names) != 2:
        raise ConversionError(
            f"A raw SSD has the two outputs 'boxes' and 'scores', but this file has "
            f"{', '.join(names)}, of which {len(found)} is named {wanted!r}. Name them in the "
            "variant's outputs."
        )
    return found[0]
