"""Packing and proving bundles of the task ``tensors``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgecnn
from converters.bundles.pack import Facts, ModelVariant, assemble, golden_answers, write
from converters.proof.parity import (
    LARGEST_RELATIVE,
    check_golden,
    kept,
    measure_parity,
    require_agreement,
    summarize,
)
from edgecnn.bundle import io, keys, signing
from edgecnn.bundle.arrays import write_arrays
from edgecnn.bundle.schema import DecoderSpec
from edgecnn.core.results import Tensors
from edgecnn.errors import ConversionError, ParityError
from edgecnn.tasks.golden import check_golden as verify_golden
from tests.helpers.models import mean_color_input
from tests.helpers.tensor_models import (
    SHAPE,
    arrays,
    product_and_sum_ir,
    product_and_sum_tflite,
)

TOLERANCE = {
    "float32": {"relative": 1e-5, "cosine_distance": 1e-6},
    "int8": {"relative": 0.1, "cosine_distance": 0.01},
}


def facts(**changes: Any) -> Facts:
    fields: dict[str, Any] = {
        "name": "pair",
        "title": "A pair",
        "task": "tensors",
        "licence": "Apache-2.0",
        "source": "made by the tests",
        "input": None,
        "decoder": DecoderSpec(name="tensors"),
    }
    return Facts(**fields | changes)


def variants() -> list[ModelVariant]:
    xml, weights = product_and_sum_ir()
    names: dict[str, Mapping[str, str]] = {
        "inputs": {"a": "left", "b": "right"},
        "outputs": {"sum": "total"},
    }
    return [
        ModelVariant(
            file="float32.tflite",
            precision="float32",
            model=product_and_sum_tflite(),
            backends=("litert", "openvino"),
            **names,
        ),
        ModelVariant(
            file="int8.tflite",
            precision="int8",
            model=product_and_sum_tflite("int8"),
            backends=("litert",),
            **names,
        ),
        ModelVariant(
            file="openvino/float32.xml",
            precision="float32",
            model=xml,
            weights=weights,
            backends=("openvino",),
            **names,
        ),
    ]


def questions(count: int = 5) -> list[dict[str, Any]]:
    return [{"left": q["a"], "right": q["b"]} for q in map(arrays, range(count))]


@pytest.fixture(scope="module")
def bundle() -> io.Bundle:
    files = {
        f"golden/{number}.npz": write_arrays(question)
        for number, question in enumerate(questions(2))
    }
    return assemble(facts(), variants(), files)


def test_inputs_and_outputs_keep_their_names_or_get_new_ones(bundle: io.Bundle) -> None:
    for variant in bundle.manifest.variants:
        assert [spec.name for spec in variant.inputs] == ["left", "right"]
        assert [spec.name for spec in variant.outputs] == ["product", "total"]
        assert {spec.tensor for spec in variant.inputs} == {"a", "b"}


def test_a_picture_task_still_takes_one_input() -> None:
    pictures = facts(
        task="classify",
        input=mean_color_input(),
        decoder=DecoderSpec(name="classification"),
    )
    with pytest.raises(ConversionError, match=r"\['a', 'b'\].*the task 'tensors'"):
        assemble(pictures, variants())
    with pytest.raises(ConversionError, match="takes arrays, not pictures"):
        _ = facts().picture_input


def test_variants_are_proven_against_the_first(bundle: io.Bundle) -> None:
    parity = measure_parity(bundle, questions(20))
    assert set(parity) == {
        ("float32.tflite", "openvino"),
        ("int8.tflite", "litert"),
        ("openvino/float32.xml", "openvino"),
    }
    same, int8 = parity["openvino/float32.xml", "openvino"], parity["int8.tflite", "litert"]
    assert same["pictures"] == 20
    assert same["cosine"] == pytest.approx(1.0)
    assert same["relative_max"] < 1e-5
    assert 0.99 < int8["cosine"] < 1.0
    assert 1e-3 < int8["relative_max"] < 0.05
    require_agreement(parity, {"cosine": 0.99})
    with pytest.raises(ParityError, match=r"int8\.tflite on litert: cosine"):
        require_agreement(parity, {"cosine": 0.99999})
    with pytest.raises(ParityError, match="nothing is proven"):
        measure_parity(bundle, [])


def test_agreement_is_that_of_the_worst_output() -> None:
    zeros, ones = np.zeros(4, np.float32), np.ones(4, np.float32)
    expected = [{"good": ones, "bad": ones}] * 2
    figures = summarize("tensors", expected, [{"good": ones, "bad": -ones}] * 2)
    assert figures["cosine"] == pytest.approx(-1.0)
    assert figures["relative_max"] == pytest.approx(2.0)
    nothing = summarize("tensors", [{"x": zeros}], [{"x": ones}])
    assert nothing == {"pictures": 1.0, "cosine": -1.0, "relative_max": LARGEST_RELATIVE}
    assert summarize("tensors", [{"x": zeros}], [{"x": zeros}])["cosine"] == 1.0


def test_of_large_outputs_a_part_is_kept() -> None:
    large = np.arange(300_000, dtype=np.float32).reshape(1, -1)
    part = kept(Tensors({"y": large}))["y"]
    assert part.size == 60_000
    np.testing.assert_array_equal(part, large[0, ::5])


def test_golden_answers_are_made_checked_written_and_verified(
    bundle: io.Bundle, tmp_path: Path
) -> None:
    asked = {f"golden/{number}.npz": q for number, q in enumerate(questions(2))}
    golden = golden_answers(bundle, asked, TOLERANCE)
    check_golden(bundle, golden, asked)
    private, public = keys.generate_key()
    path = write(bundle, golden, tmp_path / "pair", {"CARD.md": b"# A pair"}, sign=private)
    opened = signing.verify(path, public)
    checks = list(verify_golden(opened))
    assert len(checks) == 8
    assert [check.problems for check in checks] == [()] * 8
    with edgecnn.load(path, precision="int8") as model:
        np.testing.assert_allclose(
            model(left=np.ones(SHAPE), right=np.ones(SHAPE))["total"], 2.0, atol=1 / 16
        )


def test_a_golden_answer_that_a_variant_does_not_give_is_found(bundle: io.Bundle) -> None:
    asked = {"golden/0.npz": questions(1)[0]}
    strict = {**TOLERANCE, "int8": {"relative": 1e-6}}
    golden = golden_answers(bundle, asked, strict)
    with pytest.raises(ParityError, match=r"int8\.tflite on litert, golden/0\.npz: relative"):
        check_golden(bundle, golden, asked)
