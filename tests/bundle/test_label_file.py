from __future__ import annotations

from pathlib import Path

import pytest

from edgecnn.bundle.label_file import read_labels
from edgecnn.errors import OptionError

NAMES = ("cat", "flower bed", "wine")


@pytest.mark.parametrize(
    "content",
    [
        b"cat\nflower bed\nwine",
        b"cat\r\nflower bed\r\nwine\r\n",
        b"\xef\xbb\xbfcat\r\nflower bed\r\nwine\r\n",
        b"  cat\nflower bed \n\nwine\t\n\n\n",
    ],
)
def test_names_are_read_as_people_have_them(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "labels.txt"
    file.write_bytes(content)
    assert read_labels(file) == NAMES


@pytest.mark.parametrize(
    ("content", "expected"), [(b"caf\xe9\n", "not UTF-8"), (b"\n \n", "no names")]
)
def test_what_holds_no_names_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    file = tmp_path / "labels.txt"
    file.write_bytes(content)
    with pytest.raises(OptionError, match=expected):
        read_labels(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"gone\.txt: No such file"):
        read_labels(tmp_path / "gone.txt")
