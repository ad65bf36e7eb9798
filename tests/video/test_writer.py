from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgecnn.errors import SourceError
from edgecnn.video.writer import VideoWriter, write_image

PICTURE = np.full((48, 64, 3), (10, 100, 200), np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp"])
def test_a_written_picture_reads_back(tmp_path: Path, suffix: str) -> None:
    path = write_image(tmp_path / "new" / f"picture{suffix}", PICTURE)
    assert np.abs(cv2.imread(str(path)).astype(int) - PICTURE).max() <= 6
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_picture_replaces_an_older_one_and_others_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"old")
    write_image(path, PICTURE)
    assert cv2.imread(str(path)) is not None
    assert path.stat().st_mode & 0o444 == 0o444


@pytest.mark.parametrize("name", ["picture.docx", "picture"])
def test_an_ending_without_encoder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match="Use .jpg, .png"):
        write_image(tmp_path / name, PICTURE)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_an_error_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SourceError, match="Cannot write"):
        write_image(tmp_path / "file" / "picture.png", PICTURE)


def test_a_video_appears_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with VideoWriter(path, 10.0) as writer:
        for _ in range(5):
            writer.write(PICTURE)
        assert not path.exists()
    capture = cv2.VideoCapture(str(path))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 5
    assert capture.get(cv2.CAP_PROP_FPS) == 10
    capture.release()
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.mp4"]


def test_a_video_that_was_interrupted_leaves_nothing_and_keeps_the_older_file(
    tmp_path: Path,
) -> None:
    path = tmp_path / "out.mp4"
    path.write_bytes(b"an older video")

    def interrupted() -> None:
        with VideoWriter(path, 10.0) as writer:
            writer.write(PICTURE)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"an older video"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.mp4"]


def test_frames_of_another_size_are_refused(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "out.mp4", 10.0) as writer:
        writer.write(PICTURE)
        with pytest.raises(SourceError, match=r"\(64, 48\)"):
            writer.write(PICTURE[:40])


def test_another_ending_than_mp4_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"\.mp4"):
        VideoWriter(tmp_path / "out.avi", 10.0)
