"""An output of a network as the engine stored it, and its real values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Output:
    """One output tensor, possibly quantized: real = (data - zero_point) * scale.

    Decoders compare in the stored type (`threshold`) and only make real what survives
    (`real` of a selection): a detector has hundreds of thousands of scores and a handful of boxes.

    Attributes:
        data: As the engine gave it, batch axis first.
        scale, zero_point: ``scale`` 0 means that ``data`` already holds real values.
    """

    data: NDArray[Any]
    scale: float = 0.0
    zero_point: int = 0

    def real(self, data: NDArray[Any] | None = None) -> Floats:
        """Real values, float32, of all the data or of a selection from it."""
        stored = self.data if data is None else data
        if self.scale == 0.0:
            return stored.astype(np.float32, copy=False)
        values = stored.astype(np.float32)
        values -= self.zero_point
        values *= self.scale
        return values

    def threshold(self, value: float) -> float:
        """The stored number that stands for a real ``value``: compare ``data`` with it."""
        return value if self.scale == 0.0 else value / self.scale + self.zero_point
