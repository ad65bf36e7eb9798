"""``edgecnn optimize``: the fastest way to run a model that keeps limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from edgecnn.cli.output import print_table
from edgecnn.cli.progress import progress_bar
from edgecnn.errors import BundleError, ConversionError
from edgecnn.optional import require


def _numbers(context: click.Context, parameter: click.Parameter, text: str | None) -> Any:
    """``1,2,4`` as numbers."""
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise click.BadParameter(f"takes whole numbers like 1,2,4, but got {text!r}.") from error


@click.command()
@click.argument("model")
@click.option("--data", required=True, metavar="DIR|NAME", help="What accuracy is measured on.")
@click.option(
    "--max-drop", type=float, metavar="SHARE", help="What accuracy may lose: 0.01 is one point."
)
@click.option(
    "--max-latency-ms", type=float, metavar="MS", help="Of one inference, in milliseconds."
)
@click.option(
    "--max-size-mb", type=float, metavar="MB", help="Of model file and weights, in MB (10^6 bytes)."
)
@click.option(
    "--threads",
    callback=_numbers,
    metavar="N,N",
    help="Numbers of threads to try.  [default: 1, 2, 4 as far as there are cores]",
)
@click.option(
    "--measured",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Output of `edgecnn bench MODEL --json` on another device, to optimize for that one; may "
    "be repeated.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Where to write the bundle with the winner first; without it nothing is written.",
)
@click.option(
    "--pictures", default=1000, metavar="N", show_default=True, help="Of the data, at most."
)
@click.option(
    "--rounds", default=60, metavar="N", show_default=True, help="Timed runs of each way."
)
@click.option(
    "--seed", default=0, metavar="N", show_default=True, help="Of the choice of pictures."
)
@click.option("--task", help="Of a MODEL that is no bundle yet: what it is for.")
@click.option("--calibration", metavar="DIR|NAME", help="Of a MODEL that is no bundle yet.")
@click.option(
    "--sign",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Private key to sign the written bundle with.",
)
@click.option("--force", is_flag=True, help="Replace a bundle that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def optimize(
    model: str,
    data: str,
    out: Path | None,
    task: str | None,
    calibration: str | None,
    sign: Path | None,
    force: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Find the fastest way to run MODEL that keeps the limits, and say why.

    MODEL is a bundle's name or path, or a network that `edgecnn convert` takes. Every variant is
    tried on every backend, with every number of threads. Accuracy is the task metric where --data
    has the truth (class folders, a data set by name), else the agreement with the float variant.
    Exit code 1 when nothing keeps every limit; the nearest misses are named then.
    """
    converters = require("converters.search.optimize", extra="convert")
    candidates = require("converters.search.candidates", extra="convert")
    limits = converters.check_limits(
        given["max_drop"], given["max_latency_ms"], given["max_size_mb"]
    )
    if out is not None and out.exists() and not force:
        raise BundleError(f"{out} exists already. Choose another path, or replace it: --force")
    wishes = {"task": task, "calibration": calibration}
    conversion = {name: value for name, value in wishes.items() if value is not None}
    with progress_bar() as progress:
        opened = converters.opened(model, data, out, conversion, progress)
        with opened as (bundle, warnings):
            found = candidates.search(
                bundle,
                data,
                limits,
                threads=given["threads"],
                measured=given["measured"],
                pictures=given["pictures"],
                rounds=given["rounds"],
                seed=given["seed"],
                progress=progress,
            )
            found = msgspec.structs.replace(found, warnings=(*warnings, *found.warnings))
            if found.winner is not None and out is not None:
                key = None if sign is None else sign.read_bytes()
                converters.write_winner(bundle, found, out, force=force, sign=key)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        _print(found)
    if found.winner is None:
        raise ConversionError(found.reason)
    if not as_json:
        click.echo(f"Winner: {found.reason}.")
        click.echo(str(out) if out is not None else "Nothing was written; name a place with --out.")


def _print(found: Any) -> None:
    print_table(
        f"{found.model} on {found.cpu} ({found.machine}); {found.accuracy_name} on {found.used} "
        f"of {found.data}, reference {found.reference} with {100 * found.reference_accuracy:.2f} %",
        ["", "file", "backend", "threads", "compute", "ms", "MB", "accuracy", "points", "why not"],
        [_row(one, number == found.winner) for number, one in enumerate(found.candidates)],
    )
    click.echo("* on the Pareto front: nothing is better in one respect and no worse in the others")
    for text in (*found.warnings, *found.unjudged):
        click.echo(f"Note: {text}")


def _row(one: Any, winner: bool) -> list[str]:
    text = require("converters.report.text", extra="convert")
    mark = "winner *" if winner and one.on_front else "winner" if winner else ""
    return [
        mark or ("*" if one.on_front else ""),
        one.file,
        one.backend,
        str(one.threads),
        one.compute,
        text.milliseconds(one.latency_ms),
        text.megabytes(one.bytes),
        f"{100 * one.accuracy:.2f} %",
        f"{-100 * one.drop + 0.0:+.2f}",
        "; ".join(one.excluded),
    ]
