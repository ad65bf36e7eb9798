"""The two recipes of the examples: a small file that is good, and the smallest that holds 90 %.

The first trains the net of `benchmarks.main_net` as its teacher, which also teaches the second.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from benchmarks.training_runs import FOLDER, main_net
from converters.compress import compress, read_recipe
from converters.compress.folder import FOLDERS, RECIPE
from converters.compress.recipe import Recipe
from converters.compress.summary import Summary, markdown
from edgecnn.training.run import BEST, load_model

EXAMPLES = Path("examples")
MOST_BYTES, LEAST_TOP1 = 60_000, 0.925
SMALLEST_TOP1 = 0.90


def recipe(name: str) -> Recipe:
    """A recipe of the examples; teachers that it names are those of the benchmark.

    Args:
        name: Of the file.
    """
    found = read_recipe(EXAMPLES / f"{name}.toml")
    if found.teacher is not None and found.teacher.sources:
        main_net()
        sources = (str(FOLDER / "main" / "best.keras"),)
        found = msgspec.structs.replace(
            found, teacher=msgspec.structs.replace(found.teacher, sources=sources)
        )
    return found


def done(name: str, folder: str) -> Summary:
    """What a recipe came to; trains what is not there yet.

    Args:
        name: Of the file in the examples.
        folder: Of the work, under the benchmark's.
    """
    out = FOLDER / folder
    return compress(recipe(name), out=out, resume=(out / RECIPE).exists())


def smallest_net() -> Any:
    """The float net of the smallest recipe."""
    done("fashion_mnist_smallest", "smallest")
    return load_model(FOLDER / "smallest" / FOLDERS["student"] / BEST)


def compressed() -> int:
    """Print both tables; returns how many aims are missed."""
    missed = 0
    for name, folder, bytes_aim, top1_aim in (
        ("fashion_mnist", "compressed", MOST_BYTES, LEAST_TOP1),
        ("fashion_mnist_smallest", "smallest", None, SMALLEST_TOP1),
    ):
        found = done(name, folder)
        print(f"\n### examples/{name}.toml\n\n{markdown(found)}")
        litert = [row for row in found.files if row.backend == "litert"]
        best = max(row.accuracy or 0.0 for row in litert)
        smallest = min(row.bytes for row in litert)
        aimed = best >= top1_aim and (bytes_aim is None or smallest <= bytes_aim)
        missed += not aimed
        limit = "" if bytes_aim is None else f" in at most {bytes_aim:,} bytes"
        print(
            f"\n{smallest:,} bytes of int8 .tflite, {100 * best:.2f} % of the test pictures "
            f"(aim {100 * top1_aim:.1f} %{limit}): {'reached' if aimed else 'MISSED'}."
        )
    return missed
