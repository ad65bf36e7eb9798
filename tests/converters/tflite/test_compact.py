"""Smaller files that compute the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")
pytest.importorskip("tensorflow")

from converters.quantization import flatbuffer
from converters.sources import open_source
from converters.sources.running import is_quantized
from converters.tflite.compact import compact
from converters.tflite.pack import pack
from converters.tflite.weights import unpack
from edgecnn.training import quantize
from tests.helpers import qat_nets


@pytest.fixture(scope="module")
def plain() -> bytes:
    """A net with a step for each channel, as TensorFlow's converter writes it."""
    from converters import qat

    prepared = quantize.prepare(qat_nets.build("depthwise"))
    quantize.observe(prepared, qat_nets.pictures(8))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("converters.qat.compact", lambda tflite: tflite)
        return qat.qat_to_tflite(prepared)


def answers(tflite: bytes) -> Any:
    runtime = pytest.importorskip("ai_edge_litert.interpreter")
    interpreter = runtime.Interpreter(model_content=tflite, num_threads=1)
    interpreter.allocate_tensors()
    into, out_of = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    assert is_quantized(into)
    found = []
    for picture in np.random.default_rng(0).integers(-128, 128, (8, *into["shape"]), np.int8):
        interpreter.set_tensor(into["index"], picture)
        interpreter.invoke()
        found.append(interpreter.get_tensor(out_of["index"]))
    return np.stack(found)


def test_the_file_is_smaller_and_answers_the_same(plain: bytes) -> None:
    small = compact(plain)
    assert len(small) < 0.9 * len(plain)
    assert np.array_equal(answers(small), answers(plain))


def test_inner_tensors_are_named_after_their_layer_and_only_once(plain: bytes) -> None:
    model = unpack(compact(plain))
    names = [tensor.name.decode() for tensor in model.subgraphs[0].tensors]
    assert len(set(names)) == len(names)
    assert "deep_relu" in names
    assert not any(";" in name for name in names if not name.startswith("pixels"))


def test_ends_keep_their_names(plain: bytes) -> None:
    before, after = unpack(plain), unpack(compact(plain))
    for ends in ("inputs", "outputs"):
        assert getattr(flatbuffer, ends)(after) == getattr(flatbuffer, ends)(before)


def test_sharing_changes_no_value(plain: bytes) -> None:
    model = unpack(plain)
    shared = unpack(pack(model, share=True))
    for one, other in zip(model.subgraphs[0].tensors, shared.subgraphs[0].tensors, strict=True):
        assert np.array_equal(one.shape, other.shape)
        for field in ("scale", "zeroPoint"):
            values = [getattr(tensor.quantization, field, None) for tensor in (one, other)]
            assert np.array_equal(*values) or values == [None, None]


def test_a_small_file_is_still_a_source(plain: bytes, tmp_path: Any) -> None:
    (tmp_path / "small.tflite").write_bytes(compact(plain))
    with open_source(tmp_path / "small.tflite") as source:
        assert source.precision == "int8"
        assert [port.name for port in source.inputs] == ["image"]
