from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from converters.face_crops import FoundFace, crops, find_faces
from converters.inputs.photographs import read_photographs
from edgecnn.bundle.schema import Alignment

ALIGNMENT = Alignment(
    width=60,
    height=60,
    points=("right_eye", "left_eye", "nose_tip", "mouth_centre"),
    template_xy=((19, 19), (40, 19), (29.6, 30), (29.6, 42)),
)


@pytest.fixture(scope="module")
def faces() -> list[FoundFace]:
    return find_faces(read_photographs(("astronaut", "cat_chelsea", "portrait_obama")))


def test_finds_the_people_and_not_the_cat(faces: list[FoundFace]) -> None:
    assert [face.pixels.shape for face in faces] == [(512, 512, 3), (1024, 820, 3)]


def test_the_first_crops_are_the_faces_unchanged(faces: list[FoundFace]) -> None:
    found = list(crops(faces, 2, ALIGNMENT, seed=1))
    for crop, face in zip(found, faces, strict=True):
        np.testing.assert_array_equal(crop, face.crop(ALIGNMENT))


def test_a_seed_gives_the_same_crops_and_another_seed_others(faces: list[FoundFace]) -> None:
    one, same, other = (list(crops(faces, 12, ALIGNMENT, seed=seed)) for seed in (1, 1, 2))
    assert all(crop.shape == (60, 60, 3) and crop.dtype == np.uint8 for crop in one)
    for a, b in zip(one, same, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not any(np.array_equal(a, b) for a, b in zip(one[2:], other[2:], strict=True))


def test_varied_crops_are_all_different(faces: list[FoundFace]) -> None:
    found = [crop.tobytes() for crop in crops(faces, 20, ALIGNMENT, seed=1)]
    assert len(set(found)) == 20
