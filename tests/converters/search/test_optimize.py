from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgecnn
from converters.search.accuracy import NO_TRUTH
from converters.search.optimize import SAME_DATA, SIGNED, optimize
from edgecnn.bundle import io
from edgecnn.errors import BundleError, ConversionError, OptionError
from edgecnn.runtime.machine import this_machine
from tests.converters.search.test_measured import write_bench
from tests.helpers.models import save_mean_color
from tests.helpers.optimizing import fix_latencies, write_classes, write_plain
from tests.helpers.tensor_models import save_product_and_sum

FLOAT, IR = ("float32.tflite", "litert"), ("openvino/float32.xml", "openvino")
INT8 = ("int8.tflite", "litert")
FAST_INT8 = {INT8: 2.0, IR: 4.0, FLOAT: 10.0}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The tiny bundle with a card, to see that it stays."""
    return save_mean_color(tmp_path / "mean_color", {"CARD.md": b"# Card\n"})


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return write_classes(tmp_path / "photos")


def test_the_fastest_that_keeps_the_limits_is_written_first(
    model: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fix_latencies(monkeypatch, FAST_INT8)
    found = optimize(model, photos, tmp_path / "fast", max_drop=0.01, threads=[1])
    assert found.accuracy_name == "top-1 accuracy"
    assert (found.used, found.reference, found.reference_accuracy) == (
        12,
        "float32.tflite on litert",
        1.0,
    )
    assert found.winner == 0
    assert found.reason.startswith("int8.tflite on litert, 1 thread: the fastest of ")
    before, after = io.load(model), io.load(tmp_path / "fast")
    after.verify()
    assert after.manifest.variants[0].file == "int8.tflite"
    assert sorted(v.file for v in after.manifest.variants) == sorted(
        v.file for v in before.manifest.variants
    )
    assert after.manifest.files == before.manifest.files
    assert after.manifest.golden == before.manifest.golden
    assert after.read("CARD.md") == b"# Card\n"


def test_the_choice_is_recorded_for_the_class_of_machine(
    model: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fix_latencies(monkeypatch, FAST_INT8)
    out = tmp_path / "fast"
    optimize(model, photos, out, max_size_mb=1.0, max_latency_ms=9, threads=[1, 2])
    preferred = io.load(out).manifest.preferred
    assert [(one.machine, one.file, one.backend, one.threads) for one in preferred] == [
        ("x86-vnni", "int8.tflite", "litert", 2),
        ("x86-vnni", "int8.tflite", "litert", 1),
    ]
    assert preferred[0].reason.startswith("1.60 ms, ")
    assert preferred[0].reason.endswith("(asked for: at most 9 ms, at most 1 MB)")


def test_a_later_search_replaces_what_was_picked_for_that_machine_only(
    model: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = write_bench(io.load(model), tmp_path / "board.json", threads=4)
    optimize(model, photos, tmp_path / "a", measured=[board])
    fix_latencies(monkeypatch, FAST_INT8)
    optimize(tmp_path / "a", photos, tmp_path / "b", threads=[1])
    fix_latencies(monkeypatch, {IR: 1.0})
    optimize(tmp_path / "b", photos, tmp_path / "b", threads=[1], force=True)
    assert [(one.machine, one.file) for one in io.load(tmp_path / "b").manifest.preferred] == [
        ("x86-vnni", "openvino/float32.xml"),
        ("arm64", "int8.tflite"),
    ]


def test_load_follows_what_was_picked(
    model: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = optimize(model, photos, tmp_path / "fast", threads=[1], rounds=3)
    assert found.machine == this_machine().kind
    assert found.winner is not None
    winner = found.candidates[found.winner]
    with edgecnn.load(tmp_path / "fast") as task:
        assert (task.info.file, task.info.backend) == (winner.file, winner.backend)
        assert task.info.compute == winner.compute
        assert "picked by edgecnn optimize" in task.info.reason


def test_figures_of_another_device_decide_for_that_device(
    model: Path, photos: Path, tmp_path: Path
) -> None:
    board = write_bench(io.load(model), tmp_path / "board.json", threads=4)
    found = optimize(model, photos, measured=[board])
    assert (found.machine, found.cpu) == ("arm64", "Cortex-A72")
    assert [one.way for one in found.candidates] == ["int8.tflite on litert, 4 threads"]
    assert found.candidates[0].latency_ms == 5.0


def test_what_cannot_be_judged_here_is_told_and_left_out(
    model: Path, photos: Path, tmp_path: Path
) -> None:
    bundle = io.load(model)
    known = write_bench(bundle, tmp_path / "1.json")
    strange = write_bench(bundle, tmp_path / "2.json", backend="npu", median_ms=0.1)
    found = optimize(model, photos, measured=[known, strange])
    assert len(found.candidates) == 1
    assert found.unjudged == (
        "int8.tflite on npu, 1 thread: cannot be run here, so its accuracy is not known",
    )
    with pytest.raises(ConversionError, match="can be judged here"):
        optimize(model, photos, measured=[strange])


def test_without_truth_agreement_with_float_is_the_accuracy(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fix_latencies(monkeypatch, FAST_INT8)
    found = optimize(model, write_plain(tmp_path / "plain"), threads=[1])
    assert found.accuracy_name == "agreement with float"
    assert NO_TRUTH in found.warnings
    assert found.reference_accuracy == 1.0
    assert {one.accuracy for one in found.candidates} == {1.0}


def test_a_loss_of_accuracy_excludes(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Float sees by how little green leads; int8 sees a tie, which red wins.
    fix_latencies(monkeypatch, FAST_INT8)
    x = np.full((40, 8, 8, 3), 128, np.uint8)
    x[:, 0, 0, 1] += 1
    x[20:, ..., 0] = 250
    y = np.array([1] * 20 + [0] * 20)
    found = optimize(model, (x, y), max_drop=0.1, threads=[1])
    by_file = {one.file: one for one in found.candidates}
    assert by_file["int8.tflite"].drop == pytest.approx(0.5)
    assert by_file["int8.tflite"].excluded == ("50 points lost, 10 allowed",)
    assert by_file["openvino/float32.xml"].drop == 0.0
    assert found.winner is not None
    assert found.candidates[found.winner].file == "openvino/float32.xml"


def test_when_nothing_fits_the_nearest_misses_are_named_and_nothing_is_written(
    model: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fix_latencies(monkeypatch, FAST_INT8)
    with pytest.raises(ConversionError, match="Nearest: int8.tflite on litert, 1 thread: 2 ms"):
        optimize(model, photos, tmp_path / "out", max_latency_ms=1, threads=[1])
    assert not (tmp_path / "out").exists()


def test_arrays_of_a_network_without_pictures_are_judged_too(tmp_path: Path) -> None:
    model = save_product_and_sum(tmp_path / "two")
    rng = np.random.default_rng(0)
    data = {name: rng.uniform(-1, 1, (8, 2, 3)).astype(np.float32) for name in ("a", "b")}
    found = optimize(model, data, threads=[1], rounds=2)
    assert found.used == 8
    assert found.candidates[0].accuracy > 0.9


def test_an_output_that_exists_is_refused_before_anything_is_measured(
    model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("converters.search.optimize.search", None)
    with pytest.raises(BundleError, match="exists already"):
        optimize(model, photos, model)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_drop": 1.5}, "max_drop is a share"),
        ({"max_drop": float("nan")}, "max_drop is a share"),
        ({"max_latency_ms": 0}, "max_latency_ms must be above 0"),
        ({"max_size_mb": -1}, "max_size_mb must be above 0"),
        ({"threads": []}, "threads names no number"),
        ({"threads": [10_000]}, "threads must be a whole number"),
        ({"rounds": 0}, "rounds must be 1 or more"),
        ({"pictures": 0}, "pictures must be 1 or more"),
        ({"conversion": {"task": "classify"}}, "is a bundle already"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(
    model: Path, photos: Path, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        optimize(model, photos, **arguments)


def test_a_signature_that_does_not_fit_any_more_is_not_kept_and_that_is_said(
    model: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fix_latencies(monkeypatch, FAST_INT8)
    (model / "bundle.sig").write_bytes(b"{}")
    assert SIGNED not in optimize(model, photos, threads=[1]).warnings
    assert SIGNED in optimize(model, photos, tmp_path / "out", threads=[1]).warnings
    assert not (tmp_path / "out" / "bundle.sig").exists()


def test_a_source_is_converted_first(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def convert(model: Any, target: Path, **given: Any) -> None:
        asked.append((model, target.name, given["calibration"], given["task"]))
        save_mean_color(target)

    monkeypatch.setattr("converters.convert.convert", convert)
    fix_latencies(monkeypatch, FAST_INT8)
    found = optimize(
        "net.keras", photos, tmp_path / "small", conversion={"task": "classify"}, threads=[1]
    )
    assert asked == [("net.keras", "small", photos, "classify")]
    assert SAME_DATA in found.warnings
    assert io.load(tmp_path / "small").manifest.variants[0].file == "int8.tflite"
