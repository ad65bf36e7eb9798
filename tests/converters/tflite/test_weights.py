from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from converters.openvino.ir import read_tflite, serialize, signature_names
from converters.sources import open_source
from converters.tflite.weights import float16_tflite, int4_weights_tflite, unpack
from edgecnn.errors import ConversionError
from edgecnn.runtime.backends.openvino import shared_core
from tests.helpers import nets

SPREAD = 0.01


@pytest.fixture(scope="module")
def wide() -> tuple[bytes, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """A float .tflite with two inputs and two outputs, what it is fed, and its answers."""
    with open_source(nets.two_in_two_out(width=128)) as source:
        given = nets.feeds(source)
        return source.tflite(), given, source.answer(given)


def worst(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> float:
    return max(
        float(np.abs(found[name] - value).max() / np.ptp(value)) for name, value in expected.items()
    )


def test_float16_halves_the_file_and_runs_on_both_engines(wide: Any) -> None:
    content, given, expected = wide
    small = float16_tflite(content)
    assert len(small) < 0.6 * len(content)
    assert 0 < worst(nets.run_tflite(small, given), expected) < SPREAD
    openvino = pytest.importorskip("openvino")
    model = read_tflite(openvino, small)
    assert worst(nets.run_openvino(model, given), expected) < SPREAD


def test_float16_keeps_names_and_makes_what_old_interpreters_know(wide: Any) -> None:
    content, _, _ = wide
    small = float16_tflite(content)
    assert signature_names(small) == signature_names(content)
    model = unpack(small)
    versions = [code.version for code in model.operatorCodes if code.builtinCode == 6]
    assert versions == [3]
    assert float16_tflite(content) == small


def test_float16_leaves_values_that_would_become_infinite() -> None:
    vector = nets.keras.Input((40,))
    net = nets.keras.Model(vector, nets.layers.Dense(4, use_bias=False, name="dense")(vector))
    net.set_weights([np.full((40, 4), 1e5, np.float32)])
    with open_source(net) as source:
        given = {"image": np.ones((1, 40), np.float32)}
        found = nets.run_tflite(float16_tflite(source.tflite()), given)
    np.testing.assert_allclose(found["dense"], 4e6)


def test_4_bit_weights_are_smaller_than_8_bit_ones(wide: Any) -> None:
    content, given, expected = wide
    small = int4_weights_tflite(content)
    assert len(small) < 0.3 * len(content)
    assert signature_names(small) == signature_names(content)
    assert 0 < worst(nets.run_tflite(small, given), expected) < 0.3
    types = {tensor.type for tensor in unpack(small).subgraphs[0].tensors}
    assert {0, 9, 17} <= types  # float32, int8 for the depthwise convolution, int4


def test_4_bit_weights_that_do_not_pay_are_refused_with_the_reason() -> None:
    with open_source(nets.classifier()) as source, pytest.raises(ConversionError, match="not pay"):
        int4_weights_tflite(source.tflite())


def test_what_is_no_tflite_is_refused() -> None:
    with pytest.raises(ConversionError, match="TFL3"):
        float16_tflite(b"\x00" * 64)


@pytest.mark.parametrize(("half", "size"), [(False, 1.0), (True, 0.5)])
def test_an_ir_keeps_or_halves_its_weights(wide: Any, half: bool, size: float) -> None:
    openvino = pytest.importorskip("openvino")
    content, given, expected = wide
    xml, binary = serialize(openvino, read_tflite(openvino, content), half=half)
    weights = sum(len(buffer.data) for buffer in unpack(content).buffers if buffer.data is not None)
    assert len(binary) == pytest.approx(size * weights, rel=0.15)
    model = shared_core().read_model(xml, binary)
    assert worst(nets.run_openvino(model, given), expected) < (SPREAD if half else 1e-5)
