"""How far the outputs of a converted network lie from its source's, as named figures.

Reference: the figures are those of ai-edge-quantizer's validator and of the TFLite evaluation
tools (largest error, cosine, signal-to-noise ratio), here over all inputs together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from converters.report.schema import OutputFigures
from edgecnn.errors import ParityError
from edgecnn.runtime.backend import Array

Tensors = Mapping[str, Array]

MAX_DB = 200.0
"""Signal-to-noise ratio that stands for equal."""


@dataclass(slots=True)
class _Sums:
    """Of one output, over all inputs."""

    largest: float = 0.0
    largest_expected: float = 0.0
    dot: float = 0.0
    power: float = 0.0
    power_expected: float = 0.0
    power_error: float = 0.0

    def add(self, expected: NDArray[np.float64], actual: NDArray[np.float64]) -> None:
        error = actual - expected
        self.largest = _nan_max(self.largest, float(np.abs(error).max(initial=0.0)))
        self.largest_expected = max(self.largest_expected, float(np.abs(expected).max(initial=0.0)))
        self.dot += float(np.vdot(expected, actual))
        self.power += float(np.vdot(actual, actual))
        self.power_expected += float(np.vdot(expected, expected))
        self.power_error += float(np.vdot(error, error))

    def figures(self, output: str) -> OutputFigures:
        norms = float(np.sqrt(self.power * self.power_expected))
        if self.power_error == 0:
            cosine, snr_db = 1.0, MAX_DB
        else:
            cosine = self.dot / norms if norms else 0.0
            ratio = self.power_expected / self.power_error
            snr_db = min(10 * float(np.log10(ratio)), MAX_DB) if ratio > 0 else -MAX_DB
        scale = self.largest_expected or 1.0
        return OutputFigures(
            output=output,
            max_abs=self.largest,
            relative=self.largest / scale,
            cosine=cosine,
            snr_db=round(snr_db, 2),
        )


def _nan_max(one: float, other: float) -> float:
    """The larger; NaN when either is, so that a broken output cannot hide behind a good one."""
    return float(np.maximum(one, other))


def compare_outputs(pairs: Sequence[tuple[Tensors, Tensors]]) -> tuple[OutputFigures, ...]:
    """Figures of each output over many inferences.

    Args:
        pairs: (expected, actual) outputs of each inference, by name; the same names in each.

    Returns:
        One entry an output, by name.

    Raises:
        ParityError: An output is missing, of another shape, or holds NaN or infinity; or there were
            no pairs.
    """
    if not pairs:
        raise ParityError("No inputs were given, so nothing is proven. Pass real pictures.")
    sums: dict[str, _Sums] = {name: _Sums() for name in pairs[0][0]}
    for expected, actual in pairs:
        for name, one in expected.items():
            other = actual.get(name)
            if other is None or other.shape != one.shape:
                found = {key: value.shape for key, value in actual.items()}
                raise ParityError(
                    f"The source gives {name!r} of shape {one.shape}, but the converted file gives "
                    f"{found}. Name the outputs: ConvertOptions(signature=Signature(outputs=...))."
                )
            if not np.isfinite(other).all():
                raise ParityError(
                    f"The output {name!r} of the converted file holds NaN or infinity where the "
                    f"source {'does too' if not np.isfinite(one).all() else 'does not'}."
                )
            sums[name].add(one.astype(np.float64), other.astype(np.float64))
    return tuple(sums[name].figures(name) for name in sorted(sums))
