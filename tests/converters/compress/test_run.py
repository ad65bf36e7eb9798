"""A whole recipe, end to end, and what happens when it is killed or changed on the way."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("openvino")

import edgecnn
from converters.compress import compress, quick
from converters.compress.folder import WorkFolder
from converters.compress.summary import Summary
from edgecnn.bundle import io
from edgecnn.data import fashion_mnist
from edgecnn.errors import ParityError, TrainingError
from tests.converters.compress import tiny
from tests.helpers import fashion
from tests.helpers.command import edgecnn_command

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

MODEL_FILES = ("int8.tflite", "openvino/int8.xml", "openvino/int8.bin")


@pytest.fixture(scope="module", autouse=True)
def _committed_pictures() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(fashion_mnist.ENVIRONMENT, str(fashion.FOLDER))
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    """A work folder in which a recipe was done without interruption."""
    out = tmp_path_factory.mktemp("compress") / "work"
    return out, compress(tiny.recipe(), out=out, check=False)


@pytest.fixture
def copy(whole: tuple[Path, Summary], tmp_path: Path) -> Path:
    """The same, to be changed."""
    return Path(shutil.copytree(whole[0], tmp_path / "work"))


def model_files(out: Path) -> list[bytes]:
    return [(out / "bundle" / name).read_bytes() for name in MODEL_FILES]


def no_training(*arguments: Any, **settings: Any) -> None:
    raise AssertionError("A step that was done is done again.")


def test_every_step_has_a_row_and_each_is_smaller(whole: tuple[Path, Summary]) -> None:
    _, summary = whole
    teacher, student, pruned, quantized = summary.steps
    assert [row.step for row in summary.steps] == ["teacher", "student", "pruned", "quantized"]
    assert pruned.macs is not None
    assert student.macs is not None
    assert pruned.macs <= 0.6 * student.macs
    sizes = [row.file_bytes or 0 for row in (teacher, pruned, quantized)]
    assert sizes == sorted(sizes, reverse=True)
    for row in summary.steps:
        assert row.accuracy > 0.3
        assert row.test_accuracy is not None
        assert set(row.latency_ms) == {"litert", "openvino"}
    assert summary.pictures == {"learned from": 240, "held back": 60, "test": 190}


def test_the_files_decide_as_the_net_did_in_training(whole: tuple[Path, Summary]) -> None:
    _, summary = whole
    assert [row.file for row in summary.files] == ["int8.tflite", "openvino/int8.xml"]
    for row in summary.files:
        assert row.agreement is not None
        assert row.agreement >= 0.98
        assert row.accuracy == pytest.approx(summary.steps[-1].test_accuracy, abs=0.02)


def test_the_bundle_tells_how_it_came_about(whole: tuple[Path, Summary]) -> None:
    out, summary = whole
    manifest = io.load(out / "bundle").manifest
    assert manifest.name == "tiny_clothes"
    assert manifest.licence == "Apache-2.0"
    assert manifest.labels == fashion_mnist.NAMES
    assert [metric.value for metric in manifest.metrics] == [
        round(row.accuracy or 0.0, 4) for row in summary.files
    ]
    card = (out / "bundle" / "CARD.md").read_text()
    said = ("Student: `lenet5`", "60 % of the multiply-adds in 1 stage", "| quantized |")
    for word in (*said, "## Limits"):
        assert word in card
    assert str(out) not in card
    assert edgecnn_command("verify", out / "bundle").code == 0


def test_the_bundle_takes_the_pictures_as_they_are(whole: tuple[Path, Summary]) -> None:
    data = fashion_mnist.load("test", fashion.FOLDER)
    with edgecnn.load(whole[0] / "bundle", backend="litert") as classify:
        answers = [int(classify(image, "gray").class_ids[0]) for image in data.images[:200]]
    hits = sum(a == int(b) for a, b in zip(answers, data.labels, strict=False))
    assert hits > 60


def test_a_short_recipe_ends_with_a_proven_bundle_without_compiling(tmp_path: Path) -> None:
    import tensorflow as tf

    summary = compress(quick(tiny.recipe()), out=tmp_path / "work", check=False, short=True)
    assert [row.file for row in summary.files] == ["int8.tflite", "openvino/int8.xml"]
    assert edgecnn_command("verify", tmp_path / "work" / "bundle").code == 0
    assert len(summary.steps) == 4
    for row in summary.steps:
        assert row.test_accuracy is not None
        assert (row.file_bytes, row.latency_ms) == (None, {})
    assert not tf.config.functions_run_eagerly()


def test_the_summary_is_kept_and_nothing_is_done_twice(
    whole: tuple[Path, Summary], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, summary = whole
    for place in ("steps.train", "steps.run_distill", "steps.run_prune", "run.measure_costs"):
        monkeypatch.setattr(f"converters.compress.{place}", no_training)
    assert compress(tiny.recipe(), out=out, resume=True) == summary
    assert json.loads((out / "summary.json").read_text())["name"] == "tiny_clothes"


def test_what_was_killed_between_two_steps_ends_in_the_same_files(
    whole: tuple[Path, Summary], copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("quantized", "bundle"):
        shutil.rmtree(copy / name)
    (copy / "summary.json").unlink()
    for place in ("train", "run_distill", "run_prune"):
        monkeypatch.setattr(f"converters.compress.steps.{place}", no_training)
    compress(tiny.recipe(), out=copy, resume=True)
    assert model_files(copy) == model_files(whole[0])


def test_a_broken_gate_costs_no_training(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("train", "run_distill", "run_prune", "run_quantize"):
        monkeypatch.setattr(f"converters.compress.steps.{place}", no_training)
    monkeypatch.setattr("converters.compress.run.measure_costs", lambda models, *_, **__: {})
    strict = tiny.recipe(convert={"rounds": 0, "max_drop": 0.05, "gates": {"qat.cosine": 1.1}})
    with pytest.raises(TrainingError, match=r"convert\.gates.*--from convert"):
        compress(strict, out=copy, resume=True)
    with pytest.raises(ParityError, match=r"qat\.cosine"):
        compress(strict, out=copy, restart="convert", check=False)
    assert (copy / "bundle-report" / "report.md").is_file()
    assert not (copy / "bundle").exists()
    assert WorkFolder(copy).finished() is None
    assert (copy / "quantized" / "best.keras").is_file()
