from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from edgecnn.bundle import io
from edgecnn.data import fashion_mnist
from tests.helpers import fashion
from tests.helpers.command import edgecnn_command

pytest.importorskip("tensorflow")

QUICK = ("--rounds", "0", "--target", "tflite")


@pytest.fixture(autouse=True)
def _committed_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fashion_mnist.ENVIRONMENT, str(fashion.FOLDER))


def test_a_keras_file_becomes_a_bundle(fashion_net: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    data = "fashion_mnist:test"
    said = edgecnn_command(
        "convert", fashion_net, out, "--calibration", data, "--validation", data, *QUICK,
        "--precision", "float16", "--precision", "int8", "--licence", "MIT", "--rim", "uint8",
        "--title", "My net", "--source", "Ada", "--training-data", "My desk",
        "--limits", "Daylight",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert "int8.tflite" in said.out
    assert "Passed" in said.out
    assert said.out.rstrip().endswith(str(out))
    manifest = io.load(out).manifest
    assert manifest.labels == fashion_mnist.NAMES
    assert manifest.licence == "MIT"
    assert (manifest.title, manifest.source) == ("My net", "Ada")
    assert (manifest.training_data, manifest.limits) == ("My desk", "Daylight")
    assert [variant.inputs[0].dtype for variant in manifest.variants] == ["float32", "uint8"]


def test_json_is_the_report_and_nothing_else(fashion_net: Path, tmp_path: Path) -> None:
    said = edgecnn_command(
        "convert", fashion_net, tmp_path / "mine.edge", "--validation", "fashion_mnist:test",
        *QUICK, "--precision", "float32", "--json",
    )  # fmt: skip
    assert said.code == 0, said.err
    report = json.loads(said.out)
    assert report["passed"]
    assert report["metric_name"] == "top-1 accuracy"
    assert (tmp_path / "mine.edge").is_file()


def test_a_gate_that_is_not_kept_ends_with_code_1_and_a_report(
    fashion_net: Path, tmp_path: Path
) -> None:
    said = edgecnn_command(
        "convert", fashion_net, tmp_path / "mine", "--validation", "fashion_mnist:test", *QUICK,
        "--precision", "float16", "--gate", "float16.max_error=1e-12",
    )  # fmt: skip
    assert said.code == 1
    assert "float16.max_error" in said.err
    assert "mine-report/report.html" in said.err
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine-report"]


def test_preprocessing_can_be_said_in_flags(fashion_net: Path, tmp_path: Path) -> None:
    said = edgecnn_command(
        "convert", fashion_net, tmp_path / "mine", "--validation", "fashion_mnist:test", *QUICK,
        "--precision", "float32", "--resize", "letterbox", "--mean", "1", "--std", "2",
    )  # fmt: skip
    assert said.code == 0, said.err
    spec = io.load(tmp_path / "mine").manifest.picture_input
    assert (spec.resize, spec.mean, spec.std) == ("letterbox", (1.0,), (2.0,))


def test_a_description_can_be_a_file(fashion_net: Path, tmp_path: Path) -> None:
    file = tmp_path / "how.json"
    decoder = {"name": "classification", "parameters": {"activation": "none"}}
    file.write_text(json.dumps({"decoder": decoder, "labels": [f"c{n}" for n in range(10)]}))
    said = edgecnn_command(
        "convert", fashion_net, tmp_path / "mine", "--validation", "fashion_mnist:test", *QUICK,
        "--precision", "float32", "--describe", file,
    )  # fmt: skip
    assert said.code == 0, said.err
    assert io.load(tmp_path / "mine").manifest.labels[:2] == ("c0", "c1")
    file.write_text(json.dumps({"decoders": decoder}))
    said = edgecnn_command("convert", fashion_net, tmp_path / "b", "--describe", file, *QUICK)
    assert said.code == 1
    assert "decoders" in said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--gate", "int8.cosine"), "NAME=NUMBER"),
        (("--mean", "one"), "numbers like"),
        (("--input-shape", "224x224"), "1,224,224,3"),
        (("--input-shape", "1,0,224,3"), "1,224,224,3"),
        (("--precision", "int7"), "int7"),
        (("--target", "onnx"), "onnx"),
    ],
)
def test_wrong_usage_ends_with_code_2(
    fashion_net: Path, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    said = edgecnn_command("convert", fashion_net, tmp_path / "mine", *arguments)
    assert said.code == 2
    assert words in said.err
    assert list(tmp_path.iterdir()) == []


def test_what_fails_is_one_line(tmp_path: Path) -> None:
    said = edgecnn_command("convert", tmp_path / "missing.keras", tmp_path / "mine", *QUICK)
    assert said.code == 1
    assert "Traceback" not in said.err
    assert said.err.startswith("Error: ")
    assert len(said.err.strip().splitlines()) == 1


# Keras saves a TensorFlow variable through an __array__ that NumPy 2 calls outdated.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_an_open_size_can_be_given_in_a_flag(tmp_path: Path) -> None:
    import keras

    image = keras.Input((None, None, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(image))
    keras.Model(image, keras.layers.Dense(2, activation="softmax")(x)).save(tmp_path / "open.keras")
    arguments = ("convert", tmp_path / "open.keras", tmp_path / "out", *QUICK)
    said = edgecnn_command(*arguments, "--precision", "float32")
    assert said.code == 1
    assert "--input-shape" in said.err
    said = edgecnn_command(*arguments, "--precision", "float32", "--input-shape", "1,16,24,3")
    assert said.code == 0, said.err
    spec = io.load(tmp_path / "out").manifest.input
    assert spec is not None
    assert (spec.width, spec.height) == (24, 16)


def test_the_folder_of_a_run_is_converted_with_the_classes_it_notes(
    fashion_net: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    shutil.copyfile(fashion_net, run / "best.keras")
    names = [f"class {number}" for number in range(10)]
    (run / "run.json").write_text(json.dumps({"data": {"classes": names}}))
    arguments = ("--precision", "float32", *QUICK)
    for number, (model, labels) in enumerate(
        [(run, names), (run / "best.keras", names), (fashion_net, [])]
    ):
        said = edgecnn_command("convert", model, tmp_path / f"out{number}", *arguments)
        assert said.code == 0, said.err
        assert list(io.load(tmp_path / f"out{number}").manifest.labels) == labels
