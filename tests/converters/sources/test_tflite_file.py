from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from converters.sources import open_source
from converters.tflite.from_saved_model import keras_to_tflite
from converters.tflite.weights import float16_tflite, int4_weights_tflite
from edgecnn.errors import ConversionError, OptionError
from tests.helpers import nets
from tests.helpers.models import mean_color_tflite

LIMIT = 1e-4
DATA = Path(__file__).parents[2] / "data"


def pictures() -> Iterator[np.ndarray]:
    rng = np.random.default_rng(5)
    return (rng.normal(size=(1, 16, 16, 3)).astype(np.float32) for _ in range(16))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The classifier as float, float16, int8 and int8-weight .tflite."""
    folder, model = tmp_path_factory.mktemp("tflite"), nets.classifier()
    float32 = keras_to_tflite(model, "float32", outputs=("probabilities",))
    int8 = keras_to_tflite(model, "int8", outputs=("probabilities",), calibration=pictures)
    contents = {"float32": float32, "float16": float16_tflite(float32), "int8": int8}
    for name, content in contents.items():
        (folder / f"{name}.tflite").write_bytes(content)
    return {name: folder / f"{name}.tflite" for name in contents}


def test_a_float_file_answers_on_both_targets(files: dict[str, Path]) -> None:
    with open_source(files["float32"]) as source:
        assert (source.kind, source.precision) == ("tflite", "float32")
        assert [port.name for port in (*source.inputs, *source.outputs)] == [
            "image",
            "probabilities",
        ]
        errors = nets.errors(source)
        assert errors["tflite"] == 0.0
        assert errors["openvino"] <= LIMIT


def test_names_of_the_signature_can_be_changed(files: dict[str, Path]) -> None:
    with open_source(files["float32"], input_names=("pixels",), outputs=("p",)) as source:
        assert max(nets.errors(source).values()) <= LIMIT


def test_float16_weights_are_widened(files: dict[str, Path]) -> None:
    with open_source(files["float16"]) as source, open_source(files["float32"]) as wide:
        assert source.precision == "float16"
        assert source.parameters == wide.parameters
        given = nets.feeds(source)
        answer = source.answer(given)["probabilities"]
        engine = nets.run_tflite(files["float16"].read_bytes(), given)["probabilities"]
        np.testing.assert_allclose(answer, engine, atol=1e-6)
        assert b"DEQUANTIZE" not in source.tflite()
        assert max(nets.errors(source).values()) <= LIMIT


def test_an_int8_file_is_read_in_real_values_and_only_packed(files: dict[str, Path]) -> None:
    with open_source(files["int8"]) as source, open_source(files["float32"]) as wide:
        assert source.precision == "int8"
        assert source.inputs[0].dtype == source.outputs[0].dtype == np.float32
        given = nets.feeds(source)
        np.testing.assert_allclose(
            source.answer(given)["probabilities"], wide.answer(given)["probabilities"], atol=0.1
        )
        assert source.refuses("tflite") is None
        assert "float model" in (source.refuses("openvino") or "")
        with pytest.raises(ConversionError, match="quantized already"):
            source.openvino()


def test_an_int8_file_without_weights_is_seen_as_such(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(mean_color_tflite("int8"))
    with open_source(tmp_path / "m.tflite") as source:
        assert source.precision == "int8"
        feed = np.full((1, 8, 8, 3), 0.25, np.float32)
        np.testing.assert_allclose(source.answer({"image": feed})["means"], 0.25, atol=0.01)


def test_4_bit_files_are_only_packed(tmp_path: Path) -> None:
    wide = nets.two_in_two_out(width=64)
    with open_source(wide) as source:
        (tmp_path / "m.tflite").write_bytes(int4_weights_tflite(source.tflite()))
    with open_source(tmp_path / "m.tflite") as source:
        assert source.precision == "int4w"
        assert source.refuses("openvino")


def test_a_file_by_litert_torch_answers_as_pytorch_did() -> None:
    kept = np.load(DATA / "litert_torch_tiny.npz")
    with open_source(DATA / "litert_torch_tiny.tflite", outputs=("logits",)) as source:
        assert source.inputs[0].shape == (1, 3, 24, 24)
        answer = source.answer({"image": kept["image"]})["logits"]
        np.testing.assert_allclose(answer, kept["logits"], atol=1e-5)
        assert max(nets.errors(source).values()) <= LIMIT
        found = nets.run_openvino(source.openvino(), {"image": kept["image"]})
        np.testing.assert_allclose(found["logits"], kept["logits"], atol=LIMIT)


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9])
def test_damaged_files_are_refused(files: dict[str, Path], part: float, tmp_path: Path) -> None:
    content = files["float32"].read_bytes()
    (tmp_path / "m.tflite").write_bytes(content[: int(part * len(content))])
    with pytest.raises(ConversionError, match=r"\.tflite"):
        open_source(tmp_path / "m.tflite")


def test_shapes_are_those_of_the_file(files: dict[str, Path]) -> None:
    with pytest.raises(OptionError, match="own shape"):
        open_source(files["float32"], input_shapes=(1, 32, 32, 3))


def test_an_open_size_is_fixed_only_as_the_file_holds_it(tmp_path: Path) -> None:
    content = flexible(nets.classifier())
    (tmp_path / "m.tflite").write_bytes(content)
    with open_source(tmp_path / "m.tflite") as source:
        assert source.inputs[0].shape == (1, 16, 16, 3)
        assert max(nets.errors(source).values()) <= LIMIT
    with pytest.raises(ConversionError, match="fixed when it is made"):
        open_source(tmp_path / "m.tflite", batch=4)


def flexible(model: Any) -> bytes:
    """The file that TensorFlow makes of an open batch."""
    from converters.quiet import captured_output, tensorflow

    tf = tensorflow()
    with captured_output():
        return bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
