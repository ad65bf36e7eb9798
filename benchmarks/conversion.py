"""What `edgecnn.convert` reaches: float parity, int8 accuracy, and the time that proof takes.

    python -m benchmarks.conversion structure          # architectures of keras.applications
    python -m benchmarks.conversion structure VGG16    # some of them
    python -m benchmarks.conversion trained            # nets trained on Fashion-MNIST
    python -m benchmarks.conversion lite0              # EfficientNet-Lite0, all variants with proof
    python -m benchmarks.conversion lite0 --source DIR # from its PyTorch weights

Everything is printed as Markdown; docs/conversion-benchmarks.md holds what came of it. A figure
that misses its aim is printed as missed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import architectures, trained_nets
from benchmarks.architectures import proven
from benchmarks.timing import machine_line, table
from converters.options import ConvertOptions, Int8, Proof
from converters.quiet import tensorflow
from converters.report.schema import Proven, Report
from converters.report.versions import versions
from edgecnn.data import fashion_mnist
from edgecnn.errors import EdgeCNNError
from edgecnn.optional import require

CALIBRATION_PICTURES = 1_000
"""Of the training pictures; the plain plan uses the first 300."""
MAX_DROP = 0.003
"""Aim for int8, as a share of top-1: 0.3 points."""
LEAST_TOP1 = 0.8
"""Of a trained net, or its figures say nothing."""
TRAINED_HEADER = [
    "net", "backend", "Keras top-1 %", "float32 %", "float16 %", "int8 %", "int8 drop, points",
    "aim kept", "float32 max abs", "kB f32 / f16 / int8",
    "latency f32 / f16 / int8, f32 on LiteRT = 1",
]  # fmt: skip


def versions_line() -> str:
    """Versions of everything that converts and runs, in one line."""
    return ", ".join(f"{name} {version}" for name, version in versions().items())


def structure(names: Sequence[str]) -> int:
    """Print the table of architectures, a row as soon as it is there.

    Returns:
        How many rows miss the aim, or could not be converted.
    """
    print(
        f"Float32 files against Keras on {architectures.PICTURES} photographs of `assets/images`, "
        f"random weights, one thread. Aim: {architectures.AIM:g}, absolute for probabilities, "
        "relative to the largest answer for logits.\n"
    )
    print(table(list(architectures.HEADER), []))
    missed = []
    for name in names:
        try:
            for row in _apart(name):
                print(_line(architectures.cells(row)), flush=True)
                if not row.reached:
                    missed.append(f"{name}, {row.head}: {'; '.join(row.failures) or 'above aim'}")
        except EdgeCNNError as error:
            missed.append(f"{name}: cannot be converted: {error}")
        except BrokenProcessPool:
            missed.append(f"{name}: its process ended before it answered (memory may have run out)")
    for line in missed:
        print(f"\nMissed: {line}")
    return len(missed)


def _apart(name: str) -> list[architectures.Row]:
    """The rows of one architecture, from a process of its own: TensorFlow gives no memory back."""
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawning) as pool:
        return pool.submit(architectures.measure, name).result()


def trained(names: Sequence[str]) -> int:
    """Convert trained nets without any remedy, validated on all 10,000 test pictures.

    Returns:
        How many ways to run them miss the aim for int8.
    """
    seen = fashion_mnist.load("train").images[:CALIBRATION_PICTURES]
    held_out = fashion_mnist.load("test")
    print(
        f"Calibrated on {CALIBRATION_PICTURES:,} training pictures (the plain plan uses 300), "
        f"validated on all {len(held_out):,} test pictures. No remedies. Aim: float32 within "
        f"{architectures.AIM:g}, int8 within {100 * MAX_DROP:g} points of float32.\n"
    )
    rows: list[list[str]] = []
    seconds = []
    for name in names:
        file = trained_nets.trained(name)
        start_s = time.perf_counter()
        report = convert_trained(
            file, Path("out") / "benchmarks" / name, seen, (held_out.images, held_out.labels)
        )
        seconds.append(f"{name} {time.perf_counter() - start_s:.0f} s")
        rows += trained_rows(name, report, keras_top1(file, held_out.images, held_out.labels))
    print(table(TRAINED_HEADER, rows))
    print(f"\nSeconds of the whole conversions: {', '.join(seconds)}.")
    return sum("missed" in row[7] for row in rows)


def convert_trained(file: Path, out: Path, seen: Any, held_out: tuple[Any, Any]) -> Report:
    """All variants on both targets, plainly quantized, with the aim for int8 as a gate.

    Args:
        file: ``.keras`` of a net that takes pictures of Fashion-MNIST.
        out: Folder of the bundle; replaced.
        seen: (N, 28, 28) uint8, for calibration.
        held_out: Pictures and classes, for validation.
    """
    options = ConvertOptions(
        proof=Proof(gates={"int8.max_drop": MAX_DROP}, rounds=200), int8=Int8(budget_s=0)
    )
    return proven(
        file, out, labels=fashion_mnist.NAMES, calibration=seen, validation=held_out,
        options=options, force=True,
    )  # fmt: skip


def keras_top1(file: Path, images: Any, labels: Any) -> float:
    """Share of pictures that Keras itself names rightly, in batches and without our runtime."""
    tensorflow()
    net = require("keras", extra="convert").models.load_model(file)
    answers = net.predict(images[..., None], batch_size=500, verbose=0)
    return float(np.mean(answers.argmax(axis=1) == labels))


def trained_rows(name: str, report: Report, source_top1: float) -> list[list[str]]:
    """Table rows of a trained net, one a backend.

    Args:
        name: Of the net.
        report: Of its conversion, with a validation set.
        source_top1: What Keras reached itself, 0..1.
    """
    rows = []
    for backend in dict.fromkeys(one.backend for one in report.proven):
        own = {one.precision: one for one in report.proven if one.backend == backend}
        top1 = [_percent(own[precision]) for precision in ("float32", "float16", "int8")]
        drop = own["int8"].drop or 0.0
        # A net that learned nothing loses nothing.
        learned = source_top1 >= LEAST_TOP1
        kept = (
            learned and drop <= MAX_DROP and own["float32"].outputs[0].max_abs <= architectures.AIM
        )
        sizes = [f"{own[one].bytes / 1e3:.0f}" for one in ("float32", "float16", "int8")]
        ratios = [_ratio(own[one]) for one in ("float32", "float16", "int8")]
        rows.append(
            [name, backend, f"{100 * source_top1:.2f}", *top1, f"{100 * drop:+.2f}",
             "yes" if kept else "**missed**", f"{own['float32'].outputs[0].max_abs:.1e}",
             " / ".join(sizes), " / ".join(ratios)]
        )  # fmt: skip
    return rows


def _percent(one: Proven) -> str:
    return "" if one.metric is None else f"{100 * one.metric:.2f}"


def _ratio(one: Proven) -> str:
    return "not timed" if one.latency is None else f"{one.latency.ratio:.2f}"


def _line(row: Sequence[str]) -> str:
    return "| " + " | ".join(row) + " |"


def main() -> int:
    """Print what was asked for; 1 when an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parts = parser.add_subparsers(dest="part", required=True)
    for part, known in (("structure", architectures.ARCHITECTURES), ("trained", trained_nets.NETS)):
        parts.add_parser(part).add_argument("names", nargs="*", choices=[*known, []])
    parts.add_parser("lite0").add_argument("--source", type=Path, help="unpacked source package")
    arguments = parser.parse_args()
    print(f"{machine_line()}; {versions_line()}.\n")
    if arguments.part == "structure":
        return int(structure(arguments.names or list(architectures.ARCHITECTURES)) > 0)
    if arguments.part == "trained":
        return int(trained(arguments.names or list(trained_nets.NETS)) > 0)
    tensorflow()  # quietly, before the recipe imports Keras
    from benchmarks import lite0

    return int(not lite0.measure(arguments.source))


if __name__ == "__main__":
    sys.exit(main())
