"""What an enrolment sees in real photographs, held up as frames of a camera and given as files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgecnn.core.image import read_image
from edgecnn.errors import GalleryError
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.guided import DONE, POSES
from edgecnn.video.frame import Frame
from gui.faces.enrol_watch import Sight, Watch
from tests.faces.people import make_gallery
from tests.gui.faces.eyes import FRONT, IMAGES, TURNED, frame_of, open_eyes


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return make_gallery(tmp_path)


@pytest.fixture
def watch(gallery: Gallery) -> Iterator[Watch]:
    made = Watch(gallery, open_eyes)
    assert made.wait(60)
    yield made
    assert made.close(20)


def show(watch: Watch, frame: Frame, times: int = 1, *, mirrored: bool = False) -> Sight:
    for _ in range(times):
        watch.look(frame, mirrored=mirrored)
        assert watch.wait(60)
    return watch.sight


def test_three_looks_into_the_camera_give_three_faces(watch: Watch) -> None:
    assert show(watch, frame_of(FRONT)).words == POSES[0].words
    assert show(watch, frame_of(TURNED)).words == POSES[0].words
    assert show(watch, frame_of(FRONT), 4).words == POSES[1].words
    assert show(watch, frame_of(TURNED)).words == POSES[1].words
    assert show(watch, frame_of(TURNED, flipped=True), 5).pose == 2
    sight = show(watch, frame_of(TURNED), 5)
    assert sight.words == DONE
    assert sight.progress == 1.0
    assert len(sight.faces) == 3
    assert all(face.photo is not None for face in sight.faces)
    watch.start_again()
    assert watch.wait(20)
    assert watch.sight.faces == ()
    assert watch.sight.pose == 0


def test_a_mirrored_picture_is_turned_back_before_it_is_looked_at(watch: Watch) -> None:
    show(watch, frame_of(FRONT), 5)
    assert show(watch, frame_of(TURNED), 5, mirrored=True).pose == 2
    boxes = show(watch, frame_of(FRONT), mirrored=True).boxes_xyxy
    other = show(watch, frame_of(FRONT)).boxes_xyxy
    assert boxes is not None
    assert other is not None
    assert np.abs(boxes - other).max() < 20


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda pixels: np.zeros_like(pixels), "come into the picture"),
        (lambda pixels: np.concatenate([pixels, pixels], axis=1), "one person at a time"),
        (lambda pixels: (pixels * 0.15).astype(np.uint8), "too dark: turn on a light"),
        (lambda pixels: cv2.resize(pixels, None, fx=0.2, fy=0.2), "too small: come closer"),
    ],
)
def test_what_is_wrong_is_said_in_words(
    watch: Watch, spoil: Callable[[np.ndarray], np.ndarray], words: str
) -> None:
    assert show(watch, Frame(spoil(read_image(FRONT)), "bgr")).words == words


def test_somebody_else_is_not_taken_for_the_person(watch: Watch) -> None:
    assert show(watch, frame_of(IMAGES / "portrait_hopper.jpg"), 5).pose == 1
    assert "another person" in show(watch, frame_of(TURNED, flipped=True)).words
    assert watch.sight.pose == 1


def test_each_photograph_is_taken_or_refused_with_its_reason(watch: Watch, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.jpg"
    damaged.write_bytes(b"no picture")
    coffee = IMAGES / "coffee.jpg"
    watch.add_photos([FRONT, coffee, damaged, FRONT])
    assert watch.wait(60)
    first, second, third = watch.sight.photos
    assert (first.path, first.reason) == (FRONT, "")
    assert "no face found" in second.reason
    assert "damaged.jpg" in third.reason
    assert watch.sight.faces == (first.face,)
    watch.drop_photo(FRONT)
    assert watch.sight.faces == ()


def test_models_that_cannot_be_opened_are_told(gallery: Gallery) -> None:
    def fail(_: Gallery) -> None:
        raise GalleryError("no embedder here")

    watch = Watch(gallery, fail)  # type: ignore[arg-type]
    assert watch.wait(20)
    assert watch.sight.problem == "no embedder here"
    watch.look(frame_of(FRONT))
    watch.add_photos([FRONT])
    assert watch.wait(20)
    assert not watch.sight.ready
    assert "no models" in watch.sight.photos[0].reason
    assert watch.close(20)


def test_nothing_is_kept_when_it_is_over(gallery: Gallery) -> None:
    watch = Watch(gallery)  # the models that the app itself opens
    watch.add_photos([FRONT])
    assert watch.wait(60)
    assert watch.sight.faces
    assert watch.close(20)
    assert watch.sight.faces == ()
    watch.look(frame_of(FRONT))
    time.sleep(0.05)
    assert watch.sight.progress == 0.0
