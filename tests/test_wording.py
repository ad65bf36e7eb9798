"""Numbers of things in words."""

from __future__ import annotations

import pytest

from edgecnn.wording import counted


@pytest.mark.parametrize(
    ("number", "names", "said"),
    [
        (0, ("file",), "0 files"),
        (1, ("file",), "1 file"),
        (2, ("file",), "2 files"),
        (1_200, ("frame",), "1,200 frames"),
        (1, ("person", "people"), "1 person"),
        (3, ("person", "people"), "3 people"),
    ],
)
def test_one_and_many(number: int, names: tuple[str, ...], said: str) -> None:
    assert counted(number, *names) == said
