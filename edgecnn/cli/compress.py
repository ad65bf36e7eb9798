"""``edgecnn compress``: from pictures to a small, proven bundle in one go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgecnn.cli.output import print_table
from edgecnn.cli.progress import progress_bar
from edgecnn.optional import require

STEPS = ("teacher", "student", "prune", "quantize", "convert")


@click.command()
@click.argument("recipe", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Work folder; new or empty.  [default: runs/NAME, with --quick runs/NAME-quick]",
)
@click.option("--resume", is_flag=True, help="Go on with the work in --out, where it was.")
@click.option(
    "--from",
    "restart",
    type=click.Choice(STEPS),
    help="Go on, but do this step and later ones anew.",
)
@click.option(
    "--quick", is_flag=True, help="Few pictures, one epoch a step: whether everything fits."
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the figures as JSON, and nothing else."
)
def compress(
    recipe: Path | None,
    out: Path | None,
    resume: bool,
    restart: str | None,
    quick: bool,
    as_json: bool,
) -> None:
    """Distil, prune, quantize, convert and prove, as RECIPE.toml says; ends with a bundle.

    With --resume or --from alone, the recipe in --out is taken. OUT/summary.json holds the figures
    after each step, OUT/bundle what came out. Exit code 1 when a file is not proven.
    """
    # TensorFlow greets with a page of notes unless it is imported this way.
    require("converters.quiet", extra="convert").tensorflow()
    package = require("converters.compress", extra="convert")
    if recipe is not None:
        wanted = package.read_recipe(recipe)
    elif out is not None and (resume or restart is not None) and not quick:
        wanted = require("converters.compress.folder", extra="convert").WorkFolder(out).recipe()
    else:
        raise click.UsageError("Give RECIPE.toml; or --out with --resume or --from.")
    if quick:
        wanted = package.quick(wanted)
    place = out or Path("runs") / (wanted.name + ("-quick" if quick else ""))
    try:
        with progress_bar() as progress:
            summary = package.compress(
                wanted,
                out=place,
                resume=resume,
                restart=restart,
                check=not quick,
                short=quick,
                progress=progress,
            )
    except KeyboardInterrupt:
        click.echo(f"Interrupted. Go on with: edgecnn compress --out {place} --resume", err=True)
        raise
    _print(summary, as_json)


def _print(summary: Any, as_json: bool) -> None:
    if as_json:
        click.echo(require("msgspec.json", extra="convert").encode(summary).decode())
        return
    text = require("converters.compress.summary", extra="convert")
    header, rows = text.table(summary)
    print_table(f"{summary.name}: after each step", header, rows)
    for line in text.file_lines(summary):
        click.echo(line)
    click.echo(summary.bundle)
