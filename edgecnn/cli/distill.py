"""``edgecnn distill``: a small net that learns from what large ones answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgecnn.cli.steps import quiet_keras, settle, show, sources, step_options, working
from edgecnn.optional import require


@click.command()
@click.argument("config", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--net", metavar="NAME", help="Architecture of the student; see edgecnn nets list.")
@click.option("--width", type=float, metavar="FACTOR", help="Factor on its channels.")
@click.option(
    "--teacher",
    "teachers",
    multiple=True,
    metavar="MODEL",
    help="A .keras file, run folder or bundle; several answer together.",
)
@step_options
def distill(
    config: Path | None,
    net: str | None,
    width: float | None,
    teachers: tuple[str, ...],
    as_json: bool,
    **given: Any,
) -> None:
    """Train a student. CONFIG is a .toml or .json file; options change what it says.

    With --resume alone the folder's own config is taken. Afterwards the folder holds the student
    (best.keras), a log, curves and a confusion matrix; the table shows the teachers together.
    """
    quiet_keras()
    if config is None and not given["resume"] and not (net and teachers):
        raise click.UsageError("Give CONFIG, or --net, --teacher and --data.")
    changes: dict[str, dict[str, Any]] = {
        "teach": {"sources": sources(teachers)},
        "net": {"name": net, "width": width},
    }
    step = settle("DistillStep", config, given, changes)
    run = require("edgecnn.training.steps.distilling", extra="train").run_distill
    with working("distill", given["out"]) as progress:
        result = run(step, out=given["out"], resume=given["resume"], progress=progress)
    show(result, ("teachers" if len(step.teach.sources) > 1 else "teacher", "student"), as_json)
