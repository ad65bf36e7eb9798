from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgecnn.data.class_folders import list_folder
from edgecnn.data.csv_table import list_csv
from edgecnn.data.image_data import ImageData
from edgecnn.data.opening import open_data
from edgecnn.data.picture_files import PictureFiles
from edgecnn.data.preparing import canvas, pixel_spec
from edgecnn.errors import EdgeCNNError, OptionError, SourceError


def write(file: Path, seed: int = 0, size_wh: tuple[int, int] = (12, 9)) -> np.ndarray:
    file.parent.mkdir(parents=True, exist_ok=True)
    shape = (size_wh[1], size_wh[0], 3)
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    cv2.imwrite(str(file), pixels)
    return pixels


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes; numbered files, one below, one in capitals, and things that are no pictures."""
    root = tmp_path / "animals"
    for seed, place in enumerate(("cat/2.png", "cat/10.png", "dog/old/3.png", "dog/4.PNG")):
        write(root / place, seed)
    (root / "notes.txt").write_text("hello")
    (root / "cat" / "Thumbs.db").write_bytes(b"x")
    (root / ".cache").mkdir()
    return root


@pytest.fixture
def table(folder: Path) -> Path:
    file = folder / "animals.csv"
    file.write_text("path,label,group\ncat/2.png,cat,x\ncat/10.png,cat,y\ndog/4.PNG,dog,x\n")
    return file


def test_folders_are_classes_and_numbers_are_sorted_by_value(folder: Path) -> None:
    files = list_folder(folder)
    assert [str(file.relative_to(folder)) for file in files.files] == [
        "cat/2.png", "cat/10.png", "dog/4.PNG", "dog/old/3.png",
    ]  # fmt: skip
    assert files.labels.tolist() == [0, 0, 1, 1]
    assert files.names == ("cat", "dog")
    assert len(files) == 4


def test_pictures_of_one_size_are_loaded_as_they_are_in_rgb(folder: Path) -> None:
    data = list_folder(folder).load()
    assert data.images.shape == (4, 9, 12, 3)
    np.testing.assert_array_equal(data.images[1][..., ::-1], cv2.imread(str(folder / "cat/10.png")))


def test_a_picture_of_another_size_is_named_with_what_to_do(folder: Path) -> None:
    write(folder / "dog" / "5.png", size_wh=(20, 9))
    with pytest.raises(SourceError, match=r"5\.png has 20 x 9 pixels.*pixel_spec"):
        list_folder(folder).load()
    assert list_folder(folder).load(pixel_spec(8, 8)).images.shape == (5, 8, 8, 3)


@pytest.mark.parametrize("color", ["rgb", "gray"])
def test_pictures_are_resized_as_on_the_device(folder: Path, color: str) -> None:
    spec = pixel_spec(7, 5, color, resize="letterbox", pad=9)  # type: ignore[arg-type]
    files = list_folder(folder)
    data = files.load(spec)
    source = cv2.imread(str(files.files[2]))
    np.testing.assert_array_equal(data.images[2], canvas(source, "bgr", spec))
    assert data.color == color


def test_a_selection_is_read_in_its_order(folder: Path) -> None:
    files, spec = list_folder(folder), pixel_spec(6, 6)
    both = files.read([3, 0], spec)
    np.testing.assert_array_equal(files.select([3, 0]).read([0, 1], spec), both)
    np.testing.assert_array_equal(files.load(spec).images[[3, 0]], both)


def test_bgr_is_read_but_not_kept_as_image_data(folder: Path) -> None:
    files = list_folder(folder)
    swapped = files.read([0], pixel_spec(6, 6, "bgr"))[..., ::-1]
    np.testing.assert_array_equal(swapped, files.read([0], pixel_spec(6, 6)))
    with pytest.raises(OptionError, match=r"PictureFiles\.read"):
        files.load(pixel_spec(6, 6, "bgr"))


def test_more_than_memory_holds_is_refused_before_reading(folder: Path) -> None:
    with pytest.raises(OptionError, match="batch by batch"):
        list_folder(folder).select([0] * 2000).load(pixel_spec(2000, 2000))


@pytest.mark.parametrize("content", [b"", b"no picture"])
def test_an_unreadable_picture_is_named(folder: Path, content: bytes) -> None:
    (folder / "dog" / "broken.jpg").write_bytes(content)
    with pytest.raises(SourceError, match=r"broken\.jpg"):
        list_folder(folder).load(pixel_spec(8, 8))


def test_an_empty_class_is_named(folder: Path) -> None:
    (folder / "bird").mkdir()
    (folder / "bird" / "list.txt").write_text("soon")
    with pytest.raises(SourceError, match=r"No pictures in .*bird\. Put some in"):
        list_folder(folder)


def test_one_class_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "cat" / "1.png")
    with pytest.raises(SourceError, match="single class folder, 'cat'"):
        list_folder(tmp_path)


def test_splits_are_not_taken_for_classes(tmp_path: Path) -> None:
    for split in ("train", "test"):
        for kind in ("cat", "dog"):
            write(tmp_path / split / kind / "1.png")
    with pytest.raises(SourceError, match="are splits"):
        list_folder(tmp_path)
    assert isinstance(open_data(tmp_path, split="test"), PictureFiles)


def test_a_folder_without_folders_and_no_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no folders inside"):
        list_folder(tmp_path)
    with pytest.raises(SourceError, match="not a folder"):
        list_folder(tmp_path / "missing")


def test_a_table_gives_files_labels_and_groups(folder: Path, table: Path) -> None:
    files = list_csv(table)
    assert files.files[1] == folder / "cat" / "10.png"
    assert files.names == ("cat", "dog")
    assert files.labels.tolist() == [0, 0, 1]
    assert files.groups is not None
    assert files.groups.tolist() == [0, 1, 0]
    assert files.load(pixel_spec(4, 4)).groups is files.groups


def test_labels_that_are_numbers_are_sorted_by_value(folder: Path) -> None:
    file = folder / "t.csv"
    file.write_text(
        "\ufefflabel, path ,note\n10,cat/2.png,\n9,cat/10.png,\n10,dog/4.PNG,\n", encoding="utf-8"
    )
    files = list_csv(file)
    assert files.names == ("9", "10")
    assert files.labels.tolist() == [1, 0, 1]
    assert files.groups is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"\(none\), but lacks path and label"),
        ("path,class\ncat/2.png,cat\n", "lacks label"),
        ("path,label\n", "no rows"),
        ("path,label\ncat/2.png,cat\ncat/10.png,cat\n", "All 2 rows .* 'cat'"),
        ("path,label\ncat/2.png,cat\ndog/9.png,dog\n", r"line 3: there is no file .*9\.png"),
        ("path,label\ncat/2.png,cat\n,dog\n", "line 3: no path"),
        ("path,label\ncat/2.png\n", "line 2: no label"),
        ("path,label,group\ncat/2.png,cat,\n", "line 2: no group"),
        ("path,label\ncat/2.png,a\ncat/../cat/2.png,a\n", "already in line 2, with the same label"),
        ("path,label\ncat/2.png,a\ncat/2.png,b\n", "already in line 2, as 'a' and as 'b'"),
    ],
)
def test_mistakes_in_a_table_are_named(folder: Path, text: str, message: str) -> None:
    file = folder / "t.csv"
    file.write_text(text)
    with pytest.raises(SourceError, match=message):
        list_csv(file)


def test_a_table_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"path,label\n\xff\xfe,x\n")
    with pytest.raises(SourceError, match="UTF-8"):
        list_csv(tmp_path / "t.csv")
    with pytest.raises(SourceError, match="Cannot read"):
        list_csv(tmp_path / "missing.csv")


def test_anything_that_users_type_is_opened(folder: Path, table: Path) -> None:
    named = open_data("digits:test")
    assert isinstance(named, ImageData)
    assert len(open_data("digits")) > len(named)
    assert isinstance(open_data(table), PictureFiles)
    small = open_data(folder, spec=pixel_spec(8, 8))
    assert isinstance(small, ImageData)
    assert small.images.shape == (4, 8, 8, 3)


@pytest.mark.parametrize(
    ("what", "split", "message"),
    [
        ("digits:test", "train", "another split"),
        ("no_such", None, r"neither a data set \(characters, digits"),
        ("table.csv", "test", "has no splits"),
    ],
)
def test_what_cannot_be_opened_is_an_error(what: str, split: str | None, message: str) -> None:
    with pytest.raises(EdgeCNNError, match=message):
        open_data(what, split=split)
