"""Guided enrolment, with made-up heads in front of a real portrait's pixels."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edgecnn.core.image import read_image
from edgecnn.core.results import Faces
from edgecnn.errors import OptionError
from edgecnn.faces import guided
from edgecnn.faces.guided import DONE, POSES, GuidedEnrolment
from edgecnn.faces.quality import measure_face
from tests.faces.conftest import IMAGES
from tests.faces.people import embeddings_of

BLANK = np.zeros((50, 50, 3), np.uint8)


@pytest.fixture
def good(find_faces):
    """Quality of a real portrait, to be turned by changing its numbers."""
    pixels = read_image(IMAGES / "portrait_hopper.jpg")
    return measure_face(pixels, find_faces.detector(pixels, "bgr")[0], "bgr")


@pytest.fixture
def camera(monkeypatch, good):
    """Offers frames in which one person, by number, has a yaw and other numbers."""

    def offer(session: GuidedEnrolment, yaw_deg: float, person: int = 0, **numbers) -> str:
        quality = dataclasses.replace(good, yaw_deg=yaw_deg, **numbers)
        monkeypatch.setattr(guided, "measure_face", lambda *rest: quality)
        return session.offer(BLANK, one_face(person), "bgr")

    return offer


def one_face(person: int, count: int = 1) -> Faces:
    return Faces(
        np.zeros((count, 4), np.float32),
        np.full(count, 0.9, np.float32),
        np.zeros((count, 6, 2), np.float32),
        tuple(embeddings_of(person, 9)[:count]),
    )


def test_leads_through_all_poses_and_keeps_one_face_of_each(camera):
    session = GuidedEnrolment(0.45, frames_each=2)
    said = [camera(session, yaw_deg) for yaw_deg in (0, 3, 0, 20, 20, -20, -20)]
    front, left, right = (pose.words for pose in POSES)
    assert said == [front, left, left, left, right, right, DONE]
    assert session.done
    assert session.pose is None
    assert len(session.faces) == 3
    assert camera(session, 0) == DONE


def test_progress_rises_with_good_frames_only(camera):
    session = GuidedEnrolment(0.45, frames_each=2)
    seen = []
    for yaw_deg in (0, 40, 0, 0, 20):
        camera(session, yaw_deg)
        seen.append(session.progress)
    assert seen == [1 / 6, 1 / 6, 2 / 6, 2 / 6, 3 / 6]


def test_words_say_which_way_to_turn(camera):
    session = GuidedEnrolment(0.45, frames_each=1)
    assert camera(session, 35) == "look straight at the camera"
    camera(session, 0)
    assert camera(session, -20) == "turn your head a little to your left"
    assert camera(session, 45) == "not so far: turn back a little"
    camera(session, 20)
    assert camera(session, -45) == "not so far: turn back a little"


def test_bad_frames_get_the_advice_of_their_quality(camera):
    session = GuidedEnrolment(0.45)
    assert camera(session, 0, brightness=20.0) == "too dark: turn on a light"
    assert camera(session, 0, eye_distance_px=12.0) == "too small: come closer"
    assert session.progress == 0


def test_sharpest_frame_of_a_pose_is_kept(camera):
    session = GuidedEnrolment(0.45, poses=POSES[:1], frames_each=3)
    for sharpness in (0.05, 0.12, 0.07):
        camera(session, 0, sharpness=sharpness)
    assert session.faces[0].quality["sharpness"] == 0.12


def test_somebody_else_is_not_mixed_in(camera):
    session = GuidedEnrolment(0.45, frames_each=2)
    camera(session, 0)
    assert "another person" in camera(session, 0, person=1)
    assert session.progress == 1 / 6


def test_nobody_and_several_are_told(find_faces):
    session = GuidedEnrolment(0.45)
    assert session.offer(BLANK, one_face(0, 0), "bgr") == "come into the picture"
    assert session.offer(BLANK, one_face(0, 2), "bgr") == "one person at a time"


def test_real_portrait_with_photographs_kept(find_faces):
    pixels = read_image(IMAGES / "portrait_hopper.jpg")
    session = GuidedEnrolment(0.45, poses=POSES[:1], frames_each=1, keep_photos=True)
    assert session.offer(pixels, find_faces(pixels, "bgr"), "bgr") == DONE
    assert session.faces[0].photo[:2] == b"\xff\xd8"
    speaking = read_image(IMAGES / "portrait_obama2.jpg")
    to_the_right = GuidedEnrolment(0.45, poses=POSES[2:], frames_each=1)
    assert to_the_right.offer(speaking, find_faces(speaking, "bgr"), "bgr") == DONE


def test_what_cannot_be_is_refused(find_faces):
    with pytest.raises(OptionError):
        GuidedEnrolment(0.45, poses=())
    pixels = read_image(IMAGES / "portrait_hopper.jpg")
    with pytest.raises(OptionError, match="no embeddings"):
        GuidedEnrolment(0.45).offer(pixels, find_faces.detector(pixels, "bgr"), "bgr")
