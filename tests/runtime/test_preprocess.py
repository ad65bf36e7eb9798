from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgecnn.bundle.schema import InputSpec
from edgecnn.core.resize import resize
from edgecnn.errors import BackendError, ImageError
from edgecnn.runtime.backend import TensorInfo
from edgecnn.runtime.preprocess import Preprocessor, input_tensor, value_table

PICTURE = np.random.default_rng(3).integers(0, 256, (90, 120, 3), np.uint8)


def _spec(**changes: Any) -> InputSpec:
    fields: dict[str, Any] = {
        "width": 32,
        "height": 24,
        "color": "rgb",
        "mean": (127.0, 127.0, 127.0),
        "std": (128.0, 128.0, 128.0),
    }
    return InputSpec(**(fields | changes))


def _plain_reference(pixels: np.ndarray, spec: InputSpec, color: str) -> np.ndarray:
    """The definition, one step after the other, in float."""
    if color != spec.color:
        pixels = pixels[..., ::-1]
    canvas, _ = resize(
        np.ascontiguousarray(pixels),
        (spec.width, spec.height),
        spec.resize,
        crop_fraction=spec.crop_fraction,
        interpolation=spec.interpolation,
        pad=spec.pad,
    )
    values = (canvas - np.array(spec.mean)) / np.array(spec.std)
    return values[None] if spec.layout == "nhwc" else values.transpose(2, 0, 1)[None]


@pytest.mark.parametrize("color", ["rgb", "bgr"])
@pytest.mark.parametrize("layout", ["nhwc", "nchw"])
@pytest.mark.parametrize("mode", ["stretch", "letterbox", "crop"])
@pytest.mark.parametrize("std", [(128.0, 128.0, 128.0), (58.395, 57.12, 57.375)])
def test_float_tensors_follow_the_definition(
    color: str, layout: str, mode: str, std: tuple[float, ...]
) -> None:
    spec = _spec(layout=layout, resize=mode, std=std, crop_fraction=0.9, pad=114)
    tensor, _ = input_tensor(PICTURE, color, spec)
    expected = _plain_reference(PICTURE, spec, color)
    assert tensor.dtype == np.float32
    np.testing.assert_allclose(tensor, expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("layout", ["nhwc", "nchw"])
def test_quantized_tensors_are_the_rounded_definition(dtype: Any, layout: str) -> None:
    spec = _spec(mean=(103.53, 116.28, 123.675), std=(57.375, 57.12, 58.395), layout=layout)
    zero_point = -14 if dtype == np.int8 else 114
    tensor, _ = input_tensor(PICTURE, "rgb", spec, dtype=dtype, scale=0.0187, zero_point=zero_point)
    limits = np.iinfo(dtype)
    real = _plain_reference(PICTURE, spec, "rgb")
    expected = np.clip(np.rint(real / 0.0187) + zero_point, limits.min, limits.max)
    assert tensor.dtype == dtype
    np.testing.assert_array_equal(tensor, expected.astype(dtype))


def test_grey_networks_take_colour_and_colour_networks_take_grey() -> None:
    grey = _spec(color="gray", mean=(0.0,), std=(255.0,))
    white = np.full((50, 50, 3), 255, np.uint8)
    for layout, shape in (("nhwc", (1, 24, 32, 1)), ("nchw", (1, 1, 24, 32))):
        spec = _spec(color="gray", mean=(0.0,), std=(255.0,), layout=layout)
        tensor, _ = input_tensor(white, "bgr", spec)
        assert tensor.shape == shape
        assert (tensor == 1.0).all()
    tensor, _ = input_tensor(white[:, :, 0], "gray", grey)
    assert (tensor == 1.0).all()
    tensor, _ = input_tensor(white[:, :, 0], "gray", _spec())
    assert tensor.shape == (1, 24, 32, 3)


def test_one_table_serves_channels_that_are_treated_alike() -> None:
    assert value_table(_spec(), np.float32, 0.0, 0).shape == (256,)
    assert value_table(_spec(std=(1.0, 2.0, 3.0)), np.int8, 0.1, 0).shape == (1, 256, 3)


def test_inputs_that_no_picture_fits_are_refused() -> None:
    with pytest.raises(BackendError, match="int64"):
        value_table(_spec(), np.int64, 0.0, 0)


def _preprocessor(spec: InputSpec) -> Preprocessor:
    shape = (1, spec.height, spec.width, 3)
    return Preprocessor(spec, TensorInfo("image", shape, np.dtype(np.float32)))


def test_two_prepared_pictures_do_not_share_a_canvas() -> None:
    preprocessor = _preprocessor(_spec())
    black = preprocessor.prepare(np.zeros((10, 10, 3), np.uint8), "rgb")
    white = preprocessor.prepare(np.full((10, 10, 3), 255, np.uint8), "rgb")
    assert black.canvas.max() == 0
    assert white.canvas.min() == 255


def test_a_steady_stream_allocates_no_canvas() -> None:
    preprocessor = _preprocessor(_spec(resize="letterbox"))
    seen = set()
    for _ in range(10):
        prepared = preprocessor.prepare(PICTURE, "bgr")
        seen.add(prepared.canvas.__array_interface__["data"][0])
        prepared.release()
    assert len(seen) == 1


def test_a_reused_canvas_shows_nothing_of_the_last_picture() -> None:
    spec = _spec(resize="letterbox", pad=3, mean=(0.0,) * 3, std=(1.0,) * 3)
    preprocessor = _preprocessor(spec)
    for shape in ((24, 32, 3), (10, 100, 3), (100, 10, 3)):
        value = shape[0]
        prepared = preprocessor.prepare(np.full(shape, value, np.uint8), "rgb")
        tensor = np.full((1, 24, 32, 3), np.nan, np.float32)
        prepared.fill(tensor)
        prepared.release()
        assert set(np.unique(tensor)) <= {3.0, float(value)}
        assert np.unique(tensor).size == (1 if shape == (24, 32, 3) else 2)


@pytest.mark.parametrize("color", ["rgb", "bgr"])
@pytest.mark.parametrize("mode", ["stretch", "letterbox"])
@pytest.mark.parametrize(
    ("dtype", "zero_point", "first"), [(np.int8, -1, -128), (np.uint8, 127, 0)]
)
def test_pixels_that_only_move_need_no_table(
    color: str, mode: str, dtype: Any, zero_point: int, first: int
) -> None:
    spec = _spec(mean=(127.0,) * 3, std=(128.0,) * 3, resize=mode, pad=9)
    table = value_table(spec, dtype, 1 / 128, zero_point)
    np.testing.assert_array_equal(table, np.arange(256) + first)
    tensor, _ = input_tensor(
        PICTURE, color, spec, dtype=dtype, scale=1 / 128, zero_point=zero_point
    )
    real = _plain_reference(PICTURE, spec, color)
    np.testing.assert_array_equal(tensor, np.rint(real * 128) + zero_point)


def test_the_picture_is_checked_and_never_changed() -> None:
    before = PICTURE.copy()
    input_tensor(PICTURE, "bgr", _spec())
    np.testing.assert_array_equal(PICTURE, before)
    with pytest.raises(ImageError, match="colour order"):
        input_tensor(PICTURE, None, _spec())
    assert input_tensor(PICTURE[:, ::-1], "rgb", _spec())[0].shape == (1, 24, 32, 3)
