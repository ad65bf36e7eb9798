"""Residual networks compute in OpenVINO's integers what they computed in training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
pytest.importorskip("tensorflow")
openvino = pytest.importorskip("openvino")

from converters.openvino.rounding import keep_rounding  # noqa: E402
from converters.qat import qat_to_openvino  # noqa: E402
from edgecnn.runtime.backends.openvino import shared_core  # noqa: E402
from edgecnn.training import quantize  # noqa: E402
from tests.helpers import qat_nets  # noqa: E402

layers = keras.layers
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def block() -> Any:
    """A residual block with random weights, as in ResNet-18, that gives its maps."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((qat_nets.SIDE, qat_nets.SIDE, 1), name="pixels")
    x = layers.ReLU()(qat_nets.conv_bn(inputs, "stem"))
    y = layers.ReLU()(qat_nets.conv_bn(x, "first"))
    y = layers.Add()([x, qat_nets.conv_bn(y, "second")])
    model = keras.Model(inputs, layers.ReLU(name="sum")(y))
    qat_nets.shake(model, 0)
    prepared = quantize.prepare(model)
    quantize.observe(prepared, qat_nets.pictures(32))
    return prepared


def test_no_rounding_is_lost_in_residual_blocks() -> None:
    prepared = block()
    x = qat_nets.pictures(8, seed=2)
    model = qat_to_openvino(prepared)
    compiled = shared_core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    theirs = np.stack([compiled(picture[None])[0][0] for picture in x])
    ours = np.asarray(keras.ops.convert_to_numpy(prepared(x, training=False)))
    step, _ = prepared.layers[-1].grid()
    # Without the guard a tenth of the values is a level off.
    assert np.mean(np.abs(ours - theirs) > 0.5 * step) < 0.02


def test_what_is_no_outcome_of_a_convolution_is_left_alone() -> None:
    operations = openvino.opset13
    x = operations.parameter([1, 4], np.float32)
    ends = [operations.constant(np.float32(value)) for value in (0.0, 1.0, 0.0, 1.0)]
    rounded = operations.fake_quantize(operations.sigmoid(x), *ends, 256)
    model = openvino.Model([operations.add(rounded, x)], [x])
    assert keep_rounding(model) == 0
