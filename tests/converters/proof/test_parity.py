from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from converters.bundles.pack import Facts, ModelVariant, assemble
from converters.proof.parity import measure_parity, require_agreement, summarize
from edgecnn.bundle.schema import DecoderSpec
from edgecnn.errors import ParityError
from tests.helpers.models import LABELS, mean_color_input, mean_color_ir, mean_color_tflite

NAMES = {"means": "probabilities"}


def variant(file: str, precision: Any, *backends: str) -> ModelVariant:
    return ModelVariant(
        file=file,
        precision=precision,
        model=mean_color_tflite("int8" if precision == "int8" else "float32"),
        backends=backends,
        outputs=NAMES,
    )


def facts() -> Facts:
    return Facts(
        name="mean_color",
        title="Mean colour",
        task="classify",
        licence="Apache-2.0",
        source="made by the tests",
        input=mean_color_input(),
        decoder=DecoderSpec(name="classification", parameters={"activation": "none"}),
        labels=LABELS,
    )


def pictures(count: int = 12) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [np.full((9, 9, 3), rng.integers(0, 256, 3), np.uint8) for _ in range(count)]


def test_every_variant_is_compared_on_every_backend_but_the_reference() -> None:
    xml, weights = mean_color_ir()
    ir = ModelVariant(
        file="o/f.xml",
        precision="float32",
        model=xml,
        weights=weights,
        backends=("openvino",),
        outputs=NAMES,
    )
    bundle = assemble(
        facts(),
        [
            variant("reference.tflite", "float32", "litert", "openvino"),
            variant("int8.tflite", "int8", "litert"),
            ir,
        ],
    )
    parity = measure_parity(bundle, iter(pictures()))
    assert set(parity) == {
        ("reference.tflite", "openvino"),
        ("int8.tflite", "litert"),
        ("o/f.xml", "openvino"),
    }
    assert all(figures["pictures"] == 12 for figures in parity.values())
    assert parity["o/f.xml", "openvino"]["top1_agreement"] == 1.0
    assert 0 < parity["int8.tflite", "litert"]["score_error_median"] <= 1 / 256


def test_without_pictures_nothing_is_proven() -> None:
    bundle = assemble(facts(), [variant("reference.tflite", "float32", "litert")])
    with pytest.raises(ParityError, match="nothing is proven"):
        measure_parity(bundle, [])


def test_a_figure_that_is_too_low_is_named_with_its_variant() -> None:
    parity = {("int8.tflite", "litert"): {"top1_agreement": 0.9}}
    require_agreement(parity, {"top1_agreement": 0.9})
    with pytest.raises(ParityError, match=r"int8\.tflite on litert: top1_agreement is 0\.9000"):
        require_agreement(parity, {"top1_agreement": 0.95})


def test_a_figure_that_was_not_measured_is_too_low() -> None:
    with pytest.raises(ParityError, match="mask_iou"):
        require_agreement({("a", "b"): {}}, {"mask_iou": 0.5})


def answer(*scores: float) -> dict[str, Any]:
    """Objects of one class in a row, one a score."""
    return {
        "boxes_xyxy": [[20.0 * i, 0.0, 20.0 * i + 10, 10.0] for i in range(len(scores))],
        "scores": list(scores),
        "class_ids": [1] * len(scores),
    }


def test_a_box_that_falls_just_below_the_threshold_is_found_but_not_matched() -> None:
    figures = summarize("detect", [answer(0.9, 0.4)], [answer(0.9, 0.34)], threshold=0.35)
    assert figures["boxes"] == 2
    assert figures["boxes_found"] == 1.0
    assert figures["boxes_matched"] == 0.5
    assert figures["boxes_matched_clear"] == 1.0
    assert figures["boxes_extra"] == 0.0


def test_a_box_that_the_reference_has_only_below_the_threshold_is_extra() -> None:
    figures = summarize("detect", [answer(0.9, 0.33)], [answer(0.9, 0.36)], threshold=0.35)
    assert figures["boxes"] == 1
    assert figures["boxes_extra"] == 1.0


def test_confident_agreement_counts_only_where_the_reference_is_sure() -> None:
    sure = {"class_ids": [1, 2], "scores": [0.8, 0.1], "labels": ["a", "b"]}
    unsure = {"class_ids": [1, 2], "scores": [0.2, 0.19], "labels": ["a", "b"]}
    turned = {"class_ids": [2, 1], "scores": [0.2, 0.19], "labels": ["b", "a"]}
    figures = summarize("classify", [sure, unsure], [sure, turned])
    assert figures["top1_agreement"] == 0.5
    assert figures["top1_agreement_confident"] == 1.0
    assert figures["pictures_confident"] == 1.0


def test_a_tie_of_two_classes_is_no_answer_that_a_file_could_miss() -> None:
    tie = {"class_ids": [0, 1], "scores": [0.5004, 0.4996], "labels": ["a", "b"]}
    turned = {"class_ids": [1, 0], "scores": [0.5002, 0.4998], "labels": ["b", "a"]}
    clear = {"class_ids": [0, 1], "scores": [0.6, 0.4], "labels": ["a", "b"]}
    figures = summarize("classify", [tie, clear], [turned, clear])
    assert figures["top1_agreement_confident"] == 1.0
    assert figures["pictures_confident"] == 1.0


def test_masks_agree_by_their_overlap() -> None:
    whole, half = np.ones((1, 4, 4), bool), np.zeros((1, 4, 4), bool)
    half[:, :2] = True
    assert summarize("segment", [whole, ~whole], [half, ~whole])["mask_iou"] == 0.5


def test_embeddings_report_how_many_are_close() -> None:
    def vector(x: float) -> dict[str, Any]:
        return {"space": "s", "metric": "euclidean", "vector": [x]}

    figures = summarize("embed", [vector(0.0)] * 4, [vector(x) for x in (0.0, 0.01, 0.02, 1.0)])
    assert figures["within_0.05"] == 0.75


def test_what_was_never_seen_is_not_proven() -> None:
    nothing = {"boxes_xyxy": [], "scores": [], "class_ids": [], "points_xy": []}
    assert summarize("detect", [nothing], [nothing])["boxes_found"] == 0.0
    assert summarize("detect_faces", [nothing], [nothing])["faces_matched"] == 0.0
