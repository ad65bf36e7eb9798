"""Segmenters that describe themselves by their format's standard metadata."""

from __future__ import annotations

from edgecnn.bundle.metadata import Activation, Embedded, SelfDescription
from edgecnn.bundle.schema import DecoderSpec
from edgecnn.runtime.described_parts import (
    Gaps,
    output_name,
    picture_input,
    refuse_calibration,
    shapes_of,
)
from edgecnn.runtime.probe import Probe

BACKGROUND = "background"


def is_segmenter(embedded: Embedded, found: Probe) -> bool:
    """Whether the file says so, or gives one map that is larger than a point."""
    if embedded.kind == "segment" or embedded.activation is not None:
        return True
    shapes = [tensor.shape for tensor in found.outputs]
    return len(shapes) == 1 and len(shapes[0]) == 4 and min(shapes[0][1:3]) > 1


def describe_segmenter(embedded: Embedded, found: Probe, *, where: str) -> SelfDescription:
    """One picture in, a map of scores for each class out.

    Of several outputs the last is the map, as MediaPipe has it. Model API's maps have channels
    first, TFLite's last; Model API leaves the background, channel 0, out of the labels.

    Raises:
        BundleError: Something is missing; the message lists all of it.
    """
    gaps = Gaps(where)
    spec = picture_input(embedded, found, gaps)
    from_ir = embedded.kind == "segment"
    output = found.outputs[-1]
    labels = embedded.outputs[-1].labels if embedded.outputs else embedded.labels
    if len(output.shape) != 4 or output.shape[0] != 1:
        gaps.add(f"which output holds the map (its outputs are {shapes_of(found.outputs)})")
    else:
        count = output.shape[1] if from_ir else output.shape[3]
        if from_ir and len(labels) == count - 1:
            labels = (BACKGROUND, *labels)
        # Without labels, classes are called by their numbers: maps are of use as they are.
        gaps.add(
            f"names for its {count} classes ({len(labels)} came)",
            missing=bool(labels) and len(labels) != count,
        )
        gaps.add(
            "what its single channel holds (Model API takes it for class numbers, which edgecnn "
            "does not read)",
            missing=from_ir and count == 1,
        )
    activation = _activation(embedded)
    gaps.add("whether its map holds probabilities or logits", missing=activation is None)
    refuse_calibration(embedded, gaps)
    gaps.close()
    if spec is None or activation is None:
        raise gaps.refuse()
    parameters = {"activation": activation, "channels": "first" if from_ir else "last"}
    return SelfDescription(
        task="segment",
        input=spec,
        decoder=DecoderSpec(name="segmentation", parameters=parameters),
        labels=labels,
        outputs={output.name: output_name(activation)},
    )


def _activation(embedded: Embedded) -> Activation | None:
    if embedded.activation is not None:
        return embedded.activation
    limits = embedded.outputs[-1].limits if embedded.outputs else embedded.scores_range
    return "none" if embedded.last_step is not None or limits == (0.0, 1.0) else None
