"""Training nets that tell identities apart which they have never seen: metric learning.

A classifier names the classes that it learned. An embedder gives a vector, near for two pictures of
one identity and far for two; whoever is enrolled later needs no training. `train_embedder` trains
one by triplets or with an ArcFace head, in a run folder like any other, and judges every epoch on
classes that are held back whole.
"""

from __future__ import annotations

from edgecnn.training.metric.config import (
    EmbedConfig,
    MetricConfig,
    make_embed_config,
    read_embed_config,
)
from edgecnn.training.metric.fit import train_embedder

__all__ = [
    "EmbedConfig",
    "MetricConfig",
    "make_embed_config",
    "read_embed_config",
    "train_embedder",
]
