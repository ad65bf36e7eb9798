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
        place: (N, 4) centre x, centre y, width, height in pixels.
        velocity: (N, 4) pixels a nominal frame (1/30 s).
        place_variance, covariance, velocity_variance: (N, 4).
    """

    place: Floats
    velocity: Floats
    place_variance: Floats
    covariance: Floats
    velocity_variance: Floats

    @classmethod
    def of(cls, boxes_xyxy: Floats) -> Motion:
        """Boxes (N, 4) that were seen for the first time, at rest as far as is known."""
        place = _centred(boxes_xyxy)
        size = _size(place)
        zeros = np.zeros_like(place)
        return cls(place, zeros, (2 * _POSITION * size) ** 2, zeros, (10 * _VELOCITY * size) ** 2)

    @property
    def boxes_xyxy(self) -> Floats:
        """(N, 4) believed boxes."""
        half = np.maximum(self.place[:, 2:], 0) / 2
        return np.concatenate([self.place[:, :2] - half, self.place[:, :2] + half], axis=1)

    def after(self, step_s: float) -> Motion:
        """What is believed after some time in which nothing was seen."""
        frames = step_s / NOMINAL_S
        size = _size(self.place)
        variance = (
            self.place_variance
            + 2 * frames * self.covariance
            + frames**2 * self.velocity_variance
            + frames * (_POSITION * size) ** 2
        )
        return Motion(
            self.place + frames * self.velocity,
            self.velocity,
            variance,
            self.covariance + frames * self.velocity_variance,
            self.velocity_variance + frames * (_VELOCITY * size) ** 2,
        )

    def seen(self, boxes_xyxy: Floats) -> Motion:
        """What is believed after each of the N boxes was measured at (N, 4)."""
        surprise = _centred(boxes_xyxy) - self.place
        total = self.place_variance + (_POSITION * _size(self.place)) ** 2
        gain, velocity_gain = self.place_variance / total, self.covariance / total
        return Motion(
            self.place + gain * surprise,
            self.velocity + velocity_gain * surprise,
            (1 - gain) * self.place_variance,
            (1 - gain) * self.covariance,
            self.velocity_variance - velocity_gain * self.covariance,
        )

    def where(self, chosen: NDArray[np.int64]) -> Motion:
        """Some of the boxes, by index."""
        return Motion(*(array[chosen] for array in self._arrays()))

    def replaced(self, chosen: NDArray[np.int64], others: Motion) -> Motion:
        """A copy in which the boxes at ``chosen`` (K,) are the K others."""
        arrays = []
        for old, new in zip(self._arrays(), others._arrays(), strict=True):
            array = old.copy()
            array[chosen] = new
            arrays.append(array)
        return Motion(*arrays)

    def joined(self, others: Motion) -> Motion:
        """These boxes, then others."""
        pairs = zip(self._arrays(), others._arrays(), strict=True)
        return Motion(*(np.concatenate(pair) for pair in pairs))

    def _arrays(self) -> tuple[Floats, ...]:
        return (
            self.place,
            self.velocity,
            self.place_variance,
            self.covariance,
            self.velocity_variance,
        )


def _centred(boxes_xyxy: Floats) -> Floats:
    boxes = np.asarray(boxes_xyxy, np.float64).reshape(-1, 4)
    return np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], axis=1)


def _size(place: Floats) -> Floats:
    """Width for what is horizontal, height for what is vertical; (N, 4)."""
    size = np.maximum(place[:, 2:], 1.0)
    return np.concatenate([size, size], axis=1)
