"""Distilling from teachers to a folder, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from edgecnn.data.image_data import ImageData
from edgecnn.errors import EdgeCNNError, OptionError, TrainingError, UnknownNameError
from edgecnn.training.steps.config import DistillStep
from edgecnn.training.steps.data import StepData, part
from edgecnn.training.steps.distilling import run_distill
from edgecnn.training.steps.reading import change
from edgecnn.training.steps.result import StepResult
from tests.helpers.models import save_mean_color
from tests.training.steps import tiny

SLOW_START = {"regularize": {"average": {"name": "none"}}, "schedule": {"warmup_epochs": 0.0}}


def step(*teachers: Path | str, **changes: Any) -> DistillStep:
    base = {
        "teach": {"sources": [str(teacher) for teacher in teachers]},
        "train": {**tiny.QUICK, **SLOW_START, "net": {"name": "lenet5"}},
    }
    return change(change(DistillStep(), base), changes)


@pytest.fixture(autouse=True)
def _plain_drawings(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.draw_nothing(monkeypatch)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save(tiny.trained(), tmp_path_factory.mktemp("teacher") / "teacher.keras")


@pytest.fixture(scope="module")
def distilled(teacher: Path) -> StepResult:
    return run_distill(
        step(teacher, teacher),
        model=tiny.net(filters=4),
        out=teacher.parent / "out",
        data=tiny.data(),
    )


def test_a_student_is_set_beside_its_teachers(distilled: StepResult, teacher: Path) -> None:
    one = tiny.trained().count_params()
    assert distilled.before.parameters == 2 * one
    assert distilled.before.accuracy > 0.6
    assert distilled.after.parameters == tiny.net(filters=4).count_params()
    assert distilled.details["teachers"] == [str(teacher)] * 2
    assert distilled.model.count_params() == distilled.after.parameters


def test_a_student_that_is_handed_in_stays_as_it_is(teacher: Path, tmp_path: Path) -> None:
    student = tiny.net(filters=4)
    before = student.get_weights()
    wanted = step(teacher, train={"fit": {"epochs": 1}})
    run_distill(wanted, model=student, out=tmp_path / "out", data=tiny.data())
    tiny.assert_same(student.get_weights(), before)


def big_pictures() -> StepData:
    """Of 16 pixels, from which the nets of the papers can learn."""
    small = tiny.pictures()
    grown = ImageData(small.images.repeat(2, 1).repeat(2, 2), small.labels, small.names)
    return part(grown, step("teacher.keras").train)


def test_a_killed_step_goes_on_with_the_net_that_its_config_names(tmp_path: Path) -> None:
    file = tiny.save(tiny.net(side=16), tmp_path / "teacher.keras")

    def go(out: str, **more: Any) -> StepResult:
        return run_distill(step(file), out=tmp_path / out, data=big_pictures(), **more)

    whole = go("whole")
    with pytest.raises(tiny.Killed):
        go("killed", progress=tiny.kill_at(1, 2))
    resumed = go("killed", resume=True)
    tiny.assert_same(tiny.weights(resumed.file), tiny.weights(whole.file))
    assert resumed.to_dict() == whole.to_dict()
    assert resumed.model.get_layer("c5").units == 120
    again = go("whole", resume=True)
    assert again.to_dict() == whole.to_dict()


def color_pictures() -> StepData:
    rng = np.random.default_rng(0)
    labels = np.arange(30) % 3
    images = rng.integers(0, 60, (30, 8, 8, 3))
    images[np.arange(30), :, :, labels] += 150
    data = ImageData(images.astype(np.uint8), labels, ("red", "green", "blue"))
    return StepData(data, data)


def color_net() -> keras.Model:
    inputs = keras.Input((8, 8, 3), name="pixels")
    x = keras.layers.GlobalAveragePooling2D(name="pool")(inputs)
    x = keras.layers.Rescaling(1 / 255, name="rescale")(x)
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax", name="classes")(x))


def test_a_bundle_teaches_and_its_file_is_counted(tmp_path: Path) -> None:
    bundle = save_mean_color(tmp_path / "mean_color")
    wanted = step(bundle, train={"fit": {"epochs": 1}})
    result = run_distill(wanted, model=color_net(), out=tmp_path / "out", data=color_pictures())
    assert result.before.accuracy == 1.0
    assert result.before.parameters is None
    assert result.before.gzip_bytes is None
    sizes = [entry.stat().st_size for entry in bundle.rglob("*.tflite")]
    assert result.before.weight_bytes in sizes
    about = json.loads((tmp_path / "out" / "run.json").read_text())
    assert "mean_color" in about["teaching"]["teachers"][0]


def refused(error: type[EdgeCNNError], wanted: DistillStep, out: Path, **more: Any) -> str:
    """The words of the refusal; nothing may have been written."""
    arguments = {"model": tiny.net(filters=4), "data": tiny.data(), **more}
    with pytest.raises(error) as caught:
        run_distill(wanted, out=out, **arguments)
    assert not out.exists()
    return str(caught.value)


def test_teachers_that_do_not_fit_are_named(teacher: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    other = tiny.save(tiny.net(side=12), tmp_path / "other.keras")
    said = refused(OptionError, step(teacher, other), out)
    assert str(other) in said
    assert str(teacher) not in said
    assert "nowhere.keras" in refused(TrainingError, step("nowhere.keras"), out)
    assert "no_such_bundle" in refused(UnknownNameError, step("no_such_bundle"), out)
    bundle = save_mean_color(tmp_path / "mean_color")
    assert "no class dark" in refused(OptionError, step(bundle), out)
    more = {"model": color_net(), "data": color_pictures()}
    own = tiny.save(color_net(), tmp_path / "own.keras")
    assert "either Keras models or bundles" in refused(OptionError, step(bundle, own), out, **more)


def test_a_net_that_is_too_deep_for_the_pictures_says_how_large_they_must_be(
    teacher: Path, tmp_path: Path
) -> None:
    said = refused(OptionError, step(teacher), tmp_path / "out", model=None)
    assert "at least 12 pixels" in said


def test_a_step_without_teachers_is_refused(tmp_path: Path) -> None:
    assert "teach.sources" in refused(OptionError, DistillStep(), tmp_path / "out")


def test_going_on_with_another_teacher_is_refused(distilled: StepResult, tmp_path: Path) -> None:
    other = tiny.save(tiny.net(), tmp_path / "other.keras")
    with pytest.raises(TrainingError, match="teach.sources"):
        run_distill(
            step(other),
            model=tiny.net(filters=4),
            out=distilled.folder,
            data=tiny.data(),
            resume=True,
        )


def test_going_on_with_changed_weights_of_the_teacher_is_refused(
    distilled: StepResult, teacher: Path
) -> None:
    kept = teacher.read_bytes()
    try:
        tiny.save(tiny.net(), teacher)
        with pytest.raises(TrainingError, match="teaching.teachers"):
            run_distill(
                step(teacher, teacher),
                model=tiny.net(filters=4),
                out=distilled.folder,
                data=tiny.data(),
                resume=True,
            )
    finally:
        teacher.write_bytes(kept)
