"""``edgecnn train --task embed``: nets that tell apart what they have never seen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from edgecnn.cli.train_series import begun_config
from edgecnn.optional import require

TASKS = ("classify", "embed")


def is_embedding(task: str | None, config: Path | None, begun: Path | None) -> bool:
    """Whether an embedder is trained: where it is not said, the config's group ``metric`` does.

    Args:
        task: What was asked for.
        config: File of a config.
        begun: Folder that is gone on with.
    """
    if task is not None:
        return task == "embed"
    if config is not None:
        return "metric" in require("edgecnn.training.config", extra="train").read_table(config)
    return begun is not None and "metric" in begun_config(begun)


def embed_settings(
    config: Path | None, preset: str | None, begun: Path | None, changes: Mapping[str, Any]
) -> Any:
    """The config of a file, a preset or a folder that was begun, changed by options.

    Raises:
        click.UsageError: Nothing says what net learns from what.
    """
    metric = require("edgecnn.training.metric.config", extra="train")
    if config is not None:
        settings = metric.read_embed_config(config)
    elif preset is not None:
        settings = metric.make_embed_config({"preset": preset})
    elif begun is not None:
        settings = metric.make_embed_config(begun_config(begun), where=str(begun))
    elif changes["net"] and changes["data"].get("name"):
        settings = metric.make_embed_config({"preset": "small_pictures"})
    else:
        raise click.UsageError("Give CONFIG, or --net and --data.")
    return metric.change_embed(settings, changes, where="The command line")
