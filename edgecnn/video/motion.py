"""Where boxes will be in the next frame: a Kalman filter of constant velocity, for all at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgecnn.video.steps import NOMINAL_S

Floats = NDArray[np.float64]

_POSITION = 1 / 20
"""Standard deviation of a coordinate between two frames and of a measurement, in box sizes."""

_VELOCITY = 1 / 160
"""Standard deviation by which a velocity changes between two frames, in box sizes a frame."""


@dataclass(frozen=True, slots=True)
class Motion:
    """Believed place, size and velocity of N boxes, each with its uncertainty.

    The four coordinates (centre x, centre y, width, height) do not depend on one another in this
    model, so that the 8 x 8 covariance of a box is four of 2 x 2, and N boxes are arrays of (N, 4).

    Reference: Wojke et al. 2017, "Simple Online and Realtime Tracking with a Deep Association
    Metric", section 2.1, for the noise that grows with the box; width instead of aspect as in
    Aharon et al. 2022, "BoT-SORT". Noise grows with the time that has passed, because live frames
    are dropped.

    Attributes:
        state: (5, N, 4) float64: `place`, `velocity`, `place_variance`, `covariance` and
            `velocity_variance`. One array, because a live picture has few boxes, and for few boxes
            it is the number of calls that costs.
    """

    state: Floats

    @classmethod
    def of(cls, boxes_xyxy: Floats) -> Motion:
        """Boxes (N, 4) that were seen for the first time, at rest as far as is known."""
        place = _centred(boxes_xyxy)
        state = np.zeros((5, *place.shape))
        if len(place):
            size = _size(place)
            state[0] = place
            state[2] = (2 * _POSITION * size) ** 2
            state[4] = (10 * _VELOCITY * size) ** 2
        return cls(state)

    @property
    def place(self) -> Floats:
        """(N, 4) centre x, centre y, width, height in pixels."""
        return np.asarray(self.state[0])

    @property
    def velocity(self) -> Floats:
        """(N, 4) pixels a nominal frame (1/30 s)."""
        return np.asarray(self.state[1])

    @property
    def place_variance(self) -> Floats:
        """(N, 4) of the place."""
        return np.asarray(self.state[2])

    @property
    def covariance(self) -> Floats:
        """(N, 4) of place and velocity."""
        return np.asarray(self.state[3])

    @property
    def velocity_variance(self) -> Floats:
        """(N, 4) of the velocity."""
        return np.asarray(self.state[4])

    @property
    def boxes_xyxy(self) -> Floats:
        """(N, 4) believed boxes."""
        centre, half = self.place[:, :2], np.maximum(self.place[:, 2:], 0) / 2
        return np.concatenate([centre - half, centre + half], axis=1)

    def after(self, step_s: float) -> Motion:
        """What is believed after some time in which nothing was seen."""
        if not self.state.size:
            return self
        frames = step_s / NOMINAL_S
        place, velocity, variance, covariance, velocity_variance = self.state
        size = _size(place)
        state = np.empty_like(self.state)
        state[0] = place + frames * velocity
        state[1] = velocity
        state[2] = (
            variance
            + 2 * frames * covariance
            + frames**2 * velocity_variance
            + (frames * _POSITION**2) * size**2
        )
        state[3] = covariance + frames * velocity_variance
        state[4] = velocity_variance + (frames * _VELOCITY**2) * size**2
        return Motion(state)

    def seen(self, boxes_xyxy: Floats) -> Motion:
        """What is believed after each of the N boxes was measured at (N, 4)."""
        if not self.state.size:
            return self
        place, velocity, variance, covariance, velocity_variance = self.state
        surprise = _centred(boxes_xyxy) - place
        total = variance + (_POSITION * _size(place)) ** 2
        gain, velocity_gain = variance / total, covariance / total
        state = np.empty_like(self.state)
        state[0] = place + gain * surprise
        state[1] = velocity + velocity_gain * surprise
        state[2] = (1 - gain) * variance
        state[3] = (1 - gain) * covariance
        state[4] = velocity_variance - velocity_gain * covariance
        return Motion(state)

    def where(self, chosen: NDArray[np.int64]) -> Motion:
        """Some of the boxes, by index."""
        return Motion(self.state[:, chosen])

    def replaced(self, chosen: NDArray[np.int64], others: Motion) -> Motion:
        """A copy in which the boxes at ``chosen`` (K,) are the K others."""
        state = self.state.copy()
        state[:, chosen] = others.state
        return Motion(state)

    def joined(self, others: Motion) -> Motion:
        """These boxes, then others."""
        return Motion(np.concatenate([self.state, others.state], axis=1))


def _centred(boxes_xyxy: Floats) -> Floats:
    boxes = np.asarray(boxes_xyxy, np.float64).reshape(-1, 4)
    return np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], axis=1)


def _size(place: Floats) -> Floats:
    """Width for what is horizontal, height for what is vertical; (N, 4)."""
    size = np.maximum(place[:, 2:], 1.0)
    return np.concatenate([size, size], axis=1)
