"""Kinds of networks that can be converted, and one function that tells them apart."""

from __future__ import annotations

from converters.sources.base import Feeds, Port, Source, Target, Tensors
from converters.sources.opening import open_source

__all__ = ["Feeds", "Port", "Source", "Target", "Tensors", "open_source"]
