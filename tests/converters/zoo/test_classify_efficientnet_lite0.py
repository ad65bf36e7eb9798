"""The recipe puts every weight in its place, and the shipped bundle names what photographs show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgecnn
from edgecnn.bundle import io
from edgecnn.errors import ConversionError
from edgecnn.runtime.policy import candidates

ROOT = Path(__file__).resolve().parents[3]
BUNDLE = ROOT / "assets" / "zoo" / "classify_efficientnet_lite0"
IMAGES = ROOT / "assets" / "images"
WAYS = [
    (variant.file, variant.precision, backend)
    for variant, backend in candidates(io.load(BUNDLE).manifest)
]
CATS = {"tabby", "tiger cat", "Egyptian cat"}


@pytest.fixture(scope="module")
def recipe() -> Any:
    pytest.importorskip("tensorflow")
    from converters.zoo import classify_efficientnet_lite0

    return classify_efficientnet_lite0


@pytest.fixture(scope="module")
def nets() -> Any:
    pytest.importorskip("tensorflow")
    from edgecnn import nets

    return nets


def state_of(recipe: Any, net: Any) -> dict[str, np.ndarray]:
    """A PyTorch state dict with the weights of a Keras net: the recipe's mapping, turned round."""
    state = {}
    for layer, parts in recipe.weight_names():
        for (name, axes), value in zip(parts, net.get_layer(layer).get_weights(), strict=True):
            state[name] = value.transpose(np.argsort(axes))
    return state


def test_all_weights_find_their_place(recipe: Any, nets: Any) -> None:
    source, target = nets.build("efficientnet_lite0"), nets.build("efficientnet_lite0")
    random = np.random.default_rng(1)
    source.set_weights([random.uniform(size=w.shape) for w in source.get_weights()])
    state = state_of(recipe, source)
    assert state["_blocks.1._expand_conv.weight"].shape == (96, 16, 1, 1)
    assert state["_blocks.15._depthwise_conv.weight"].shape == (1152, 1, 3, 3)
    assert state["_fc.weight"].shape == (1000, 1280)
    state["_bn0.num_batches_tracked"] = np.array(0)
    recipe.set_weights(target, state)
    for ours, theirs in zip(target.get_weights(), source.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_missing_misshapen_and_extra_weights_are_refused(recipe: Any, nets: Any) -> None:
    net = nets.build("efficientnet_lite0")
    state = state_of(recipe, net)
    with pytest.raises(ConversionError, match=r"_fc\.extra"):
        recipe.set_weights(net, {**state, "_fc.extra": np.zeros(3)})
    with pytest.raises(ConversionError, match="do not fit"):
        recipe.set_weights(net, {**state, "_fc.bias": np.zeros(999)})
    del state["_conv_head.weight"]
    with pytest.raises(ConversionError, match=r"_conv_head\.weight"):
        recipe.set_weights(net, state)


def test_another_source_is_refused(recipe: Any, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="missing"):
        recipe.float_net(tmp_path)
    weights = tmp_path / recipe.WEIGHTS
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"something else")
    with pytest.raises(ConversionError, match="SHA-256"):
        recipe.float_net(tmp_path)


def test_proof_never_sees_a_calibration_photograph(recipe: Any) -> None:
    assert not set(recipe.CALIBRATION_PHOTOGRAPHS) & set(recipe.PROOF_PHOTOGRAPHS)


def test_labels_are_a_thousand_different_names_in_the_usual_order() -> None:
    labels = io.load(BUNDLE).manifest.labels
    assert labels == tuple((ROOT / "assets/labels/imagenet1k.txt").read_text("utf-8").splitlines())
    assert len(set(labels)) == len(labels) == 1000
    known = {0: "tench", 282: "tiger cat", 657: "missile", 967: "espresso", 999: "toilet tissue"}
    assert {index: labels[index] for index in known} == known


def test_files_are_whole_and_every_backend_has_a_variant() -> None:
    io.load(BUNDLE).verify()
    assert {("float16.tflite", "litert"), ("int8.tflite", "litert")} <= {
        (file, backend) for file, _, backend in WAYS
    }


@pytest.mark.parametrize(("file", "precision", "backend"), WAYS)
def test_photographs_are_named_rightly(file: str, precision: str, backend: str) -> None:
    with edgecnn.load(str(BUNDLE), backend=backend, precision=precision, threads=1) as classify:
        coffee = classify(IMAGES / "coffee.jpg")
        assert coffee[0].label == "espresso"
        assert coffee[0].score > 0.8
        cat = classify(IMAGES / "cat_chelsea.jpg")
        assert {answer.label for answer in list(cat)[:3]} == CATS
        rocket = classify(IMAGES / "rocket.jpg")
        assert rocket[0].label == "missile"


@pytest.mark.parametrize("variant", io.load(BUNDLE).manifest.variants, ids=lambda v: v.file)
def test_recorded_agreement_is_what_the_project_demands(variant: Any) -> None:
    least = 0.95 if variant.precision == "int8" else 0.99
    assert variant.agreement["top1_agreement_confident"] >= least
    assert variant.agreement["pictures_confident"] >= 500


def test_int8_is_smaller_and_faster_than_float() -> None:
    bundle = io.load(BUNDLE)
    variants = {variant.file: variant for variant in bundle.manifest.variants}
    sizes = bundle.manifest.files
    assert sizes["int8.tflite"].bytes < 0.6 * sizes["float16.tflite"].bytes

    def ratio(file: str, backend: str) -> float:
        (found,) = [
            s.ratio for s in variants[file].speed if (s.backend, s.compute) == (backend, "f32")
        ]
        return found

    assert ratio("int8.tflite", "litert") < 0.7 * ratio("float16.tflite", "litert")
    assert ratio("openvino/int8.xml", "openvino") < 0.7 * ratio("float16.tflite", "openvino")
