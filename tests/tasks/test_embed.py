"""Several faces are embedded as each alone is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import edgecnn
from edgecnn.core.image import read_image
from edgecnn.errors import ImageError
from edgecnn.tasks.embed import ImageEmbedder
from edgecnn.tasks.faces import FacePipeline
from tests.faces.conftest import IMAGES


@pytest.fixture(scope="module")
def find_faces() -> Iterator[FacePipeline]:
    with edgecnn.load("faces", backend="litert", precision="float16", threads=1) as faces:
        yield faces


@pytest.fixture
def embedder(find_faces: FacePipeline) -> ImageEmbedder:
    return find_faces.embedder


def crops() -> list[tuple[np.ndarray, str]]:
    """More than the preprocessor keeps memory for, each another picture."""
    rng = np.random.default_rng(3)
    return [(rng.integers(0, 255, (150, 150, 3), np.uint8), "bgr") for _ in range(6)]


def test_several_crops_give_what_each_gives_alone(embedder):
    together, timing = embedder.embed_crops(crops())
    for one, (pixels, color) in zip(together, crops(), strict=True):
        np.testing.assert_array_equal(one.vector, embedder(pixels, color).vector)
    assert timing.total_ms >= timing.infer_ms > 0


def test_no_crop_gives_nothing(embedder):
    assert embedder.embed_crops([])[0] == ()


def test_a_bad_crop_is_refused_and_the_next_call_works(embedder):
    with pytest.raises(ImageError):
        embedder.embed_crops([*crops()[:2], (np.zeros((9, 9)), "bgr")])
    assert len(embedder.embed_crops(crops()[:1])[0]) == 1


def test_faces_of_a_picture_are_embedded_as_cut_out_one_by_one(find_faces):
    portraits = [read_image(IMAGES / f"portrait_{name}.jpg")[:560] for name in ("obama", "hopper")]
    height = min(pixels.shape[0] for pixels in portraits)
    pixels = np.hstack([one[:height] for one in portraits])
    faces = find_faces(pixels, "bgr")
    assert len(faces) == 2
    for face in faces:
        alone = find_faces.embedder.embed_face(pixels, face.points_xy, "bgr")
        np.testing.assert_array_equal(alone.vector, face.embedding.vector)
    timing = find_faces.timing
    parts = timing.pre_ms + timing.wait_ms + timing.infer_ms + timing.post_ms
    assert parts == pytest.approx(timing.total_ms, rel=0.2, abs=2)
