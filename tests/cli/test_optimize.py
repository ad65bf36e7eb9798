from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgecnn.bundle import io
from tests.helpers.command import edgecnn_command
from tests.helpers.optimizing import fix_latencies, write_classes

LATENCIES = {("int8.tflite", "litert"): 2.0, ("openvino/float32.xml", "openvino"): 4.0}


@pytest.fixture(autouse=True)
def _latencies(monkeypatch: pytest.MonkeyPatch) -> None:
    fix_latencies(monkeypatch, LATENCIES)


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    return write_classes(tmp_path / "classes")


def test_optimize_prints_the_ways_and_the_winner_and_writes_it(
    bundle: Path, classes: Path, tmp_path: Path
) -> None:
    out = tmp_path / "fast.edge"
    said = edgecnn_command(
        "optimize", bundle, "--data", classes, "--max-drop", "0.01", "--max-latency-ms", "5",
        "--max-size-mb", "4", "--threads", "1,2", "--out", out,
    )  # fmt: skip
    assert said.code == 0, said.err
    assert "winner *" in said.out
    assert "top-1 accuracy on 12 of folder classes" in said.out
    assert "50 ms, 5 allowed" in said.out
    assert "Winner: int8.tflite on litert, 2 threads: the fastest of " in said.out
    assert io.load(out).manifest.variants[0].file == "int8.tflite"


def test_optimize_without_out_writes_nothing_and_says_so(bundle: Path, classes: Path) -> None:
    before = (bundle / "bundle.json").read_bytes()
    said = edgecnn_command("optimize", bundle, "--data", classes, "--threads", "1")
    assert said.code == 0
    assert "Nothing was written" in said.out
    assert (bundle / "bundle.json").read_bytes() == before


def test_optimize_fails_with_the_nearest_misses_when_nothing_fits(
    bundle: Path, classes: Path, tmp_path: Path
) -> None:
    said = edgecnn_command(
        "optimize", bundle, "--data", classes, "--max-latency-ms", "1", "--threads", "1",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert said.code == 1
    assert "Nearest: int8.tflite on litert, 1 thread: 2 ms, 1 allowed" in said.err
    assert said.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_optimize_prints_one_json_object_and_nothing_else(bundle: Path, classes: Path) -> None:
    arguments = ("optimize", bundle, "--data", classes, "--threads", "1", "--json")
    found = json.loads(edgecnn_command(*arguments).out)
    assert found["winner"] == 0
    assert found["candidates"][0]["file"] == "int8.tflite"
    assert found["candidates"][0]["latency_ms"] == 2.0
    failed = edgecnn_command(*arguments, "--max-latency-ms", "1")
    assert failed.code == 1
    assert json.loads(failed.out)["winner"] is None


def test_optimize_replaces_a_bundle_only_when_told_to(
    bundle: Path, classes: Path, tmp_path: Path
) -> None:
    arguments = ("optimize", bundle, "--data", classes, "--threads", "1", "--out", bundle)
    said = edgecnn_command(*arguments)
    assert said.code == 1
    assert "--force" in said.err
    assert edgecnn_command(*arguments, "--force").code == 0
    assert io.load(bundle).manifest.preferred


def test_wrong_usage_is_told_apart(bundle: Path, classes: Path) -> None:
    assert edgecnn_command("optimize", bundle).code == 2
    said = edgecnn_command("optimize", bundle, "--data", classes, "--threads", "one")
    assert said.code == 2
    assert "1,2,4" in said.err
