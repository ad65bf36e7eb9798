"""The 1 euro filter: calm at rest, without lag in motion, for many things at once."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SPEED_HZ = 1.0
"""Cut-off of the filter of the speed itself, as in the paper."""


class OneEuro:
    """Low-pass filters whose cut-off rises with speed, one for each coordinate of each thing.

    Reference: Casiez et al. 2012, "1 euro Filter: A Simple Speed-based Low-pass Filter for Noisy
    Input in Interactive Systems" (CHI). Where we differ: speed is counted in sizes of the thing a
    second, so that near and far things are treated alike.

    Args:
        rest_hz: Cut-off at rest.
        per_speed: Hertz added for each size a second.
        forget_s: A thing that was not there for longer begins anew.
    """

    def __init__(self, rest_hz: float, per_speed: float, forget_s: float) -> None:
        self._rest_hz = rest_hz
        self._per_speed = per_speed
        self._forget_s = forget_s
        self._ids: Ints = np.empty(0, np.int64)
        self._values: Floats = np.empty((0, 0))
        self._speeds: Floats = np.empty((0, 0))
        self._unseen_s: Floats = np.empty(0)

    @property
    def remembers(self) -> bool:
        """Whether there is anything that was not forgotten."""
        return len(self._ids) > 0

    def update(self, ids: Ints, values: Floats, sizes: Floats, step_s: float) -> Floats:
        """Filter the values of the things that are there now.

        Args:
            ids: (N,) numbers, each once.
            values: (N, D) measured.
            sizes: (N, D) what counts as one size, positive.
            step_s: Time since the last update.

        Returns:
            (N, D) filtered; a thing that is new keeps its values.
        """
        unseen_s = self._unseen_s + step_s
        # A picture has few things: dictionaries find them in a tenth of the time of numpy's sets.
        numbers = ids.tolist()
        rows = {key: row for row, key in enumerate(self._ids.tolist())}
        since_s = unseen_s.tolist()
        known = [
            index
            for index, key in enumerate(numbers)
            if key in rows and since_s[rows[key]] <= self._forget_s + step_s
        ]
        calm, speeds = values.copy(), np.zeros_like(values)
        if known:
            before = [rows[numbers[index]] for index in known]
            gap_s = unseen_s[before, None]
            last, last_speed = self._values[before], self._speeds[before]
            measured = (values[known] - last) / sizes[known] / gap_s
            speed = last_speed + _share(_SPEED_HZ, gap_s) * (measured - last_speed)
            cut_hz = self._rest_hz + self._per_speed * np.abs(speed)
            calm[known] = last + _share(cut_hz, gap_s) * (values[known] - last)
            speeds[known] = speed
        # Those that are away for a moment keep their place.
        here = set(numbers)
        old_ids, old_values, old_speeds = self._ids, self._values, self._speeds
        away = [
            row for key, row in rows.items() if key not in here and since_s[row] <= self._forget_s
        ]
        self._unseen_s = np.zeros(len(ids))
        self._ids, self._values, self._speeds = ids, calm.copy(), speeds
        if away:
            self._ids = np.concatenate([ids, old_ids[away]])
            self._values = np.concatenate([calm, old_values[away]])
            self._speeds = np.concatenate([speeds, old_speeds[away]])
            self._unseen_s = np.concatenate([self._unseen_s, unseen_s[away]])
        return calm


def _share(cut_hz: Floats | float, gap_s: Floats) -> Floats:
    """How much of a change a low-pass filter takes over after ``gap_s`` seconds."""
    turn = 2 * math.pi * cut_hz * gap_s
    return np.asarray(turn / (turn + 1))
