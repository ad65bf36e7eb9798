"""What all readers of standard metadata share: the input picture, and a list of what is missing."""

from __future__ import annotations

from edgecnn.bundle.metadata import Activation, Embedded
from edgecnn.bundle.schema import Color, InputSpec, Layout
from edgecnn.errors import BundleError
from edgecnn.runtime.probe import Probe, ProbedTensor

HOW_TO_DESCRIBE = (
    "Describe it: edgecnn.load(path, description=edgecnn.runtime.bare.Description(task=..., "
    "input=..., decoder=...))."
)


class Gaps:
    """What a file does not say, collected so that one error names all of it.

    Args:
        where: Name of the file, for the message.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._facts: list[str] = []

    def add(self, fact: str, *, missing: bool = True) -> None:
        """Note a fact that is missing, in words that follow "does not say"."""
        if missing:
            self._facts.append(fact)

    def refuse(self) -> BundleError:
        """The error that names all of it."""
        return BundleError(
            f"{self._where} does not say {', nor '.join(self._facts)}. " + (HOW_TO_DESCRIBE)
        )

    def close(self) -> None:
        """Raise it, when anything is missing."""
        if self._facts:
            raise self.refuse()


def shapes_of(tensors: tuple[ProbedTensor, ...]) -> str:
    """Names and shapes, for messages."""
    return ", ".join(f"{tensor.name} {tensor.shape}" for tensor in tensors)


def picture_size(found: Probe) -> tuple[Layout, int, int, int] | None:
    """Layout, height, width and channels of the only input; None when it takes no picture."""
    if len(found.inputs) != 1 or len(found.inputs[0].shape) != 4 or found.inputs[0].shape[0] != 1:
        return None
    _, first, second, third = found.inputs[0].shape
    if third in {1, 3}:
        return "nhwc", first, second, third
    if first in {1, 3}:
        return "nchw", second, third, first
    return None


def picture_input(embedded: Embedded, found: Probe, gaps: Gaps) -> InputSpec | None:
    """How a picture becomes the input, as far as the file says; the rest goes to ``gaps``."""
    size = picture_size(found)
    if size is None:
        gaps.add(f"which picture it takes (its inputs are {shapes_of(found.inputs)})")
        return None
    layout, height, width, channels = size
    color: Color | None = "gray" if channels == 1 else embedded.color
    mean, std = _normalization(embedded, found.inputs[0], channels)
    unfit = color is None or (color == "gray") != (channels == 1)
    gaps.add("the order of its colours", missing=unfit)
    gaps.add("how pixels are normalised (mean and std)", missing=not mean or not std)
    gaps.add("how pictures are brought to its size", missing=embedded.resize is None)
    if unfit or color is None or not mean or not std or embedded.resize is None:
        return None
    return InputSpec(
        width=width,
        height=height,
        color=color,
        mean=mean,
        std=std,
        layout=layout,
        resize=embedded.resize,
        pad=embedded.pad,
    )


def refuse_calibration(embedded: Embedded, gaps: Gaps) -> None:
    """Scores that a reader of the standard would calibrate are not given out as they are."""
    gaps.add(
        "its scores without a calibration file (TENSOR_AXIS_SCORE_CALIBRATION), which edgecnn does "
        "not apply",
        missing=any(slot.calibrated for slot in embedded.outputs),
    )


def output_name(activation: Activation) -> str:
    """What decoders call an output that still goes through an activation, or none."""
    return "probabilities" if activation == "none" else "logits"


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
    usable = len(mean) == len(std) == channels and all(std)
    return (mean, std) if usable else ((), ())
