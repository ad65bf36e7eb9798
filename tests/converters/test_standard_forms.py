"""The forms of segmenters and inputs that other programs need."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

import edgecnn
from converters.bundles import pack
from converters.bundles.pack import Facts, ModelVariant
from converters.forms.mask import standard_segmenter
from converters.forms.uniform_input import uniform_input
from converters.forms.unpack import unpack_variant
from converters.metadata.openvino import model_info
from converters.metadata.write import with_metadata, with_tflite_metadata
from edgecnn.bundle.metadata_tflite import read_tflite_metadata
from edgecnn.bundle.schema import DecoderSpec
from edgecnn.errors import ConversionError
from tests.helpers.metadata import (
    OUTPUTS,
    mean_color_facts,
    softmax_tflite,
    without_own_entry,
)
from tests.helpers.models import (
    SIDE,
    mean_color_input,
    mean_color_ir,
    mean_color_tflite,
)

PICTURE = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)


def _segmenter(channels: int, activation: str) -> tuple[ModelVariant, Facts]:
    """An IR (1, 8, 8, 3) -> (1, 8, 8, channels): a weighted sum of red, green and blue."""
    openvino = pytest.importorskip("openvino")
    from converters.openvino.ir import serialize

    ops = openvino.opset8
    image = ops.parameter([1, SIDE, SIDE, 3], np.float32, "image")
    image.output(0).get_tensor().set_names({"image"})
    mixing = np.random.default_rng(1).normal(0, 2, (3, channels)).astype(np.float32)
    mixed = ops.matmul(image, ops.constant(mixing), False, False)
    if activation == "none":
        mixed = ops.sigmoid(mixed)
    name = "probabilities" if activation == "none" else "logits"
    mixed.output(0).get_tensor().set_names({name})
    xml, weights = serialize(openvino, openvino.Model([mixed.output(0)], [image], "segmenter"))
    variant = ModelVariant(
        file="float32.xml", precision="float32", model=xml, weights=weights, backends=("openvino",)
    )
    facts = mean_color_facts(
        task="segment",
        decoder=DecoderSpec(name="segmentation", parameters={"activation": activation}),
        labels=("sky", "road", "car")[:channels],
    )
    return variant, facts


@pytest.mark.parametrize(
    ("channels", "activation"), [(1, "none"), (1, "sigmoid"), (3, "softmax"), (3, "sigmoid")]
)
def test_a_segmenter_answers_the_same_with_channels_first(channels: int, activation: str) -> None:
    variant, facts = _segmenter(channels, activation)
    finished, changed = standard_segmenter(variant, facts)
    answers = []
    for one, about in ((variant, facts), (finished, changed)):
        with pack.open_task(pack.assemble(about, [one])) as task:
            answers.append(task(PICTURE, "rgb"))
    assert answers[0].labels == answers[1].labels == facts.labels
    # Weights are stored as float16.
    np.testing.assert_allclose(answers[1].probabilities, answers[0].probabilities, atol=2e-3)
    info = model_info(changed, [(1, max(channels, 2), SIDE, SIDE)])
    assert info["model_type"] == "Segmentation"
    assert "background" not in info["labels"]


def test_a_segmenter_that_model_api_would_misread_is_not_called_one() -> None:
    _, facts = _segmenter(3, "softmax")
    assert "model_type" not in model_info(facts, [(1, SIDE, SIDE, 3)])
    first = DecoderSpec(name="segmentation", parameters={"activation": "none", "channels": "first"})
    assert "model_type" not in model_info(
        dataclasses.replace(facts, decoder=first), [(1, 1, SIDE, SIDE)]
    )


def test_a_foreign_segmenter_ir_answers_without_questions(tmp_path: Path) -> None:
    variant, facts = _segmenter(3, "softmax")
    described = with_metadata(*standard_segmenter(variant, facts))
    xml = re.sub(rb"<edgecnn>.*?</edgecnn>", b"", described.model, flags=re.DOTALL)
    for name, content in (dataclasses.replace(described, model=xml)).contents().items():
        (tmp_path / name).write_bytes(content)
    with edgecnn.load(tmp_path / "float32.xml") as segment:
        found = segment(PICTURE, "rgb")
        assert found.labels == facts.labels
        np.testing.assert_allclose(found.probabilities.sum(axis=0), 1, atol=1e-5)


@pytest.mark.parametrize("activation", ["none", "sigmoid", "softmax"])
def test_the_segmenter_entry_of_mediapipe_comes_back(activation: str) -> None:
    facts = mean_color_facts(
        task="segment",
        decoder=DecoderSpec(name="segmentation", parameters={"activation": activation}),
    )
    written = with_tflite_metadata(mean_color_tflite(), facts, {"means": "logits"})
    found = read_tflite_metadata(without_own_entry(written))
    assert found is not None
    assert found.activation == activation
    start = written.find(b"V001") - 4
    assert start > 0


def test_only_segmenters_have_a_mask_form() -> None:
    xml, weights = mean_color_ir()
    variant = ModelVariant(
        file="a.xml", precision="float32", model=xml, weights=weights, backends=("openvino",)
    )
    with pytest.raises(ConversionError, match="is not the IR of a segmenter"):
        standard_segmenter(variant, mean_color_facts())
    decoder = DecoderSpec(name="segmentation", parameters={"activation": "none"})
    with pytest.raises(ConversionError, match="has one output"):
        standard_segmenter(variant, mean_color_facts(decoder=decoder))


def _normalised(model: bytes, spec: Any) -> Any:
    interpreter = Interpreter(model_content=model)
    interpreter.allocate_tensors()
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    values = (PICTURE.astype(np.float32) - np.float32(spec.mean)) / np.float32(spec.std)
    interpreter.set_tensor(taken["index"], values[None])
    interpreter.invoke()
    return interpreter.get_tensor(given["index"])


@pytest.mark.parametrize("std", [(255.0, 255.0, 255.0), (58.0, 57.0, 57.5)])
def test_a_mean_for_each_channel_goes_into_the_network(std: tuple[float, ...]) -> None:
    facts = mean_color_facts(input=mean_color_input(mean=(123.7, 116.3, 103.5), std=std))
    raw = ModelVariant(
        file="a.tflite", precision="float32", model=softmax_tflite(), backends=("litert",)
    )
    changed, about = uniform_input(raw, facts)
    spec = about.picture_input
    assert len(set(spec.mean)) == len(set(spec.std)) == 1
    np.testing.assert_allclose(
        _normalised(changed.model, spec), _normalised(raw.model, facts.input), atol=1e-6
    )
    kinds = {
        op.builtinCode for op in schema.ModelT.InitFromPackedBuf(changed.model, 0).operatorCodes
    }
    assert (schema.BuiltinOperator.MUL in kinds) == (std[0] == 58.0)


def test_an_input_that_is_uniform_already_stays_as_it_is() -> None:
    variant = ModelVariant(
        file="a.tflite", precision="float32", model=mean_color_tflite(), backends=("litert",)
    )
    facts = mean_color_facts()
    assert uniform_input(variant, facts) == (variant, facts)


def test_a_quantized_input_cannot_be_made_uniform() -> None:
    variant = ModelVariant(
        file="a.tflite",
        precision="int8",
        model=mean_color_tflite("int8"),
        backends=("litert",),
        outputs=OUTPUTS,
    )
    facts = mean_color_facts(input=mean_color_input(mean=(1.0, 2.0, 3.0)))
    with pytest.raises(ConversionError, match="one float32 picture"):
        uniform_input(variant, facts)


def test_a_file_comes_out_of_a_bundle_as_it_went_in() -> None:
    variant = ModelVariant(
        file="a.tflite",
        precision="float32",
        model=mean_color_tflite(),
        backends=("litert",),
        outputs=OUTPUTS,
        agreement={"top1_agreement": 1.0},
    )
    facts = mean_color_facts()
    assert unpack_variant(pack.assemble(facts, [variant]), "a.tflite") == (variant, facts)
    with pytest.raises(ConversionError, match="has no variant 'b.tflite'; it has a.tflite"):
        unpack_variant(pack.assemble(facts, [variant]), "b.tflite")
