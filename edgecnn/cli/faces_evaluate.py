"""``edgecnn faces evaluate``: how well faces are recognized on your own pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from edgecnn.cli.faces_evaluate_print import print_test
from edgecnn.cli.faces_measure import PairedPictures, run_test
from edgecnn.cli.faces_vectors import embed_files
from edgecnn.cli.options import runtime_options
from edgecnn.cli.progress import progress_bar
from edgecnn.evaluation.bootstrap import REPLICATES
from edgecnn.evaluation.det_plot import draw_det, draw_roc
from edgecnn.evaluation.pairs import MAX_IMPOSTORS
from edgecnn.optional import require

F = TypeVar("F", bound=Callable[..., Any])

_PATH = click.Path(path_type=Path)


def _what_is_tested(function: F) -> F:
    options = (
        click.argument("pairs_or_folder", type=_PATH),
        click.option("--images", type=_PATH, metavar="FOLDER",
                     help="Where the pictures of a list lie; beside it by default."),
        click.option("--model", metavar="NAME",
                     help="Another embedder: a bundle, the .npz of a classical method, or lbp."),
        click.option("--aligned", is_flag=True,
                     help="The pictures are face crops already: look for no face."),
        click.option("--max-pairs", type=click.IntRange(min=1000), default=MAX_IMPOSTORS,
                     metavar="N", help="Impostor pairs of a folder; of more, so many are drawn."),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


def _what_is_asked(function: F) -> F:
    options = (
        click.option("--far", "fars", type=float, multiple=True, metavar="RATE",
                     help="False accept rate of interest, such as 0.001; may come several times. "
                     "One that the sample cannot support is refused."),
        click.option("--groups", type=_PATH, metavar="CSV",
                     help="Columns person and one for each attribute: compares its groups."),
        click.option("--threshold", type=float, metavar="DISTANCE",
                     help="At which groups are compared; that of the strictest supported rate by "
                     "default."),
        click.option("--replicates", type=click.IntRange(min=100), default=REPLICATES,
                     metavar="N", help="Draws of people for the intervals.  [default: 1000]"),
        click.option("--seed", type=click.IntRange(min=0), metavar="N", default=0,
                     help="Of all draws."),
        click.option("--det", type=_PATH, metavar="PNG", help="Draw a DET plot."),
        click.option("--roc", type=_PATH, metavar="PNG", help="Draw a ROC plot."),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


@click.command()
@_what_is_tested
@_what_is_asked
@runtime_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
@click.pass_context
def evaluate(
    context: click.Context,
    /,
    pairs_or_folder: Path,
    images: Path | None,
    model: str | None,
    aligned: bool,
    max_pairs: int,
    fars: tuple[float, ...],
    groups: Path | None,
    threshold: float | None,
    replicates: int,
    seed: int,
    det: Path | None,
    roc: Path | None,
    as_json: bool,
    **settings: Any,
) -> None:
    """Measure recognition on PAIRS_OR_FOLDER: a list of pairs, or a folder of person folders.

    Lists are LFW's (pairs.txt with folds, or without) or have two files a line, and perhaps 1 for
    one person or 0 for two. A folder also says how well people are found among many. Intervals are
    over people: photographs of the same few people prove little, however many there are. What
    cannot be read is left out; the exit code is then 1.
    """
    for picture in (det, roc):
        _check_drawable(picture)
    listed = require("edgecnn.data.pairs", extra="train").open_pairs(pairs_or_folder, images)
    attributes: dict[str, dict[str, str]] = {}
    if groups is not None:
        reader = require("edgecnn.data.pairs_groups", extra="train")
        attributes = reader.read_groups(groups, listed.names)
    with progress_bar() as progress:
        embed = partial(
            embed_files, listed.files, model, aligned=aligned, progress=progress, **settings
        )
        test = run_test(
            PairedPictures(listed, max_pairs, seed),
            embed,
            fars=fars,
            attributes=attributes,
            threshold=threshold,
            replicates=replicates,
            seed=seed,
        )
    for draw, file in ((draw_det, det), (draw_roc, roc)):
        if file is not None:
            draw(test.verification, file, f"{test.name} on {pairs_or_folder.name}")
    if as_json:
        click.echo(json.dumps(test.to_dict()))
    else:
        print_test(test)
    if test.failures.unreadable:
        click.echo(f"{test.failures.unreadable} files are no pictures.", err=True)
        context.exit(1)


def _check_drawable(file: Path | None) -> None:
    """Say before a long test that its plot could not be drawn."""
    if file is None:
        return
    require("matplotlib", extra="train")
    if file.suffix.lower() != ".png" or not file.parent.is_dir():
        raise click.UsageError(f"{file} has to end in .png, in a folder that is there.")
