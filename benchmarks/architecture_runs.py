"""Nets of the papers, made narrow for 28 x 28 pictures, trained alike for a few epochs.

The same recipe for all and few epochs: it shows what they cost and where they stand to each other,
not what each could reach.
"""

from __future__ import annotations

from typing import Any

from benchmarks.training_runs import short, trained

EPOCHS = 6
NETS: dict[str, dict[str, Any]] = {
    "lenet5": {},
    "vgg11": {"width": 0.125, "options": {"batch_norm": True}},
    "resnet18": {"width": 0.125},
    "mobilenet_v1": {"width": 0.25},
    "mobilenet_v2": {"width": 0.35, "options": {"head_filters": 320}},
    "mobilenet_v3_small": {"width": 0.5},
}
"""Name of the net -> its fields in the config."""


def architecture(name: str) -> Any:
    """The trained net."""
    return trained(f"architecture_{name}", short(EPOCHS, name=name, **NETS[name]))
