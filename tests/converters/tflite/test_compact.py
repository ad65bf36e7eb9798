"""Smaller files that compute the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")
pytest.importorskip("tensorflow")

from converters.bundles.files import FloatForms
from converters.quantization import flatbuffer
from converters.quantization.plan import Int8Plan
from converters.sources import open_source
from converters.sources.running import is_quantized
from converters.tflite.compact import compact
from converters.tflite.pack import pack
from converters.tflite.weights import unpack
from edgecnn.training import quantize
from tests.helpers import qat_nets
from tests.helpers.quantized_nets import two_sided_feeds, two_sided_net


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
    random, found = np.random.default_rng(0), []
    for _ in range(8):
        for into in interpreter.get_input_details():
            assert is_quantized(into)
            numbers = random.integers(-128, 128, into["shape"], np.int8)
            interpreter.set_tensor(into["index"], numbers)
        interpreter.invoke()
        details = interpreter.get_output_details()
        found += [interpreter.get_tensor(out_of["index"]).ravel() for out_of in details]
    return np.concatenate(found)


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


def test_a_calibrated_file_is_compacted_too_and_keeps_the_paths_in_names() -> None:
    with open_source(two_sided_net()) as source:
        forms = FloatForms(source, {})
        made = forms.int8("tflite", two_sided_feeds(8).__iter__, Int8Plan(samples=8))
        variant = forms.candidate("tflite", made)
    assert len(variant.model) < 0.95 * len(made)
    assert np.array_equal(answers(variant.model), answers(made))
    before, after = unpack(made), unpack(variant.model)
    for ends in ("inputs", "outputs"):
        assert getattr(flatbuffer, ends)(after) == getattr(flatbuffer, ends)(before)
    names = [tensor.name.decode() for tensor in after.subgraphs[0].tensors]
    assert len(set(names)) == len(names)
    assert any(name.count("/") >= 2 for name in names)
