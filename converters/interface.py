"""From a network's bare tensors to how pictures go in and results come out.

Nothing is guessed that could be wrong in silence. What is read off the network: its size and
layout from the shape of its input, and whether a classifier's last step is in the graph from its
own answers (values that are positive and sum to 1 are probabilities; any other are logits).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from converters.options import Signature
from converters.sources.base import Array, Port, Source
from edgecnn.bundle.check import check_input
from edgecnn.bundle.schema import DecoderSpec, EmbeddingSpec, InputSpec, Layout
from edgecnn.errors import ConversionError, OptionError, UnknownNameError
from edgecnn.registry import TASKS

NEEDS_DECODER = frozenset({"detect", "detect_faces"})
_PLAIN_OUTPUTS = {"embed": "embedding"}
_SUM_SLACK = 1e-3


InputChanges = InputSpec | Mapping[str, Any] | None
"""How pictures are fed; a mapping changes fields of what None stands for."""


def input_spec(source: Source, given: InputChanges, task: str) -> InputSpec | None:
    """How a picture becomes the input of a source.

    Args:
        source: Opened.
        given: By the caller; None stands for pixels 0..255 unchanged, stretched to the input's
            size, RGB or grey by the number of channels. A mapping changes fields of that; one
            number of ``mean`` or ``std`` counts for all channels.
        task: Name of a task; ``tensors`` has no picture.

    Returns:
        None for the task ``tensors``.

    Raises:
        ConversionError: The network takes no picture, or another one than ``given`` says.
        UnknownNameError: No such task.
    """
    if task not in TASKS:
        raise UnknownNameError(f"Unknown task {task!r}. Known: {', '.join(sorted(TASKS))}.")
    if task == "tensors":
        if given is not None:
            raise OptionError("input= describes a picture, but the task tensors takes arrays.")
        return None
    if len(source.inputs) != 1:
        names = ", ".join(f"{port.name} {port.shape}" for port in source.inputs)
        raise ConversionError(
            f"{source.title} has {len(source.inputs)} inputs ({names}), but the task {task!r} "
            "feeds one picture. Convert it with task='tensors', which takes and gives named arrays."
        )
    port = source.inputs[0]
    if port.dtype != np.float32:
        raise ConversionError(
            f"{source.title} takes {port.name!r} as {port.dtype}, but pictures are fed as float32, "
            "which holds 0..255 as well. Build it with an input of float32 (in Keras the default "
            "of keras.Input), give it the trained weights, and convert that."
        )
    if not isinstance(given, InputSpec):
        given = _changed(_plain_input(source, port, task), given or {})
    check_input(given, where="input")
    channels = len(given.mean)
    picture = (given.height, given.width, channels)
    shape = (1, *picture) if given.layout == "nhwc" else (1, channels, given.height, given.width)
    if port.shape != shape:
        raise ConversionError(
            f"{source.title} takes {port.name!r} of shape {port.shape}, but input= describes "
            f"{shape} ({given.color}, {given.layout}). Correct width, height, color or layout of "
            "the InputSpec."
        )
    return given


def _plain_input(source: Source, port: Port, task: str) -> InputSpec:
    """Pixels 0..255 unchanged."""
    layout, height, width, channels = _picture(source, port, task)
    return InputSpec(
        width=width,
        height=height,
        color="rgb" if channels == 3 else "gray",
        layout=layout,
        mean=(0.0,) * channels,
        std=(1.0,) * channels,
    )


def _changed(spec: InputSpec, changes: Mapping[str, Any]) -> InputSpec:
    fields = msgspec.structs.asdict(spec)
    channels = len(spec.mean)
    for name, value in changes.items():
        numbers = value if isinstance(value, list | tuple) else (value,)
        wide = name in ("mean", "std") and len(numbers) == 1
        fields[name] = tuple(numbers) * channels if wide else value
    try:
        changed = msgspec.convert(fields, InputSpec)
    except msgspec.ValidationError as error:
        known = ", ".join(spec.__struct_fields__)
        raise OptionError(f"input= cannot be used: {error}. Its fields: {known}.") from error
    check_input(changed, where="input")
    ends = [
        (pixel - mean) / std
        for pixel in (0, 255)
        for mean, std in zip(changed.mean, changed.std, strict=True)
    ]
    return msgspec.structs.replace(changed, value_range=(min(ends), max(ends)))


def _picture(source: Source, port: Port, task: str) -> tuple[Layout, int, int, int]:
    if len(port.shape) == 4 and port.shape[0] == 1:
        _, first, second, third = port.shape
        if third in {1, 3}:
            return "nhwc", first, second, third
        if first in {1, 3}:
            return "nchw", second, third, first
    raise ConversionError(
        f"{source.title} takes {port.name!r} of shape {port.shape}, which is no picture of 1 or 3 "
        f"channels as the task {task!r} needs. Use task='tensors' for arrays of other shapes."
    )


def output_names(
    source: Source, task: str, signature: Signature, answers: Sequence[Mapping[str, Array]]
) -> dict[str, str]:
    """Name of each output in the source -> name that the decoder knows it by.

    Args:
        source: Opened.
        task: Name of a task.
        signature: What the caller says.
        answers: The source's own outputs for real inputs.

    Raises:
        ConversionError: The caller's names do not fit, or are needed and missing.
    """
    names = [port.name for port in source.outputs]
    if signature.outputs is not None:
        if len(signature.outputs) != len(names) or len(set(signature.outputs)) != len(names):
            raise ConversionError(
                f"{source.title} has the outputs {', '.join(names)}; Signature.outputs must give "
                f"{len(names)} different names, but got {list(signature.outputs)}."
            )
        return dict(zip(names, signature.outputs, strict=True))
    if task == "tensors" or (signature.decoder is not None and len(names) > 1):
        return {name: name for name in names}
    if len(names) > 1:
        raise ConversionError(
            f"{source.title} has the outputs {', '.join(names)}, and the task {task!r} has to know "
            "which is which. Name them in order, the one that is decoded by what it holds: "
            "Signature(outputs=('probabilities', 'other')); on the command line --describe FILE "
            'with {"outputs": ["probabilities", "other"]}.'
        )
    if task in _PLAIN_OUTPUTS:
        return {names[0]: _PLAIN_OUTPUTS[task]}
    if task == "classify" and source.outputs[0].shape[-1:] == (1,):
        raise ConversionError(
            f"{source.title} gives one number a picture, and 'classify' takes one for each class. "
            "Give it two: keras.Model(model.inputs, keras.ops.concatenate([1 - model.output, "
            "model.output], -1)) for one that ends in a sigmoid; the second class is then the one "
            "that was 1. For a number that is no class: task='tensors'."
        )
    if task in {"classify", "segment"}:
        activation = _asked_activation(signature)
        if activation is None and task == "segment" and _is_one_map(source.outputs[0].shape):
            _check_one_map(source, answers)
            activation = "none"
        if activation is None:
            known = source.probabilities
            summed = are_probabilities(answers, names[0]) if known is None else known
            activation = "none" if summed else "softmax"
        return {names[0]: "probabilities" if activation == "none" else "logits"}
    return {name: name for name in names}


def _is_one_map(shape: Sequence[int]) -> bool:
    """Whether an output has one channel, first or last."""
    return len(shape) == 4 and 1 in (shape[1], shape[3])


def _check_one_map(source: Source, answers: Sequence[Mapping[str, Array]]) -> None:
    """Refuse a map of logits: softmax over one channel is 1 everywhere."""
    name = source.outputs[0].name
    if all(bool(((one[name] >= 0) & (one[name] <= 1)).all()) for one in answers):
        return
    raise ConversionError(
        f"{source.title} gives one map {source.outputs[0].shape} with values outside 0..1. End it "
        "in a sigmoid, or say so: Signature(decoder=DecoderSpec(name='segmentation', "
        "parameters={'activation': 'sigmoid'})); on the command line in the file of --describe."
    )


def are_probabilities(answers: Sequence[Mapping[str, Array]], name: str) -> bool:
    """Whether an output is positive and sums to 1 along its last axis, in all answers."""
    return all(
        bool((one[name] >= 0).all())
        and bool(np.allclose(one[name].sum(axis=-1), 1.0, atol=_SUM_SLACK))
        for one in answers
    )


def decoder_spec(task: str, signature: Signature, outputs: Mapping[str, str]) -> DecoderSpec:
    """The decoder of a bundle.

    Args:
        task: Name of a task.
        signature: What the caller says.
        outputs: From `output_names`.

    Raises:
        OptionError: The task has no plain decoder.
    """
    if signature.decoder is not None:
        return signature.decoder
    if task in NEEDS_DECODER:
        raise OptionError(
            f"The task {task!r} has to know how boxes are laid out: pass "
            "Signature(decoder=DecoderSpec(name='ssd', parameters={...}), outputs=(...)). Decoders "
            "and their parameters are in edgecnn.runtime.decode. On the command line both are in "
            "the file of --describe."
        )
    names = {"classify": "classification", "segment": "segmentation", "embed": "embedding"}
    parameters: dict[str, Any] = {}
    if task in {"classify", "segment"}:
        parameters["activation"] = "none" if "probabilities" in outputs.values() else "softmax"
    return DecoderSpec(name=names.get(task, task), parameters=parameters)


def _asked_activation(signature: Signature) -> str | None:
    if signature.decoder is None:
        return None
    activation = signature.decoder.parameters.get("activation")
    return None if activation is None else str(activation)


def embedding_spec(
    task: str, signature: Signature, name: str, answers: Sequence[Mapping[str, Array]]
) -> EmbeddingSpec | None:
    """What embeddings may be compared with; a space of its own unless the caller names one.

    The space is named after the bundle and after the source's answers, so that two networks never
    share one by accident.
    """
    if task != "embed":
        return None
    if signature.embedding is not None:
        return signature.embedding
    (vector,) = answers[0].values()
    digest = hashlib.sha256(np.round(vector.astype(np.float64), 2).tobytes()).hexdigest()[:8]
    return EmbeddingSpec(space=f"{name}-{digest}", dimension=vector.shape[-1], metric="cosine")


def check_labels(
    labels: Sequence[str], task: str, outputs: Mapping[str, str], source: Source
) -> tuple[str, ...]:
    """Labels of a classifier, one for each of its classes.

    Raises:
        OptionError: Another number of labels than the network has classes, or a label twice.
    """
    names = tuple(str(label) for label in labels)
    if task != "classify" or not names:
        return names
    shapes = {outputs[port.name]: port.shape for port in source.outputs}
    classes = next(shapes[name][-1] for name in ("probabilities", "logits") if name in shapes)
    if len(names) != classes:
        raise OptionError(
            f"{len(names)} labels came, but {source.title} has {classes} classes. Give one label a "
            "class, in the order of the output."
        )
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise OptionError(f"These labels come more than once: {', '.join(doubled[:5])}.")
    return names
