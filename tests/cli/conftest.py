"""A tiny bundle, and pictures about which its right answer is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.models import save_mean_color
from tests.helpers.videos import write_picture


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The bundle ``mean_color``: it says how red, green and blue a picture is."""
    return save_mean_color(tmp_path / "mean_color")


@pytest.fixture
def orange(tmp_path: Path) -> Path:
    """A picture that is all red and half green."""
    return write_picture(tmp_path / "orange.png", (0, 128, 255))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of a red, a green and a blue picture, and one that cannot be read."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, bgr in (("1", (0, 0, 255)), ("2", (0, 255, 0)), ("10", (255, 0, 0))):
        write_picture(folder / f"{name}.png", bgr)
    (folder / "3.png").write_bytes(b"not a picture")
    return folder
