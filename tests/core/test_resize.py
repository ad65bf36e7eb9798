from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecnn.core.resize import apply_resize, plan_resize, resize
from edgecnn.errors import OptionError

MODES = ["stretch", "letterbox", "crop"]
INTERPOLATIONS = ["area", "linear", "cubic"]


def _gradient(width: int, height: int) -> np.ndarray:
    """Red grows to the right, green grows downwards: each pixel says where it came from."""
    x = np.linspace(0, 255, width)[None, :].repeat(height, 0)
    y = np.linspace(0, 255, height)[:, None].repeat(width, 1)
    return np.stack([x, y, np.full_like(x, 128)], -1).round().astype(np.uint8)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size_wh", [(1280, 720), (641, 479), (97, 301), (20, 10), (224, 224)])
def test_pixels_lie_where_the_placement_says(
    mode: str, interpolation: str, size_wh: tuple[int, int]
) -> None:
    width, height = size_wh
    canvas, placement = resize(
        _gradient(width, height),
        (96, 64),
        mode,  # type: ignore[arg-type]
        interpolation=interpolation,  # type: ignore[arg-type]
        crop_fraction=0.875,
        pad=7,
    )
    left, top, right, bottom = placement.region_xyxy()
    xs = np.arange(int(left) + 3, int(right) - 3)
    ys = np.arange(int(top) + 3, int(bottom) - 3)
    centres = np.stack(np.meshgrid(xs + 0.5, ys + 0.5), -1).astype(np.float32)
    points = placement.points_to_picture(centres)
    expected_x = (points[..., 0] - 0.5) / max(width - 1, 1) * 255
    expected_y = (points[..., 1] - 0.5) / max(height - 1, 1) * 255
    seen = canvas[np.ix_(ys, xs)].astype(float)
    # Enlarging makes steps of many grey levels at the edges of a source pixel.
    slack = 2.5 + 0.6 * 255 / min(width, height)
    assert np.abs(seen[..., 0] - expected_x).max() < slack
    assert np.abs(seen[..., 1] - expected_y).max() < slack


def test_letterbox_is_centred_and_padded() -> None:
    canvas, placement = resize(_gradient(200, 100), (64, 64), "letterbox", pad=9)
    assert placement.region_xyxy() == (0, 16, 64, 48)
    assert (canvas[:16] == 9).all()
    assert (canvas[48:] == 9).all()
    assert canvas[16:48, :, 2].min() == 128


def test_crop_takes_the_centre_in_the_aspect_of_the_input() -> None:
    plan = plan_resize((1280, 720), (224, 224), "crop", crop_fraction=0.875, interpolation="linear")
    assert plan.region_xywh == (325, 45, 630, 630)


@pytest.mark.parametrize("mode", MODES)
def test_boxes_come_back_to_where_they_were(mode: str) -> None:
    plan = plan_resize((1280, 720), (416, 416), mode)  # type: ignore[arg-type]
    box = np.array([[500.0, 200.0, 700.0, 400.0]], np.float32)
    scale, offset = np.array(plan.placement.scale_xy), np.array(plan.placement.offset_xy)
    inside = (box.reshape(2, 2) * scale + offset).reshape(1, 4).astype(np.float32)
    np.testing.assert_allclose(plan.placement.boxes_to_picture(inside), box, atol=1e-3)


def test_area_averages_and_linear_does_not() -> None:
    checker = (np.indices((256, 256)).sum(0) % 2 * 255).astype(np.uint8)
    area, _ = resize(checker, (32, 32), "stretch", interpolation="area")
    assert np.abs(area.astype(int) - 127.5).max() <= 1
    noise = np.random.default_rng(0).integers(0, 256, (256, 256), np.uint8)
    area, _ = resize(noise, (32, 32), "stretch", interpolation="area")
    linear, _ = resize(noise, (32, 32), "stretch", interpolation="linear")
    assert area.std() < 0.4 * linear.std()


def test_area_agrees_with_exact_means() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (64, 96, 3), np.uint8)
    exact = picture.reshape(16, 4, 24, 4, 3).mean((1, 3))
    reduced, _ = resize(picture, (24, 16), "stretch")
    assert np.abs(reduced - exact).max() <= 1.0  # two roundings


def test_the_picture_is_not_changed_and_a_canvas_is_reused() -> None:
    picture = _gradient(64, 48)
    before = picture.copy()
    plan = plan_resize((64, 48), (32, 32), "letterbox")
    canvas = np.full((32, 32, 3), 5, np.uint8)
    apply_resize(picture, plan, canvas)
    np.testing.assert_array_equal(picture, before)
    np.testing.assert_array_equal(canvas, resize(picture, (32, 32), "letterbox", pad=5)[0])


def test_unknown_words_are_refused() -> None:
    with pytest.raises(OptionError, match="stretch, letterbox or crop"):
        plan_resize((10, 10), (5, 5), "squash")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="area, linear or cubic"):
        plan_resize((10, 10), (5, 5), "crop", interpolation="nearest")  # type: ignore[arg-type]


@given(
    width=st.integers(1, 700),
    height=st.integers(1, 700),
    input_w=st.integers(1, 128),
    input_h=st.integers(1, 128),
    mode=st.sampled_from(MODES),
    interpolation=st.sampled_from(INTERPOLATIONS),
    fraction=st.floats(0.05, 1.0),
)
def test_any_size_fits_any_input(
    width: int,
    height: int,
    input_w: int,
    input_h: int,
    mode: str,
    interpolation: str,
    fraction: float,
) -> None:
    picture = np.full((height, width, 3), 200, np.uint8)
    canvas, placement = resize(
        picture,
        (input_w, input_h),
        mode,  # type: ignore[arg-type]
        interpolation=interpolation,  # type: ignore[arg-type]
        crop_fraction=fraction,
        pad=200,
    )
    assert canvas.shape == (input_h, input_w, 3)
    assert (canvas == 200).all()
    left, top, right, bottom = placement.region_xyxy()
    assert 0 <= left < right <= input_w
    assert 0 <= top < bottom <= input_h
