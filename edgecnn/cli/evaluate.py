"""``edgecnn evaluate``: how good a classifier is on labelled pictures, whatever runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec
import numpy as np

from edgecnn.api import load, open_bundle
from edgecnn.cli.options import runtime_options
from edgecnn.cli.output import print_facts, print_table
from edgecnn.cli.progress import progress_bar
from edgecnn.core.results import Classification
from edgecnn.errors import OptionError
from edgecnn.evaluation.probabilities import ClassReport, report_classes
from edgecnn.optional import require
from edgecnn.tasks.options import ClassifyOptions


@click.command()
@click.argument("model")
@click.option(
    "--data", required=True, metavar="DATA", help="A data set by name, a folder of class folders, "
    ".csv; fashion_mnist:train names a split, test is usual."
)  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), help="The same share of each class.")
@runtime_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def evaluate(model: str, data: str, limit: int | None, as_json: bool, **settings: Any) -> None:
    """Judge MODEL, a bundle (name or path), .tflite, .xml or .keras file, on labelled pictures.

    Bundles answer through the runtime, as on a device. Classes are matched by name where the model
    has labels; else by their order.
    """
    keras_model = Path(model).suffix.lower() == ".keras"
    if keras_model and any(value is not None for value in settings.values()):
        raise click.UsageError("--backend and the like are of bundles; Keras runs a .keras file.")
    with progress_bar() as progress:
        if keras_model:
            report = _judge_keras(model, data, limit, progress)
        else:
            report = _judge_bundle(model, data, limit, progress, **settings)
    if as_json:
        click.echo(msgspec.json.encode(report.to_dict()).decode())
        return
    _print(model, report)


def _judge_keras(model: str, data: str, limit: int | None, progress: Any) -> ClassReport:
    runs = require("edgecnn.training.run", extra="train")
    judging = require("edgecnn.training.judging", extra="train")
    net = runs.load_model(model)
    height, width, channels = net.input_shape[1:]
    pictures = _pictures(data, limit, (width, height), "gray" if channels == 1 else "rgb")
    shape = pictures.pixels.shape[1:]
    if shape != (height, width, channels):
        raise OptionError(
            f"{model} takes pictures of shape {(height, width, channels)}, but those of {data} "
            f"have {shape}."
        )
    _check_classes(model, int(net.output_shape[-1]), pictures)
    progress("asking the net", 0.0)
    scores = judging.predict(net, pictures.pixels)
    return report_classes(pictures.labels, scores, pictures.names)


def _judge_bundle(
    model: str, data: str, limit: int | None, progress: Any, **settings: Any
) -> ClassReport:
    manifest = open_bundle(model).manifest
    if manifest.task != "classify":
        raise OptionError(f"{model} is for {manifest.task!r}; only classifiers can be judged here.")
    spec = manifest.picture_input
    pictures = _pictures(data, limit, (spec.width, spec.height), None)
    with load(model, options=ClassifyOptions(top_k=None), **settings) as task:
        scores, color = [], pictures.color
        for number, pixels in enumerate(pictures.images):
            scores.append(_scores(task(pixels, color)))
            progress("asking the model", (number + 1) / len(pictures))
        labels = task.labels
    names = labels or pictures.names
    if not labels:
        _check_classes(model, len(scores[0]), pictures)
    return report_classes(_truth(names, pictures, model), np.stack(scores), names)


def _scores(answer: Classification) -> Any:
    """(C,) probabilities by class id."""
    scores = np.zeros(len(answer.class_ids))
    scores[answer.class_ids] = answer.scores
    return scores


def _truth(names: tuple[str, ...], pictures: Any, model: str) -> Any:
    """(N,) the model's class id of each picture, matched by name."""
    missing = sorted(set(pictures.names) - set(names))
    if missing:
        raise OptionError(
            f"{model} has no class {', '.join(missing[:5])}. Name class folders as the model's "
            "labels are (edgecnn inspect lists them)."
        )
    return np.array([names.index(name) for name in pictures.names], np.int64)[pictures.labels]


def _check_classes(model: str, classes: int, pictures: Any) -> None:
    if classes != len(pictures.names):
        raise OptionError(
            f"{model} knows {classes} classes, but the pictures have {len(pictures.names)}."
        )


def _pictures(data: str, limit: int | None, size_wh: tuple[int, int], color: str | None) -> Any:
    """Labelled pictures in memory; the usual split of a data set is ``test``."""
    opening = require("edgecnn.data.opening", extra="train")
    preparing = require("edgecnn.data.preparing", extra="train")
    batches = require("edgecnn.training.batches", extra="train")
    named = data.partition(":")[0] in require("edgecnn.registry", extra="train").DATASETS
    split = "test" if named and ":" not in data else None
    spec = None if named else preparing.pixel_spec(*size_wh, color or "rgb")
    return batches.at_most(opening.open_data(data, split=split, spec=spec), limit, seed=0)


def _print(model: str, report: ClassReport) -> None:
    low, high = report.interval
    figures = {name.replace("_", "-"): f"{value:.4f}" for name, value in report.figures.items()}
    figures["accuracy"] += f" (95 %: {low:.4f} to {high:.4f})"
    occurring = np.count_nonzero(report.confusion.any(axis=1))
    print_facts(f"{model}: {report.count} pictures, {occurring} classes", figures)
    header = ("class", *(name.replace("_", "-") for name in report.per_class), "taken for")
    rows = []
    for index, name in enumerate(report.names):
        if not report.confusion[index].any():
            continue
        values = {key: column[index] for key, column in report.per_class.items()}
        cells = [
            "" if np.isnan(value) else f"{value:.0f}" if key == "pictures" else f"{value:.4f}"
            for key, value in values.items()
        ]
        rows.append((name, *cells, _mistaken(report, index)))
    print_table("By class", header, rows)


def _mistaken(report: ClassReport, index: int) -> str:
    """The class that a class is most often taken for by mistake."""
    row = report.confusion[index].copy()
    row[index] = 0
    return f"{report.names[int(row.argmax())]} ({row.max()})" if row.any() else ""
