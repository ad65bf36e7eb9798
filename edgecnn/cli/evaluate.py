"""``edgecnn evaluate``: how good a classifier is on labelled pictures, whatever runs it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
import numpy as np

from edgecnn.api import load, open_bundle
from edgecnn.cli.options import runtime_options
from edgecnn.cli.output import print_facts, print_table
from edgecnn.cli.progress import progress_bar
from edgecnn.cli.steps import quiet_keras, trained
from edgecnn.core.results import Classification
from edgecnn.errors import OptionError
from edgecnn.evaluation.probabilities import ClassReport, report_classes
from edgecnn.optional import require
from edgecnn.tasks.options import ClassifyOptions

Answers = tuple[Any, Any, tuple[str, ...]]
"""(N,) class ids, (N, C) probabilities, and the names of the classes."""


@click.command()
@click.argument("model")
@click.option(
    "--data", required=True, metavar="DATA", help="A data set by name, a folder of class folders, "
    ".csv; fashion_mnist:train names a split, test is usual."
)  # fmt: skip
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="The same share of each class."
)
@click.option("--top-k", type=click.IntRange(min=1), default=5, show_default=True, metavar="N",
    help="An answer counts when the right class is among the first N.",
)  # fmt: skip
@click.option(
    "--confusion", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.png",
    help="Draw what was taken for what.",
)  # fmt: skip
@runtime_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
def evaluate(
    model: str,
    data: str,
    limit: int | None,
    top_k: int,
    confusion: Path | None,
    as_json: bool,
    **settings: Any,
) -> None:
    """Judge MODEL on labelled pictures: a bundle (name or path), .tflite, .xml or .keras file, or
    the folder of a run.

    Bundles answer through the runtime, as on a device. Classes are matched by name where the model
    has labels; else by their order.
    """
    model = trained(model)
    keras_model = Path(model).suffix.lower() == ".keras"
    if keras_model and any(value is not None for value in settings.values()):
        raise click.UsageError("--backend and the like are of bundles; Keras runs a .keras file.")
    with progress_bar() as progress:
        if keras_model:
            truth, scores, names = _ask_keras(model, data, limit, progress)
        else:
            truth, scores, names = _ask_bundle(model, data, limit, progress, **settings)
    report = report_classes(truth, scores, names, top_k=top_k)
    if confusion is not None:
        draw = require("edgecnn.training.curves", extra="train").draw_confusion
        draw(report.confusion, report.names, confusion)
    if as_json:
        click.echo(msgspec.json.encode(report.to_dict()).decode())
        return
    _print(model, report)


def _ask_keras(model: str, data: str, limit: int | None, progress: Any) -> Answers:
    quiet_keras()
    runs = require("edgecnn.training.run", extra="train")
    judging = require("edgecnn.training.judging", extra="train")
    lazy = require("edgecnn.data.lazy_pictures", extra="train")
    preparing = require("edgecnn.data.preparing", extra="train")
    net = runs.load_model(model)
    shape = tuple(net.inputs[0].shape[1:])
    if len(net.inputs) > 1 or len(shape) != 3 or None in shape:
        came = ", ".join(str(tuple(given.shape[1:])) for given in net.inputs)
        raise OptionError(
            f"{model} takes {came}; to be judged on pictures, a net has to take one of a size that "
            "it says: (height, width, channels)."
        )
    height, width, channels = shape
    found = _open(data, limit)
    if hasattr(found, "pixels"):
        images = found.pixels
    else:
        spec = preparing.pixel_spec(width, height, "gray" if channels == 1 else "rgb")
        images = lazy.pictures_of(found, spec)
    if images.shape[1:] != (height, width, channels):
        raise OptionError(
            f"{model} takes pictures of shape {(height, width, channels)}, but those of {data} "
            f"have {images.shape[1:]}."
        )
    _check_classes(model, int(net.outputs[0].shape[-1]), found.names)
    progress("asking the net", 0.0)
    return found.labels, judging.predict(net, images), found.names


def _ask_bundle(
    model: str, data: str, limit: int | None, progress: Any, **settings: Any
) -> Answers:
    manifest = open_bundle(model).manifest
    if manifest.task != "classify":
        raise OptionError(f"{model} is for {manifest.task!r}; only classifiers can be judged here.")
    found = _open(data, limit)
    with load(model, options=ClassifyOptions(top_k=None), **settings) as task:
        names = task.labels or found.names
        truth, scores = _truth(names, found, model), []
        # Files are resized by the bundle's own rule, as on a device.
        for number, picture in enumerate(_pictures(found)):
            scores.append(_scores(task(*picture)))
            progress("asking the model", (number + 1) / len(found))
    _check_classes(model, len(scores[0]), names)
    return truth, np.stack(scores), names


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


def _check_classes(model: str, classes: int, names: tuple[str, ...]) -> None:
    if classes != len(names):
        raise OptionError(f"{model} knows {classes} classes, but the pictures have {len(names)}.")


def _open(data: str, limit: int | None) -> Any:
    """Labelled pictures, or files of them; the usual split of a data set is ``test``."""
    opening = require("edgecnn.data.opening", extra="train")
    parting = require("edgecnn.data.parting", extra="train")
    named = data.partition(":")[0] in require("edgecnn.registry", extra="train").DATASETS
    split = "test" if named and ":" not in data else None
    return parting.at_most(opening.open_data(data, split=split), limit, seed=0)


def _pictures(found: Any) -> Iterator[tuple[Any, ...]]:
    """What a task takes of each picture."""
    if hasattr(found, "files"):
        yield from ((file,) for file in found.files)
    else:
        yield from ((pixels, found.color) for pixels in found.images)


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
