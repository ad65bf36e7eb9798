from __future__ import annotations

import numpy as np
import pytest

from edgecnn.bundle.schema import InputSpec
from edgecnn.data.preparing import canvas, normalise, pixel_spec
from edgecnn.errors import OptionError
from edgecnn.runtime.preprocess import input_tensor

SPECS = [
    pixel_spec(12, 8),
    pixel_spec(8, 12, "bgr", resize="letterbox", pad=114),
    pixel_spec(9, 9, "gray", resize="crop", crop_fraction=0.8),
    InputSpec(width=10, height=6, color="rgb", mean=(1.0, 2.0, 3.0), std=(50.0, 60.0, 70.0)),
    InputSpec(width=10, height=6, color="gray", mean=(127.0,), std=(128.0,), resize="letterbox"),
    InputSpec(
        width=7, height=9, color="rgb", mean=(9.0, 9.0, 9.0), std=(2.0, 2.0, 2.0), layout="nchw"
    ),
]


def picture() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (37, 23, 3), dtype=np.uint8)


@pytest.mark.parametrize("spec", SPECS)
def test_training_gets_the_tensor_of_the_device_to_the_last_bit(spec: InputSpec) -> None:
    expected, _ = input_tensor(picture(), "bgr", spec)
    pixels = canvas(picture(), "bgr", spec)
    assert pixels.dtype == np.uint8
    assert pixels.shape[:2] == (spec.height, spec.width)
    np.testing.assert_array_equal(normalise(pixels[None], spec), expected)


def test_pictures_of_other_channels_are_refused() -> None:
    with pytest.raises(OptionError, match="rgb input"):
        normalise(np.zeros((2, 4, 4, 1), np.uint8), pixel_spec(4, 4))
