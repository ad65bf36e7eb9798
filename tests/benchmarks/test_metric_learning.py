"""A small part of `benchmarks/metric_learning.py`; the whole of it is run by hand."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("keras")

from benchmarks import metric_learning
from edgecnn.data import characters, digits
from edgecnn.data.image_data import ImageData
from edgecnn.training.metric import read_embed_config
from edgecnn.training.metric.unseen import part_classes


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metric_learning, "REPLICATES", 20)


def letters(identities: int, pictures: int) -> ImageData:
    labels = np.repeat(np.arange(identities), pictures)
    images = np.zeros((len(labels), 8, 8), np.uint8)
    return ImageData(images, labels, tuple(str(number) for number in range(identities)))


def test_classical_methods_are_judged_on_what_they_never_saw() -> None:
    seen, unseen = part_classes(digits.load("test"), 0.3, 0)
    answers = metric_learning.classical(seen, unseen)
    assert len(answers) == 5
    for name, answer in answers.items():
        error, *rates, first = metric_learning.judge(answer, unseen)
        assert 2 < float(error) < 45, name
        # Three digits are three pairs of digits: no rate is claimed, and no interval.
        assert rates == ["too few", "too few"], name
        assert float(first) > 33, name


def test_perfect_vectors_have_no_errors_and_an_interval() -> None:
    judged = letters(80, 3)
    answer = metric_learning.by_angle(np.eye(80)[judged.labels])
    error, loose, strict, first = metric_learning.judge(answer, judged)
    assert error.startswith("0.0 (0.0 to ")
    assert loose == strict == first
    assert first.startswith("100.0 (9")


def test_the_recipe_is_the_one_that_users_are_given() -> None:
    config = read_embed_config(metric_learning.CONFIG)
    assert config.data.name == "characters"
    assert config.data.split == "all"
    assert config.metric.loss == "arcface"


@pytest.mark.slow
def test_nets_are_trained_once_and_then_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = metric_learning.CONFIG.read_text().replace("separable_resnet", "lenet5")
    (tmp_path / "small.toml").write_text(small.replace("width = 0.5", ""))
    monkeypatch.setattr(metric_learning, "CONFIG", tmp_path / "small.toml")
    everything = characters.load("test")
    data = part_classes(everything, everything.names[::24], 0)[1]
    strange = data.names[:3]
    _, judged = part_classes(data, strange, 0)
    given = argparse.Namespace(epochs=1, out=tmp_path)
    first = metric_learning.learned("letters", data, strange, judged, given)
    before = {file: file.stat().st_mtime_ns for file in tmp_path.glob("*/last.keras")}
    again = metric_learning.learned("letters", data, strange, judged, given)
    assert len(before) == len(first) == 2
    assert before == {file: file.stat().st_mtime_ns for file in before}
    for name, answer in first.items():
        np.testing.assert_allclose(answer.vectors, again[name].vectors, atol=1e-5)
        np.testing.assert_allclose(np.linalg.norm(answer.vectors, axis=1), 1.0, atol=1e-5)
