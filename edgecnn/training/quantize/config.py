"""What quantization-aware training simulates: `int8` and `int4_weights` are the presets.

- `int8`: 8-bit weights and activations; the range of an activation is a moving average.
- `int4_weights`: 4-bit weights whose steps are learned, 8-bit activations.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from edgecnn.errors import OptionError

Bits = Literal[4, 8]
WeightSteps = Literal["max", "learned"]
Ranges = Literal["ema", "learned"]

LEARNED_AFTER = 100
"""Training steps that ranges are observed for before they are learned, unless told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QATConfig:
    """How a network is quantized while it trains.

    Attributes:
        weight_bits: 8 (-127..127) or 4 (-7..7). Convolutions have a step for each output channel,
            dense layers one for all weights, since TFLite's converter takes no more.
        weight_steps: Where a weight's step comes from: the largest weight (``max``), or it is
            learned with the weights (``learned``, LSQ), which pays with 4 bits.
        activation_ranges: Moving averages of what is seen (``ema``), or learned after
            ``freeze_after`` steps (``learned``).
        damped_steps: Training steps over which weights are drawn more and more to the middle of
            their level; give the length of the training. It pays with 4 bits, where weights between
            two levels keep changing sides. None: they are not drawn.
        ema_momentum: Of the moving averages, below 1.
        freeze_after: Training steps after which ranges are observed no longer. None: they are until
            `freeze` is called; learned ones for 100 steps.
    """

    weight_bits: Bits = 8
    weight_steps: WeightSteps = "max"
    damped_steps: int | None = None
    activation_ranges: Ranges = "ema"
    ema_momentum: float = 0.99
    freeze_after: int | None = None

    def __post_init__(self) -> None:
        _check_among("weight_bits", self.weight_bits, (4, 8))
        _check_among("weight_steps", self.weight_steps, ("max", "learned"))
        _check_among("activation_ranges", self.activation_ranges, ("ema", "learned"))
        if not 0.0 <= self.ema_momentum < 1.0:
            raise OptionError(f"ema_momentum is {self.ema_momentum}; give 0 to below 1.")
        if self.damped_steps is not None and self.damped_steps < 1:
            raise OptionError(
                f"damped_steps is {self.damped_steps}; give the steps of the training, or None."
            )
        if self.freeze_after is not None and self.freeze_after < 1:
            raise OptionError(
                f"freeze_after is {self.freeze_after}; give at least 1 step, or None to observe "
                "until freeze() is called."
            )

    @property
    def observed_steps(self) -> int | None:
        """Training steps that ranges are observed for; None: until they are frozen."""
        if self.freeze_after is None and self.activation_ranges == "learned":
            return LEARNED_AFTER
        return self.freeze_after

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a run's record."""
        return asdict(self)


def int8() -> QATConfig:
    """8-bit weights and activations, ranges by moving average."""
    return QATConfig()


def int4_weights() -> QATConfig:
    """4-bit weights with learned steps, 8-bit activations with ranges by moving average."""
    return QATConfig(weight_bits=4, weight_steps="learned")


def _check_among(name: str, value: object, known: tuple[object, ...]) -> None:
    if value not in known:
        listed = " or ".join(repr(item) for item in known)
        raise OptionError(f"{name} is {value!r}; expected {listed}.")
