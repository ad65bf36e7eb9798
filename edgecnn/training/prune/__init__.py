"""Pruning: smaller networks from large ones.

- `prune` and `prune_gradually` remove whole channels. The result is an ordinary, smaller Keras
  model that is faster everywhere.
- `MagnitudePruning` and `NMSparsity` are callbacks that set single weights to zero while a model
  trains. The file gets smaller when it is compressed; it is **not** faster on LiteRT or OpenVINO.
"""

from __future__ import annotations

from edgecnn.training.prune.channels import (
    LatencyTarget,
    MacsTarget,
    PruneOptions,
    PruneReport,
    PruneResult,
    SpaceReport,
    count_macs,
    cubic_plan,
    prune,
    prune_gradually,
)
from edgecnn.training.prune.magnitude import (
    MagnitudePruning,
    NMSparsity,
    PolynomialSchedule,
    sparsity,
)

__all__ = [
    "LatencyTarget",
    "MacsTarget",
    "MagnitudePruning",
    "NMSparsity",
    "PolynomialSchedule",
    "PruneOptions",
    "PruneReport",
    "PruneResult",
    "SpaceReport",
    "count_macs",
    "cubic_plan",
    "prune",
    "prune_gradually",
    "sparsity",
]
