"""The verbs ``train`` and ``evaluate``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgecnn.data import fashion_mnist
from edgecnn.registry import NETS
from tests.helpers import fashion
from tests.helpers.command import ROOT, edgecnn_command
from tests.helpers.models import mean_color_input, save_mean_color

pytest.importorskip("tensorflow")

from edgecnn.training.presets import PRESETS

CONFIG = """
[net]
name = "lenet5"
[data]
name = "fashion_mnist:test"
limit = 200
[optimizer]
name = "adam"
learning_rate = 0.003
[fit]
epochs = 2
batch_size = 20
"""


@pytest.fixture(autouse=True)
def _committed_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fashion_mnist.ENVIRONMENT, str(fashion.FOLDER))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two epochs on 200 pictures."""
    folder = tmp_path_factory.mktemp("train")
    (folder / "config.toml").write_text(CONFIG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(fashion_mnist.ENVIRONMENT, str(fashion.FOLDER))
        said = edgecnn_command("train", folder / "config.toml", "--out", folder / "run", "--json")
    assert said.code == 0, said.err
    summary = json.loads(said.out)
    assert summary["epochs"] == 2
    assert summary["val_accuracy"] > 0.2
    return folder / "run"


def test_a_finished_run_can_be_resumed_from_its_folder_alone(run: Path) -> None:
    before = (run / "log.jsonl").read_bytes()
    said = edgecnn_command("train", "--out", run, "--resume")
    assert said.code == 0, said.err
    assert said.out.rstrip().endswith("best.keras")
    assert (run / "log.jsonl").read_bytes() == before


def test_resuming_with_another_config_is_refused_with_the_difference(run: Path) -> None:
    said = edgecnn_command("train", "--out", run, "--resume", "--epochs", "7")
    assert said.code == 1
    assert "fit.epochs: 2 -> 7" in said.err


def test_a_trained_net_is_judged(run: Path) -> None:
    said = edgecnn_command("evaluate", run, "--data", "fashion_mnist", "--limit", "300", "--json")
    assert said.code == 0, said.err
    report = json.loads(said.out)
    assert report["pictures"] == 300
    assert set(report["figures"]) == {
        "accuracy", "top_5", "precision", "recall", "f1", "roc_auc", "kappa", "ece",
    }  # fmt: skip
    assert report["classes"] == list(fashion_mnist.NAMES)
    hits = sum(report["confusion"][n][n] for n in range(10))
    assert hits / 300 == pytest.approx(report["figures"]["accuracy"])


def test_judgement_reads_well(run: Path) -> None:
    said = edgecnn_command("evaluate", run / "best.keras", "--data", "fashion_mnist")
    assert said.code == 0, said.err
    for word in ("accuracy", "kappa", "roc-auc", "ece", "Trouser", "taken for"):
        assert word in said.out


def test_a_bundle_is_judged_through_the_runtime(tmp_path: Path) -> None:
    bundle = save_mean_color(tmp_path / "mean_color")
    for name, bgr in (("red", (0, 0, 255)), ("green", (0, 255, 0)), ("blue", (255, 0, 0))):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(2):
            file = tmp_path / "data" / name / f"{number}.png"
            cv2.imwrite(str(file), np.full((40, 40, 3), bgr, np.uint8))
    said = edgecnn_command(
        "evaluate", bundle, "--data", tmp_path / "data", "--backend", "litert", "--json"
    )
    assert said.code == 0, said.err
    report = json.loads(said.out)
    assert report["figures"]["accuracy"] == 1.0
    assert report["classes"] == ["red", "green", "blue"]


def test_class_folders_that_the_model_does_not_know_are_named(tmp_path: Path) -> None:
    bundle = save_mean_color(tmp_path / "mean_color")
    for name in ("red", "violet"):
        (tmp_path / "data" / name).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "data" / name / "1.png"), np.zeros((40, 40, 3), np.uint8))
    said = edgecnn_command("evaluate", bundle, "--data", tmp_path / "data")
    assert said.code == 1
    assert "violet" in said.err


def test_pictures_of_files_go_to_a_bundle_as_they_are_so_that_its_own_crop_counts(
    tmp_path: Path,
) -> None:
    bundle = save_mean_color(tmp_path / "center", input=mean_color_input(resize="crop"))
    # Wide pictures: the square in the middle is of the class, the sides are of another.
    for name, middle, sides in (("red", 2, 0), ("blue", 0, 2)):
        pixels = np.zeros((30, 90, 3), np.uint8)
        pixels[..., sides] = 255
        pixels[:, 30:60] = 0
        pixels[:, 30:60, middle] = 255
        (tmp_path / "data" / name).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "data" / name / "1.png"), pixels)
    said = edgecnn_command("evaluate", bundle, "--data", tmp_path / "data", "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["figures"]["accuracy"] == 1.0


def test_a_bundle_is_judged_without_keras(tmp_path: Path) -> None:
    bundle = save_mean_color(tmp_path / "mean_color")
    for name in ("red", "green"):
        (tmp_path / "data" / name).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "data" / name / "1.png"), np.zeros((8, 8, 3), np.uint8))
    script = (
        "import sys\n"
        "from edgecnn.cli import main\n"
        f"code = main(['evaluate', {str(bundle)!r}, '--data', {str(tmp_path / 'data')!r}])\n"
        "sys.exit(code or ' '.join({'keras', 'tensorflow', 'sklearn'} & set(sys.modules)) or 0)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert (said.returncode, said.stderr) == (0, "")


def test_a_net_that_rounds_is_judged_like_any_other(run: Path, tmp_path: Path) -> None:
    from edgecnn.data.opening import open_data
    from edgecnn.training import quantize
    from edgecnn.training.run import load_model, save

    rounding = quantize.prepare(load_model(run / "best.keras"))
    quantize.observe(rounding, open_data("fashion_mnist:test").pixels[:100])
    save(rounding, tmp_path / "qat.keras")
    command = ("--data", "fashion_mnist", "--limit", "200", "--top-k", "2", "--json")
    found = []
    for model in (run / "best.keras", tmp_path / "qat.keras"):
        said = edgecnn_command("evaluate", model, *command)
        assert said.code == 0, said.err
        found.append(json.loads(said.out))
    for figure, spread in (("accuracy", 0.02), ("top_2", 0.02), ("ece", 0.02)):
        values = [one["figures"][figure] for one in found]
        assert values[0] == pytest.approx(values[1], abs=spread)
    assert set(found[0]["per_class"]) == {
        "precision", "recall", "f1", "roc_auc", "ece", "pictures",
    }  # fmt: skip


def test_what_was_taken_for_what_can_be_drawn(run: Path, tmp_path: Path) -> None:
    file = tmp_path / "confusion.png"
    said = edgecnn_command(
        "evaluate", run / "best.keras", "--data", "fashion_mnist", "--limit", "100",
        "--confusion", file,
    )  # fmt: skip
    assert said.code == 0, said.err
    assert file.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--folds", "3", "--monte-carlo", "3"), 2, "--folds or --monte-carlo"),
        (("--folds", "1"), 2, "--folds"),
        (("--repeats", "2"), 2, "--repeats belongs to --folds"),
        (("--test-share", "0.3", "--folds", "3"), 2, "--test-share belongs to --monte-carlo"),
        (("--trials", "3"), 2, "--trials belongs to --search"),
        (("--monte-carlo", "3", "--test-share", "1.5"), 1, "test"),
        (("--leave-one-group-out",), 1, "no groups"),
        (("--search", "nowhere.toml"), 1, "nowhere.toml"),
        (("--show-augmentation", "nowhere/a.png"), 1, "nothing is mixed"),
    ],
)
def test_series_that_make_no_sense_are_refused_in_a_line(
    arguments: tuple[str, ...], code: int, said: str, tmp_path: Path
) -> None:
    (tmp_path / "c.toml").write_text(CONFIG)
    answer = edgecnn_command("train", tmp_path / "c.toml", "--out", tmp_path / "cv", *arguments)
    assert (answer.code, said in answer.err) == (code, True), answer.err
    assert not (tmp_path / "cv").exists()


def test_folds_are_trained_and_gone_on_with_from_their_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(CONFIG.replace("epochs = 2", "epochs = 1"))
    command = ("train", tmp_path / "c.toml", "--monte-carlo", "2", "--test-share", "0.25")
    said = edgecnn_command(*command, "--out", tmp_path / "cv")
    assert said.code == 0, said.err
    for word in ("fold_02", "kappa", "deviation", "Student t"):
        assert word in said.out
    again = edgecnn_command("train", "--out", tmp_path / "cv", "--resume", "--json")
    assert again.code == 0, again.err
    table = json.loads(again.out)
    assert [fold["tested_on"] for fold in table["folds"]] == [50, 50]
    assert table == {
        "folder": str(tmp_path / "cv"),
        **json.loads((tmp_path / "cv" / "cross_validation.json").read_text()),
    }


def test_a_search_ends_with_a_config_that_can_be_trained(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(CONFIG.replace("epochs = 2", "epochs = 1"))
    (tmp_path / "space.toml").write_text("[space]\nfit.batch_size = { choice = [20, 40] }\n")
    found = edgecnn_command(
        "train", tmp_path / "c.toml", "--search", tmp_path / "space.toml", "--trials", "2",
        "--out", tmp_path / "s",
    )  # fmt: skip
    assert found.code == 0, found.err
    for word in ("fit.batch_size", "accuracy", "best.toml"):
        assert word in found.out
    more = edgecnn_command("train", "--out", tmp_path / "s", "--resume", "--trials", "3", "--json")
    assert more.code == 0, more.err
    assert len(json.loads(more.out)["trials"]) == 3
    from edgecnn.training.config import read_config

    assert read_config(tmp_path / "s" / "best.toml").fit.batch_size in (20, 40)


def test_what_the_net_would_see_is_drawn_without_training(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(CONFIG)
    changed = CONFIG.replace("limit = 200", 'augment = { name = "light", mix = "cutmix" }')
    (tmp_path / "c.toml").write_text(changed)
    said = edgecnn_command("train", tmp_path / "c.toml", "--show-augmentation", tmp_path / "a.png")
    assert said.code == 0, said.err
    sheet = cv2.imread(str(tmp_path / "a.png"))
    assert sheet.shape[0] > 8 * 28
    # The originals are in a frame; the pictures beside them differ from them.
    assert sheet.std() > 10


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "--net and --data"),
        (("--net", "lenet5"), 2, "--net and --data"),
        (("--net", "lenet6", "--data", "fashion_mnist:test"), 1, "lenet6"),
        (("--net", "lenet5", "--data", "nowhere"), 1, "nowhere"),
        # The preset's warm-up of an epoch is not in the way.
        (("--net", "lenet5", "--data", "nowhere", "--epochs", "1"), 1, "nowhere"),
        (("--preset", "quickest"), 1, "quick, small_pictures"),
        (("--preset", "quick", "--freeze", "half"), 2, "all, none or a number"),
        (("--net", "vgg16", "--data", "fashion_mnist:test", "--limit", "3"), 1, "3"),
        (("--net", "lenet5", "--data", "fashion_mnist:test", "--learning-rate", "-1"), 1, "> 0"),
    ],
)
def test_what_cannot_be_trained_is_said_in_a_line(
    arguments: tuple[str, ...], code: int, said: str, tmp_path: Path
) -> None:
    answer = edgecnn_command("train", "--out", tmp_path / "run", *arguments)
    assert answer.code == code
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert not (tmp_path / "run").exists()


def test_bad_class_folders_are_said_in_a_line(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "cat").mkdir(parents=True)
    (folder / "dog").mkdir()
    for number in range(12):
        cv2.imwrite(str(folder / "cat" / f"{number}.png"), np.zeros((32, 32, 3), np.uint8))
    common = ("train", "--net", "lenet5", "--data", folder, "--out", tmp_path / "run")
    empty = edgecnn_command(*common)
    assert (empty.code, "dog" in empty.err) == (1, True)
    for number in range(12):
        (folder / "dog" / f"{number}.png").write_bytes(b"no picture")
    unreadable = edgecnn_command(*common)
    assert (unreadable.code, "dog" in unreadable.err) == (1, True)
    assert not (tmp_path / "run").exists()


def test_the_example_is_a_config_that_can_be_read() -> None:
    from edgecnn.training.config import read_config

    config = read_config(Path(__file__).parents[2] / "examples" / "fashion_mnist_train.toml")
    assert config.net.name in NETS
    assert config.regularize.average.name == "ema"


def test_a_run_starts_from_the_folder_of_another(run: Path, tmp_path: Path) -> None:
    said = edgecnn_command(
        "train", "--from", run, "--data", "fashion_mnist:test", "--limit", "120", "--epochs", "1",
        "--freeze", "none", "--set", "data.augment.name=none", "--out", tmp_path / "next", "--json",
    )  # fmt: skip
    assert said.code == 0, said.err
    config = json.loads((tmp_path / "next" / "config.json").read_text())
    assert config["transfer"]["source"] == str(run / "best.keras")
    assert config["transfer"]["freeze"] == "none"


def test_the_presets_of_the_help_are_those_there_are() -> None:
    words = " ".join(edgecnn_command("train", "--help").out.split())
    for name in PRESETS:
        assert name in words


# Keras saves a TensorFlow variable through an __array__ that NumPy 2 calls outdated.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_net_with_a_second_output_is_judged_by_its_first(tmp_path: Path) -> None:
    import keras

    image = keras.Input((28, 28, 1))
    pooled = keras.layers.GlobalAveragePooling2D()(image)
    kind = keras.layers.Dense(10, activation="softmax")(pooled)
    net = tmp_path / "two.keras"
    keras.Model(image, [kind, keras.layers.Dense(1)(pooled)]).save(net)
    asked = ("--data", "fashion_mnist", "--limit", "50", "--json")
    said = edgecnn_command("evaluate", net, *asked)
    assert said.code == 0, said.err
    assert json.loads(said.out)["pictures"] == 50
    keras.Model([image, keras.Input((3,))], kind).save(net)
    said = edgecnn_command("evaluate", net, *asked)
    assert said.code == 1
    assert "(28, 28, 1), (3,)" in said.err
