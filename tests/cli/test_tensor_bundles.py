"""The command line on a bundle that takes arrays and not pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgecnn.bundle import io
from edgecnn.bundle.arrays import write_arrays
from tests.helpers.command import edgecnn_command
from tests.helpers.tensor_models import arrays, save_product_and_sum


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    return save_product_and_sum(tmp_path / "product_and_sum")


def test_run_says_that_it_takes_no_pictures(pair: Path, orange: Path) -> None:
    said = edgecnn_command("run", orange, "--model", pair)
    assert said.code == 1
    assert said.out == ""
    assert "takes arrays by name: a (1, 2, 3), b (1, 2, 3)" in said.err
    assert "no picture will do" in said.err
    assert said.err.count("\n") == 1


def test_inspect_shows_inputs_and_outputs(pair: Path) -> None:
    said = edgecnn_command("inspect", pair)
    assert said.code == 0
    assert "arrays by name" in said.out
    assert "1 sets of arrays" in said.out
    for name in ("a", "b", "product", "sum"):
        assert f" {name} " in said.out
    document = json.loads(edgecnn_command("inspect", pair, "--json").out)
    assert document["input"] is None
    assert document["task"] == "tensors"


def test_bench_measures_every_variant(pair: Path) -> None:
    said = edgecnn_command("bench", pair, "--rounds", "3", "--json")
    assert said.code == 0
    measured = {(row["file"], row["backend"]) for row in json.loads(said.out)["measured"]}
    assert measured == {
        ("float32.tflite", "litert"),
        ("float32.tflite", "openvino"),
        ("int8.tflite", "litert"),
        ("openvino/float32.xml", "openvino"),
    }


def test_verify_asks_with_the_stored_arrays(pair: Path, tmp_path: Path) -> None:
    said = edgecnn_command("verify", pair)
    assert said.code == 0, said.err
    assert "4 answers checked, 0 failed" in said.out
    other = save_product_and_sum(tmp_path / "other", {"golden/0.npz": write_arrays(arrays(9))})
    said = edgecnn_command("verify", other, "--backend", "litert")
    assert said.code == 1
    assert "2 answers checked, 2 failed" in said.out
    damaged = save_product_and_sum(tmp_path / "damaged", {"golden/0.npz": b"no arrays"})
    said = edgecnn_command("verify", damaged)
    assert said.code == 1
    assert "golden input 'golden/0.npz' is no .npz file" in said.err


def test_export_takes_it_like_any_other(pair: Path, tmp_path: Path) -> None:

    packed = io.export(io.load(pair), tmp_path / "packed.edge")
    assert edgecnn_command("verify", packed).code == 0
