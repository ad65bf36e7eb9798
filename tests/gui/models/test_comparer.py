"""What an embedder that is being brought in says of pictures, by its real models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import edgecnn
from edgecnn.core.image import read_image
from edgecnn.video.frame import Frame
from edgecnn.zoo.catalogue import assets_path
from gui.models.comparer import Comparer
from gui.models.foreign import bundle_of, examine
from gui.models.preview import Glimpse, Preview
from gui.models.questions import Answers


def photo(name: str) -> Frame:
    return Frame(read_image(assets_path() / f"images/{name}.jpg"), "bgr", 0.0, 0, name)


def plain(*bgr: int) -> Frame:
    return Frame(np.full((48, 64, 3), bgr, np.uint8), "bgr", 0.0, 0, "plain")


def number(words: str) -> float:
    return float(words.removeprefix("Distance "))


@pytest.fixture(scope="module")
def faces() -> Iterator[Comparer]:
    made = Comparer(
        edgecnn.load("face_embed_dlib", quick_start=True, threads=1),
        edgecnn.load("face_detect_blazeface_short", quick_start=True, threads=1),
    )
    yield made
    made.close()


def test_the_same_person_is_nearer_to_the_first_face_than_another(faces: Comparer) -> None:
    assert number(faces.look(photo("portrait_obama")).words) == pytest.approx(0, abs=1e-3)
    same = faces.look(photo("portrait_obama2"))
    other = faces.look(photo("portrait_biden"))
    assert number(same.words) < number(other.words)
    assert "first face" in same.detail
    assert same.faces is not None
    assert len(same.faces) == 1


def test_two_faces_are_compared_with_each_other(faces: Comparer) -> None:
    halves = [photo(name).pixels[:600, :500] for name in ("portrait_obama", "portrait_biden")]
    seen = faces.look(Frame(np.hstack(halves), "bgr", 0.0, 0, "two"))
    assert "between the two faces" in seen.detail
    assert number(seen.words) > 0.5


def test_no_face_is_said_and_no_number_is_made_up(faces: Comparer) -> None:
    assert faces.look(photo("coffee")).words == "No face"


def test_without_a_detector_it_says_why_there_is_no_distance() -> None:
    with edgecnn.load("face_embed_dlib", quick_start=True, threads=1) as embedder:
        seen = Comparer(embedder, None).look(photo("portrait_obama"))
    assert seen.words == "No distance"
    assert "no face detector" in seen.detail


def test_a_bare_file_is_previewed_by_the_distance_of_pictures(bare: Path) -> None:
    found = examine(bare)
    preview = Preview()

    def ask(frame: Frame) -> Glimpse:
        preview.ask(frame)
        assert preview._jobs.wait(20)
        return preview.glimpse

    try:
        preview.show(lambda: bundle_of(found, Answers(form="vector", comparison="pictures_far")))
        assert preview._jobs.wait(20)
        first, same, other = ask(plain(0, 0, 200)), ask(plain(0, 0, 200)), ask(plain(200, 0, 0))
    finally:
        assert preview.close(20)
    assert not other.problem
    assert number(first.words) == number(same.words) == 0
    assert number(other.words) > 0.1
    bundle = other.bundle
    assert bundle is not None
    assert bundle.manifest.embedding is not None
    assert bundle.manifest.embedding.space.startswith("imported-")
