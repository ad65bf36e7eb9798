from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgecnn
from converters.bundles.card import CardText
from converters.bundles.publish import GOLDEN_BYTES, Proof, check_sources, golden_jpeg, publish
from edgecnn.bundle import io
from edgecnn.errors import ConversionError, ParityError
from tests.converters.proof.test_parity import facts, pictures, variant

CARD = CardText(
    summary="Says how red a picture is.",
    bias="None.",
    how_made="By hand.",
    proof="Twelve plain pictures.",
    reproducible="All of it.",
    licence_note="Ours",
)
LIMITS = {"score": 0.01, "top1": 0.0}


def proof(**changes: Any) -> Proof:
    red = np.zeros((30, 40, 3), np.uint8)
    red[:, :, 2] = 200
    fields: dict[str, Any] = {
        "pictures": pictures,
        "least": {"float32": {"top1_agreement": 1.0}, "int8": {"top1_agreement": 0.9}},
        "golden": {"red": red},
        "tolerance": {"float32": LIMITS, "int8": LIMITS},
    }
    return Proof(**(fields | changes))


def build(out: Path, **changes: Any) -> Path:
    shipped = [
        variant("float32.tflite", "float32", "litert"),
        variant("int8.tflite", "int8", "litert"),
    ]
    described = dataclasses.replace(facts(), limits="Knows three colours.")
    return publish(described, shipped[0], shipped, proof(**changes), CARD, "The licence.", out)


def test_a_bundle_holds_proof_speed_golden_answers_card_and_licence(tmp_path: Path) -> None:
    bundle = io.load(build(tmp_path / "mean_color"))
    bundle.verify()
    manifest = bundle.manifest
    assert [v.file for v in manifest.variants] == ["float32.tflite", "int8.tflite"]
    assert all(v.agreement["pictures"] == 12 for v in manifest.variants)
    assert {speed.backend for v in manifest.variants for speed in v.speed} == {"litert"}
    (golden,) = manifest.golden
    assert golden.expected["labels"][0] == "red"
    assert bundle.read("LICENSE") == b"The licence."
    card = bundle.read("CARD.md").decode()
    for part in ("# Mean colour", "Knows three colours.", "`int8.tflite`", "Twelve plain pictures"):
        assert part in card


def test_the_bundle_answers(tmp_path: Path) -> None:
    folder = build(tmp_path / "mean_color")
    with edgecnn.load(folder, precision="int8", threads=1) as classify:
        assert classify(folder / "golden" / "red.jpg").labels[0] == "red"


def test_a_variant_that_disagrees_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ParityError, match=r"int8\.tflite"):
        build(tmp_path / "b", least={"float32": {}, "int8": {"top1_agreement": 1.1}})
    assert not (tmp_path / "b").exists()


def test_golden_answers_that_verify_would_refuse_are_not_written(tmp_path: Path) -> None:
    limits = {"float32": LIMITS, "int8": {"score": -1.0}}
    with pytest.raises(ParityError, match=r"golden/red\.jpg"):
        build(tmp_path / "b", tolerance=limits)
    assert not (tmp_path / "b").exists()


def test_other_source_files_than_the_recipe_knows_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"new")
    with pytest.raises(ConversionError, match=r"model\.bin has SHA-256"):
        check_sources(tmp_path, {"model.bin": "0" * 64})
    with pytest.raises(ConversionError, match="missing"):
        check_sources(tmp_path, {"other.bin": "0" * 64})


def test_golden_pictures_are_small() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (700, 900, 3), dtype=np.uint8)
    smooth = np.asarray(
        np.linspace(0, 255, 900)[None, :, None].repeat(700, 0).repeat(3, 2), np.uint8
    )
    assert len(golden_jpeg(smooth)) < GOLDEN_BYTES
    with pytest.raises(ConversionError, match="smaller"):
        golden_jpeg(noise)
