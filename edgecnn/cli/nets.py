"""``edgecnn nets``: the architectures that can be trained, and what each is made of."""

from __future__ import annotations

import json
import re
from typing import Any

import click

from edgecnn.cli.output import print_table
from edgecnn.cli.settings import read_settings
from edgecnn.cli.steps import quiet_keras
from edgecnn.optional import require
from edgecnn.registry import NETS


@click.group()
def nets() -> None:
    """List the architectures that can be trained, and show their layers."""


@nets.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def list_nets(as_json: bool) -> None:
    """List all nets with parameters and multiply-adds at the paper's size."""
    cards = require("edgecnn.nets.catalogue", extra="train").CARDS
    if as_json:
        click.echo(json.dumps([{"name": name} | cards[name].to_dict() for name in NETS]))
        return
    print_table(
        "Nets",
        ["name", "parameters", "MACs (M)", "input", "paper", "options of its own"],
        [_card(name, cards[name]) for name in NETS],
    )


def _card(name: str, card: Any) -> list[str]:
    size = "x".join(str(side) for side in card.input_shape)
    macs = f"{card.macs / 1e6:,.1f}"
    return [name, f"{card.parameters:,}", macs, size, card.paper, ", ".join(card.special)]


def _shape(context: click.Context, parameter: click.Parameter, text: str | None) -> Any:
    """``28x28x1`` as (height, width, channels)."""
    if text is not None and not re.fullmatch(r"\d+x\d+x\d+", text):
        raise click.BadParameter(f"takes HEIGHTxWIDTHxCHANNELS, like 28x28x1, but got {text!r}.")
    return None if text is None else tuple(int(side) for side in text.split("x"))


@nets.command()
@click.argument("name")
@click.option("--input", "input_shape", callback=_shape, metavar="HxWxC", help="Like 28x28x1.")
@click.option("--classes", "num_classes", type=int, metavar="N", help="Length of the output.")
@click.option(
    "--width", default=1.0, metavar="FACTOR", show_default=True, help="Factor on the channels."
)
@click.option("--stem", type=click.Choice(["paper", "small"]), help="small for some 30 pixels.")
@click.option(
    "--set", "special", multiple=True, metavar="NAME=VALUE", callback=read_settings,
    help="An option of its own, like groups=8; see nets list.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def show(name: str, *, special: dict[str, Any], as_json: bool, **options: Any) -> None:
    """Print the layers of NAME: shape, parameters, multiply-adds and receptive field.

    Nothing is trained and no weights are made. Parameters include the moving statistics of batch
    norm; below the table are those that training changes, as papers count them.
    """
    quiet_keras()
    package = require("edgecnn.nets", extra="train")
    common = sorted(set(special) & {"name", *options})
    if common:
        raise click.UsageError(f"--set is for what a net has of its own, not for {common[0]}.")
    model = package.outline(name, **options, **special)
    rows = package.describe(model)
    sums = require("edgecnn.nets.layer_table", extra="train").totals(rows)
    if as_json:
        document = {
            "name": name,
            "input_shape": list(model.input_shape[1:]),
            "layers": [row.to_dict() for row in rows],
            "totals": sums.to_dict(),
        }
        click.echo(json.dumps(document))
        return
    print_table(
        f"{name}, input {_sizes(model.input_shape[1:])}",
        ["layer", "kind", "output", "parameters", "MACs", "receptive field"],
        [_row(row) for row in rows],
    )
    click.echo(
        f"{sums.layers} layers, {sums.parameters:,} parameters ({sums.trainable:,} trainable), "
        f"{sums.macs:,} multiply-adds."
    )


def _sizes(sizes: tuple[int, ...]) -> str:
    return " x ".join(str(size) for size in sizes)


def _row(row: Any) -> list[str]:
    field = "picture" if row.receptive_field is None else _sizes(row.receptive_field)
    parameters = f"{row.parameters:,}" if row.parameters else ""
    macs = f"{row.macs:,}" if row.macs else ""
    return [row.name, row.kind, _sizes(row.output_shape), parameters, macs, field]
