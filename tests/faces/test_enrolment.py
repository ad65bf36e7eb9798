"""From a picture to a face that may be enrolled, and to one that another embedder can take."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgecnn.core.image import read_image
from edgecnn.core.results import Embedding
from edgecnn.errors import GalleryError, OptionError
from edgecnn.faces.enrolment import assess, face_photo, only_face
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.outcomes import NewFace
from edgecnn.faces.reenrol import re_enrol
from tests.faces.conftest import IMAGES
from tests.faces.people import (
    PHOTO,
    SECRET,
    embedder,
    embeddings_of,
    faces_of,
    make_gallery,
    probe,
)

pytest.importorskip("cryptography")


def test_good_photo_gives_the_face_with_its_numbers(find_faces, portrait):
    pixels = read_image(portrait)
    faces = find_faces(pixels, "bgr")
    new, quality = only_face(pixels, faces, "bgr")
    assert new.embedding is faces.embeddings[0]
    assert new.photo is None
    assert quality == assess(pixels, faces, "bgr")[0]
    assert new.quality["sharpness"] == round(quality.sharpness, 3)
    assert all(isinstance(value, float) for value in new.quality.values())


def test_none_or_several_faces_and_bad_ones_are_refused_with_the_reason(find_faces):
    one = read_image(IMAGES / "portrait_hopper.jpg")[:500, :500]
    two = np.hstack([one, one])
    with pytest.raises(GalleryError, match="2 faces found"):
        only_face(two, find_faces(two, "bgr"), "bgr")
    with pytest.raises(GalleryError, match="no face found"):
        only_face(two, find_faces(np.zeros_like(two), "bgr"), "bgr")
    profile = read_image(IMAGES / "cameraman_grey.jpg")
    with pytest.raises(GalleryError, match="turn to the camera"):
        only_face(profile, find_faces(profile, "bgr"), "bgr")
    with pytest.raises(OptionError, match="no embeddings"):
        only_face(one, find_faces.detector(one, "bgr"), "bgr")


def test_kept_photo_is_small_and_good_enough_to_enrol_again(find_faces, portrait):
    pixels = read_image(portrait)
    faces = find_faces(pixels, "bgr")
    photo = face_photo(pixels, faces[0], "bgr")
    again = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
    assert max(again.shape) <= 480
    found = find_faces(again, "bgr")
    assert len(found) == 1
    assert found.embeddings[0].distance(faces.embeddings[0]) < 0.25
    rgb = np.ascontiguousarray(pixels[:, :, ::-1])
    assert face_photo(rgb, faces[0], "rgb") == photo


def other_space(photo: bytes) -> Embedding | None:
    """As a new embedder would: from a photograph to a vector of its own space."""
    return embeddings_of(photo[0], 1, space="new-v2")[0] if photo[0] < 200 else None


def test_another_embedder_takes_over_from_photographs(tmp_path):
    gallery = make_gallery(tmp_path)
    for number, name in enumerate(("Ada", "Grace")):
        gallery.enrol(name, faces_of(number, 1, bytes([number]) + PHOTO))
    gallery.enrol("Ada", faces_of(0, 1))  # without a photograph
    outcome = re_enrol(gallery, embedder("new-v2"), other_space)
    assert (outcome.templates, outcome.dropped, outcome.lost) == (2, 1, ())
    again = Gallery.open(tmp_path / "gallery.faces", SECRET)
    assert again.contents.space == "new-v2"
    np.testing.assert_array_equal(again.contents.matrix()[1], embeddings_of(1)[0].vector)
    with pytest.raises(GalleryError, match="cannot be compared"):
        again.enrol("Hedy", [NewFace(probe(2))])
    with pytest.raises(GalleryError, match="already"):
        re_enrol(again, embedder("new-v2"), other_space)


def test_people_without_photographs_are_not_lost_by_accident(tmp_path):
    gallery = make_gallery(tmp_path, "Ada")
    gallery.enrol("Grace", faces_of(1, 1, b"\x01" + PHOTO))
    gallery.enrol("Hedy", faces_of(2, 1, b"\xff" + PHOTO))  # no face is found in it any more
    before = gallery.contents
    with pytest.raises(GalleryError, match="2 of 3 people"):
        re_enrol(gallery, embedder("new-v2"), other_space)
    assert Gallery.open(tmp_path / "gallery.faces", SECRET).contents == before
    assert re_enrol(gallery, embedder("new-v2"), other_space, drop=True).lost == ("Ada", "Hedy")
    assert [person.name for person in gallery.people] == ["Grace"]
