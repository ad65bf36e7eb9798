from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import edgecnn
from converters.bundles import pack
from converters.bundles.pack import Facts, ModelVariant
from converters.forms.ssd import standard_ssd
from converters.metadata.write import with_metadata
from converters.openvino.ir import read_tflite, serialize
from edgecnn.api import open_bundle
from edgecnn.bundle.schema import DecoderSpec
from edgecnn.core.results import Detections
from edgecnn.errors import BackendError, ConversionError
from edgecnn.runtime.backends.openvino import shared_core
from edgecnn.runtime.policy import missing_reason
from tests.helpers.metadata import without_own_entry
from tests.helpers.tiny_ssd import OUTPUTS, scene, tiny_ssd_facts, tiny_ssd_tflite

SCENE = scene(("square", 12, 20), ("disc", 44, 28), ("disc", 29, 53))
WANTED = {
    ("square", (4, 12, 20, 28)),
    ("disc", (36, 20, 52, 36)),
    ("disc", (21, 45, 37, 61)),
}
needs_openvino = pytest.mark.skipif(
    missing_reason("openvino") is not None, reason="openvino is not installed here"
)


def _tflite(**options: Any) -> ModelVariant:
    return ModelVariant(
        file="float32.tflite",
        precision="float32",
        model=tiny_ssd_tflite(**options),
        backends=("litert", "openvino"),
        outputs=OUTPUTS,
    )


def _ir(background: bool) -> ModelVariant:
    openvino = pytest.importorskip("openvino")
    xml, weights = serialize(
        openvino, read_tflite(openvino, tiny_ssd_tflite(background=background), OUTPUTS)
    )
    return ModelVariant(
        file="float32.xml",
        precision="float32",
        model=xml,
        weights=weights,
        backends=("openvino",),
    )


def _answer(variant: ModelVariant, facts: Facts) -> Detections:
    bundle = pack.assemble(facts, [variant])
    with pack.open_task(bundle, backend=variant.backends[0]) as task:
        found: Detections = task(SCENE, "rgb")
    return found


def _seen(found: Detections) -> set[tuple[str, tuple[int, ...]]]:
    return {(item.label, tuple(np.rint(item.box_xyxy).astype(int).tolist())) for item in found}


def _scores(found: Detections) -> np.ndarray:
    return np.sort(found.scores)


def test_the_tiny_detector_finds_what_is_there() -> None:
    assert _seen(_answer(_tflite(), tiny_ssd_facts())) == WANTED


@pytest.mark.parametrize("background", [False, True])
@pytest.mark.parametrize("rim", ["float32", "int8", "uint8"])
def test_the_standard_tflite_answers_like_the_raw_one(rim: str, background: bool) -> None:
    raw, facts = _tflite(rim=rim, background=background), tiny_ssd_facts(background=background)
    finished, changed = standard_ssd(raw, facts)
    ours, theirs = _answer(raw, facts), _answer(finished, changed)
    assert _seen(theirs) == _seen(ours) == WANTED
    np.testing.assert_allclose(_scores(theirs), _scores(ours), atol=1e-5)


def test_a_softmax_goes_into_the_network() -> None:
    facts = tiny_ssd_facts(background=True, activation="softmax")
    raw = _tflite(background=True)
    ours, theirs = _answer(raw, facts), _answer(*standard_ssd(raw, facts))
    assert _seen(theirs) == _seen(ours) == WANTED
    np.testing.assert_allclose(_scores(theirs), _scores(ours), atol=1e-5)


@needs_openvino
@pytest.mark.parametrize(
    ("background", "activation"), [(False, "sigmoid"), (True, "sigmoid"), (True, "softmax")]
)
def test_the_standard_ir_answers_like_the_raw_one(background: bool, activation: str) -> None:
    raw = _ir(background)
    facts = tiny_ssd_facts(background=background, activation=activation)
    ours, theirs = _answer(raw, facts), _answer(*standard_ssd(raw, facts))
    assert _seen(theirs) == _seen(ours) == WANTED
    np.testing.assert_allclose(_scores(theirs), _scores(ours), atol=1e-4)


@needs_openvino
def test_a_reader_may_exchange_red_and_blue_in_front_of_the_standard_ir() -> None:
    # OpenVINO loses the exchange when a Gather permutes the boxes, as an earlier form had it.
    import openvino
    from openvino.preprocess import PrePostProcessor

    raw, facts = _ir(True), tiny_ssd_facts(background=True)
    finished, _ = standard_ssd(raw, dataclasses.replace(facts))
    core = shared_core()
    model = core.read_model(finished.model, finished.weights)
    assert "Gather" not in {operation.get_type_name() for operation in model.get_ops()}
    tinted = SCENE.astype(np.float32)[None] / 255 * np.float32([1.0, 0.8, 0.4])
    plain = core.compile_model(model, "CPU")(tinted)[0].copy()
    steps = PrePostProcessor(model)
    steps.input(0).model().set_layout(openvino.Layout("NHWC"))
    steps.input(0).preprocess().reverse_channels()
    swapped = core.compile_model(steps.build(), "CPU")(tinted[..., ::-1].copy())[0]
    np.testing.assert_allclose(swapped, plain, atol=1e-5)


def test_the_operator_says_what_readers_ask_it_for() -> None:
    finished, _ = standard_ssd(_tflite(background=True), tiny_ssd_facts(background=True))
    model = schema.ModelT.InitFromPackedBuf(finished.model, 0)
    last = model.subgraphs[0].operators[-1]
    assert model.operatorCodes[last.opcodeIndex].customCode == b"TFLite_Detection_PostProcess"
    from flatbuffers import flexbuffers

    options = flexbuffers.Loads(bytes(bytearray(last.customOptions)))
    assert options["num_classes"] == 2
    assert options["max_detections"] == 10
    assert options["nms_iou_threshold"] == 0.5
    assert options["use_regular_nms"] is True


def test_weights_stay_aligned() -> None:
    finished, _ = standard_ssd(_tflite(), tiny_ssd_facts())
    model = schema.Model.GetRootAs(finished.model, 0)
    checked = 0
    for index in range(model.BuffersLength()):
        buffer = model.Buffers(index)
        if buffer.DataLength():
            start = buffer._tab.Vector(buffer._tab.Offset(4))
            assert start % 16 == 0
            checked += 1
    assert checked >= 7


def test_openvino_is_not_offered_the_operator_that_it_lacks(tmp_path: Path) -> None:
    variant, facts = standard_ssd(_tflite(), tiny_ssd_facts())
    assert variant.backends == ("litert",)
    path = tmp_path / "ssd.tflite"
    path.write_bytes(with_metadata(variant, facts).model)
    bundle = open_bundle(path)
    assert "openvino" not in bundle.manifest.variants[0].backends
    with pytest.raises(BackendError):
        edgecnn.load(path, backend="openvino")


@pytest.mark.parametrize("kind", ["own", "standard"])
@pytest.mark.parametrize("form", ["tflite", pytest.param("ir", marks=needs_openvino)])
def test_a_bare_file_in_the_standard_form_answers_without_questions(
    tmp_path: Path, form: str, kind: str
) -> None:
    raw = _tflite(background=True) if form == "tflite" else _ir(True)
    variant = with_metadata(*standard_ssd(raw, tiny_ssd_facts(background=True)))
    if kind == "standard" and form == "tflite":
        variant = dataclasses.replace(variant, model=without_own_entry(variant.model))
    elif kind == "standard":
        xml = re.sub(rb"<edgecnn>.*?</edgecnn>", b"", variant.model, flags=re.DOTALL)
        variant = dataclasses.replace(variant, model=xml)
    for name, content in variant.contents().items():
        (tmp_path / name).write_bytes(content)
    with edgecnn.load(tmp_path / variant.file) as detect:
        assert _seen(detect(SCENE, "rgb")) == WANTED
        assert detect.bundle.manifest.decoder.parameters["score_threshold"] == 0.5


def test_what_is_no_raw_ssd_is_refused() -> None:
    facts = tiny_ssd_facts()
    other = dataclasses.replace(facts, decoder=DecoderSpec(name="yolo_v8"))
    fewer = facts.decoder.parameters | {"anchors": facts.decoder.parameters["anchors"][:-1]}
    wrong = dataclasses.replace(facts, decoder=DecoderSpec(name="ssd", parameters=fewer))
    gone = dataclasses.replace(facts, decoder=DecoderSpec(name="ssd"))
    with pytest.raises(ConversionError, match="only 'ssd' has a standard form"):
        standard_ssd(_tflite(), other)
    with pytest.raises(ConversionError, match=r"63 anchors has .*has \(1, 64, 4\)"):
        standard_ssd(_tflite(), wrong)
    with pytest.raises(ConversionError, match="of which 0 is named 'boxes'"):
        standard_ssd(dataclasses.replace(_tflite(), outputs={}), facts)
    with pytest.raises(ConversionError, match="not described"):
        standard_ssd(_tflite(), gone)
