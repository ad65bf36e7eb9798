from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgecnn.cli.contact_sheet import Column, contact_sheet
from tests.helpers.command import Said, edgecnn_command
from tests.helpers.models import save_mean_color
from tests.helpers.videos import write_picture, write_video


@pytest.fixture
def tiny_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = str(save_mean_color(tmp_path / "mean_color"))
    monkeypatch.setattr(
        "edgecnn.cli.app.MODELS", {"Classify": bundle, "Detect": bundle, "Faces": bundle}
    )


def run_app(source: Path, picture: Path) -> Said:
    return edgecnn_command("app", "--source", source, "--picture", picture)


@pytest.mark.usefixtures("tiny_models")
def test_last_line_is_the_picture_and_the_picture_is_there(tmp_path: Path) -> None:
    picture = tmp_path / "out" / "sheet.png"
    said = run_app(write_video(tmp_path / "clip.mp4", frames=10), picture)
    assert said.code == 0, said.err
    assert said.out.splitlines()[-1] == f"picture: {picture}"
    sheet = cv2.imread(str(picture))
    assert sheet.shape[1] > 3 * 400
    for task in ("Classify", "Detect", "Faces"):
        assert task in said.out
    assert "10 frames" in said.out


@pytest.mark.usefixtures("tiny_models")
def test_a_single_picture_gives_a_sheet_of_one_row(tmp_path: Path) -> None:
    sheets = []
    for source in (write_picture(tmp_path / "a.png"), write_video(tmp_path / "clip.mp4")):
        assert run_app(source, tmp_path / "sheet.png").code == 0
        sheets.append(cv2.imread(str(tmp_path / "sheet.png")))
    assert sheets[0].shape[0] < sheets[1].shape[0]


@pytest.mark.usefixtures("tiny_models")
def test_pictures_of_different_sizes_and_an_unreadable_one_make_a_sheet(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    write_picture(folder / "1.png")
    (folder / "2.png").write_bytes(b"not a picture")
    cv2.imwrite(str(folder / "3.png"), np.full((90, 60, 3), 200, np.uint8))
    said = run_app(folder, tmp_path / "sheet.png")
    assert said.code == 1
    assert "2.png" in said.err
    assert (tmp_path / "sheet.png").is_file()


@pytest.mark.usefixtures("tiny_models")
def test_a_folder_of_unreadable_pictures_is_an_error_of_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "1.png").write_bytes(b"not a picture")
    said = run_app(folder, tmp_path / "sheet.png")
    assert said.code == 1
    assert "Traceback" not in said.err
    assert "1.png" in said.err
    assert not (tmp_path / "sheet.png").exists()


def test_sheet_shows_every_picture_in_its_column_and_row() -> None:
    colors = {(column, row): (40 * column + 60, 50, 40 * row + 60) for column in range(3)
              for row in range(2)}  # fmt: skip
    columns = [
        Column(
            f"Task {column}",
            "a model",
            [np.full((48, 64, 3), colors[column, row], np.uint8) for row in range(2)],
        )
        for column in range(3)
    ]
    sheet = contact_sheet("title", "detail", columns)
    centres = {}
    for place, color in colors.items():
        rows, cols = np.nonzero((sheet == color).all(axis=2))
        assert len(rows) > 10_000, place
        centres[place] = (cols.mean(), rows.mean())
    for column, row in colors:
        assert centres[column, row][0] == pytest.approx(centres[column, 0][0])
        assert centres[column, row][1] == pytest.approx(centres[0, row][1])
    assert centres[0, 0][0] < centres[1, 0][0] < centres[2, 0][0]
    assert centres[0, 0][1] < centres[0, 1][1]


def test_pictures_keep_their_proportions_in_the_sheet() -> None:
    wide, tall = np.full((30, 60, 3), 90, np.uint8), np.full((80, 40, 3), 200, np.uint8)
    sheet = contact_sheet("title", "detail", [Column("Task", "a model", [wide, tall])])
    for picture, tone in ((wide, 90), (tall, 200)):
        rows, columns = np.nonzero((sheet == tone).all(axis=2))
        ratio = (np.ptp(rows) + 1) / (np.ptp(columns) + 1)
        assert ratio == pytest.approx(picture.shape[0] / picture.shape[1], rel=0.02)


@pytest.mark.usefixtures("tiny_models")
def test_a_row_is_there_when_only_the_first_pictures_can_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    write_picture(folder / "0.png")
    for index in range(1, 40):
        (folder / f"{index}.png").write_bytes(b"not a picture")
    said = run_app(folder, tmp_path / "sheet.png")
    assert said.code == 1
    assert "1 frame of" in said.out
    assert (tmp_path / "sheet.png").is_file()
