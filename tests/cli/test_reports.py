"""The verbs that report about bundles and the machine: bench, doctor, inspect, verify, zoo."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import edgecnn
from edgecnn.bundle import io
from edgecnn.bundle.schema import Golden
from edgecnn.registry import ZOO_RECIPES
from edgecnn.runtime.measure import Measured, measure
from tests.helpers.command import Said, edgecnn_command
from tests.helpers.models import mean_color_bundle, save_mean_color

CARD = "# Mean colour\n\nSays how red, green and blue a picture is.\n"


def save_with_golden(path: Path, *, expected_red: float = 1.0) -> Path:
    """The tiny bundle with one golden picture (orange), answered right unless told otherwise."""
    encoded, png = cv2.imencode(".png", np.full((30, 40, 3), (0, 128, 255), np.uint8))
    assert encoded
    answer = {
        "class_ids": [0, 1, 2],
        "labels": ["red", "green", "blue"],
        "scores": [expected_red, 128 / 255, 0.0],
    }
    limits = {"score": 0.01, "top1": 0.0}
    golden = Golden(
        image="golden/orange.png",
        expected=answer,
        tolerance={"float32": limits, "int8": limits},
    )
    files = {"golden/orange.png": png.tobytes(), "CARD.md": CARD.encode()}
    return save_mean_color(path, files, golden=(golden,))


def spoil(folder: Path, file: str) -> None:
    content = bytearray((folder / file).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / file).write_bytes(content)


@pytest.fixture
def own_zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folder of bundles, holding the tiny bundle."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = tmp_path / "edgecnn" / "zoo"
    save_with_golden(folder / "mean_color")
    return folder


def lines_of(said: Said) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.out.splitlines()]


def test_bench_says_what_there_is_when_nothing_fits(tmp_path: Path) -> None:
    path = save_mean_color(tmp_path / "mean_color")
    said = edgecnn_command("bench", path, "--precision", "int4w")
    assert said.code == 1
    assert "nothing is int4w. There is float32 on" in said.err
    said = edgecnn_command("bench", path, "--backend", "litter")
    assert said.code == 1
    assert "Unknown backend 'litter'. Known: litert" in said.err


def test_bench_shows_figures_that_it_cannot_remember(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    path = save_mean_color(tmp_path / "mean_color")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    said = edgecnn_command("bench", path, "--rounds", "1", "--remember", "--json")
    assert said.code == 1
    assert json.loads(said.out)["measured"]
    assert "cannot be remembered" in said.err
    assert "XDG_DATA_HOME" in said.err


# ---------------------------------------------------------------- verify


def test_verify_checks_every_variant_on_every_backend(tmp_path: Path) -> None:
    said = edgecnn_command("verify", save_with_golden(tmp_path / "mean_color"), "--json")
    assert said.code == 0, said.out
    checked = {(line["file"], line["backend"]) for line in lines_of(said)}
    assert checked == {
        ("float32.tflite", "litert"),
        ("float32.tflite", "openvino"),
        ("int8.tflite", "litert"),
        ("openvino/float32.xml", "openvino"),
    }
    assert all(line["figures"]["score"] < 0.01 for line in lines_of(said))


def test_verify_fails_where_an_answer_is_not_the_golden_one(tmp_path: Path) -> None:
    path = save_with_golden(tmp_path / "mean_color", expected_red=0.7)
    said = edgecnn_command("verify", path, "--backend", "litert")
    assert said.code == 1
    assert "2 answers checked, 2 failed" in said.out


def test_verify_fails_on_an_altered_file_before_it_is_run(tmp_path: Path) -> None:
    path = save_with_golden(tmp_path / "mean_color")
    spoil(path, "int8.tflite")
    said = edgecnn_command("verify", path)
    assert said.code == 1
    assert "int8.tflite" in said.err


def test_verify_fails_when_there_is_nothing_to_check(tmp_path: Path) -> None:
    said = edgecnn_command("verify", save_mean_color(tmp_path / "mean_color"))
    assert said.code == 1
    assert "no golden results" in said.err
    said = edgecnn_command("verify", save_with_golden(tmp_path / "two"), "--precision", "int4w")
    assert said.code == 1
    assert "Nothing was checked" in said.err


# ---------------------------------------------------------------- inspect


def test_inspect_says_what_a_bundle_is(tmp_path: Path) -> None:
    said = edgecnn_command("inspect", save_with_golden(tmp_path / "mean_color.edge"))
    assert said.code == 0
    words = " ".join(said.out.split())
    for expected in ("mean_color", "classify", "Apache-2.0", "8 x 8", "red", "int8.tflite"):
        assert expected in words, expected


def test_inspect_says_a_check_that_can_be_typed(tmp_path: Path) -> None:
    path = save_with_golden(tmp_path / "my own" / "mean_color")
    said = edgecnn_command("inspect", path)
    words = said.out.partition("edgecnn verify ")[2].partition("Files")[0]
    assert "".join(words.split()) == "".join(f"'{path}'".split())


def test_inspect_json_is_the_manifest(tmp_path: Path) -> None:
    path = save_mean_color(tmp_path / "mean_color")
    (document,) = lines_of(edgecnn_command("inspect", path, "--json"))
    assert document["name"] == "mean_color"
    assert document["problems"] == []
    assert len(document["variants"]) == 3
    assert document["input"]["width"] == 8


def test_inspect_names_an_altered_file(tmp_path: Path) -> None:
    path = save_mean_color(tmp_path / "mean_color")
    spoil(path, "openvino/float32.bin")
    said = edgecnn_command("inspect", path, "--json")
    assert said.code == 1
    (problem,) = lines_of(said)[0]["problems"]
    assert "openvino/float32.bin" in problem


# ---------------------------------------------------------------- bench


def test_bench_measures_every_way_to_run(tmp_path: Path) -> None:
    path = save_mean_color(tmp_path / "mean_color")
    (document,) = lines_of(edgecnn_command("bench", path, "--rounds", "3", "--json"))
    assert document["model"] == "mean_color"
    ways = {(row["file"], row["backend"]) for row in document["measured"]}
    assert {("int8.tflite", "litert"), ("openvino/float32.xml", "openvino")} <= ways
    medians = [row["median_ms"] for row in document["measured"]]
    assert medians == sorted(medians)
    assert all(0 < row["median_ms"] <= row["p95_ms"] for row in document["measured"])


@pytest.mark.parametrize("fastest", ["int8.tflite", "openvino/float32.xml"])
def test_bench_remembers_and_later_choices_go_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fastest: str
) -> None:
    def measured(*arguments: Any, **settings: Any) -> list[Measured]:
        # A net of a few bytes is as fast in any way: the clock alone would decide by chance.
        return [
            replace(row, median_ms=1.0 if row.way.variant.file == fastest else 2.0)
            for row in measure(*arguments, **settings)
        ]

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("edgecnn.cli.bench.measure", measured)
    path = save_mean_color(tmp_path / "mean_color")
    said = edgecnn_command("bench", path, "--rounds", "2", "--remember", "--threads", "1")
    assert said.code == 0
    with edgecnn.load(path, threads=1) as task:
        assert task.info.file == fastest
        assert "measured" in task.info.reason


def test_bench_of_one_backend_runs_that_one_alone(tmp_path: Path) -> None:
    path = save_mean_color(tmp_path / "mean_color")
    said = edgecnn_command("bench", path, "--rounds", "2", "--json", "--backend", "litert")
    assert {row["backend"] for row in lines_of(said)[0]["measured"]} == {"litert"}
    table = edgecnn_command("bench", path, "--rounds", "2", "--backend", "litert")
    assert "int8.tflite" in table.out


# ---------------------------------------------------------------- zoo


def test_zoo_lists_bundles_with_their_sizes(own_zoo: Path) -> None:
    summaries = {
        item["name"]: item for item in lines_of(edgecnn_command("zoo", "list", "--json"))[0]
    }
    mine = summaries["mean_color"]
    assert mine["licence"] == "Apache-2.0"
    manifest = io.load(own_zoo / "mean_color").manifest
    sizes = [variant["megabytes"] for variant in mine["variants"]]
    expected = [manifest.files[variant.file].bytes / 1e6 for variant in manifest.variants]
    np.testing.assert_allclose(sizes, expected, atol=0.01)
    assert "mean_color" in edgecnn_command("zoo", "list").out


def test_zoo_shows_the_card(own_zoo: Path) -> None:
    assert own_zoo.is_dir()
    said = edgecnn_command("zoo", "show", "mean_color")
    assert said.code == 0
    assert said.out.strip() == CARD.strip()


def test_zoo_build_calls_the_recipe_with_source_and_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def recipe(source: Path, target: Path) -> str:
        calls.append((source, target))
        return "built"

    name = next(iter(ZOO_RECIPES))
    monkeypatch.setattr("edgecnn.cli.zoo.ZOO_RECIPES", {name: recipe})
    monkeypatch.setattr("edgecnn.cli.zoo.require", lambda *_, **__: None)
    out = tmp_path / "out"
    said = edgecnn_command("zoo", "build", name, "--source", tmp_path, "--out", out)
    assert (said.code, calls, said.out.strip()) == (0, [(tmp_path, out)], "built")


def test_zoo_build_replaces_a_bundle_only_when_told_to(own_zoo: Path, tmp_path: Path) -> None:
    name = next(iter(ZOO_RECIPES))
    (own_zoo / name).mkdir()
    said = edgecnn_command("zoo", "build", name, "--source", tmp_path)
    assert said.code == 2
    assert "--force" in said.err


def test_zoo_build_of_an_unknown_name_lists_the_recipes(tmp_path: Path) -> None:
    said = edgecnn_command("zoo", "build", "no_such_model", "--source", tmp_path)
    assert said.code == 1
    for name in ZOO_RECIPES:
        assert name in said.err


# ---------------------------------------------------------------- doctor


def test_doctor_explains_the_choice_for_each_bundle(own_zoo: Path) -> None:
    assert own_zoo.is_dir()
    report = lines_of(edgecnn_command("doctor", "--json"))[0]
    assert report["edgecnn"] == edgecnn.__version__
    (mine,) = [choice for choice in report["choices"] if choice["model"] == "mean_color"]
    assert mine["backend"] in {"litert", "openvino"}
    assert mine["threads"] >= 1
    assert mine["reason"]
    manifest, _ = mean_color_bundle()
    assert mine["file"] in {variant.file for variant in manifest.variants}


def test_doctor_says_the_same_to_people(own_zoo: Path) -> None:
    assert own_zoo.is_dir()
    said = edgecnn_command("doctor")
    for expected in ("litert", "openvino", "mean_color", "OpenCV", "Python"):
        assert expected in said.out, expected
    assert said.code == 0, said.err


def test_doctor_warns_of_two_opencvs(own_zoo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert own_zoo.is_dir()
    monkeypatch.setattr("edgecnn.cli.doctor._version", lambda _: "5.0")
    said = edgecnn_command("doctor", "--json")
    assert said.code == 1
    (warning,) = lines_of(said)[0]["warnings"]
    assert "opencv-python and opencv-python-headless" in warning
    assert "pip uninstall" in warning


def test_doctor_names_a_broken_bundle_and_goes_on(own_zoo: Path) -> None:
    (own_zoo / "broken").mkdir()
    (own_zoo / "broken" / "bundle.json").write_text("{")
    choices = lines_of(edgecnn_command("doctor", "--json"))[0]["choices"]
    errors = {choice["model"]: choice.get("error") for choice in choices}
    assert errors["broken"]
    assert errors["mean_color"] is None
