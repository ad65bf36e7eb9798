"""What training, pruning, quantization and distillation reach; the tables of docs/training.md.

    python -m benchmarks.training main            # the net of examples/fashion_mnist_train.toml
    python -m benchmarks.training distillation    # a small net with and without a teacher
    python -m benchmarks.training pruning         # channels gone, and weights at zero
    python -m benchmarks.training quantization    # quantization-aware training against after
    python -m benchmarks.training transfer        # ten pictures a class (tuxpaint-stamps-default)
    python -m benchmarks.training compressed      # the recipes of the examples, from data to bundle
    python -m benchmarks.training separable       # depthwise separable against standard
    python -m benchmarks.training pareto          # accuracy, size and latency of all of them
    python -m benchmarks.training                 # everything, in this order

Runs are kept under ``out/benchmarks/training``: what has ended is not trained again, what was
interrupted goes on. On two cores everything takes some three hours. A figure that misses its aim
is printed as missed.
"""

from __future__ import annotations

import argparse
import importlib
import sys

from benchmarks.timing import machine_line
from converters.quiet import tensorflow
from converters.report.versions import versions

PARTS = {
    "main": "benchmarks.main_net:main_net_table",
    "distillation": "benchmarks.distillation:distillation",
    "pruning": "benchmarks.pruning:pruning",
    "quantization": "benchmarks.quantization:quantization",
    "transfer": "benchmarks.transfer:transfer",
    "compressed": "benchmarks.compressed:compressed",
    "separable": "benchmarks.separable:separable",
    "pareto": "benchmarks.pareto:pareto",
}


def main() -> int:
    """Print what was asked for; 1 when an aim is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART")
    chosen = parser.parse_args().parts or list(PARTS)
    tensorflow()  # quietly, before anything imports Keras
    print(f"{machine_line()}; {', '.join(f'{k} {v}' for k, v in versions().items())}.")
    missed = 0
    for part in chosen:
        print(f"\n## {part}", flush=True)
        module, _, function = PARTS[part].partition(":")
        missed += getattr(importlib.import_module(module), function)()
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
