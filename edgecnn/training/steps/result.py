"""What a step ends with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras

from edgecnn.training.steps.figures import Figures


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepResult:
    """The net that came out, and what was won and lost.

    Attributes:
        step: ``distill``, ``prune`` or ``quantize``.
        model: The net, not compiled; ``folder / "best.keras"`` is its file.
        folder: Of the step.
        before: Of the net that the step began with; of the teachers together for ``distill``.
        after: Of ``model``, on the same pictures.
        judged_on: What those pictures are.
        pictures: How many of them.
        details: What only this step can say; see there.
    """

    step: str
    model: keras.Model
    folder: Path
    before: Figures
    after: Figures
    judged_on: str
    pictures: int
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """Of the net."""
        return self.folder / "best.keras"

    def to_dict(self) -> dict[str, Any]:
        """For JSON, without the net: what ``result.json`` holds."""
        return {
            "step": self.step,
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
            "judged_on": self.judged_on,
            "pictures": self.pictures,
            "details": self.details,
        }
