"""From data to a proven bundle in one go: distil, prune, quantize, convert, prove.

`converters.compress.recipe` says what is done, `converters.compress.run` does it. Each step is one
of `edgecnn.training.steps` with a folder of its own inside the work folder.
"""

from __future__ import annotations

from converters.compress.recipe import Recipe, quick, read_recipe
from converters.compress.run import compress

__all__ = ["Recipe", "compress", "quick", "read_recipe"]
