"""What a net costs: parameters, multiply-adds, and bytes as a file would hold them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from edgecnn.training import quantize
from edgecnn.training.quiet import to_numpy
from edgecnn.training.steps.figures import figures_of, stored_weights
from tests.training.steps import tiny

KERNELS = 9 * 16 + 9 * 16 * 32 + 128 * 3


def test_a_float_net_takes_four_bytes_a_weight() -> None:
    model = tiny.trained()
    figures = figures_of(model, tiny.data().judged)
    assert figures.parameters == model.count_params() == KERNELS + 3 + 4 * 48
    assert figures.weight_bytes == 4 * figures.parameters
    assert figures.macs == 64 * (9 * 16 + 9 * 16 * 32) + 128 * 3
    assert figures.accuracy > 0.6
    assert set(figures.to_dict()) == {
        "accuracy", "parameters", "macs", "weight_bytes", "gzip_bytes",
    }  # fmt: skip


def test_zeros_shrink_the_compressed_bytes_alone() -> None:
    model = tiny.trained()
    before = figures_of(model, tiny.data().judged)
    kernel = model.get_layer("two").kernel
    values = to_numpy(kernel)
    values[np.abs(values) < np.quantile(np.abs(values), 0.9)] = 0
    kernel.assign(values)
    after = figures_of(model, tiny.data().judged)
    assert after.weight_bytes == before.weight_bytes
    assert after.gzip_bytes < 0.5 * before.gzip_bytes


@pytest.mark.parametrize("bits", [8, 4])
def test_a_rounded_net_takes_a_byte_a_weight(bits: int) -> None:
    config = quantize.int8() if bits == 8 else quantize.int4_weights()
    model = quantize.prepare(tiny.trained(), config)
    quantize.observe(model, tiny.pictures().pixels)
    kernels = [array for array in stored_weights(model) if array.dtype == np.int8]
    # The scale of the pixels is part of the net as well: a 1 x 1 convolution of one channel.
    assert sum(array.size for array in kernels) in (KERNELS, KERNELS + 1)
    assert max(np.abs(array).max() for array in kernels) == (127 if bits == 8 else 7)
    biases = [array for array in stored_weights(model) if array.dtype != np.int8]
    assert all(array.dtype == np.int32 for array in biases)
    figures = figures_of(model, tiny.data().judged)
    assert figures.weight_bytes == sum(a.size for a in kernels) + 4 * sum(a.size for a in biases)
    assert figures.macs is not None


def test_four_bits_shrink_the_compressed_bytes() -> None:
    sizes = []
    for config in (quantize.int8(), quantize.int4_weights()):
        model = quantize.prepare(tiny.trained(), config)
        quantize.observe(model, tiny.pictures().pixels)
        sizes.append(figures_of(model, tiny.data().judged).gzip_bytes)
    assert sizes[1] < 0.7 * sizes[0]


def test_multiply_adds_of_a_strange_layer_are_left_open() -> None:
    assert figures_of(tiny.net(tiny.unknown_layer()), tiny.data().judged).macs is None
