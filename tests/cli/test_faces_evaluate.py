"""``edgecnn faces evaluate``: real portraits through the zoo, and small pictures as identities."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from edgecnn.faces.baselines import Eigenfaces
from tests.helpers import fashion
from tests.helpers.command import edgecnn_command

IMAGES = Path(__file__).parents[2] / "assets" / "images"
PEOPLE = {
    "portrait_obama.jpg": "obama",
    "portrait_obama2.jpg": "obama",
    "portrait_biden.jpg": "biden",
    "portrait_hopper.jpg": "hopper",
    "astronaut.jpg": "collins",
}


@pytest.fixture(scope="module")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five portraits of four people, and a picture without a face."""
    folder = tmp_path_factory.mktemp("people")
    for file, person in PEOPLE.items():
        (folder / person).mkdir(exist_ok=True)
        shutil.copy(IMAGES / file, folder / person / file)
    shutil.copy(IMAGES / "coffee.jpg", folder / "hopper" / "no_face.jpg")
    return folder


@pytest.fixture(scope="module")
def clothes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten classes of clothes as if they were people; no faces at all."""
    data = fashion.pictures()
    chosen = np.concatenate([np.flatnonzero(data.labels == n)[:8] for n in range(10)])
    return fashion.write_classes(
        tmp_path_factory.mktemp("clothes") / "all",
        data.images[chosen],
        data.labels[chosen],
        data.names,
    )


def test_portraits_through_detector_and_embedder(portraits: Path) -> None:
    said = edgecnn_command("faces", "evaluate", portraits, "--json", "--threads", "1")
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert told["pictures"] == 6
    assert told["failures"] == {
        "without_face": 1, "unreadable": 0, "genuine_lost": 1, "impostor_lost": 4, "copies": 0,
    }  # fmt: skip
    verification = told["verification"]
    assert (verification["genuine_pairs"], verification["impostor_pairs"]) == (1, 9)
    assert verification["farthest_genuine"] < verification["nearest_impostor"]
    assert verification["equal_error_rate"] == 0.0
    assert verification["equal_error_rate_interval"] is None
    assert verification["tar_at_far"] == []
    assert verification["refused"][0]["people_pairs_needed"] == 29
    assert told["identification"]["ranks"]["1"]["rate"] == 1.0
    for name in set(PEOPLE.values()):
        assert name not in said.out


def test_a_list_with_labels_names_the_failures(portraits: Path) -> None:
    rows = [
        "obama/portrait_obama.jpg,obama/portrait_obama2.jpg,1",
        "obama/portrait_obama.jpg,biden/portrait_biden.jpg,0",
        "hopper/portrait_hopper.jpg,hopper/no_face.jpg,1",
    ]
    (portraits / "list.csv").write_text("\n".join(rows))
    said = edgecnn_command("faces", "evaluate", portraits / "list.csv", "--threads", "1")
    assert said.code == 0, said.err
    assert "1 pictures without a face" in said.out
    assert "too few people for an interval" in said.out
    assert "One against many" not in said.out


def test_a_rate_without_support_is_refused_before_anything_is_embedded(portraits: Path) -> None:
    said = edgecnn_command("faces", "evaluate", portraits, "--far", "0.001", "--model", "nothing")
    assert said.code == 1
    assert "1 in 1,000 takes 2,995 pairs" in said.err
    assert said.out == ""


def test_classical_methods_groups_and_plots(clothes: Path, tmp_path: Path) -> None:
    groups = tmp_path / "groups.csv"
    names = sorted(folder.name for folder in clothes.iterdir())
    lines = [f"{name},{('left', 'right')[n % 2]}" for n, name in enumerate(names)]
    groups.write_text("person,side\n" + "\n".join(lines))
    method = Eigenfaces.fit(fashion.seen(), components=30).save(tmp_path / "eigen.npz")
    said = edgecnn_command(
        "faces", "evaluate", clothes, "--model", method, "--aligned", "--far", "0.1",
        "--groups", groups, "--det", tmp_path / "det.png", "--roc", tmp_path / "roc.png",
        "--replicates", "100",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert "eigenfaces (eigen.npz): 80 pictures" in said.out
    assert "1 in 10" in said.out
    assert "By side" in said.out
    for name in ("det.png", "roc.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_seeds_decide_all_draws(clothes: Path) -> None:
    options = ("--model", "lbp", "--aligned", "--replicates", "100", "--max-pairs", "1000")
    first, again, other = (
        json.loads(edgecnn_command("faces", "evaluate", clothes, *options, "--json", *seed).out)
        for seed in ((), (), ("--seed", "1"))
    )
    assert first == again
    assert first != other
    assert first["verification"]["impostor_pairs"] == 1000


def test_unreadable_files_are_left_out_and_said(clothes: Path, tmp_path: Path) -> None:
    folder = tmp_path / "some"
    shutil.copytree(clothes, folder)
    broken = next((folder / "Bag").iterdir())
    shutil.copy(broken, broken.with_name("copy.png"))
    broken.write_bytes(b"no picture")
    options = ("--model", "lbp", "--aligned", "--replicates", "100", "--json")
    said = edgecnn_command("faces", "evaluate", folder, *options)
    assert said.code == 1
    assert "1 files are no pictures" in said.err
    told = json.loads(said.out)
    assert told["failures"]["unreadable"] == 1
    assert told["failures"]["without_face"] == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--model", "classify_efficientnet_lite0", "--aligned"), "recognition takes a model"),
        (("--det", "plot.jpg"), "has to end in .png"),
        (("--model", "none.npz"), "Cannot read none.npz"),
        (("--far", "2"), "between 0 and 1"),
    ],
)
def test_what_cannot_be_used_says_why(clothes: Path, options: tuple[str, ...], said: str) -> None:
    answer = edgecnn_command("faces", "evaluate", clothes, *options)
    assert answer.code in (1, 2)
    assert said in answer.err


def test_groups_without_a_threshold_are_an_error(portraits: Path, tmp_path: Path) -> None:
    (tmp_path / "groups.csv").write_text("person,side\nobama,left\nbiden,right\n")
    said = edgecnn_command(
        "faces", "evaluate", portraits, "--groups", tmp_path / "groups.csv", "--model", "lbp",
        "--threads", "1",
    )  # fmt: skip
    assert said.code == 1
    assert "--threshold" in said.err
