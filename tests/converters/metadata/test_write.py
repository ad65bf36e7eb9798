from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

import edgecnn
from converters.bundles.pack import ModelVariant
from converters.forms.ssd import standard_ssd
from converters.metadata.openvino import model_info
from converters.metadata.write import with_metadata, with_rt_info, with_tflite_metadata
from edgecnn.bundle import metadata_tflite as standard
from edgecnn.bundle.flatbuffer import root_table
from edgecnn.bundle.metadata_tflite import read_tflite_metadata
from edgecnn.bundle.schema import DecoderSpec
from edgecnn.errors import BundleError, ConversionError
from edgecnn.runtime.backends.openvino import shared_core
from edgecnn.runtime.policy import missing_reason
from tests.helpers import tiny_ssd
from tests.helpers.metadata import (
    OUTPUTS,
    edited,
    mean_color_facts,
    softmax_tflite,
    without_own_entry,
)
from tests.helpers.models import (
    LABELS,
    mean_color_input,
    mean_color_ir,
    mean_color_tflite,
    plain_picture,
)
from tests.helpers.tiny_ssd import tiny_ssd_facts, tiny_ssd_tflite

needs_openvino = pytest.mark.skipif(
    missing_reason("openvino") is not None, reason="openvino is not installed here"
)


def _answer(model: bytes) -> Any:
    interpreter = Interpreter(model_content=model)
    interpreter.allocate_tensors()
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    noise = np.random.default_rng(0).integers(-100, 100, taken["shape"])
    interpreter.set_tensor(taken["index"], noise.astype(taken["dtype"]))
    interpreter.invoke()
    return interpreter.get_tensor(given["index"])


def _named_buffer(model: bytes) -> bytes:
    content = standard.metadata_content(root_table(model, b"TFL3"))
    assert content is not None
    return content


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_a_tflite_answers_as_before_and_keeps_its_bytes_aligned(dtype: str) -> None:
    model = mean_color_tflite(dtype)
    written = with_tflite_metadata(model, mean_color_facts(), OUTPUTS)
    assert written == with_tflite_metadata(model, mean_color_facts(), OUTPUTS)
    np.testing.assert_array_equal(_answer(written), _answer(model))
    assert written.find(model) > 0
    assert written.find(model) % 64 == 0


def test_the_official_schema_reads_the_model_and_zip_reads_the_labels() -> None:
    model = mean_color_tflite()
    written = with_tflite_metadata(model, mean_color_facts(), OUTPUTS)
    before = schema.ModelT.InitFromPackedBuf(model, 0)
    after = schema.ModelT.InitFromPackedBuf(written, 0)
    assert after.version == before.version
    assert [code.builtinCode for code in after.operatorCodes] == [
        code.builtinCode for code in before.operatorCodes
    ]
    assert [tensor.name for tensor in after.subgraphs[0].tensors] == [b"image", b"axes", b"means"]
    (entry,) = after.metadata
    assert entry.name == b"TFLITE_METADATA"
    assert bytes(after.buffers[entry.buffer].data)[4:8] == b"M001"
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        assert archive.testzip() is None
        assert archive.read("labels.txt").decode().splitlines() == list(LABELS)


def test_metadata_is_aligned_as_the_standard_asks() -> None:
    written = with_tflite_metadata(mean_color_tflite(), mean_color_facts(), OUTPUTS)
    assert written.find(_named_buffer(written)) % 16 == 0


def test_metadata_written_again_replaces_the_first() -> None:
    first = with_tflite_metadata(mean_color_tflite(), mean_color_facts(), OUTPUTS)
    labels = ("rouge", "vert", "bleu")
    second = with_tflite_metadata(first, mean_color_facts(labels=labels), OUTPUTS)
    assert len(schema.ModelT.InitFromPackedBuf(second, 0).metadata) == 1
    with zipfile.ZipFile(io.BytesIO(second)) as archive:
        assert sorted(archive.namelist()) == ["edgecnn.json", "labels.txt"]
    found = read_tflite_metadata(second)
    assert found is not None
    assert found.description is not None
    assert found.description.labels == labels
    np.testing.assert_array_equal(_answer(second), _answer(first))


def test_other_metadata_of_the_model_stays() -> None:
    def add_entry(model: Any) -> None:
        entry = schema.MetadataT()
        entry.name, entry.buffer = "min_runtime_version", len(model.buffers)
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(b"1.5.0", np.uint8)
        model.buffers.append(buffer)
        model.metadata = [entry]

    written = with_tflite_metadata(
        edited(mean_color_tflite(), add_entry), mean_color_facts(), OUTPUTS
    )
    model = schema.ModelT.InitFromPackedBuf(written, 0)
    entries = {entry.name: bytes(model.buffers[entry.buffer].data) for entry in model.metadata}
    assert entries[b"min_runtime_version"] == b"1.5.0"
    assert set(entries) == {b"min_runtime_version", b"TFLITE_METADATA"}


def test_standard_metadata_tells_normalisation_colour_and_labels() -> None:
    facts = mean_color_facts(
        input=mean_color_input(mean=(1.0, 2.0, 3.5), std=(127.5, 128.0, 255.0))
    )
    written = with_tflite_metadata(mean_color_tflite(), facts, OUTPUTS)
    found = read_tflite_metadata(without_own_entry(written))
    assert found is not None
    assert found.description is None
    assert (found.name, found.color, found.labels) == ("Mean colour", "rgb", LABELS)
    assert (found.mean, found.std) == ((1.0, 2.0, 3.5), (127.5, 128.0, 255.0))
    assert found.scores_range == (0.0, 1.0)


def test_a_bgr_network_does_not_claim_to_take_rgb() -> None:
    facts = mean_color_facts(input=mean_color_input(color="bgr"))
    found = read_tflite_metadata(
        without_own_entry(with_tflite_metadata(mean_color_tflite(), facts, OUTPUTS))
    )
    assert found is not None
    assert found.color is None


def test_labels_that_fit_no_output_are_packed_but_not_promised_of_it() -> None:
    facts = mean_color_facts(labels=("one", "two"))
    written = with_tflite_metadata(mean_color_tflite(), facts, OUTPUTS)
    found = read_tflite_metadata(without_own_entry(written))
    assert found is not None
    assert found.labels == ()


def test_a_softmax_at_the_end_is_seen() -> None:
    written = with_tflite_metadata(softmax_tflite(), mean_color_facts())
    found = read_tflite_metadata(without_own_entry(written))
    assert found is not None
    assert found.last_step == "softmax"
    assert found.scores_range is None


@pytest.mark.parametrize("writer", [with_tflite_metadata, with_rt_info])
def test_a_label_of_two_lines_is_refused(writer: Any) -> None:
    with pytest.raises(ConversionError, match="one label a line"):
        writer(mean_color_tflite(), mean_color_facts(labels=("red\nish", "green", "blue")))


def test_an_output_that_the_file_lacks_is_refused() -> None:
    with pytest.raises(ConversionError, match="no output 'mean'; its outputs are means"):
        with_tflite_metadata(mean_color_tflite(), mean_color_facts(), {"mean": "probabilities"})


def test_a_model_with_weights_outside_of_it_is_refused() -> None:
    def move_out(model: Any) -> None:
        model.buffers[1].data, model.buffers[1].offset, model.buffers[1].size = None, 400, 8

    with pytest.raises(ConversionError, match="outside of its flatbuffer"):
        with_tflite_metadata(edited(mean_color_tflite(), move_out), mean_color_facts(), OUTPUTS)


def test_only_models_are_written_to() -> None:
    with pytest.raises(BundleError, match="TFL3"):
        with_tflite_metadata(b"\xff\xd8\xff\xe0 a photograph", mean_color_facts())
    with pytest.raises(BundleError, match="not an OpenVINO IR"):
        with_rt_info(b"<html></html>", mean_color_facts())


@needs_openvino
def test_openvino_reads_what_model_api_asks_for_and_answers_as_before() -> None:

    core = shared_core()
    xml, weights = mean_color_ir()
    facts = mean_color_facts(labels=("deep red", "green", ""))
    written = with_rt_info(xml, facts, OUTPUTS)
    assert written == with_rt_info(written, facts, OUTPUTS)
    model = core.read_model(written, weights)
    found = {
        key: model.get_rt_info(["model_info", key]).astype(str)
        for key in ("model_type", "labels", "reverse_input_channels", "scale_values", "resize_type")
    }
    assert found == {
        "model_type": "Classification",
        "labels": "deep_red green #2",
        "reverse_input_channels": "True",
        "scale_values": "255 255 255",
        "resize_type": "standard",
    }
    noise = np.random.default_rng(0).random((1, 8, 8, 3), np.float32)
    answers = [
        core.compile_model(core.read_model(content, weights), "CPU")(noise)[0]
        for content in (xml, written)
    ]
    np.testing.assert_array_equal(*answers)


def test_rt_info_of_others_stays() -> None:
    xml, _ = mean_color_ir()
    nncf = xml.replace(b"</net>", b'<rt_info><nncf><mode value="fast"/></nncf></rt_info></net>')
    written = with_rt_info(nncf, mean_color_facts(), OUTPUTS)
    assert b'<mode value="fast"' in written
    assert written.count(b"<rt_info>") == 1


def test_model_info_speaks_of_bgr_grey_thresholds_and_several_classes() -> None:
    bgr = model_info(
        mean_color_facts(
            input=mean_color_input(color="bgr", resize="letterbox", pad=114, mean=(103.53, 0, 1.5)),
            decoder=DecoderSpec(
                name="yolo_v8", parameters={"score_threshold": 0.35, "iou_threshold": 0.5}
            ),
        )
    )
    assert bgr["model_type"] == "YOLOv8"
    assert bgr["reverse_input_channels"] == "False"
    assert bgr["mean_values"] == "103.53 0 1.5"
    assert (bgr["resize_type"], bgr["pad_value"]) == ("fit_to_window_letterbox", "114")
    assert (bgr["confidence_threshold"], bgr["iou_threshold"]) == ("0.35", "0.5")
    grey = model_info(
        mean_color_facts(
            input=mean_color_input(color="gray", mean=(0.0,), std=(255.0,)),
            decoder=DecoderSpec(name="classification", parameters={"activation": "sigmoid"}),
            labels=(),
        )
    )
    assert "reverse_input_channels" not in grey
    assert "labels" not in grey
    assert grey["multilabel"] == "True"
    assert "model_type" not in model_info(mean_color_facts(decoder=DecoderSpec(name="gfl")))


@pytest.mark.parametrize(
    ("file", "backend"),
    [
        ("float32.tflite", "litert"),
        ("int8.tflite", "litert"),
        pytest.param("float32.tflite", "openvino", marks=needs_openvino),
        pytest.param("float32.xml", "openvino", marks=needs_openvino),
    ],
)
def test_a_bare_file_with_our_metadata_answers_without_questions(
    tmp_path: Path, file: str, backend: str
) -> None:
    xml, weights = mean_color_ir()
    is_ir = file.endswith(".xml")
    model = xml if is_ir else mean_color_tflite(file.partition(".")[0])
    variant = ModelVariant(
        file=file,
        precision="float32",
        model=model,
        weights=weights if is_ir else None,
        backends=(backend,),
        outputs=OUTPUTS,
    )
    for path, content in with_metadata(variant, mean_color_facts()).contents().items():
        (tmp_path / path).write_bytes(content)
    with edgecnn.load(tmp_path / file, backend=backend) as classify:
        best = classify(plain_picture(0, 0, 255), "rgb")[0]
    assert best.label == "blue"
    assert best.score == pytest.approx(1, abs=1 / 128)


@pytest.mark.parametrize("writer", ["tflite", pytest.param("ir", marks=needs_openvino)])
def test_a_model_that_takes_arrays_describes_itself_as_well(tmp_path: Path, writer: str) -> None:
    facts = mean_color_facts(
        task="tensors", input=None, decoder=DecoderSpec(name="tensors"), labels=()
    )
    if writer == "tflite":
        (tmp_path / "a.tflite").write_bytes(with_tflite_metadata(mean_color_tflite(), facts))
    else:
        xml, weights = mean_color_ir()
        (tmp_path / "a.xml").write_bytes(with_rt_info(xml, facts))
        (tmp_path / "a.bin").write_bytes(weights)
    path = next(path for path in tmp_path.iterdir() if path.suffix != ".bin")
    with edgecnn.load(path) as model:
        answer = model({"image": np.full((1, 8, 8, 3), 0.5, np.float32)})
    np.testing.assert_allclose(answer["means"], [[0.5, 0.5, 0.5]])


def test_detectors_give_readers_boxes_labels_and_a_threshold() -> None:
    raw = ModelVariant(
        file="a.tflite",
        precision="float32",
        model=tiny_ssd_tflite(),
        backends=("litert",),
        outputs=tiny_ssd.OUTPUTS,
    )
    written = with_metadata(*standard_ssd(raw, tiny_ssd_facts())).model
    found = read_tflite_metadata(without_own_entry(written))
    assert found is not None
    assert found.postprocessed
    boxes, classes, scores, count = found.outputs
    assert [slot.name for slot in found.outputs] == [
        "location", "category", "score", "number of detections"
    ]  # fmt: skip
    assert boxes.box_order == (1, 0, 3, 2)
    assert classes.value_labels == tiny_ssd.LABELS
    assert scores.score_threshold == found.score_threshold == 0.5
    assert count.box_order == ()
