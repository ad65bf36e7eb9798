"""The steps of quantization-aware training: equalize, prepare, observe, fit, freeze."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np

from edgecnn.core.evening import BALANCE
from edgecnn.errors import OptionError
from edgecnn.training.quantize.activations import ActivationQuantizer
from edgecnn.training.quantize.building import build_float, build_quantized
from edgecnn.training.quantize.config import QATConfig
from edgecnn.training.quantize.equalizing import equalize_net
from edgecnn.training.quantize.lowering import lower
from edgecnn.training.quantize.reading import read_graph, structures


def prepare(model: keras.Model, config: QATConfig | None = None) -> keras.Model:
    """A copy of a network that computes what its integer form will compute.

    Batch norm is folded, weights are rounded, and activations are rounded exactly where integer
    kernels round: the input, the outcome of each operation after the ReLU that is fused with it,
    never in between. The copy is a functional Keras model: compile and fit it as any other, with a
    learning rate of about a tenth of the first training's. Hand it to
    ``converters.qat.qat_to_tflite`` or ``qat_to_openvino`` when it is trained.

    References: Jacob et al., arXiv:1712.05877; see `edgecnn.training.quantize.rounding` for others.

    Args:
        model: A trained functional or Sequential model, channels last; models inside it are laid
            open. It stays as it is.
        config: None for 8 bits with moving averages.

    Returns:
        A model with the same inputs, outputs, and names of layers and outputs. Until it has been
        trained or has `observe`-d, its activations are not rounded.

    Raises:
        OptionError: A layer has no integer counterpart; the message names it and says what to use.
    """
    net = lower(read_graph(model))
    return build_quantized(net, model.name, config or QATConfig())


def check(model: keras.Model) -> None:
    """Whether `prepare` can take a network, without the time that it takes.

    Raises:
        OptionError: A layer has no integer counterpart; the message names it and says what to use.
    """
    lower(read_graph(model))


def fold(model: keras.Model) -> keras.Model:
    """A float copy with batch norm folded into the convolutions and dense layers before it.

    Args:
        model: Functional or Sequential; models inside it are laid open.

    Returns:
        A model with the same answers to rounding of floats. Batch norm that follows no convolution
        or dense layer stays.
    """
    return build_float(lower(read_graph(model), integer=False), model.name)


def equalize(
    model: keras.Model, pictures: Any, *, balance: float = BALANCE, batch_size: int = 64
) -> keras.Model:
    """A float copy whose channels have alike ranges, for 8 bits that are shared out better.

    All channels of an activation share one step. Here those that reach far are made smaller and the
    others larger, and the weights around them the other way; batch norm is folded. It pays with
    8-bit weights, before `prepare` as well as before a conversion without any training. With 4 bits
    it hurts: weights become less alike, and have no levels to spare.

    Reference: Nagel et al., ICCV 2019, arXiv:1906.04721; see
    `edgecnn.training.quantize.equalizing` for how we differ.

    Args:
        model: A trained functional or Sequential model, channels last; models inside it are laid
            open. It stays as it is.
        pictures: Some hundred like the real ones, as for `observe`.
        balance: 1 evens the ranges of activations as far as they go. Less minds the weights as
            well that a channel meets, which share steps too; 0 minds nothing else.
        batch_size: For arrays.

    Returns:
        A model with the same answers to rounding of floats, and the same names of layers and
        outputs. Channels that go into anything but ReLU (ReLU6, sigmoid, swish ...) stay as they
        are.

    Raises:
        OptionError: There are no pictures, or ``balance`` is not between 0 and 1.
    """
    if not 0.0 <= balance <= 1.0:
        raise OptionError(f"balance is {balance}; give 0 (weights alone) to 1 (ranges alone).")
    net = lower(read_graph(model), integer=False)
    equalize_net(net, _inputs(model, pictures, batch_size, "equalize"), balance)
    return build_float(net, model.name)


def observe(model: keras.Model, data: Any, *, batch_size: int = 64) -> None:
    """Set the ranges of activations from pictures, without training: where to start from.

    Args:
        model: From `prepare`; its ranges change.
        data: An array (N, ...) for a model with one input, a tuple or list of arrays for several,
            or an iterable of batches of either.
        batch_size: For arrays.

    Raises:
        OptionError: The model has no ranges, or there are no pictures.
    """
    quantizers = _quantizers(model)
    for quantizer in quantizers:
        quantizer.observing = True
    try:
        for batch in _inputs(model, data, batch_size, "observe"):
            model(batch, training=False)
    finally:
        for quantizer in quantizers:
            quantizer.observing = False


def freeze(model: keras.Model, frozen: bool = True) -> None:
    """Keep the observed ranges as they are, for the last epochs; ``frozen=False`` undoes it.

    Raises:
        OptionError: The model is not from `prepare`.
    """
    for quantizer in _quantizers(model):
        quantizer.freeze(frozen)


def unobserved(model: keras.Model) -> tuple[str, ...]:
    """Names of the ranges that have seen nothing yet, so that no file can be made."""
    return tuple(quantizer.name for quantizer in _quantizers(model) if not quantizer.ready)


def _quantizers(model: Any) -> list[ActivationQuantizer]:
    found = [layer for layer in model.layers if isinstance(layer, ActivationQuantizer)]
    if not found:
        raise OptionError(
            f"The model {model.name!r} rounds nothing; make it with edgecnn.training.quantize."
            "prepare(model) first."
        )
    return found


def _inputs(model: Any, data: Any, batch_size: int, asked_by: str) -> Iterator[Any]:
    """Batches in the structure of the model's inputs; an error if there are none."""
    form, found = structures(model)[0], False
    for batch in _batches(data, batch_size):
        found = True
        yield keras.tree.pack_sequence_as(form, keras.tree.flatten(batch))
    if not found:
        raise OptionError(
            f"{asked_by}() got no pictures; give at least one batch like the real ones."
        )


def _batches(data: Any, batch_size: int) -> Iterator[Any]:
    parts = list(data) if isinstance(data, tuple | list) else [data]
    if parts and all(hasattr(part, "shape") for part in parts):
        arrays = [np.asarray(part, np.float32) for part in parts]
        for start in range(0, len(arrays[0]), batch_size):
            batch = [array[start : start + batch_size] for array in arrays]
            yield batch if len(batch) > 1 else batch[0]
    elif isinstance(data, Iterable):
        yield from data
