from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgecnn.bundle.arrays import read_arrays, write_arrays
from edgecnn.errors import BundleError

ARRAYS: dict[str, Any] = {
    "image": np.linspace(-1, 1, 24, dtype=np.float32).reshape(1, 2, 3, 4),
    "serving_default_a/b:0": np.arange(3, dtype=np.int64),
    "mask": np.array([[True, False]]),
    "file": np.asfortranarray(np.arange(6, dtype=np.float16).reshape(2, 3)),
    "scalar": np.float64(2.5),
}


def test_what_is_written_is_read_again() -> None:
    content = write_arrays(ARRAYS)
    read = read_arrays(content, where="x.npz")
    assert list(read) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(read[name], array)
        assert read[name].dtype == np.asarray(array).dtype
        assert read[name].shape == np.shape(array)
    assert write_arrays(ARRAYS) == content


def test_numpy_reads_it_and_is_read(tmp_path: Path) -> None:
    (tmp_path / "ours.npz").write_bytes(write_arrays(ARRAYS))
    with np.load(tmp_path / "ours.npz") as theirs:
        np.testing.assert_array_equal(theirs["image"], ARRAYS["image"])
    np.savez(tmp_path / "theirs.npz", image=ARRAYS["image"], f=ARRAYS["file"])
    read = read_arrays((tmp_path / "theirs.npz").read_bytes(), where="theirs.npz")
    np.testing.assert_array_equal(read["image"], ARRAYS["image"])
    np.testing.assert_array_equal(read["f"], ARRAYS["file"])


def _npz(**entries: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in entries.items():
            archive.writestr(f"{name}.npy", content)
    return stream.getvalue()


def _npy(array: Any, **replaced: bytes) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(array), allow_pickle=True)
    content = stream.getvalue()
    for old, new in replaced.items():
        content = content.replace(old.encode(), new)
    return content


def _compressed() -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, a=np.zeros(10))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no .npz file"),
        (b"PK\x03\x04 but no zip", "no .npz file"),
        (_npz(a=b"x"), "no .npz file"),
        (_npz(a=_npy([1, 2, 3])[:-1]), "in 23 bytes"),
        (_npz(a=_npy(np.array([{}], object))), "object"),
        (_npz(a=_npy(np.array(["text"]))), "<U4"),
        (_compressed(), "is compressed"),
        (_npz(**{f"a{index}": _npy(index) for index in range(65)}), "65 arrays; at most 64"),
    ],
)
def test_what_is_no_file_of_numbers_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        read_arrays(content, where="x.npz")


def test_a_header_that_claims_more_than_there_is_reserves_nothing() -> None:
    content = _npy(np.zeros(3)).replace(b"(3,), }         ", b"(99999999999,), }")
    assert b"99999999999" in content
    with pytest.raises(BundleError, match="no .npz file of numbers"):
        read_arrays(_npz(a=content), where="x.npz")


def test_arrays_of_other_things_are_not_written() -> None:
    with pytest.raises(BundleError, match="'a' holds object, not numbers"):
        write_arrays({"a": np.array([None])})


def test_every_truncation_is_refused() -> None:
    content = write_arrays({"a": np.arange(4)})
    for length in range(0, len(content) - 1, 7):
        with pytest.raises(BundleError):
            read_arrays(content[:length], where="x.npz")
