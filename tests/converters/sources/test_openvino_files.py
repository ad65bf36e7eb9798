from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("openvino")
pytest.importorskip("onnx")
pytest.importorskip("tensorflow")

import onnx
import openvino
from onnx import TensorProto, helper, numpy_helper

from converters.openvino.ir import quantize, serialize
from converters.sources import open_source
from edgecnn.errors import ConversionError
from tests.helpers import nets
from tests.helpers.models import mean_color_ir

LIMIT = 1e-4
RNG = np.random.default_rng(0)
KERNEL = RNG.normal(size=(4, 3, 3, 3)).astype(np.float32)
BIAS = RNG.normal(size=4).astype(np.float32)


def onnx_model(path: Path, *, kind: str = "HardSwish", side: int | str = 8) -> Path:
    """Convolution, an activation and a global average, channels first, with an open batch."""
    nodes = [
        helper.make_node("Conv", ["input.1", "w", "b"], ["conv"], pads=[1, 1, 1, 1]),
        helper.make_node(kind, ["conv"], ["act"]),
        helper.make_node("GlobalAveragePool", ["act"], ["pool"]),
        helper.make_node("Flatten", ["pool"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("input.1", TensorProto.FLOAT, ["N", 3, side, side])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 4])],
        [numpy_helper.from_array(KERNEL, "w"), numpy_helper.from_array(BIAS, "b")],
    )
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


def onnx_answer(image: np.ndarray) -> np.ndarray:
    """The same in numpy."""
    padded = np.pad(image, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    conv = np.einsum("nchwij,ocij->nohw", windows, KERNEL) + BIAS[:, None, None]
    return (conv * np.clip(conv / 6 + 0.5, 0, 1)).mean(axis=(2, 3))


def test_an_onnx_file_answers_as_the_network_that_it_says(tmp_path: Path) -> None:
    with open_source(onnx_model(tmp_path / "m.onnx")) as source:
        assert (source.kind, source.parameters) == ("onnx", KERNEL.size + BIAS.size)
        assert source.inputs[0].shape == (1, 3, 8, 8)
        given = nets.feeds(source)
        np.testing.assert_allclose(
            source.answer(given)["logits"], onnx_answer(given["image"]), atol=1e-5
        )
        found = nets.run_openvino(source.openvino(), given)
        assert np.abs(found["logits"] - source.answer(given)["logits"]).max() <= LIMIT


def test_onnx_cannot_become_tflite_and_the_way_round_is_named(tmp_path: Path) -> None:
    with open_source(onnx_model(tmp_path / "m.onnx")) as source:
        assert source.refuses("openvino") is None
        with pytest.raises(ConversionError, match="litert-torch"):
            source.tflite()


def test_open_sizes_of_onnx_need_a_word(tmp_path: Path) -> None:
    file = onnx_model(tmp_path / "m.onnx", side="S")
    with pytest.raises(ConversionError, match=r"'input\.1'.*\(\?, 3, \?, \?\)"):
        open_source(file)
    with open_source(file, input_shapes={"input.1": (None, 3, 6, 6)}, batch=2) as source:
        assert source.inputs[0].shape == (2, 3, 6, 6)
        assert source.outputs[0].shape == (2, 4)


def test_an_operator_that_openvino_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="NoSuchOperator"):
        open_source(onnx_model(tmp_path / "m.onnx", kind="NoSuchOperator"))


@pytest.mark.parametrize("name", ["m.onnx", "m.xml"])
def test_damaged_files_are_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"nothing of the kind")
    (tmp_path / "m.bin").write_bytes(b"")
    with pytest.raises(ConversionError, match=f"cannot read {name}"):
        open_source(tmp_path / name)


def test_an_ir_without_its_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.xml").write_bytes(mean_color_ir()[0])
    with pytest.raises(ConversionError, match=r"m\.bin"):
        open_source(tmp_path / "m.xml")


@pytest.mark.parametrize("half", [False, True])
def test_an_ir_answers_with_wide_weights(half: bool, tmp_path: Path) -> None:
    with open_source(onnx_model(tmp_path / "m.onnx"), outputs=("scores",)) as source:
        xml, weights = serialize(openvino, source.openvino(), half=half)
        given = nets.feeds(source)
        expected = source.answer(given)["scores"]
    (tmp_path / "m.xml").write_bytes(xml)
    (tmp_path / "m.bin").write_bytes(weights)
    with open_source(tmp_path / "m.xml") as source:
        assert (source.kind, source.precision) == ("openvino", "float32")
        np.testing.assert_allclose(
            source.answer(given)["scores"], expected, atol=0.01 if half else 1e-6
        )
        kinds = {str(op.get_output_element_type(0)) for op in source.openvino().get_ops()}
        assert not any("float16" in kind for kind in kinds)


def test_each_openvino_model_is_a_fresh_one(tmp_path: Path) -> None:
    with open_source(onnx_model(tmp_path / "m.onnx")) as source:
        source.openvino().outputs[0].get_tensor().set_names({"spoilt"})
        assert source.openvino().outputs[0].get_any_name() == "logits"


def test_a_quantized_ir_says_so(tmp_path: Path) -> None:
    pytest.importorskip("nncf")
    with open_source(nets.classifier()) as source:
        given = nets.feeds(source)
        xml, weights = quantize(source.tflite(), lambda: [given["image"]] * 8)
    (tmp_path / "m.xml").write_bytes(xml)
    (tmp_path / "m.bin").write_bytes(weights)
    with open_source(tmp_path / "m.xml") as source:
        assert source.precision == "int8"
