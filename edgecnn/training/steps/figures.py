"""What a net costs and how good it is: the columns of a before-and-after table."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edgecnn.nets.layer_table import describe_layers
from edgecnn.training.batches import Samples
from edgecnn.training.judging import predict
from edgecnn.training.quantize.activations import ActivationQuantizer
from edgecnn.training.quantize.kernels import QuantizedKernel
from edgecnn.training.quantize.reading import read_graph
from edgecnn.training.quiet import to_numpy


@dataclass(frozen=True, slots=True)
class Figures:
    """One row of a before-and-after table.

    Attributes:
        accuracy: Share of right answers, 0..1.
        parameters: Weights and biases; moving statistics of batch norm as well.
        macs: Multiply-adds for one picture; None where a layer's arithmetic is not known.
        weight_bytes: Of the weights: 4 bytes each, 1 byte for those that are rounded, whose biases
            take 4.
        gzip_bytes: The same bytes, compressed: what zeros and 4 bits save in a download.
    """

    accuracy: float
    parameters: int | None
    macs: int | None
    weight_bytes: int
    gzip_bytes: int | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def figures_of(model: keras.Model, judged: Samples, batch_size: int = 128) -> Figures:
    """Measure a net.

    Args:
        model: A graph from pixels to classes, float or with rounding.
        judged: Pictures to judge it on.
        batch_size: Pictures at a time.
    """
    weights = list(stored_weights(model))
    packer = zlib.compressobj()
    packed = sum(len(packer.compress(np.ascontiguousarray(one).data)) for one in weights)
    return Figures(
        accuracy=accuracy_of(model, judged, batch_size),
        parameters=sum(one.size for one in weights),
        macs=macs_of(model),
        weight_bytes=sum(one.nbytes for one in weights),
        gzip_bytes=packed + len(packer.flush()),
    )


def accuracy_of(model: keras.Model, judged: Samples, batch_size: int = 128) -> float:
    """Share of right answers, 0..1."""
    named = predict(model, judged.images, batch_size).argmax(axis=1)
    return float((named == judged.labels).mean())


def macs_of(model: keras.Model) -> int | None:
    """Multiply-adds for one picture; None where a layer's arithmetic is not known."""
    rows = [row for row in describe_layers(model) if row.kind != ActivationQuantizer.__name__]
    if any(row.macs is None for row in rows):
        return None
    return sum(row.macs or 0 for row in rows)


def stored_weights(model: keras.Model) -> Iterator[NDArray[Any]]:
    """Weights as a file would hold them: float32, or int8 levels with int32 biases."""
    ends: dict[int, NDArray[np.float32]] = {}
    for call in read_graph(model).calls:
        layer = call.layer
        if isinstance(layer, ActivationQuantizer):
            ends[call.outputs[1]] = _ends(layer)
        elif isinstance(layer, QuantizedKernel):
            span = ends[call.inputs[1]]
            integers = layer.integers(span)
            yield integers.levels
            if integers.bias is not None:
                steps = integers.step.reshape(-1).astype(np.float64) * (span[1] - span[0]) / 255
                limit = 2.0**31 - 1
                levels = integers.bias / np.maximum(steps, np.finfo(np.float64).tiny)
                yield np.clip(np.rint(levels), -limit, limit).astype(np.int32)
        else:
            for weight in getattr(layer, "weights", ()):
                yield to_numpy(weight).astype(np.float32)


def _ends(layer: ActivationQuantizer) -> NDArray[np.float32]:
    if not layer.ready:
        return np.zeros(2, np.float32)
    step, zero = layer.grid()
    return np.array([-zero * step, (255 - zero) * step], np.float32)
