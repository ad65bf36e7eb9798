"""A metric with what belongs to it: how sure it is, and where it is worst."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import OptionError

_Z95 = 1.959963984540054
"""Standard deviations within which 95 % of a normal distribution lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricReport:
    """One figure about many answers.

    Attributes:
        name: "top-1 accuracy", "mAP@[.50:.95]" ...
        value: 0..1, larger is better.
        count: Pictures that were judged.
        interval: Where the true value lies with 95 % confidence; None where there is no simple way
            to tell.
        per_class: Label -> the same figure of that class alone; classes that did not occur are left
            out.
        others: Further figures by name.
    """

    name: str
    value: float
    count: int
    interval: tuple[float, float] | None = None
    per_class: Mapping[str, float] = field(default_factory=dict)
    others: Mapping[str, float] = field(default_factory=dict)

    def worst(self, count: int = 5) -> list[tuple[str, float]]:
        """The classes with the lowest figures, the lowest first."""
        return sorted(self.per_class.items(), key=lambda item: item[1])[:count]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists."""
        return {
            "name": self.name,
            "value": self.value,
            "count": self.count,
            "interval": None if self.interval is None else list(self.interval),
            "per_class": dict(self.per_class),
            "others": dict(self.others),
        }

    def to_text(self) -> str:
        """A few lines for people."""
        spread = ""
        if self.interval is not None:
            spread = f" (95 %: {self.interval[0]:.4f} to {self.interval[1]:.4f})"
        lines = [f"{self.name}: {self.value:.4f}{spread} on {self.count} pictures"]
        lines += [f"  {name}: {value:.4f}" for name, value in self.others.items()]
        if len(self.per_class) > 1:
            parts = [f"{label} {value:.4f}" for label, value in self.worst()]
            lines.append(f"  lowest: {', '.join(parts)}")
        return "\n".join(lines)


def wilson_interval(hits: int, count: int) -> tuple[float, float]:
    """Where a share lies with 95 % confidence, given a sample of it.

    Reference: Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference".

    Args:
        hits: Successes.
        count: Of so many.

    Returns:
        Lower and upper bound, 0..1.

    Raises:
        OptionError: No sample, or more hits than it has.
    """
    if not 0 <= hits <= count or count == 0:
        raise OptionError(f"{hits} of {count} is no share.")
    share, spread = hits / count, _Z95**2 / count
    centre = (share + spread / 2) / (1 + spread)
    half = _Z95 / (1 + spread) * math.sqrt(share * (1 - share) / count + spread / (4 * count))
    return max(centre - half, 0.0), min(centre + half, 1.0)


def by_label(values: NDArray[Any], labels: tuple[str, ...]) -> dict[str, float]:
    """(C,) figures by the names of their classes, NaN left out; unnamed classes go by number."""
    names = labels if len(labels) == len(values) else tuple(str(n) for n in range(len(values)))
    return {name: float(v) for name, v in zip(names, values, strict=True) if not np.isnan(v)}
