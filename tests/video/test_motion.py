from __future__ import annotations

import numpy as np
import pytest

from edgecnn.video.motion import Motion
from edgecnn.video.steps import NOMINAL_S, Steps


def boxes(x: float, size: float = 40.0) -> np.ndarray:
    return np.array([[x, 100.0, x + size, 100.0 + size]])


def test_a_steady_motion_is_foreseen() -> None:
    motion = Motion.of(boxes(0))
    for frame in range(1, 30):
        motion = motion.after(NOMINAL_S).seen(boxes(4.0 * frame))
    ahead = motion.after(5 * NOMINAL_S)
    np.testing.assert_allclose(ahead.boxes_xyxy, boxes(4.0 * 34), atol=1.5)


def test_many_boxes_are_filtered_as_each_would_be_alone() -> None:
    generator = np.random.default_rng(3)
    first, second = (generator.random((5, 4)) * 50 + [0, 0, 60, 60] for _ in range(2))
    together = Motion.of(first).after(0.1).seen(second)
    for index in range(5):
        alone = Motion.of(first[index : index + 1]).after(0.1).seen(second[index : index + 1])
        np.testing.assert_allclose(together.boxes_xyxy[index], alone.boxes_xyxy[0])
        np.testing.assert_allclose(together.covariance[index], alone.covariance[0])


def test_the_filter_is_that_of_the_matrices() -> None:
    """One coordinate against the textbook's equations."""
    place, size = 20.0, 40.0
    state = np.array([place, 0.0])
    spread = np.diag([(2 * size / 20) ** 2, (10 * size / 160) ** 2])
    step = np.array([[1.0, 1.0], [0.0, 1.0]])
    noise, measured = np.diag([(size / 20) ** 2, (size / 160) ** 2]), np.array([[1.0, 0.0]])
    motion = Motion.of(boxes(0))
    for seen_x in (3.0, 5.0, 9.0):
        # The size is the same in all frames, so that the noise is as well.
        state, spread = step @ state, step @ spread @ step.T + noise
        total = measured @ spread @ measured.T + (size / 20) ** 2
        gain = spread @ measured.T / total
        state = state + (gain * (seen_x + size / 2 - state[0])).ravel()
        spread = (np.eye(2) - gain @ measured) @ spread
        motion = motion.after(NOMINAL_S).seen(boxes(seen_x))
        assert motion.place[0, 0] == pytest.approx(state[0])
        assert motion.velocity[0, 0] == pytest.approx(state[1])
        assert motion.velocity_variance[0, 0] == pytest.approx(spread[1, 1])


def test_what_was_not_seen_is_ever_less_certain() -> None:
    motion = Motion.of(boxes(0))
    later = motion.after(0.1)
    assert (later.place_variance > motion.place_variance).all()
    assert (later.after(0.1).place_variance > later.place_variance).all()
    assert (later.seen(boxes(1)).place_variance < later.place_variance).all()


def test_steps_are_positive_whatever_the_times_say() -> None:
    steps = Steps()
    assert [steps.next(time_s) for time_s in (5.0, 5.5, 5.5, 1.0, 1.25)] == [
        NOMINAL_S,
        0.5,
        NOMINAL_S,
        NOMINAL_S,
        0.25,
    ]
