"""A user's folder of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgecnn.bundle import io
from tests.helpers.models import mean_color_bundle, mean_color_tflite


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user's own models are kept in this test."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "edgecnn" / "zoo"


@pytest.fixture
def own(home: Path) -> Path:
    """A model of the user's own: it says how red, green and blue a picture is."""
    manifest, files = mean_color_bundle()
    return io.save(manifest, files, home / manifest.name)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A model file that says nothing of itself."""
    path = tmp_path / "colours.tflite"
    path.write_bytes(mean_color_tflite())
    return path
