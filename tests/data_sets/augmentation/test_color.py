from __future__ import annotations

import numpy as np
import pytest

from edgecnn.data.augmentation.batches import as_floats
from edgecnn.data.augmentation.color import PixelNoise, RandomSaturation, SaltAndPepper
from edgecnn.data.augmentation.presets import make
from edgecnn.data.augmentation.rand_augment import RandAugment

LUMA_OF_RGB = np.array([0.299, 0.587, 0.114])


def plain(value: float, count: int = 400, channels: int = 3) -> np.ndarray:
    return np.full((count, 12, 12, channels), value, np.float32)


def test_saturation_keeps_brightness_and_grey() -> None:
    images = np.random.default_rng(0).uniform(90, 160, (200, 4, 4, 3)).astype(np.float32)
    result = as_floats(RandomSaturation(0.5, seed=0)(images, training=True))
    np.testing.assert_allclose(result @ LUMA_OF_RGB, images @ LUMA_OF_RGB, atol=1e-3)
    strength = (result - (result @ LUMA_OF_RGB)[..., None]).std((1, 2, 3))
    strength /= (images - (images @ LUMA_OF_RGB)[..., None]).std((1, 2, 3))
    assert (strength.min(), strength.max()) == pytest.approx((0.5, 1.5), abs=0.03)
    gray = plain(77.0)
    np.testing.assert_allclose(RandomSaturation(1.0)(gray, training=True), gray, atol=1e-3)


def test_grey_pictures_have_no_saturation() -> None:
    with pytest.raises(ValueError, match="RGB pictures"):
        RandomSaturation()(plain(1, channels=1), training=True)


def test_noise_has_the_deviation_and_no_bias() -> None:
    noise = as_floats(PixelNoise(20.0, seed=0)(plain(128.0), training=True)) - 128
    each = noise.std((1, 2, 3))
    assert each.max() == pytest.approx(20, abs=1.5)
    assert each.mean() == pytest.approx(10, abs=0.8)
    assert abs(noise.mean()) < 0.2


def test_salt_and_pepper_hit_whole_pixels_alike() -> None:
    result = as_floats(SaltAndPepper(0.2, seed=0)(plain(100.0), training=True))
    assert set(np.unique(result)) == {0, 100, 255}
    assert (result == result[..., :1]).all()
    assert (result == 0).mean() == pytest.approx(0.05, abs=0.01)
    assert (result == 255).mean() == pytest.approx(0.05, abs=0.01)


def test_cutout_blanks_one_rectangle_of_at_most_the_area() -> None:
    result = as_floats(make("cutout", 0.25, fill_value=9.0, seed=0)(plain(100.0), training=True))
    blank = result[..., 0] == 9
    assert 0.1 < blank.mean((1, 2)).mean() < 0.2
    assert blank.mean((1, 2)).max() <= 0.26
    for one in blank[blank.any((1, 2))]:
        rows, columns = np.flatnonzero(one.any(1)), np.flatnonzero(one.any(0))
        assert one.sum() == len(rows) * len(columns)
        assert rows[-1] - rows[0] + 1 == len(rows)


def test_brightness_goes_both_ways_and_is_the_same_for_all_pixels() -> None:
    images = np.random.default_rng(0).uniform(110, 140, (300, 8, 8, 3)).astype(np.float32)
    change = as_floats(make("brightness", 0.2, seed=0)(images, training=True)) - images
    assert np.ptp(change, axis=(1, 2, 3)).max() < 1e-3
    assert (change.min(), change.max()) == pytest.approx((-51, 51), abs=1.5)


def test_contrast_goes_both_ways() -> None:
    images = np.random.default_rng(0).uniform(110, 140, (300, 8, 8, 1)).astype(np.float32)
    result = as_floats(make("contrast", 0.4, seed=0)(images, training=True))
    factor = result.std((1, 2, 3)) / images.std((1, 2, 3))
    assert (factor.min(), factor.max()) == pytest.approx((0.6, 1.4), abs=0.02)


def test_rand_augment_of_no_magnitude_stretches_contrast_at_most() -> None:
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8, 1)).astype(np.float32)
    images[:, 0, 0], images[:, 0, 1] = 0, 255
    result = as_floats(RandAugment(0.0, seed=0)(images, training=True))
    np.testing.assert_allclose(result, images, atol=1e-3)


def test_rand_augment_treats_pictures_of_a_batch_differently() -> None:
    """The layer of Keras applies one operation to the whole batch."""
    column = np.tile(np.linspace(40, 200, 12, dtype=np.float32)[:, None], (1, 12))
    images = np.stack([column] * 300)[..., None]
    result = as_floats(RandAugment(30.0, count=1, seed=0)(images, training=True))
    same = np.abs(result - images).max((1, 2, 3)) < 1e-3
    # 12 operations, one of them the identity; a shear along x moves rows to themselves.
    assert 0.04 < same.mean() < 0.3
    assert len({one.tobytes() for one in result.round(2)}) >= 10


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: RandomSaturation(1.1),
        lambda: PixelNoise(-1),
        lambda: SaltAndPepper(2),
        lambda: RandAugment(31),
        lambda: RandAugment(3, count=0),
    ],
)
def test_values_out_of_range_are_refused(attempt: object) -> None:
    with pytest.raises(ValueError, match="must be"):
        attempt()  # type: ignore[operator]
