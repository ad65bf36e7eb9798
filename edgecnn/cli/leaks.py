"""``edgecnn train --check-leaks``: whether what a run is judged on is also learned from."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from edgecnn.optional import require

SHOWN = 10
"""Pairs of files of a kind that are listed."""


def show_leaks(config: Any, as_json: bool) -> None:
    """Print what was found; exact copies make the command fail, look-alikes are for people.

    Args:
        config: A `edgecnn.training.config.TrainConfig`.
        as_json: One JSON list and nothing else.
    """
    checked = require("edgecnn.training.leak_check", extra="train").check_leaks(config)
    if as_json:
        click.echo(msgspec.json.encode([one.to_dict() for one in checked]).decode())
    else:
        for one in checked:
            click.echo(f"{one.part}: {one.found.summary}")
            for sign, pairs in (("=", one.copies), ("~", one.look_alikes)):
                for learned, judged in pairs[:SHOWN]:
                    click.echo(f"  {judged} {sign} {learned}")
                if len(pairs) > SHOWN:
                    click.echo(f"  and {len(pairs) - SHOWN} more, all of them in --json")
        if not checked:
            click.echo("Nothing is held back or tested on, so nothing was compared.")
    if any(len(one.found.exact) for one in checked):
        click.get_current_context().exit(1)
