from __future__ import annotations

import numpy as np
import pytest

from edgecnn.errors import OptionError
from edgecnn.video.synthetic import LABELS, Scene, Synthetic


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("size_wh", [(32, 32), (640, 480), (200, 900)])
def test_shapes_stay_inside_the_picture_for_ever(size_wh: tuple[int, int], seed: int) -> None:
    scene = Scene(size_wh, shapes=6, seed=seed)
    for index in (0, 1, 99, 10_000, 10**7):
        boxes = scene.boxes_xyxy(index)
        assert boxes.shape == (6, 4)
        assert boxes.dtype == np.float32
        assert (boxes[:, :2] >= 0).all()
        assert (boxes[:, 2:] <= size_wh).all()
        assert (boxes[:, 2:] > boxes[:, :2]).all()


def test_shapes_move_a_little_from_frame_to_frame() -> None:
    scene = Scene(seed=3)
    places = np.stack([scene.boxes_xyxy(index) for index in range(200)])
    steps = np.abs(np.diff(places, axis=0)).max(axis=(1, 2))
    assert steps.max() < 0.03 * 480
    assert np.ptp(places, axis=0).max() > 100


def test_the_truth_is_where_the_picture_says() -> None:
    scene = Scene((320, 240), shapes=1, seed=5)
    for index in (0, 17, 400):
        ground = np.full((240, 320, 3), 96 + index % 16)
        seen = np.argwhere(np.abs(scene.draw(index).astype(int) - ground).sum(axis=2) > 60)
        y1, x1 = seen.min(axis=0)
        y2, x2 = seen.max(axis=0) + 1
        np.testing.assert_allclose(scene.boxes_xyxy(index)[0], [x1, y1, x2, y2], atol=2)


def test_the_truth_follows_from_the_number_alone() -> None:
    first, again = Scene(seed=1), Scene(seed=1)
    np.testing.assert_array_equal(first.boxes_xyxy(500), again.boxes_xyxy(500))
    np.testing.assert_array_equal(first.draw(500), again.draw(500))
    assert not np.array_equal(first.draw(500), Scene(seed=2).draw(500))
    assert not np.array_equal(first.draw(500), first.draw(501))
    assert {LABELS[kind] for kind in first.class_ids()} == {"disc", "square"}


def test_it_is_a_recording_with_an_end_when_asked() -> None:
    frames = list(Synthetic(Scene((64, 48)), fps=10, count=5))
    assert [frame.index for frame in frames] == list(range(5))
    assert [frame.timestamp_s for frame in frames] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert {frame.size_wh for frame in frames} == {(64, 48)}


@pytest.mark.parametrize("wrong", [{"size_wh": (16, 480)}, {"shapes": -1}])
def test_an_impossible_scene_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(OptionError, match="32 x 32"):
        Scene(**wrong)  # type: ignore[arg-type]
