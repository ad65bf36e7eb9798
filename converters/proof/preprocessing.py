"""Does the device make the same input tensor of an image file as the training code did?

The commonest reason for a network that is right in training and wrong on the device is none of its
weights: swapped colours, another range, another way to resize. Both ways are run on the same files
here; when they differ, every single change of the device's that would explain it is tried, and the
one that does is named.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from converters.inputs.photographs import tensor_of
from converters.options import Preprocess
from converters.report.schema import Preprocessing
from converters.sources.base import Source
from edgecnn.bundle.schema import InputSpec
from edgecnn.core.image import read_image
from edgecnn.errors import ConversionError
from edgecnn.optional import require

Floats = NDArray[np.float32]

MAX_LEVELS = 8.0
"""Mean difference, in grey levels of 0..255, that two good ways to resize may have."""
MIN_AGREEMENT = 0.9
CLEARLY_BETTER = 0.5
"""A change explains a difference when less than this share of it is left."""


def compare_preprocessing(
    source: Source, spec: InputSpec, files: Sequence[Path], training: Preprocess | None
) -> Preprocessing:
    """Compare input tensors, and what the source answers about them.

    Args:
        source: Answers about both tensors.
        spec: What the device does.
        files: Image files.
        training: The training code's own way; None for how Keras loads a folder of images
            (`keras.utils.image_dataset_from_directory`: bilinear, not antialiased), normalised as
            ``spec`` says.

    Returns:
        The figures; with ``likely_cause`` when they are large.

    Raises:
        ConversionError: ``training`` gives something that is no input tensor.
    """
    reference = "the given training code" if training else "Keras' loading of image folders"
    make = training or _keras_loading(spec)
    levels: list[float] = []
    same: list[bool] = []
    theirs: list[Floats] = []
    for file in files:
        ours = tensor_of(read_image(file), spec)
        their = _as_tensor(make(file), ours.shape, file)
        theirs.append(their)
        levels.append(_levels(ours, their, spec))
        answers = [_first(source, tensor) for tensor in (ours, their)]
        if answers[0] is not None:
            same.append(answers[0] == answers[1])
    mean = statistics.fmean(levels)
    large = mean > MAX_LEVELS
    return Preprocessing(
        reference=reference,
        pictures=len(files),
        mean_levels=round(mean, 3),
        worst_levels=round(max(levels), 3),
        agreement=statistics.fmean(same) if same else None,
        likely_cause=_explain(spec, files, theirs, mean) if large else "",
    )


def problems(result: Preprocessing) -> tuple[str, ...]:
    """Why a comparison with the caller's own training code is not good enough, one line each."""
    lines = []
    if result.mean_levels > MAX_LEVELS:
        cause = f"; {result.likely_cause}" if result.likely_cause else ""
        lines.append(
            f"preprocessing: the device's input differs from the training code's by "
            f"{result.mean_levels:.1f} grey levels on average, at most {MAX_LEVELS:g} is demanded"
            f"{cause}"
        )
    if result.agreement is not None and result.agreement < MIN_AGREEMENT and lines:
        lines.append(
            f"preprocessing: on {1 - result.agreement:.0%} of the pictures the network answers "
            "otherwise"
        )
    return tuple(lines)


def _keras_loading(spec: InputSpec) -> Preprocess:
    keras = require("keras", extra="convert")
    mode = "grayscale" if spec.color == "gray" else "rgb"
    resize = keras.layers.Resizing(
        spec.height,
        spec.width,
        interpolation="bilinear",
        crop_to_aspect_ratio=spec.resize == "crop",
        pad_to_aspect_ratio=spec.resize == "letterbox",
        fill_value=float(spec.pad),
        data_format="channels_last",
    )

    def load(file: Path) -> NDArray[Any]:
        pixels = keras.utils.img_to_array(keras.utils.load_img(file, color_mode=mode))
        resized = keras.ops.convert_to_numpy(resize(pixels[None]))[0]
        ordered = resized[..., ::-1] if spec.color == "bgr" else resized
        tensor: NDArray[Any] = (ordered - np.asarray(spec.mean)) / np.asarray(spec.std)
        return tensor if spec.layout == "nhwc" else tensor.transpose(2, 0, 1)

    return load


def _as_tensor(made: Any, shape: tuple[int, ...], file: Path) -> Floats:
    tensor = np.asarray(made, np.float32)
    tensor = tensor[None] if tensor.ndim == len(shape) - 1 else tensor
    if tensor.shape != shape:
        raise ConversionError(
            f"The training code's preprocessing gives {tensor.shape} for {file.name}, but the "
            f"network takes {shape}."
        )
    return tensor


def _levels(ours: Floats, theirs: Floats, spec: InputSpec) -> float:
    """Mean absolute difference in grey levels."""
    std = np.asarray(spec.std, np.float32)
    scale = std if spec.layout == "nhwc" else std[:, None, None]
    return float(np.abs((ours - theirs) * np.abs(scale)).mean())


def _first(source: Source, tensor: Floats) -> int | None:
    """First class of a source with one vector as output; None for others."""
    if len(source.outputs) != 1 or len(source.outputs[0].shape) != 2:
        return None
    (vector,) = source.answer({source.inputs[0].name: tensor}).values()
    return int(np.argmax(vector))


def _explain(spec: InputSpec, files: Sequence[Path], theirs: Sequence[Floats], found: float) -> str:
    """Which one change of the specification brings both together; empty when none does."""
    best, words = found * CLEARLY_BETTER, ""
    for changed, what in _changes(spec):
        levels = statistics.fmean(
            _levels(tensor_of(read_image(file), changed), their, changed)
            for file, their in zip(files, theirs, strict=True)
        )
        if levels < best:
            best, words = levels, f"{what} would explain it ({levels:.1f} levels are left)"
    return words


def _changes(spec: InputSpec) -> Iterator[tuple[InputSpec, str]]:
    ranges = {
        "pixels 0..255": (0.0, 1.0),
        "pixels 0..1": (0.0, 255.0),
        "pixels -1..1": (127.5, 127.5),
        "ImageNet's mean and deviation": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    }
    for words, (mean, std) in ranges.items():
        count = len(spec.mean)
        if isinstance(mean, tuple) and count != len(mean):
            continue
        values = {
            "mean": mean if isinstance(mean, tuple) else (mean,) * count,
            "std": std if isinstance(std, tuple) else (std,) * count,
        }
        yield msgspec.structs.replace(spec, **values), f"training on {words}"
    if spec.color != "gray":
        other = "bgr" if spec.color == "rgb" else "rgb"
        yield msgspec.structs.replace(spec, color=other), f"colours in the order {other.upper()}"
    for resize in ("stretch", "crop", "letterbox"):
        if resize != spec.resize:
            yield msgspec.structs.replace(spec, resize=resize), f"resizing by {resize}"
