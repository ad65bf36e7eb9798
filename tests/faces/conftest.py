"""The zoo's detector and embedder, opened once, and galleries that cost no time to unlock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import edgecnn
from edgecnn.tasks.faces import FacePipeline

IMAGES = Path(__file__).parents[2] / "assets" / "images"
PORTRAITS = ("portrait_biden", "portrait_hopper", "portrait_obama", "portrait_obama2", "astronaut")


@pytest.fixture(scope="session")
def find_faces() -> Iterator[FacePipeline]:
    with edgecnn.load("faces", backend="litert", precision="float16", threads=1) as faces:
        yield faces


@pytest.fixture(params=PORTRAITS)
def portrait(request: pytest.FixtureRequest) -> Path:
    """Each of the five portraits, of four people."""
    return IMAGES / f"{request.param}.jpg"
