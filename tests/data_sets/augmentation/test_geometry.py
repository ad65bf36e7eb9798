"""Known changes of known pictures."""

from __future__ import annotations

import math
from typing import Any

import cv2
import keras
import numpy as np
import pytest

from edgecnn.data.augmentation.affine import (
    PadCrop,
    RandomAffine,
    ResizedCrop,
    inverse_affine,
)
from edgecnn.data.augmentation.batches import as_floats

NOTHING = {
    "rotation": 0.0, "scale": 1.0, "shear_x": 0.0, "shear_y": 0.0, "shift_x": 0.0, "shift_y": 0.0,
}  # fmt: skip


def scene(height: int = 24, width: int = 30) -> np.ndarray:
    coarse = np.random.default_rng(0).integers(0, 256, (5, 6)).astype(np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def moved(image: np.ndarray, interpolation: str = "bilinear", **change: float) -> np.ndarray:
    values = {
        name: keras.ops.convert_to_tensor([float(change.get(name, usual))])
        for name, usual in NOTHING.items()
    }
    sources = inverse_affine(image.shape[:2], **values)  # type: ignore[arg-type]
    pixels = keras.ops.convert_to_tensor(image[None, ..., None])
    result = keras.ops.image.affine_transform(pixels, sources, interpolation=interpolation)
    return as_floats(result)[0, ..., 0]


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_quarter_turns_go_counter_clockwise(turns: int) -> None:
    square = np.arange(49, dtype=np.float32).reshape(7, 7)
    result = moved(square, "nearest", rotation=turns * math.pi / 2)
    np.testing.assert_array_equal(result, np.rot90(square, turns))


def test_a_rotation_agrees_with_opencv() -> None:
    image = scene()
    middle = ((30 - 1) / 2, (24 - 1) / 2)
    expected = cv2.warpAffine(image, cv2.getRotationMatrix2D(middle, 20, 1.3), (30, 24))
    result = moved(image, rotation=math.radians(20), scale=1.3)
    assert np.abs(result - expected)[3:-3, 3:-3].max() < 3


def test_a_shift_moves_right_and_down() -> None:
    image = scene()
    result = moved(image, shift_x=4, shift_y=-2)
    np.testing.assert_allclose(result[:-2, 4:], image[2:, :-4], atol=1e-3)
    assert not result[:, :4].any()


def test_a_scale_keeps_the_middle() -> None:
    spot = np.zeros((21, 21), np.float32)
    spot[8:13, 8:13] = 100
    larger, smaller = moved(spot, scale=2.0), moved(spot, scale=0.5)
    assert larger.sum() == pytest.approx(4 * spot.sum(), rel=0.05)
    # Reduced without smoothing, 5 pixels cover 3 places of the result.
    assert smaller.sum() == 9 * 100
    for result in (larger, smaller):
        rows, columns = np.indices(result.shape)
        for axis in (rows, columns):
            assert (axis * result).sum() / result.sum() == pytest.approx(10)


@pytest.mark.parametrize("along", ["x", "y"])
def test_a_shear_moves_far_lines_more(along: str) -> None:
    line = np.zeros((21, 21), np.float32)
    line[:, 10] = 100
    line = line if along == "x" else line.T
    result = moved(line, **{f"shear_{along}": 0.5})
    result = result if along == "x" else result.T
    assert [int(result[row].argmax()) for row in (0, 10, 20)] == [5, 10, 15]


def test_all_at_once_is_shear_then_scale_and_rotation_then_shift() -> None:
    angle, scale, shear_x, shear_y, dx, dy = 0.4, 1.2, 0.2, -0.1, 3.0, -2.0
    drawn = [keras.ops.convert_to_tensor([one]) for one in (angle, scale, shear_x, shear_y, dx, dy)]
    sources = as_floats(inverse_affine((24, 30), *drawn))[0]
    cos, sin = math.cos(angle), math.sin(angle)
    forward = scale * np.array([[cos, sin], [-sin, cos]]) @ [[1, shear_x], [shear_y, 1]]
    middle = np.array([14.5, 11.5])
    for point in ([0.0, 0.0], [29.0, 3.0], [7.0, 20.0]):
        to = middle + [dx, dy] + forward @ (np.array(point) - middle)
        back = sources[[0, 3]] * to[0] + sources[[1, 4]] * to[1] + sources[[2, 5]]
        np.testing.assert_allclose(back, point, atol=1e-4)


def test_draws_fill_their_ranges_and_no_more() -> None:
    layer = RandomAffine(rotation_degrees=30, shift=0.25, scale=1.5, seed=0)
    t = as_floats(layer.sources(np.zeros((4000, 1, 1, 1), np.float32), 20, 40))
    angles = np.degrees(np.arctan2(t[:, 3], t[:, 0]))
    scales = 1 / np.hypot(t[:, 0], t[:, 3])
    assert (angles.min(), angles.max()) == pytest.approx((-30, 30), abs=0.2)
    assert (scales.min(), scales.max()) == pytest.approx((1 / 1.5, 1.5), abs=0.01)
    assert (scales > 1).mean() == pytest.approx(0.5, abs=0.03)
    assert abs(angles.mean()) < 1


def test_a_crop_moves_whole_pixels_each_place_alike_and_fills() -> None:
    image = np.zeros((3000, 8, 10, 1), np.float32)
    image[:, 4, 5] = 200
    result = as_floats(PadCrop(0.2, fill_value=7, seed=0)(image, training=True))
    assert set(np.unique(result)) == {0, 7, 200}
    _, rows, columns, _ = np.nonzero(result == 200)
    assert len(rows) == 3000
    assert sorted(set(rows - 4)) == sorted(set(columns - 5)) == [-2, -1, 0, 1, 2]
    for places in (rows, columns):
        assert np.bincount(places)[-5:].min() > 500


def test_a_resized_crop_stays_inside_and_has_the_area() -> None:
    layer = ResizedCrop(0.5, seed=0)
    t = as_floats(layer.sources(np.zeros((2000, 1, 1, 1), np.float32), 20, 40))
    areas = t[:, 0] * t[:, 4]
    assert areas.min() > 0.45
    assert areas.max() <= 1
    assert t[:, 2].min() >= 0
    assert (t[:, 2] + t[:, 0] * 39).max() <= 39.001
    assert (t[:, 5] + t[:, 4] * 19).max() <= 19.001
    assert 0.7 < (t[:, 0] / t[:, 4]).min() < 0.85 < 1.2 < (t[:, 0] / t[:, 4]).max() < 1.4


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomAffine(rotation_degrees=181), "rotation_degrees"),
        (lambda: RandomAffine(shift=-0.1), "shift"),
        (lambda: RandomAffine(scale=0.9), "scale"),
        (lambda: RandomAffine(shear_degrees=45), "shear_degrees"),
        (lambda: PadCrop(1.1), "padding"),
        (lambda: ResizedCrop(0.0), "area"),
        (lambda: ResizedCrop(0.5, 0.5), "aspect"),
    ],
)
def test_values_out_of_range_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
