"""Accuracy against size and latency: classic, efficient and compressed nets, float and int8.

Every net is converted by `edgecnn.convert` with proof on 10,000 test pictures, and all files are
then timed in turns in one process, one thread each.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.architecture_runs import EPOCHS, NETS, architecture
from benchmarks.distillation import ALL, WIDTH, student, taught_student
from benchmarks.pareto_plot import PLOT, Point, draw
from benchmarks.pruning import pruned_net
from benchmarks.timing import interleaved, machine_line, table
from benchmarks.training_runs import FOLDER, main_net, test_data
from converters.convert import convert
from converters.options import ConvertOptions, Int8, Proof
from converters.report.schema import Proven
from edgecnn.api import open_bundle
from edgecnn.data import fashion_mnist
from edgecnn.runtime.backend import Engine, ModelFile
from edgecnn.runtime.policy import get_backend

COMPRESSED = {
    "recipe, int8": FOLDER / "compressed" / "bundle",
    "smallest recipe, int8": FOLDER / "smallest" / "bundle",
}
"""Made by `benchmarks.compressed`."""
ROUNDS = 300
CALIBRATION_PICTURES = 1_000

CLASSIC = ("lenet5", "vgg11", "resnet18")


def _sources() -> dict[str, tuple[str, Callable[[], Any]]]:
    """Net -> kind and how to get it."""
    found: dict[str, tuple[str, Callable[[], Any]]] = {}
    for name, fields in NETS.items():
        width = f" {fields['width']:g}" if "width" in fields else ""
        kind = "classic" if name in CLASSIC else "efficient"
        found[f"{name}{width}"] = (kind, partial(architecture, name))
    name = f"separable_resnet {WIDTH:g}"
    found[name] = ("efficient", partial(student, ALL, 0))
    found[f"{name} distilled"] = ("compressed", partial(taught_student, ALL, 0))
    found["separable_resnet"] = ("efficient", main_net)
    found["separable_resnet pruned"] = ("compressed", pruned_net)
    return found


def _converted(name: str, net: Callable[[], Any]) -> Path:
    """The bundle of a net; made once."""
    out = FOLDER / "bundles" / name.replace(" ", "_")
    if not (out / "report.json").is_file():
        test = test_data()
        convert(
            net(),
            out,
            labels=fashion_mnist.NAMES,
            calibration=fashion_mnist.load("train").images[:CALIBRATION_PICTURES],
            validation=(test.images, test.labels),
            precisions=("float32", "int8"),
            # Nothing is gated away: what int8 costs is what the table shows.
            options=ConvertOptions(proof=Proof(gates=_OPEN, rounds=20), int8=Int8(budget_s=0)),
            force=True,
        )
    return out


_OPEN = {"int8.max_drop": 0.2, "int8.top1_agreement_confident": 0.5, "int8.cosine": 0.5}


def points() -> list[Point]:
    """Train, convert and time everything that is not there yet."""
    folders = {name: (kind, _converted(name, net)) for name, (kind, net) in _sources().items()}
    folders |= {
        name: ("compressed", folder) for name, folder in COMPRESSED.items() if folder.is_dir()
    }
    engines: dict[tuple[str, int], Engine] = {}
    proven: dict[tuple[str, int], Proven] = {}
    for name, (_, folder) in folders.items():
        bundle = open_bundle(folder)
        report = msgspec.json.decode((folder / "report.json").read_bytes(), type=_Report)
        for number, one in enumerate(report.proven):
            variant = next(each for each in bundle.manifest.variants if each.file == one.file)
            model, weights = bundle.read_variant(variant)
            file = ModelFile(variant.file, variant.format, model, weights)
            engines[name, number] = get_backend(one.backend).open(file, threads=1, compute="f32")
            proven[name, number] = one
    timed = interleaved(
        {f"{name}/{number}": _call(engine) for (name, number), engine in engines.items()},
        rounds=ROUNDS,
    )
    for engine in engines.values():
        engine.close()
    return [
        Point(name, folders[name][0], one, timed[f"{name}/{number}"].median)
        for (name, number), one in proven.items()
    ]


class _Report(msgspec.Struct):
    """What is read of a report."""

    proven: tuple[Proven, ...]


def _call(engine: Engine) -> Callable[[], object]:
    feeds = dict.fromkeys(engine.inputs, lambda view: view.fill(1))
    return lambda: engine.infer(feeds)


def pareto() -> int:
    """Print the table and draw the plot."""
    found = points()
    print(
        f"\nTop-1 of 10,000 test pictures; one thread, all files in turns, medians of {ROUNDS}; "
        f"{machine_line()}. Nets of the papers: {EPOCHS} epochs each by one recipe.\n"
    )
    header = ["net", "file", "backend", "top-1 %", "kB", "ms"]
    rows = [
        [
            point.net,
            point.proven.precision,
            point.proven.backend,
            f"{point.top1:.2f}",
            f"{point.proven.bytes / 1000:.0f}",
            f"{point.latency_ms:.3f}",
        ]
        for point in found
    ]
    print(table(header, rows))
    draw(found, PLOT)
    print(f"\n{PLOT}")
    return 0
