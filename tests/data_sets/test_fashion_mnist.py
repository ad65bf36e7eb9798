from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path

import numpy as np
import pytest

from edgecnn.data import fashion_mnist
from edgecnn.data.idx import read_idx
from edgecnn.errors import OptionError, SourceError, UnknownNameError
from edgecnn.registry import DATASETS

FOLDER = Path(__file__).parents[1] / "data" / "fashion_mnist"
DEBIAN = fashion_mnist.SYSTEM_FOLDER.is_dir()


def idx_of(values: np.ndarray, kind: int = 8) -> bytes:
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, kind, values.ndim, *values.shape)
    return header + values.astype(np.uint8).tobytes()


def folder_of(folder: Path, images: bytes, labels: bytes) -> Path:
    (folder / "t10k-images-idx3-ubyte").write_bytes(images)
    (folder / "t10k-labels-idx1-ubyte").write_bytes(labels)
    return folder


def test_committed_pictures_are_two_hundred_of_each_class() -> None:
    data = fashion_mnist.load(folder=FOLDER)
    assert data.images.shape == (2000, 28, 28)
    assert data.images.dtype == np.uint8
    assert data.labels.dtype == np.int64
    assert np.bincount(data.labels).tolist() == [200] * 10
    assert len(data) == 2000
    assert data.color == "gray"
    assert data.names[9] == "Ankle boot"


def test_committed_pictures_look_like_clothes() -> None:
    data = fashion_mnist.load(folder=FOLDER)
    assert (data.images.min(), data.images.max()) == (0, 255)
    trousers, bags = (data.images[data.labels == c].mean(axis=0) for c in (1, 8))
    # Trousers stand in the middle columns with a gap between the legs; bags are wide.
    assert trousers[:, :6].mean() < 10 < bags[14:, :6].mean()
    assert trousers[24, 13:15].mean() < trousers[24, 9:12].mean()


@pytest.mark.skipif(not DEBIAN, reason="Debian's dataset-fashion-mnist is not installed")
def test_committed_pictures_are_those_of_the_recorded_indices() -> None:
    whole, part = fashion_mnist.load("test"), fashion_mnist.load(folder=FOLDER)
    indices = json.loads((FOLDER / "indices.json").read_text())
    assert whole.images.shape == (10_000, 28, 28)
    np.testing.assert_array_equal(whole.images[indices], part.images)
    np.testing.assert_array_equal(whole.labels[indices], part.labels)


def test_the_folder_may_be_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGECNN_FASHION_MNIST", str(FOLDER))
    assert len(DATASETS["fashion_mnist"]()) == 2000


def test_unpacked_files_are_read_as_well(tmp_path: Path) -> None:
    images = np.arange(2 * 28 * 28).reshape(2, 28, 28) % 256
    data = fashion_mnist.load(folder=folder_of(tmp_path, idx_of(images), idx_of(np.array([3, 9]))))
    np.testing.assert_array_equal(data.images, images)
    assert data.labels.tolist() == [3, 9]


def test_missing_files_are_an_error_that_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        fashion_mnist.load(folder=tmp_path)
    for part in ("apt-get install dataset-fashion-mnist", "folder=", "EDGECNN_FASHION_MNIST"):
        assert part in str(caught.value)


def test_the_train_split_is_another_file() -> None:
    with pytest.raises(SourceError, match=r"no train-images-idx3-ubyte\.gz"):
        fashion_mnist.load("train", folder=FOLDER)


def test_an_unknown_split_lists_the_known_ones() -> None:
    with pytest.raises(OptionError, match="test and train"):
        fashion_mnist.load("validation", FOLDER)  # type: ignore[arg-type]


def test_an_unknown_data_set_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="fashion_mnist"):
        DATASETS["mnist"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no IDX file"),
        (b"\0\0\x08", "no IDX file"),
        (b"PK\x03\x04", "no IDX file"),
        (b"\0\0\x08\x00", "no IDX file"),
        (b"\0\0\x0d\x01\0\0\0\x01\0\0\0\0", "IDX type 0x0d"),
        (b"\0\0\x08\x03\0\0\0\x01", "inside its header"),
        (idx_of(np.zeros((2, 28, 28)))[:-1], "only 1567 values"),
        (idx_of(np.zeros((2, 28, 28))) + b"x", "more values"),
        (b"\0\0\x08\x04" + b"\xff" * 16, "claims"),
        (idx_of(np.zeros((2, 32, 32))), r"shape \(2, 32, 32\)"),
        (idx_of(np.zeros((3, 28, 28))), "3 pictures but 2 labels"),
    ],
)
def test_damaged_images_are_an_error(tmp_path: Path, content: bytes, message: str) -> None:
    folder_of(tmp_path, content, idx_of(np.array([3, 9])))
    with pytest.raises(SourceError, match=message):
        fashion_mnist.load(folder=tmp_path)


@pytest.mark.parametrize(
    ("labels", "message"),
    [(np.array([3, 10]), "from 3 to 10"), (np.zeros((2, 1)), r"expected \(N,\)")],
)
def test_wrong_labels_are_an_error(tmp_path: Path, labels: np.ndarray, message: str) -> None:
    folder_of(tmp_path, idx_of(np.zeros((2, 28, 28))), idx_of(labels))
    with pytest.raises(SourceError, match=message):
        fashion_mnist.load(folder=tmp_path)


@pytest.mark.parametrize("damage", ["cut", "flipped", "not gzip"])
def test_damaged_gzip_is_an_error_that_names_the_file(tmp_path: Path, damage: str) -> None:
    whole = gzip.compress(idx_of(np.random.default_rng(0).integers(0, 256, (40, 28, 28))))
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF
    content = {"cut": whole[:-20], "flipped": bytes(flipped), "not gzip": b"hello"}[damage]
    file = tmp_path / "a.gz"
    file.write_bytes(content)
    with pytest.raises(SourceError, match=r"a\.gz is no whole gzip file"):
        read_idx(file)


def test_a_file_that_is_a_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="Cannot read"):
        read_idx(tmp_path)
