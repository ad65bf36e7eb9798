from __future__ import annotations

import numpy as np
import pytest

from edgecnn.data.image_data import ImageData
from edgecnn.errors import OptionError, SourceError


def data_of(count: int = 6, channels: int = 1) -> ImageData:
    shape = (count, 4, 5) if channels == 1 else (count, 4, 5, 3)
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    labels = np.arange(count) % 2
    return ImageData(images, labels, ("a", "b"), groups=np.arange(count) // 2)


def test_pixels_have_a_channel_axis_and_share_the_memory() -> None:
    gray, color = data_of(), data_of(channels=3)
    assert gray.pixels.shape == (6, 4, 5, 1)
    assert color.pixels.shape == (6, 4, 5, 3)
    assert np.shares_memory(gray.pixels, gray.images)


def test_selection_keeps_order_repetition_and_all_names() -> None:
    data = data_of()
    some = data.select([5, 0, 0])
    np.testing.assert_array_equal(some.images, data.images[[5, 0, 0]])
    assert some.labels.tolist() == [1, 0, 0]
    assert some.names == ("a", "b")
    assert some.groups is not None
    assert some.groups.tolist() == [2, 0, 0]
    assert len(data.select([])) == 0


@pytest.mark.parametrize("indices", [[6], [-1], [0.5], np.array([True, False]), [[0]]])
def test_indices_that_point_nowhere_are_refused(indices: object) -> None:
    with pytest.raises(OptionError, match=r"[Ii]ndices"):
        data_of().select(indices)


def test_groups_must_fit_the_pictures() -> None:
    data = data_of()
    with pytest.raises(SourceError, match="6 labels but 5 groups"):
        ImageData(data.images, data.labels, data.names, np.zeros(5, np.int64))
