from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgecnn.data import fashion_mnist
from edgecnn.data.leakage import count_bits, difference_hashes, find_leaks, pixel_hashes
from edgecnn.errors import OptionError
from tests.helpers.fashion import FOLDER


def scenes(count: int, seed: int, side: int = 48) -> np.ndarray:
    """Smooth random colour pictures, no two alike."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 6, 6, 3), dtype=np.uint8)
    grown = [cv2.resize(one, (side, side), interpolation=cv2.INTER_CUBIC) for one in coarse]
    return np.stack(grown)


def test_strangers_are_clean() -> None:
    leaks = find_leaks(scenes(80, 0), scenes(40, 1))
    assert leaks.clean
    assert leaks.summary == "no picture of the 40 is among the 80 of training"


def test_copies_are_found_whatever_happened_to_them() -> None:
    train, test = scenes(50, 0), scenes(6, 1)
    test[0] = train[7]
    jpeg = cv2.imencode(".jpg", train[9], [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    test[1] = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    half = cv2.resize(train[11], (24, 24), interpolation=cv2.INTER_AREA)
    test[2] = cv2.resize(half, (48, 48), interpolation=cv2.INTER_LINEAR)
    test[3] = np.clip(train[13] * 0.9 + 8, 0, 255).astype(np.uint8)
    leaks = find_leaks(train, test)
    assert leaks.exact.tolist() == [[7, 0]]
    assert leaks.near.tolist() == [[9, 1], [11, 2], [13, 3]]
    assert len(leaks.distances) == 3
    assert leaks.distances.max() <= 4
    assert "1 of 6 pictures are among the 50" in leaks.summary
    assert "3 look like" in leaks.summary


def test_exact_copies_alone_need_no_look_alikes() -> None:
    train = scenes(5, 0)
    leaks = find_leaks(train, np.concatenate([train[[4, 4]], scenes(1, 2)]), max_distance=None)
    assert leaks.exact.tolist() == [[4, 0], [4, 1]]
    assert len(leaks.near) == 0


def test_a_shifted_copy_of_another_size_is_still_near() -> None:
    train = scenes(20, 0, side=96)
    small = np.stack([cv2.resize(one, (40, 30), interpolation=cv2.INTER_AREA) for one in train])
    leaks = find_leaks(train, small[[3]])
    assert leaks.near.tolist() == [[3, 0]]


def test_two_sides_of_fashion_mnist_have_no_exact_copy() -> None:
    images = fashion_mnist.load("test", FOLDER).images
    assert not len(find_leaks(images[:1000], images[1000:]).exact)


def test_hash_of_a_ramp_is_known() -> None:
    ramp = np.tile(np.arange(0, 180, 20, dtype=np.uint8), (8, 1))
    images = np.stack([ramp, ramp[:, ::-1]])
    assert difference_hashes(images).tolist() == [0, 2**64 - 1]
    half = ramp.copy()
    half[0] = half[0, ::-1]
    assert difference_hashes(half[None]).tolist() == [0xFF << 56]


def test_pixel_hashes_know_the_shape() -> None:
    square, long = np.zeros((1, 4, 4), np.uint8), np.zeros((1, 2, 8), np.uint8)
    assert pixel_hashes(square) != pixel_hashes(long)
    assert pixel_hashes(square) == pixel_hashes(square.copy())


def test_bits_are_counted() -> None:
    values = np.array([[0, 1], [2**64 - 1, 0xF0F0]], np.uint64)
    assert count_bits(values).tolist() == [[0, 1], [64, 8]]


@pytest.mark.parametrize("images", [np.zeros((2, 8, 8)), np.zeros((2, 8, 8, 1), np.uint8)])
def test_what_is_no_picture_is_refused(images: np.ndarray) -> None:
    with pytest.raises(OptionError, match="of uint8"):
        find_leaks(images, images)


def test_a_distance_beyond_the_hash_is_refused() -> None:
    with pytest.raises(OptionError, match=r"0\.\.64"):
        find_leaks(scenes(2, 0), scenes(2, 1), max_distance=65)
