"""What only resembles a face is not enrolled, and no face is refused for it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from edgecnn.core.image import read_image
from edgecnn.core.results import Face
from edgecnn.errors import GalleryError
from edgecnn.faces.enrolment import only_face
from edgecnn.faces.guided import POSES, GuidedEnrolment
from edgecnn.faces.quality import MIN_CONFIRMED
from edgecnn.faces.second_look import confirmation
from tests.faces.conftest import IMAGES

REASON = "a second look finds no face"


def test_bee_that_passes_for_a_face_is_not_enrolled(find_faces):
    bee = read_image(IMAGES / "bee.jpg")
    faces = find_faces(bee, "bgr")
    assert only_face(bee, faces, "bgr")[1].good  # what a detector and numbers alone say of it
    with pytest.raises(GalleryError, match=REASON):
        only_face(bee, faces, "bgr", confirm=find_faces.confirm)
    front = replace(POSES[0], least_yaw_deg=-45, most_yaw_deg=45)
    guided = GuidedEnrolment(0.45, poses=(front,), frames_each=1, confirm=find_faces.confirm)
    assert guided.offer(bee, faces, "bgr").startswith(REASON)
    assert not guided.faces


def test_portraits_are_confirmed_and_the_number_is_kept(find_faces, portrait):
    pixels = read_image(portrait)
    new, quality = only_face(pixels, find_faces(pixels, "bgr"), "bgr", confirm=find_faces.confirm)
    assert quality.confirmed > MIN_CONFIRMED + 0.08
    assert new.quality["confirmed"] == round(quality.confirmed, 3)


def test_portraits_that_were_spoilt_are_confirmed(find_faces, portrait):
    pixels = read_image(portrait)
    middle = (pixels.shape[1] / 2, pixels.shape[0] / 2)
    turn = cv2.getRotationMatrix2D(middle, 30, 1.0)
    for spoilt in (
        (pixels * 0.4).astype(np.uint8),
        cv2.warpAffine(pixels, turn, pixels.shape[1::-1]),
        cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], 1),
    ):
        face = find_faces.detector(spoilt, "bgr")[0]
        assert find_faces.confirm(spoilt, face, "bgr") > MIN_CONFIRMED


def test_order_of_colours_changes_nothing_and_grey_will_do(find_faces):
    bgr = read_image(IMAGES / "portrait_hopper.jpg")
    face = find_faces.detector(bgr, "bgr")[0]
    sure = find_faces.confirm(bgr, face, "bgr")
    assert find_faces.confirm(np.ascontiguousarray(bgr[:, :, ::-1]), face, "rgb") == sure
    assert find_faces.confirm(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), face, "gray") > MIN_CONFIRMED


@pytest.mark.parametrize("points", [np.zeros((6, 2)), np.arange(12).reshape(6, 2) * 10 - 5000])
def test_face_without_a_place_is_none(find_faces, points):
    pixels = np.zeros((100, 100, 3), np.uint8)
    face = Face(np.array([0, 0, 9, 9], np.float32), 0.9, points.astype(np.float32))
    assert confirmation(pixels, face, "bgr", find_faces.detector) == 0.0


def test_nobody_who_looked_leaves_no_number(find_faces):
    pixels = read_image(IMAGES / "portrait_hopper.jpg")
    quality = only_face(pixels, find_faces(pixels, "bgr"), "bgr")[1]
    assert quality.confirmed is None
    assert "confirmed" not in quality.to_dict()
