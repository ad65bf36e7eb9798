"""Pictures on disk: the same as in memory, whatever the order they are asked for in."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgecnn.data import lazy_pictures
from edgecnn.data.class_folders import list_folder
from edgecnn.data.lazy_pictures import LazyPictures, ReadAhead, in_parts, memory_limit, pictures_of
from edgecnn.data.picture_files import PictureFiles
from edgecnn.data.preparing import pixel_spec
from edgecnn.errors import OptionError, SourceError

COUNT = 11


@pytest.fixture
def files(tmp_path: Path) -> PictureFiles:
    """Pictures of several sizes in two classes."""
    rng = np.random.default_rng(0)
    for number in range(COUNT):
        folder = tmp_path / "data" / ("cat" if number < 6 else "dog")
        folder.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (9 + number, 14, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), pixels)
    return list_folder(tmp_path / "data")


@pytest.mark.parametrize("color", ["rgb", "gray"])
def test_any_index_gives_what_memory_would_give(files: PictureFiles, color: str) -> None:
    spec = pixel_spec(8, 6, color)
    held, lazy = files.load(spec).pixels, LazyPictures(files, spec)
    assert (lazy.shape, lazy.dtype, len(lazy)) == (held.shape, held.dtype, len(held))
    for rows in (slice(None), slice(2, 5), slice(9, 99), [3, 0, 3], np.array([10]), []):
        wanted = np.array(rows, np.int64) if isinstance(rows, list) else rows
        np.testing.assert_array_equal(lazy[wanted], held[wanted])


@pytest.mark.parametrize("order", [[0, 1, 2], [0, 0, 1, 2, 0], [2, 1, 0], [1]])
def test_batches_may_be_asked_for_in_any_order(files: PictureFiles, order: list[int]) -> None:
    spec = pixel_spec(8, 6)
    held, mixed = files.load(spec).pixels, np.random.default_rng(1).permutation(COUNT)
    for images in (held, LazyPictures(files, spec)):
        batches = ReadAhead(images, lambda n: mixed[n * 4 : n * 4 + 4], 3)
        for number in order:
            np.testing.assert_array_equal(batches[number], held[mixed[number * 4 : number * 4 + 4]])
        with pytest.raises(IndexError):
            batches[3]


def test_what_lies_behind_a_batch_is_read_meanwhile(
    files: PictureFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []
    begin = LazyPictures.begin
    monkeypatch.setattr(
        LazyPictures, "begin", lambda self, rows: begun.append(list(rows)) or begin(self, rows)
    )
    batches = ReadAhead(
        LazyPictures(files, pixel_spec(8, 6)), lambda n: np.arange(2 * n, 2 * n + 2), 5
    )
    batches[0]
    assert begun == [[0, 1], [2, 3], [4, 5]]
    batches[1]
    assert begun[3:] == [[6, 7]]
    batches[4]  # a jump: nothing that was begun is of use
    assert begun[4:] == [[8, 9]]


def test_parts_are_all_pictures_in_their_order(files: PictureFiles) -> None:
    spec = pixel_spec(8, 6)
    parts = list(in_parts(LazyPictures(files, spec), 4))
    assert [len(part) for part in parts] == [4, 4, 3]
    np.testing.assert_array_equal(np.concatenate(parts), files.load(spec).pixels)


def test_all_unreadable_files_are_named_at_once(files: PictureFiles) -> None:
    for number in (1, 9):
        files.files[number].write_bytes(b"no picture")
    files.files[4].unlink()
    for read in (
        lambda: list(in_parts(LazyPictures(files, pixel_spec(8, 6)), 4)),
        lambda: files.load(pixel_spec(8, 6)),
    ):
        with pytest.raises(SourceError, match="3 pictures cannot be read") as caught:
            read()
        for number in (1, 4, 9):
            assert str(files.files[number]) in str(caught.value)


def test_many_unreadable_files_are_counted(files: PictureFiles) -> None:
    for file in files.files:
        file.write_bytes(b"no picture")
    with pytest.raises(SourceError, match=r"11 pictures cannot be read.*And 6 more\."):
        files.load(pixel_spec(8, 6))


def test_memory_decides_where_pictures_are(
    files: PictureFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(pictures_of(files, pixel_spec(8, 6)), np.ndarray)
    # 11 pictures of 400 x 400 x 3 take 5.3 MB.
    monkeypatch.setenv(lazy_pictures.ENVIRONMENT, "5")
    assert isinstance(pictures_of(files, pixel_spec(400, 400)), LazyPictures)
    monkeypatch.setenv(lazy_pictures.ENVIRONMENT, "6")
    assert isinstance(pictures_of(files, pixel_spec(400, 400)), np.ndarray)
    monkeypatch.setenv(lazy_pictures.ENVIRONMENT, "much")
    with pytest.raises(OptionError, match="whole number of MB"):
        memory_limit()


def test_bgr_is_refused(files: PictureFiles) -> None:
    with pytest.raises(OptionError, match="bgr"):
        LazyPictures(files, pixel_spec(8, 6, "bgr"))
