"""Pruning from a net to a folder: targets, stages, going on after a kill, and bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from edgecnn.errors import TrainingError
from edgecnn.training.quiet import to_numpy
from edgecnn.training.run import load_model
from edgecnn.training.steps.config import PruneStep
from edgecnn.training.steps.data import StepData
from edgecnn.training.steps.pruning import run_prune
from edgecnn.training.steps.reading import change
from edgecnn.training.steps.result import StepResult
from tests.training.steps import tiny


def step(**changes: Any) -> PruneStep:
    base = {"target": {"keep_macs": 0.3}, "stages": 2, "train": tiny.QUICK}
    return change(change(PruneStep(), base), changes)


SHORT: dict[str, Any] = {"stages": 1, "train": {"fit": {"epochs": 1}}}


def parameters(model: keras.Model) -> float:
    """In place of a clock."""
    return float(model.count_params())


@pytest.fixture(autouse=True)
def _plain_drawings(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.draw_nothing(monkeypatch)


@pytest.fixture(scope="module")
def pruned(tmp_path_factory: pytest.TempPathFactory) -> StepResult:
    folder = tmp_path_factory.mktemp("prune")
    tiny.save(tiny.trained(), folder / "net.keras")
    return run_prune(folder / "net.keras", step(), out=folder / "out", data=tiny.data())


def test_a_third_of_the_work_is_left_and_the_folder_tells_all(pruned: StepResult) -> None:
    assert pruned.before.macs is not None
    assert pruned.after.macs is not None
    assert pruned.after.macs <= 0.3 * pruned.before.macs
    assert pruned.after.weight_bytes < 0.5 * pruned.before.weight_bytes
    assert {file.name for file in pruned.folder.iterdir()} == {
        "best.keras", "config.json", "confusion.png", "curves.png", "log.jsonl", "result.json",
        "run.json", "stage-1", "stage-1.json", "stage-1.keras", "stage-2", "stage-2.json",
        "stage-2.keras",
    }  # fmt: skip
    lines = [json.loads(line) for line in (pruned.folder / "log.jsonl").read_text().splitlines()]
    assert [(line["epoch"], line["stage"]) for line in lines] == [(1, 1), (2, 2), (3, 2)]
    told = json.loads((pruned.folder / "result.json").read_text())
    assert told == pruned.to_dict()
    assert (told["judged_on"], told["pictures"]) == ("test pictures", 36)
    for name in ("curves.png", "confusion.png"):
        assert (pruned.folder / name).read_bytes().startswith(b"\x89PNG")


def test_the_net_that_comes_out_is_an_ordinary_one(pruned: StepResult) -> None:
    model = keras.saving.load_model(pruned.file, compile=False)
    judged = tiny.data().judged
    named = np.asarray(model(judged.images.astype(np.float32))).argmax(axis=1)
    assert (named == judged.labels).mean() == pytest.approx(pruned.after.accuracy)
    assert model.count_params() == pruned.after.parameters
    assert [layer.name for layer in model.layers] == [layer.name for layer in tiny.net().layers]


def test_the_net_that_went_in_stays_as_it_is(tmp_path: Path) -> None:
    model = tiny.trained()
    run_prune(model, step(**SHORT), out=tmp_path / "out", data=tiny.data())
    tiny.assert_same(
        list(map(to_numpy, model.weights)), list(map(to_numpy, tiny.trained().weights))
    )


KINDS: dict[str, PruneStep] = {
    "channels": step(),
    "sparsity": step(target={"sparsity": 0.8}, choice={"exclude": ["one"]}),
    "n_of_m": step(target={"n_of_m": [2, 4]}),
}


@pytest.fixture(scope="module")
def whole(pruned: StepResult) -> Callable[[str], StepResult]:
    """A step of each kind that was not interrupted."""
    done = {"channels": pruned}

    def of(kind: str) -> StepResult:
        if kind not in done:
            out = pruned.folder.parent / kind
            done[kind] = run_prune(tiny.trained(), KINDS[kind], out=out, data=tiny.data())
        return done[kind]

    return of


@pytest.mark.parametrize(
    ("kind", "stage", "epoch"),
    [("channels", 1, 1), ("channels", 2, 2), ("sparsity", 2, 1)],
)
def test_a_killed_step_goes_on_to_the_same_net(
    kind: str, stage: int, epoch: int, whole: Callable[[str], StepResult], tmp_path: Path
) -> None:
    def go(**more: Any) -> StepResult:
        out = tmp_path / "killed"
        return run_prune(tiny.trained(), KINDS[kind], out=out, data=tiny.data(), **more)

    with pytest.raises(tiny.Killed):
        go(progress=tiny.kill_at(stage, epoch))
    assert not (tmp_path / "killed" / "result.json").exists()
    resumed = go(resume=True)
    tiny.assert_same(tiny.weights(resumed.file), tiny.weights(whole(kind).file))
    assert resumed.to_dict() == whole(kind).to_dict()


def test_a_finished_step_is_read_and_not_run_again(pruned: StepResult) -> None:
    def told(what: str, share: float) -> None:
        raise AssertionError(f"{what} is run again")

    again = run_prune(
        pruned.folder.parent / "net.keras",
        step(),
        out=pruned.folder,
        data=tiny.data(),
        resume=True,
        progress=told,
    )
    assert again.to_dict() == pruned.to_dict()
    tiny.assert_same([to_numpy(w) for w in again.model.weights], tiny.weights(pruned.file))


def test_so_many_weights_are_zero_as_were_asked_for(whole: Callable[[str], StepResult]) -> None:
    result = whole("sparsity")
    model = load_model(result.file)
    assert np.mean(to_numpy(model.get_layer("two").kernel) == 0) == pytest.approx(0.8, abs=1e-3)
    assert np.mean(to_numpy(model.get_layer("one").kernel) == 0) == 0
    assert result.after.parameters == result.before.parameters
    assert result.after.gzip_bytes is not None
    assert result.before.gzip_bytes is not None
    assert result.after.gzip_bytes < 0.5 * result.before.gzip_bytes


def test_two_of_four_neighbours_stay(whole: Callable[[str], StepResult]) -> None:
    result = whole("n_of_m")
    kernel = to_numpy(load_model(result.file).get_layer("two").kernel)
    groups = np.moveaxis(kernel, -2, -1).reshape(-1, 4)
    assert set(np.count_nonzero(groups, axis=1)) == {2}


def test_gradients_may_choose_the_channels(tmp_path: Path) -> None:
    wanted = step(choice={"score": "taylor", "pictures": 20, "multiple_of": 2}, **SHORT)
    result = run_prune(tiny.trained(), wanted, out=tmp_path / "out", data=tiny.data())
    assert result.after.macs is not None
    assert result.before.macs is not None
    assert result.after.macs <= 0.3 * result.before.macs


@pytest.mark.parametrize(
    ("target", "most"), [({"keep_latency": 0.4}, 0.4), ({"latency_ms": 3000.0}, 3000 / 5200)]
)
def test_a_time_is_met_as_it_is_measured(target: Any, most: float, tmp_path: Path) -> None:
    model = tiny.trained()
    result = run_prune(
        model,
        step(target=target, **SHORT),
        out=tmp_path / "out",
        data=tiny.data(),
        measure=parameters,
    )
    assert parameters(result.model) <= most * parameters(model) * 1.01
    assert result.details["plan"]["before_ms"] == parameters(model)
    assert result.details["stages"][-1]["latency_ms"] == parameters(result.model)


@pytest.mark.parametrize(("stages", "most"), [(1, 3 + 12), (2, 8 + 12)])
def test_a_time_is_planned_with_few_measurements(stages: int, most: int, tmp_path: Path) -> None:
    asked = []

    def measure(model: Any) -> float:
        asked.append(model)
        return parameters(model)

    wanted = step(target={"keep_latency": 0.4}, **SHORT | {"stages": stages})
    run_prune(tiny.trained(), wanted, out=tmp_path / "out", data=tiny.data(), measure=measure)
    assert len(asked) <= most


def test_layers_can_be_hinted_at_in_the_net_that_is_pruned(tmp_path: Path) -> None:
    pair = {"student": "two_relu", "teacher": "two_relu"}
    wanted = step(
        teach={"attention": [pair], "features": [pair]}, target={"sparsity": 0.5}, **SHORT
    )
    result = run_prune(tiny.trained(), wanted, out=tmp_path / "out", data=tiny.data())
    assert result.details["sparsity"].keys() == {"one", "two", "classes"}


@pytest.mark.parametrize(
    ("changes", "more", "said"),
    [
        ({"stages": 3}, {}, "stages: 2 -> 3"),
        ({"train": {"fit": {"epochs": 9}}}, {}, "train.fit.epochs: 2 -> 9"),
        ({"teach": {"sources": []}}, {}, "teaching"),
        ({}, {"data": StepData(tiny.pictures(seed=9))}, "data.train.fingerprint"),
        ({}, {"model": tiny.net()}, "net.weights"),
    ],
)
def test_going_on_with_something_else_is_refused_with_the_differences(
    changes: Any, more: Any, said: str, pruned: StepResult
) -> None:
    before = (pruned.folder / "result.json").read_bytes()
    arguments = {"data": tiny.data(), "model": tiny.trained(), **more}
    with pytest.raises(TrainingError) as caught:
        run_prune(
            arguments.pop("model"), step(**changes), out=pruned.folder, resume=True, **arguments
        )
    assert said in str(caught.value)
    assert (pruned.folder / "result.json").read_bytes() == before


def test_a_folder_that_is_used_is_not_written_to(pruned: StepResult, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="--resume"):
        run_prune(tiny.trained(), step(), out=pruned.folder, data=tiny.data())
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(TrainingError, match="other things"):
        run_prune(tiny.trained(), step(), out=tmp_path, data=tiny.data())
    with pytest.raises(TrainingError, match="config.json|run.json"):
        run_prune(tiny.trained(), step(), out=tmp_path, data=tiny.data(), resume=True)
