from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgecnn.core.placement import Placement
from edgecnn.errors import BackendError, BundleError
from edgecnn.runtime.decode.segmentation import SegmentationDecoder, cut_to_picture
from edgecnn.runtime.output import Output
from tests.helpers.decoding import manifest, plain_sigmoid, plain_softmax, real, stored

STRETCHED = Placement((64, 48), (16, 16), (0.25, 16 / 48), (0.0, 0.0))


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize("layout", ["nhwc", "nchw"])
@pytest.mark.parametrize("activation", ["none", "sigmoid", "softmax"])
@pytest.mark.parametrize("keep", [None, [1], [2, 0]])
def test_answers_as_a_plain_loop_does(
    dtype: str, layout: Any, activation: str, keep: list[int] | None
) -> None:
    random = np.random.default_rng(2)
    values = random.normal(0, 3, (1, 16, 16, 3))
    if activation == "none":
        values = random.random((1, 16, 16, 3))
    name = "probabilities" if activation == "none" else "logits"
    if layout == "nchw":
        values = values.transpose(0, 3, 1, 2)
    output = stored(values, dtype)
    numbers = real(output)[0]
    if layout == "nchw":
        numbers = numbers.transpose(1, 2, 0)
    expected = np.empty((3, 16, 16))
    for y in range(16):
        for x in range(16):
            pixel = numbers[y, x].tolist()
            if activation == "softmax":
                pixel = plain_softmax(pixel)
            elif activation == "sigmoid":
                pixel = [plain_sigmoid(value) for value in pixel]
            expected[:, y, x] = pixel

    parameters = {"activation": activation} | ({} if keep is None else {"keep": keep})
    labels = ("background", "person", "cat")
    decode = SegmentationDecoder(
        manifest("segmentation", parameters, size_wh=(16, 16), labels=labels, layout=layout)
    )
    found = decode({name: output}, STRETCHED)

    channels = [0, 1, 2] if keep is None else keep
    np.testing.assert_allclose(found.probabilities, expected[channels], atol=1e-6)
    assert found.labels == tuple(labels[channel] for channel in channels)
    assert found.size_wh == (64, 48)


def ramp(rows: int, columns: int) -> Any:
    """Two planes that hold their own x and y, at cell centres."""
    y, x = np.mgrid[0:rows, 0:columns] + 0.5
    return np.stack([x, y]).astype(np.float32)


def test_letterbox_bars_are_cut_away() -> None:
    placement = Placement((1280, 720), (256, 256), (0.2, 0.2), (0.0, 56.0))
    planes = ramp(256, 256)
    cut = cut_to_picture(planes, placement)
    np.testing.assert_array_equal(cut, planes[:, 56:200])


def test_bars_that_end_between_two_cells_are_cut_by_interpolation() -> None:
    # A map at half the input's resolution: bars of 27 pixels are 13.5 cells.
    placement = Placement((320, 133), (160, 160), (0.5, 0.5), (0.0, 27.0))
    cut = cut_to_picture(ramp(80, 80), placement)
    assert cut.shape == (2, 33, 80)
    step = 133 * 0.5 / 2 / 33
    np.testing.assert_allclose(cut[1, :, 40], 13.5 + (np.arange(33) + 0.5) * step, atol=0.02)
    np.testing.assert_allclose(cut[0, 10], np.arange(80) + 0.5, atol=0.02)


def test_a_crop_is_pasted_into_the_picture_with_nothing_around_it() -> None:
    # The middle 64 x 64 of 96 x 80, at half size.
    placement = Placement((96, 80), (32, 32), (0.5, 0.5), (-8.0, -4.0))
    planes = ramp(32, 32)
    cut = cut_to_picture(planes, placement)
    assert cut.shape == (2, 40, 48)
    expected = np.zeros((2, 40, 48), np.float32)
    expected[:, 4:36, 8:40] = planes
    np.testing.assert_allclose(cut, expected, atol=1e-3)


@pytest.mark.parametrize(
    "placement",
    [
        STRETCHED,
        Placement((1280, 720), (256, 256), (0.2, 0.2), (0.0, 56.0)),
        Placement((123, 321), (256, 256), (0.7975, 0.7975), (78.9, 0.0)),
        Placement((333, 100), (96, 96), (1.1, 1.1), (-135.0, -7.0)),
    ],
)
def test_a_mark_in_the_input_lies_where_its_place_in_the_picture_is(placement: Placement) -> None:
    width, height = placement.input_wh
    y, x = np.mgrid[0:height, 0:width] + 0.5
    mark_xy = (0.6 * width, 0.45 * height)
    distance = np.hypot(x - mark_xy[0], y - mark_xy[1]) / max(width / 50, 1)
    planes = np.exp(-(distance**2))[None].astype(np.float32)
    cut = cut_to_picture(planes, placement)[0]
    total = cut.sum()
    rows, columns = np.mgrid[0 : cut.shape[0], 0 : cut.shape[1]] + 0.5
    share = np.array([(columns * cut).sum(), (rows * cut).sum()]) / total / cut.shape[::-1]
    expected = placement.points_to_picture(np.array(mark_xy, np.float32)) / placement.size_wh
    np.testing.assert_allclose(share, expected, atol=0.01)


def test_probability_twice_activated_is_refused() -> None:
    decode = SegmentationDecoder(manifest("segmentation", {"activation": "sigmoid"}))
    output = Output(np.zeros((1, 4, 4, 1), np.float32))
    with pytest.raises(BundleError, match="second time"):
        decode({"probabilities": output}, STRETCHED)


def test_a_channel_that_is_not_there_is_refused() -> None:
    decode = SegmentationDecoder(manifest("segmentation", {"activation": "none", "keep": [2]}))
    output = Output(np.zeros((1, 4, 4, 2), np.float32))
    with pytest.raises(BundleError, match=r"keeps channel 2.*2 channels \(0 to 1\)"):
        decode({"probabilities": output}, STRETCHED)


def test_wrong_rank_is_refused() -> None:
    decode = SegmentationDecoder(manifest("segmentation", {"activation": "none"}))
    with pytest.raises(BundleError, match=r"shape \(1, N, N, N\)"):
        decode({"probabilities": Output(np.zeros((1, 4, 4), np.float32))}, STRETCHED)


def test_nan_is_refused() -> None:
    decode = SegmentationDecoder(manifest("segmentation", {"activation": "none"}))
    with pytest.raises(BackendError, match="NaN"):
        decode({"probabilities": Output(np.full((1, 4, 4, 1), np.nan, np.float32))}, STRETCHED)
