"""Hidden faces: not found, not recognized, nothing of the face left in the numbers."""

from __future__ import annotations

import numpy as np
import pytest

from edgecnn.core.image import read_image
from edgecnn.errors import OptionError
from edgecnn.faces.pixelate import hide_faces
from tests.faces.conftest import IMAGES

STYLES = ("mosaic", "solid")


@pytest.mark.parametrize("style", STYLES)
def test_hidden_face_is_not_recognized(find_faces, portrait, style):
    pixels = read_image(portrait)
    faces = find_faces(pixels, "bgr")
    hidden = hide_faces(pixels, faces.boxes_xyxy, "bgr", style=style)
    before = faces.embeddings[0]
    found = find_faces(hidden, "bgr")
    for embedding in found.embeddings:
        assert embedding.distance(before) > 0.6
    # Not even for who knows where the eyes were.
    told = find_faces.embedder.embed_face(hidden, faces.points_xy[0], "bgr")
    assert told.distance(before) > 0.6


@pytest.mark.parametrize(("style", "colors"), [("mosaic", 16), ("solid", 1)])
def test_only_a_handful_of_rounded_averages_is_left(style, colors):
    pixels = np.random.default_rng(3).integers(0, 256, (200, 300, 3), np.uint8)
    hidden = hide_faces(pixels, [(100, 60, 180, 140)], "bgr", style=style)
    region = hidden[36:164, 76:204].reshape(-1, 3)
    assert len(np.unique(region, axis=0)) <= colors
    assert set(np.unique(region)) <= {16 + 32 * level for level in range(8)}


def test_two_faces_that_average_alike_give_the_same_picture():
    one = np.full((80, 80), 100, np.uint8)
    other = one.copy()
    other[30:40, 30:40:2] += 20
    other[30:40, 31:40:2] -= 20
    box = [(20, 20, 60, 60)]
    np.testing.assert_array_equal(hide_faces(one, box, "gray"), hide_faces(other, box, "gray"))


def test_only_the_chosen_are_hidden_and_the_rest_keeps_its_pixels():
    pixels = np.random.default_rng(3).integers(0, 256, (200, 300, 3), np.uint8)
    before = pixels.copy()
    boxes = [(20, 20, 60, 60), (200, 100, 240, 140)]
    hidden = hide_faces(pixels, boxes, "rgb", hide=np.array([True, False]))
    assert (hidden[20:60, 20:60] != pixels[20:60, 20:60]).mean() > 0.9
    np.testing.assert_array_equal(hidden[80:], pixels[80:])
    np.testing.assert_array_equal(pixels, before)


def test_faces_that_overlap_are_both_gone():
    pixels = np.random.default_rng(3).integers(0, 256, (100, 100, 3), np.uint8)
    hidden = hide_faces(pixels, [(20, 20, 60, 60), (40, 40, 80, 80)], "rgb")
    for start, end in ((8, 72), (28, 92)):
        same = hidden[start:end, start:end] == pixels[start:end, start:end]
        assert same.all(axis=2).mean() < 0.01


def test_faces_at_and_beyond_the_border_are_no_error():
    pixels = read_image(IMAGES / "astronaut.jpg")
    boxes = [(-50, -50, 30, 30), (500, 500, 700, 700), (9000, 9000, 9100, 9100), (5, 5, 5, 5)]
    hidden = hide_faces(pixels, boxes, "bgr")
    assert hidden.shape == pixels.shape
    assert (hidden[:20, :20] != pixels[:20, :20]).any()


@pytest.mark.parametrize(
    ("boxes", "hide", "style"),
    [
        ([(0, 0, np.nan, 9)], None, "mosaic"),
        ([(0, 0, 9, 9)], np.array([1]), "mosaic"),
        ([(0, 0, 9, 9)], np.array([True, False]), "mosaic"),
        ([(0, 0, 9, 9)], None, "blur"),
    ],
)
def test_what_would_leave_a_face_visible_is_refused(boxes, hide, style):
    with pytest.raises(OptionError):
        hide_faces(np.zeros((20, 20, 3), np.uint8), boxes, "bgr", hide=hide, style=style)
