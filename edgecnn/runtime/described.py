"""From what a bare model file says in its format's standard metadata to how it is run.

The standards describe a classifier of whole pictures well enough. Anything else, and any gap, is an
error that names what is missing: nothing is guessed.
"""

from __future__ import annotations

import numpy as np

from edgecnn.bundle.metadata import Embedded, SelfDescription
from edgecnn.bundle.schema import Color, DecoderSpec, InputSpec, Layout
from edgecnn.errors import BundleError
from edgecnn.runtime.probe import Probe, ProbedTensor

_SLACK = 0.01  # how far a rounded quantization range may reach beyond 0..1
HOW_TO_DESCRIBE = (
    "Describe it: edgecnn.load(path, description=edgecnn.runtime.bare.Description(task=..., "
    "input=..., decoder=...))."
)


def describe_classifier(embedded: Embedded, found: Probe, *, where: str) -> SelfDescription:
    """What standard metadata and the tensors themselves tell about a classifier.

    Args:
        embedded: What the file says, without an entry of ours.
        found: Its tensors.
        where: Name of the file, for messages.

    Raises:
        BundleError: It is no classifier, or something is missing; the message lists all of it.
    """
    size = _picture(found)
    if size is None or len(found.outputs) != 1 or len(found.outputs[0].shape) != 2:
        shapes = ", ".join(str(tensor.shape) for tensor in (*found.inputs, *found.outputs))
        raise BundleError(
            f"{where} describes itself by the standard metadata only, which is enough for a "
            f"classifier with one picture in and one row of scores out; its tensors are {shapes}. "
            + HOW_TO_DESCRIBE
        )
    layout, height, width, channels = size
    color: Color | None = "gray" if channels == 1 else embedded.color
    mean, std = _normalization(embedded, found.inputs[0], channels)
    scores = found.outputs[0]
    count = scores.shape[1]
    activation = "none" if _holds_probabilities(embedded, scores) else embedded.classifies
    missing = {
        "the order of its colours": color is None or (color == "gray") != (channels == 1),
        "how pixels are normalised (mean and std)": not mean or not std,
        "how pictures are brought to its size": embedded.resize is None,
        f"names for its {count} classes ({len(embedded.labels)} came)": len(embedded.labels)
        != count,
        "whether its scores are probabilities or logits": activation is None,
    }
    gaps = [fact for fact, is_missing in missing.items() if is_missing]
    if gaps or color is None or embedded.resize is None or activation is None:
        raise BundleError(f"{where} does not say {', nor '.join(gaps)}. {HOW_TO_DESCRIBE}")
    return SelfDescription(
        task="classify",
        input=InputSpec(
            width=width,
            height=height,
            color=color,
            mean=mean,
            std=std,
            layout=layout,
            resize=embedded.resize,
            pad=embedded.pad,
        ),
        decoder=DecoderSpec(name="classification", parameters={"activation": activation}),
        labels=embedded.labels,
        outputs={scores.name: "probabilities" if activation == "none" else "logits"},
    )


def _picture(found: Probe) -> tuple[Layout, int, int, int] | None:
    """Layout, height, width and channels of the only input; None when it takes no picture."""
    if len(found.inputs) != 1 or len(found.inputs[0].shape) != 4 or found.inputs[0].shape[0] != 1:
        return None
    _, first, second, third = found.inputs[0].shape
    if third in {1, 3}:
        return "nhwc", first, second, third
    if first in {1, 3}:
        return "nchw", second, third, first
    return None


def _normalization(
    embedded: Embedded, tensor: ProbedTensor, channels: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and std of each channel; empty when they are unknown."""
    if not embedded.mean and not embedded.std and tensor.dtype == "uint8":
        # Such an input takes pixels as they are, whatever real values it gives them.
        scale = tensor.scale or 1.0
        return (float(tensor.zero_point),) * channels, (1 / scale,) * channels
    mean, std = (
        values * channels if len(values) == 1 else values
        for values in (embedded.mean, embedded.std)
    )
    return (mean, std) if len(mean) == len(std) == channels else ((), ())


def _holds_probabilities(embedded: Embedded, scores: ProbedTensor) -> bool:
    """Whether the file shows that its scores lie in 0..1."""
    if embedded.last_step is not None or embedded.scores_range == (0.0, 1.0):
        return True
    if scores.scale == 0 or scores.dtype not in {"int8", "uint8"}:
        return False
    limits = np.iinfo(scores.dtype)
    low, high = ((int(end) - scores.zero_point) * scores.scale for end in (limits.min, limits.max))
    return low >= -_SLACK and high <= 1 + _SLACK
