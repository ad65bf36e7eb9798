"""The shipped segmenter on photographs, and its recipe."""

from __future__ import annotations

from pathlib import Path

import pytest

import edgecnn
from converters.zoo import segment_selfie
from edgecnn.bundle import io
from edgecnn.errors import ConversionError
from edgecnn.runtime.policy import candidates

ROOT = Path(__file__).resolve().parents[3]
IMAGES = ROOT / "assets" / "images"
BUNDLE = ROOT / "assets" / "zoo" / "segment_selfie"
WAYS = [backend for _, backend in candidates(io.load(BUNDLE).manifest)]


@pytest.mark.parametrize("backend", WAYS)
def test_the_mask_covers_the_woman_and_not_what_is_beside_her(backend: str) -> None:
    with edgecnn.load(BUNDLE, backend=backend, threads=1) as segment:
        mask = segment(IMAGES / "astronaut.jpg").mask("person")
    assert mask.shape == (512, 512)
    assert mask[120, 225]  # her face
    assert mask[400, 180]  # her suit
    assert not mask[100, 420]  # the shuttle behind her
    assert not mask[60, 60]  # the flag
    assert 0.4 < mask.mean() < 0.65


def test_a_room_without_people_shows_hardly_any() -> None:
    with edgecnn.load(BUNDLE, backend="litert", threads=1) as segment:
        assert segment(IMAGES / "room.jpg").mask("person").mean() < 0.05


def test_another_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="missing"):
        segment_selfie.build(tmp_path, tmp_path / "out")
