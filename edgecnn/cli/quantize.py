"""``edgecnn quantize``: a net that learned to compute in integers."""

from __future__ import annotations

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


@click.command()
@click.argument("model", required=False)
@click.argument("config", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--weights", type=click.Choice(["int8", "int4"]), help="Bits of the weights.")
@click.option(
    "--ranges", type=click.Choice(["ema", "learned"]), help="Where ranges of activations end."
)
@click.option(
    "--equalize/--no-equalize",
    default=None,
    help="Give channels alike ranges first; the float answers stay.  [default: with int8]",
)
@click.option(
    "--freeze-epoch",
    type=click.IntRange(min=1),
    metavar="N",
    help="From then on ranges are not observed.",
)
@click.option(
    "--keep",
    type=click.Choice(["last", "best"]),
    help="The net of the last epoch, or the best one on what is held back.  [default: last; best "
    "where the config stops early]",
)
@click.option(
    "--teacher",
    "teachers",
    multiple=True,
    metavar="self|MODEL|none",
    help="Of the fine-tuning; self is the float net.  [default: none]",
)
@step_options
def quantize(
    model: str | None,
    config: Path | None,
    weights: str | None,
    ranges: str | None,
    equalize: bool | None,
    freeze_epoch: int | None,
    keep: str | None,
    teachers: tuple[str, ...],
    as_json: bool,
    **given: Any,
) -> None:
    """Train MODEL, a .keras file or run folder, until it can live with integers.

    CONFIG is a .toml or .json file; options change what it says. With --resume alone the folder's
    own model and config are taken. Then: edgecnn convert OUT/best.keras.
    """
    quiet_keras()
    file = model_file(model, given)
    changes: dict[str, dict[str, Any]] = {
        "rounding": {
            "weights": weights,
            "ranges": ranges,
            "equalize": equalize,
            "freeze_epoch": freeze_epoch,
        },
        "teach": {"sources": sources(teachers)},
    }
    step = settle("QuantizeStep", config, {**given, "keep": keep}, changes, ("keep",))
    run = require("edgecnn.training.steps.quantizing", extra="train").run_quantize
    with working("quantize", given["out"]) as progress:
        result = run(file, step, out=given["out"], resume=given["resume"], progress=progress)
    rounded, epoch = (result.details[name] for name in ("rounded_accuracy", "kept_epoch"))
    show(
        result,
        ("float", f"{step.rounding.weights} weights"),
        as_json,
        f"Rounded without training it answers {rounded * 100:.2f} % right"
        + (", its channels evened." if result.details["equalized"] else "."),
        f"Kept: the {step.kept} epoch, {epoch}.",
    )
