"""Quality of faces in real portraits, and in copies that were spoilt in a known way."""

from __future__ import annotations

import dataclasses
import json

import cv2
import numpy as np
import pytest

from edgecnn.core.image import read_image
from edgecnn.core.results import Face
from edgecnn.errors import ImageError
from edgecnn.faces.quality import FaceQuality, measure_face
from tests.faces.conftest import IMAGES


def quality_of(find_faces, pixels: np.ndarray) -> FaceQuality:
    return measure_face(pixels, find_faces.detector(pixels, "bgr")[0], "bgr")


def eyes_apart(find_faces, pixels: np.ndarray) -> float:
    points = find_faces.detector(pixels, "bgr")[0].points_xy
    return float(np.hypot(*(points[0] - points[1])))


def shrunk(pixels: np.ndarray, scale: float) -> np.ndarray:
    return cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def turned(pixels: np.ndarray, degrees: float) -> np.ndarray:
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    return cv2.warpAffine(pixels, matrix, (width, height))


def test_portraits_may_be_enrolled(find_faces, portrait):
    quality = quality_of(find_faces, read_image(portrait))
    assert quality.good
    assert quality.weight > 0.9
    assert quality.covered == ""


def test_size_follows_the_scale_and_small_faces_are_told_to_come_closer(find_faces, portrait):
    pixels = read_image(portrait)
    whole = quality_of(find_faces, pixels)
    small = quality_of(find_faces, shrunk(pixels, 24 / whole.eye_distance_px))
    assert small.eye_distance_px == pytest.approx(24, rel=0.1)
    assert "too small: come closer" in small.reasons
    assert small.weight < whole.weight


def test_blur_is_noticed_and_does_not_look_like_anything_else(find_faces, portrait):
    pixels = read_image(portrait)
    scale = eyes_apart(find_faces, pixels) / 52.6
    sharpness = [
        quality_of(find_faces, cv2.GaussianBlur(pixels, (0, 0), sigma * scale)).sharpness
        for sigma in (0.6, 1.5, 2.7, 4)
    ]
    assert sharpness == sorted(sharpness, reverse=True)
    blurred = quality_of(find_faces, cv2.GaussianBlur(pixels, (0, 0), 2.7 * scale))
    assert blurred.reasons == ("blurred: hold still, or wipe the lens",)


def test_compression_and_noise_are_not_taken_for_blur(find_faces, portrait):
    pixels = read_image(portrait)
    packed = cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], 1)
    noise = np.random.default_rng(0).normal(0, 15, pixels.shape)
    noisy = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    assert quality_of(find_faces, packed).good
    assert quality_of(find_faces, noisy).good


def test_darkness_is_noticed_and_forty_percent_less_light_is_fine(find_faces, portrait):
    pixels = read_image(portrait)
    assert quality_of(find_faces, (pixels * 0.6).astype(np.uint8)).good
    dark = quality_of(find_faces, (pixels * 0.2).astype(np.uint8))
    assert "too dark: turn on a light" in dark.reasons
    assert dark.weight < 0.8


def test_overexposure_is_noticed(find_faces):
    pixels = read_image(IMAGES / "astronaut.jpg").astype(np.float64)
    bright = np.clip(pixels * 1.45, 0, 255).astype(np.uint8)
    assert "too bright: move out of the direct light" in quality_of(find_faces, bright).reasons


@pytest.mark.parametrize("degrees", [-20, 15])
def test_roll_is_measured(find_faces, portrait, degrees):
    pixels = read_image(portrait)
    before = quality_of(find_faces, pixels).roll_deg
    after = quality_of(find_faces, turned(pixels, degrees)).roll_deg
    assert after - before == pytest.approx(degrees, abs=8)


def test_yaw_has_the_sign_of_the_side_and_a_profile_is_told_to_turn(find_faces):
    speaking = read_image(IMAGES / "portrait_obama2.jpg")
    left = quality_of(find_faces, speaking).yaw_deg
    right = quality_of(find_faces, np.ascontiguousarray(speaking[:, ::-1])).yaw_deg
    assert left < -8
    assert right == pytest.approx(-left, abs=8)
    profile = quality_of(find_faces, read_image(IMAGES / "cameraman_grey.jpg"))
    assert profile.yaw_deg > 45
    assert "turn to the camera" in profile.reasons


def head(yaw_deg: float, pitch_deg: float) -> Face:
    """The six points of an average head, turned in space and seen from far away."""
    solid = np.array(
        [(-0.5, 0, 0), (0.5, 0, 0), (0, 0.546, 0.42), (0, 1.05, 0), (-1, 0, -1), (1, 0, -1)]
    )
    yaw, pitch = np.deg2rad([yaw_deg, pitch_deg])
    x = solid[:, 0] * np.cos(yaw) + solid[:, 2] * np.sin(yaw)
    z = solid[:, 2] * np.cos(yaw) - solid[:, 0] * np.sin(yaw)
    y = solid[:, 1] * np.cos(pitch) + z * np.sin(pitch)
    points = np.stack([x, y], axis=1) * 60 + 200
    return Face(np.array([140, 140, 260, 260], np.float32), 0.9, points.astype(np.float32))


@pytest.mark.parametrize("yaw_deg", [-60, -35, -15, 0, 15, 35, 60])
@pytest.mark.parametrize("pitch_deg", [-20, 0, 20])
def test_pose_of_an_average_head_is_told(yaw_deg, pitch_deg):
    measured = measure_face(np.zeros((400, 400, 3), np.uint8), head(yaw_deg, pitch_deg), "bgr")
    assert measured.yaw_deg == pytest.approx(yaw_deg, abs=12)
    if abs(yaw_deg) <= 35:
        assert measured.pitch_deg == pytest.approx(pitch_deg, abs=8)


@pytest.mark.parametrize("bgr", [(200, 160, 120), (25, 25, 25)])
def test_mask_is_hinted_at_but_does_not_refuse_by_itself(find_faces, portrait, bgr):
    pixels = read_image(portrait).copy()
    points = find_faces.detector(pixels, "bgr")[0].points_xy
    eyes = np.hypot(*(points[0] - points[1]))
    centre = points[3] + [0, 0.1 * eyes]
    low, high = centre - np.array([0.85, 0.65]) * eyes, centre + np.array([0.85, 0.65]) * eyes
    cv2.rectangle(pixels, low.astype(int).tolist(), high.astype(int).tolist(), bgr, -1)
    masked = quality_of(find_faces, pixels)
    assert masked.covered
    assert masked.hints[0].startswith("something may cover")
    bare = quality_of(find_faces, read_image(portrait))
    assert dataclasses.replace(bare, covered=masked.covered).good


def test_dark_glasses_are_hinted_at(find_faces, portrait):
    pixels = read_image(portrait).copy()
    points = find_faces.detector(pixels, "bgr")[0].points_xy
    eyes = np.hypot(*(points[0] - points[1]))
    centre = points[:2].mean(axis=0)
    low, high = centre - np.array([1.0, 0.28]) * eyes, centre + np.array([1.0, 0.28]) * eyes
    cv2.rectangle(pixels, low.astype(int).tolist(), high.astype(int).tolist(), (15, 15, 15), -1)
    assert quality_of(find_faces, pixels).covered == "eyes"


def test_face_at_the_border_is_told_to_come_into_the_picture(find_faces):
    pixels = read_image(IMAGES / "portrait_hopper.jpg")
    face = find_faces.detector(pixels, "bgr")[0]
    cut = np.ascontiguousarray(pixels[:, int(face.points_xy[:2, 0].mean()) :])
    moved = dataclasses.replace(
        face, points_xy=face.points_xy - [[pixels.shape[1] - cut.shape[1], 0]]
    )
    quality = measure_face(cut, moved, "bgr")
    assert "bring the whole face into the picture" in quality.reasons


def test_face_outside_the_picture_is_bad_and_no_error(find_faces):
    pixels = read_image(IMAGES / "astronaut.jpg")
    face = find_faces.detector(pixels, "bgr")[0]
    away = dataclasses.replace(face, points_xy=face.points_xy + np.float32(5000))
    quality = measure_face(pixels, away, "bgr")
    assert quality.weight == 0
    assert not quality.good


def test_colour_order_does_not_matter_and_the_picture_is_not_changed(find_faces, portrait):
    bgr = read_image(portrait)
    before = bgr.copy()
    face = find_faces.detector(bgr, "bgr")[0]
    as_bgr = measure_face(bgr, face, "bgr")
    assert measure_face(np.ascontiguousarray(bgr[:, :, ::-1]), face, "rgb") == as_bgr
    grey = measure_face(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), face, "gray")
    assert grey.sharpness == pytest.approx(as_bgr.sharpness, abs=0.005)
    np.testing.assert_array_equal(bgr, before)


def test_what_is_no_picture_is_refused():
    with pytest.raises(ImageError):
        measure_face(np.zeros((4, 4, 3)), head(0, 0), "bgr")


def test_dictionary_is_plain_and_says_why(find_faces):
    pixels = read_image(IMAGES / "cameraman_grey.jpg")
    plain = quality_of(find_faces, pixels).to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["reasons"] == ["turn to the camera"]
