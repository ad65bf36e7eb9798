"""``edgecnn zoo``: the bundles that come with edgecnn, and how each is rebuilt."""

from __future__ import annotations

import json
from pathlib import Path

import click

from edgecnn.bundle import io
from edgecnn.cli.output import print_table
from edgecnn.optional import require
from edgecnn.registry import ZOO_RECIPES
from edgecnn.zoo import catalogue
from edgecnn.zoo.card import summary


@click.group()
def zoo() -> None:
    """List, show and rebuild the bundles that come along."""


@zoo.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def list_bundles(as_json: bool) -> None:
    """List all bundles that are found by name."""
    summaries = [summary(io.load(catalogue.find(name))) for name in catalogue.names()]
    if as_json:
        click.echo(json.dumps([item.to_dict() for item in summaries]))
        return
    print_table(
        "Bundles",
        ["name", "task", "licence", "variants (MB)", "figure"],
        [[s.name, s.task, s.licence, s.variants_line(), s.figure] for s in summaries],
    )


@zoo.command()
@click.argument("name")
def show(name: str) -> None:
    """Print the card of a bundle: licence, training data, limits, figures."""
    click.echo(io.load(catalogue.find(name)).read("CARD.md").decode("utf-8"))


@zoo.command()
@click.argument("name")
@click.option(
    "--source",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="Folder of the unpacked source package that the recipe names.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder to write; by default into the user's own bundles.",
)
@click.option("--force", is_flag=True, help="Replace a bundle that is there.")
def build(name: str, source: Path, out: Path | None, force: bool) -> None:
    """Rebuild a bundle from its source package (needs the extra `convert`).

    The recipe's file in converters/zoo names the package and version, and checks what it reads.
    """
    if name in ZOO_RECIPES:  # otherwise the registry's own error lists the recipes
        require("tensorflow", extra="convert")
    recipe = ZOO_RECIPES[name]
    target = out if out is not None else catalogue.user_folder() / name
    if target.exists() and not force:
        raise click.UsageError(f"{target} exists already. Replace it with --force.")
    click.echo(f"Building {name}; this takes minutes.", err=True)
    click.echo(recipe(source, target))
