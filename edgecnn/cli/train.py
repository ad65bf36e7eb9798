"""``edgecnn train``: from labelled pictures to a trained net, in a folder that can be resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from edgecnn.cli.leaks import show_leaks
from edgecnn.cli.output import print_facts
from edgecnn.cli.progress import progress_bar
from edgecnn.cli.settings import merged, set_option
from edgecnn.cli.steps import quiet_keras, trained
from edgecnn.cli.train_embed import TASKS, embed_settings, is_embedding
from edgecnn.cli.train_series import OPTIONS, begun_config, find_series, series_options, to_json
from edgecnn.optional import require


@click.command()
@click.argument("config", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run; new or empty.")
@click.option(
    "--task", type=click.Choice(TASKS), help="embed: vectors for what was never seen, by triplets "
    "or ArcFace; where not given, a config with a group metric says it."
)  # fmt: skip
@click.option(
    "--preset",
    metavar="NAME",
    help="What to start from instead of a file: classic, fine_tune, large_pictures, quick or "
    "small_pictures.",
)
@click.option("--net", metavar="NAME", help="Architecture; see edgecnn nets list.")
@click.option("--data", metavar="DATA", help="A data set by name, a folder of class folders, .csv.")
@click.option("--epochs", type=click.IntRange(min=1), metavar="N", help="Passes over the data.")
@click.option("--batch-size", type=click.IntRange(min=1), metavar="N", help="Pictures a step.")
@click.option("--learning-rate", type=float, metavar="RATE", help="Before the schedule.")
@click.option(
    "--seed", type=click.IntRange(min=0), metavar="N", help="Of everything that is random."
)
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Learn from so many pictures at most."
)
@click.option(
    "--from",
    "source",
    metavar="MODEL",
    help="Trained net to start from: a .keras file, the folder of a run, or a bundle.",
)
@click.option("--freeze", metavar="all|none|N", help="Layers of --from that do not learn at first.")
@click.option(
    "--unfreeze-at", type=click.IntRange(min=0), metavar="N", help="Epoch from which all learn."
)
@set_option("optimizer.name=sgd")
@series_options
@click.option(
    "--show-augmentation", "sheet", type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.png", help="Draw what the net would see, and do not train.",
)  # fmt: skip
@click.option(
    "--check-leaks", is_flag=True, help="Say which pictures that are held back or tested on are "
    "also learned from, and do not train.",
)  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with what is in --out.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, and nothing else.")
def train(
    config: Path | None,
    out: Path | None,
    task: str | None,
    preset: str | None,
    sheet: Path | None,
    check_leaks: bool,
    resume: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Train a net. CONFIG is a .toml or .json file; options change what it says.

    With --resume alone the run's own config is taken. The folder holds the best and the last model
    (.keras), a log, curves and a confusion matrix; with --folds, --monte-carlo,
    --leave-one-group-out or --search a folder for each run, and what all of them say.
    """
    if config is not None and preset is not None:
        raise click.UsageError("Give CONFIG or --preset; a file may name its preset itself.")
    begun = out if resume else None
    chosen = {name: given.pop(name) for name in OPTIONS}
    if begun is not None or any(chosen.values()):
        quiet_keras()  # before anything imports it that reads what was begun, or plans several runs
    series = find_series(begun, **chosen)
    embedding = series is None and is_embedding(task, config, begun)
    if task == "embed" and not embedding:
        raise click.UsageError("Embedders are not cross-validated or searched for; train one.")
    if embedding:
        settings = embed_settings(config, preset, begun, _changes(given))
    else:
        settings = _settings(config, preset, begun, given)
    if sheet is not None:
        quiet_keras()
        showing = require("edgecnn.training.showing", extra="train")
        click.echo(str(showing.show_augmentation(settings, sheet)))
        return
    if check_leaks:
        quiet_keras()
        show_leaks(settings, as_json)
        return
    if out is None:
        raise click.UsageError("Missing option '--out'.")
    quiet_keras()
    if embedding:
        run = require("edgecnn.training.metric.fit", extra="train").train_embedder
    else:
        run = require("edgecnn.training.fit", extra="train").train if series is None else series.run
    try:
        with progress_bar() as progress:
            result = run(settings, out=out, resume=resume, progress=progress)
    except KeyboardInterrupt:
        click.echo(f"Interrupted. Go on with: edgecnn train --out {out} --resume", err=True)
        raise
    if series is None:
        _print(result, as_json)
    elif as_json:
        click.echo(to_json(result))
    else:
        series.show(result)


def _settings(
    config: Path | None, preset: str | None, begun: Path | None, given: dict[str, Any]
) -> Any:
    """The config of a file, a preset or a folder that was begun, changed by options."""
    configs = require("edgecnn.training.config", extra="train")
    presets = require("edgecnn.training.presets", extra="train")
    if config is not None:
        settings = configs.read_config(config)
    elif preset is not None:
        settings = presets.preset(preset)
    elif begun is not None:
        settings = configs.make_config(begun_config(begun), where=str(begun))
    elif given["net"] and given["data"]:
        settings = presets.preset("small_pictures")
    elif given["source"] and given["data"]:
        settings = presets.preset("fine_tune")
    else:
        raise click.UsageError("Give CONFIG, or --net and --data, or --from and --data.")
    changes = _changes(given)
    epochs = given["epochs"]
    if epochs is not None and settings.schedule.warmup_epochs >= epochs:
        # No option says the warm-up, so that it goes with the epochs that one says.
        changes = merged({"schedule": {"warmup_epochs": epochs / 5}}, changes)
    return configs.change(settings, changes, where="The command line")


def _changes(given: dict[str, Any]) -> dict[str, Any]:
    """What options say, in the config's groups."""
    freeze = given["freeze"]
    if freeze is not None and freeze not in ("all", "none"):
        if not freeze.isdigit():
            raise click.UsageError(f"--freeze takes all, none or a number, but got {freeze!r}.")
        freeze = int(freeze)
    groups: dict[str, dict[str, Any]] = {
        "net": {"name": given["net"]},
        "data": {"name": given["data"], "limit": given["limit"]},
        "optimizer": {"learning_rate": given["learning_rate"]},
        "fit": {name: given[name] for name in ("epochs", "batch_size", "seed")},
        "transfer": {
            "source": given["source"] and trained(given["source"]),
            "freeze": freeze,
            "unfreeze_at": given["unfreeze_at"],
        },
    }
    named = {
        group: {name: value for name, value in fields.items() if value is not None}
        for group, fields in groups.items()
    }
    return merged(named, given["settings"])


def _print(result: Any, as_json: bool) -> None:
    summary = {
        "folder": str(result.folder),
        "best_epoch": result.best_epoch + 1,
        "epochs": result.epochs,
        "stopped": result.stopped,
        **result.metrics,
    }
    if as_json:
        click.echo(msgspec.json.encode(summary).decode())
        return
    facts = {
        name.replace("_", " "): f"{value:.4f}" if isinstance(value, float) else str(value)
        for name, value in summary.items()
        if name != "folder"
    }
    print_facts(f"Trained: {result.model.name}", facts)
    click.echo(str(result.folder / "best.keras"))
