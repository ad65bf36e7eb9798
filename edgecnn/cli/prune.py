"""``edgecnn prune``: a net with fewer channels, or with fewer weights that are not zero."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from edgecnn.cli.steps import (
    model_file,
    quiet_keras,
    settle,
    show,
    sources,
    step_options,
    working,
)
from edgecnn.optional import require


def _n_of_m(context: click.Context, parameter: click.Parameter, text: str | None) -> Any:
    """``2:4`` as (2, 4)."""
    if text is not None and not re.fullmatch(r"\d+:\d+", text):
        raise click.BadParameter(f"takes N:M, like 2:4, but got {text!r}.")
    return None if text is None else tuple(int(number) for number in text.split(":"))


@click.command()
@click.argument("model", required=False)
@click.argument("config", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--keep-macs", type=float, metavar="SHARE", help="Part of the multiply-adds that stays: 0.33."
)
@click.option(
    "--keep-latency", type=float, metavar="SHARE", help="Part of the time that stays, measured."
)
@click.option(
    "--latency-ms", type=float, metavar="MS", help="Time for a picture in milliseconds, measured."
)
@click.option(
    "--sparsity",
    type=float,
    metavar="SHARE",
    help="Part of the single weights that becomes zero; not faster.",
)
@click.option(
    "--n-of-m", callback=_n_of_m, metavar="N:M", help="Of M neighbouring weights N stay; the same."
)
@click.option(
    "--backend", type=click.Choice(["litert", "openvino"]), help="Where time is measured."
)
@click.option(
    "--score",
    type=click.Choice(["gamma", "l1", "l2", "taylor"]),
    help="What makes a channel important.",
)
@click.option(
    "--multiple-of",
    type=click.IntRange(min=1),
    metavar="N",
    help="Each layer keeps a multiple of N channels.",
)
@click.option("--stages", type=click.IntRange(min=1), metavar="N", help="Prune in so many turns.")
@click.option(
    "--epochs-between",
    type=click.IntRange(min=1),
    metavar="N",
    help="Passes over the data between two turns.",
)
@click.option(
    "--teacher",
    "teachers",
    multiple=True,
    metavar="self|MODEL|none",
    help="Of the fine-tuning; self is the unpruned net.  [default: self]",
)
@step_options
def prune(
    model: str | None,
    config: Path | None,
    teachers: tuple[str, ...],
    as_json: bool,
    **given: Any,
) -> None:
    """Make MODEL, a .keras file or run folder, smaller and train it in between.

    Say one target; without any, half of the multiply-adds stay. CONFIG is a .toml or .json file;
    options change what it says. With --resume alone the folder's own model and config are taken.
    """
    quiet_keras()
    file = model_file(model, given)
    goals = ("keep_macs", "keep_latency", "latency_ms", "sparsity", "n_of_m")
    if sum(given[goal] is not None for goal in goals) > 1:
        raise click.UsageError("Give one target: --keep-macs, --keep-latency, --latency-ms, ...")
    changes: dict[str, dict[str, Any]] = {
        "target": {name: given[name] for name in (*goals, "backend")},
        "choice": {name: given[name] for name in ("score", "multiple_of")},
        "teach": {"sources": sources(teachers)},
    }
    step = settle("PruneStep", config, given, changes, ("stages", "epochs_between"))
    run = require("edgecnn.training.steps.pruning", extra="train").run_prune
    with working("prune", given["out"]) as progress:
        result = run(
            file,
            step,
            out=given["out"],
            measure=_meter(step),
            resume=given["resume"],
            progress=progress,
        )
    show(result, ("before", "pruned"), as_json, *_notes(step, result))


def _meter(step: Any) -> Any:
    """Who measures time; converting needs an extra that other targets do without."""
    if not step.target.is_measured:
        return None
    return require("converters.latency", extra="convert").LatencyMeter(step.target.backend)


def _notes(step: Any, result: Any) -> list[str]:
    target = step.target
    if target.is_sparse:
        return ["Zeros make the compressed file smaller; no runtime here is faster for them."]
    latency_ms = result.details["stages"][-1].get("latency_ms")
    if latency_ms is None:
        return []
    before_ms = result.details["plan"]["before_ms"]
    return [f"On {target.backend}, float32: {before_ms:.3f} ms before, {latency_ms:.3f} ms now."]
