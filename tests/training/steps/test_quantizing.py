"""Quantization-aware training from a float net to a folder, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from converters.qat import qat_to_tflite
from edgecnn.errors import EdgeCNNError, OptionError, TrainingError
from edgecnn.nets.layers.local_response_norm import LocalResponseNorm
from edgecnn.runtime.backend import ModelFile
from edgecnn.runtime.policy import get_backend
from edgecnn.training import quantize
from edgecnn.training.fit import TrainingRun
from edgecnn.training.judging import predict
from edgecnn.training.quantize.activations import ActivationQuantizer
from edgecnn.training.quantize.kernels import QuantizedKernel
from edgecnn.training.quiet import to_numpy
from edgecnn.training.run import load_model
from edgecnn.training.steps.config import QuantizeStep
from edgecnn.training.steps.quantizing import OBSERVED_BATCH, run_quantize
from edgecnn.training.steps.reading import change
from edgecnn.training.steps.result import StepResult
from tests.training.steps import tiny

PICTURES, BATCH = 60, 16


def step(**changes: Any) -> QuantizeStep:
    base = {"rounding": {"weights": "int4"}, "teach": {"sources": ["self"]}, "train": tiny.QUICK}
    return change(change(QuantizeStep(), base), changes)


@pytest.fixture(autouse=True)
def _plain_drawings(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny.draw_nothing(monkeypatch)


@pytest.fixture(scope="module")
def quantized(tmp_path_factory: pytest.TempPathFactory) -> StepResult:
    folder = tmp_path_factory.mktemp("quantize")
    file = tiny.save(tiny.trained(), folder / "net.keras")
    return run_quantize(file, step(), out=folder / "out", data=tiny.data())


def test_the_weights_take_a_quarter_and_the_accuracy_stays(quantized: StepResult) -> None:
    assert quantized.after.weight_bytes < 0.3 * quantized.before.weight_bytes
    assert quantized.after.accuracy >= quantized.before.accuracy - 0.1
    assert 0 < quantized.details["rounded_accuracy"] <= 1
    assert quantized.details["weights"] == "int4"
    damped = {
        layer.damped_steps for layer in quantized.model.layers if isinstance(layer, QuantizedKernel)
    }
    assert damped == {tiny.QUICK["fit"]["epochs"] * -(-PICTURES // BATCH)}


def test_the_file_answers_as_the_simulation_did(quantized: StepResult) -> None:
    """A file of integers that came by way of ``best.keras`` alone."""
    model = load_model(quantized.file)
    judged = tiny.data().judged
    file = ModelFile("qat", "tflite", qat_to_tflite(model))
    engine = get_backend("litert").open(file, threads=1)
    try:
        (image,) = engine.inputs.values()
        assert image.dtype == np.int8
        named = []
        for pixels in judged.images:
            stored = np.rint(pixels[None] / image.scale) + image.zero_point
            feed = np.clip(stored, -128, 127).astype(np.int8)
            (scores,) = engine.infer({image.name: feed}).values()
            named.append(int(scores.argmax()))
    finally:
        engine.close()
    simulated = predict(model, judged.images).argmax(axis=1)
    assert np.mean(np.array(named) == simulated) >= 0.97


def test_a_killed_step_goes_on_to_the_same_net(quantized: StepResult, tmp_path: Path) -> None:
    def go(**more: Any) -> StepResult:
        return run_quantize(tiny.trained(), step(), out=tmp_path / "out", data=tiny.data(), **more)

    with pytest.raises(tiny.Killed):
        go(progress=tiny.kill_at(1, 2))
    resumed = go(resume=True)
    tiny.assert_same(tiny.weights(resumed.file), tiny.weights(quantized.file))
    assert resumed.to_dict() == quantized.to_dict()


def test_ranges_are_observed_until_the_epoch_that_was_named(tmp_path: Path) -> None:
    wanted = step(rounding={"weights": "int8", "freeze_epoch": 1}, teach={"sources": []})
    result = run_quantize(tiny.trained(), wanted, out=tmp_path / "out", data=tiny.data())
    last = load_model(tmp_path / "out" / "stage-1" / "last.keras")
    seen = {
        float(to_numpy(layer.seen))
        for layer in last.layers
        if isinstance(layer, ActivationQuantizer) and layer.ranges != "fixed"
    }
    assert seen == {-(-PICTURES // OBSERVED_BATCH) + -(-PICTURES // BATCH)}
    assert result.details["weights"] == "int8"


@pytest.mark.parametrize(
    ("changes", "evened"),
    [
        ({"rounding": {"weights": "int8"}}, True),
        ({"rounding": {"weights": "int8", "equalize": False}}, False),
        ({"rounding": {"weights": "int4"}}, False),
    ],
)
def test_channels_are_evened_first_with_8_bits(
    changes: dict[str, Any], evened: bool, tmp_path: Path
) -> None:
    still = {"fit": {"epochs": 1}, "optimizer": {"learning_rate": 1e-9}}
    wanted = step(train=still, teach={"sources": []}, **changes)
    result = run_quantize(tiny.trained(), wanted, out=tmp_path / "out", data=tiny.data())
    assert result.details["equalized"] is evened
    folded = quantize.fold(tiny.trained()).get_layer("one")
    kernels = [to_numpy(layer.kernel) for layer in (result.model.get_layer("one"), folded)]
    assert np.allclose(*kernels, rtol=1e-3) is not evened


@pytest.mark.parametrize(
    ("changes", "kept", "epoch"),
    [
        ({}, "last", 2),
        ({"keep": "best"}, "best", 1),
        ({"train": {"fit": {"patience": 1}}}, "best", 1),
    ],
)
def test_the_last_epoch_is_kept_unless_the_best_is_asked_for(
    changes: dict[str, Any],
    kept: str,
    epoch: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(TrainingRun, "rank", lambda run, line: (line["epoch"],))
    wanted = step(teach={"sources": []}, **changes)
    result = run_quantize(tiny.trained(), wanted, out=tmp_path / "out", data=tiny.data())
    told = json.loads((tmp_path / "out" / "result.json").read_text())
    assert (told["details"]["kept"], told["details"]["kept_epoch"]) == (kept, epoch)
    assert told["details"]["best_epoch"] == 1
    stage = tmp_path / "out" / "stage-1"
    first, last = tiny.weights(stage / "best.keras"), tiny.weights(stage / "last.keras")
    assert any(not np.array_equal(one, other) for one, other in zip(first, last, strict=True))
    tiny.assert_same(tiny.weights(result.file), last if kept == "last" else first)
    judged = tiny.data().judged
    named = predict(load_model(result.file), judged.images).argmax(axis=1)
    assert told["after"]["accuracy"] == pytest.approx((named == judged.labels).mean())


def test_early_stopping_has_no_last_epoch_to_keep() -> None:
    with pytest.raises(OptionError, match=r"keep is 'last', but train\.fit\.patience is 2"):
        step(keep="last", train={"fit": {"patience": 2}})


def refused(
    error: type[EdgeCNNError], out: Path, changes: dict[str, Any], model: Any = None
) -> str:
    """The words of the refusal; nothing may have been written."""
    with pytest.raises(error) as caught:
        run_quantize(
            tiny.trained() if model is None else model,
            step(**changes),
            out=out,
            data=tiny.data(),
        )
    assert not out.exists()
    return str(caught.value)


def test_a_layer_without_integers_is_named_with_what_to_use(tmp_path: Path) -> None:
    said = refused(OptionError, tmp_path / "out", {}, tiny.net(LocalResponseNorm(name="lrn")))
    assert "'lrn'" in said
    assert "BatchNormalization" in said
    said = refused(OptionError, tmp_path / "out", {}, tiny.net(tiny.unknown_layer()))
    assert "'wobble'" in said
    assert "Supported are" in said


def test_a_net_that_rounds_already_is_refused(tmp_path: Path) -> None:
    said = refused(OptionError, tmp_path / "out", {}, quantize.prepare(tiny.trained()))
    assert "float net" in said


def test_a_teacher_of_other_classes_is_named(tmp_path: Path) -> None:
    file = str(tiny.save(tiny.net(classes=5), tmp_path / "teacher.keras"))
    assert file in refused(OptionError, tmp_path / "out", {"teach": {"sources": [file]}})


def test_a_net_for_other_pictures_is_refused(tmp_path: Path) -> None:
    assert "(12, 12, 1)" in refused(OptionError, tmp_path / "out", {}, tiny.net(side=12))


def test_a_file_that_is_no_net_is_named(tmp_path: Path) -> None:
    file = tmp_path / "net.keras"
    file.write_bytes(b"no net")
    assert str(file) in refused(TrainingError, tmp_path / "out", {}, file)


def test_going_on_with_other_bits_is_refused(quantized: StepResult) -> None:
    with pytest.raises(TrainingError, match=r"rounding\.weights: 'int4' -> 'int8'"):
        run_quantize(
            tiny.trained(),
            step(rounding={"weights": "int8"}),
            out=quantized.folder,
            data=tiny.data(),
            resume=True,
        )
