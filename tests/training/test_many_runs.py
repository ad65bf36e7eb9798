"""What cross-validation and search share: pictures that are opened once, and folders."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow")

from edgecnn.data import lazy_pictures
from edgecnn.data.image_data import ImageData
from edgecnn.data.picture_files import PictureFiles
from edgecnn.errors import SourceError, TrainingError
from edgecnn.training.config import TrainConfig, change
from edgecnn.training.many_runs import a_part, begin, can_resume, describe, open_once
from edgecnn.training.run import RunFolder


@pytest.fixture
def config(tmp_path: Path) -> TrainConfig:
    """Twelve files of two classes, of which eight are wanted."""
    for number in range(12):
        folder = tmp_path / "data" / ("a" if number % 2 else "b")
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{number}.png"), np.full((9, 9, 3), 20 * number, np.uint8))
    data = {"name": str(tmp_path / "data"), "limit": 8, "size_wh": [6, 5]}
    return change(TrainConfig(), {"data": data})


def test_pictures_are_opened_once_wherever_they_fit(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = open_once(config, None)
    monkeypatch.setenv(lazy_pictures.ENVIRONMENT, "0")
    files = open_once(config, None)
    assert isinstance(held, ImageData)
    assert isinstance(files, PictureFiles)
    assert held.images.shape == (8, 5, 6, 3)
    np.testing.assert_array_equal(held.labels, files.labels)
    # So a series may go on where there is more or less memory.
    assert describe(config, held) == describe(config, files)
    files.files[3].write_bytes(b"no picture")
    with pytest.raises(SourceError, match=files.files[3].name):
        describe(config, files)


def test_a_folder_is_gone_on_with_by_the_same_only(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs")
    with pytest.raises(TrainingError, match=r"plan\.json"):
        begin(folder, "plan.json", {"folds": 3}, resume=True)
    begin(folder, "plan.json", {"folds": 3}, resume=False)
    begin(folder, "plan.json", {"folds": 3}, resume=True)
    with pytest.raises(TrainingError, match="folds: 3 -> 4"):
        begin(folder, "plan.json", {"folds": 4}, resume=True)
    with pytest.raises(TrainingError, match="--resume"):
        begin(folder, "plan.json", {"folds": 3}, resume=False)
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(TrainingError, match="other things"):
        begin(RunFolder(tmp_path), "plan.json", {}, resume=False)
    assert (tmp_path / "letter.txt").exists()


def test_a_run_that_was_killed_before_it_began_is_begun_again(tmp_path: Path) -> None:
    run = tmp_path / "fold_01"
    assert not can_resume(run)
    run.mkdir()
    (run / "config.json").write_text("{}")
    assert not can_resume(run)
    assert not run.exists()
    run.mkdir()
    (run / "best.keras").write_text("dear")
    assert not can_resume(run)
    assert run.exists()
    (run / "run.json").write_text("{}")
    assert can_resume(run)


def test_progress_of_a_run_is_a_part_of_the_whole() -> None:
    told: list[tuple[str, float]] = []
    one = a_part(lambda what, share: told.append((what, share)), "fold 2 of 4", 1, 4)
    assert one is not None
    one("epoch 1/2", 0.5)
    assert told == [("fold 2 of 4: epoch 1/2", 0.375)]
    assert a_part(None, "fold 2 of 4", 1, 4) is None
