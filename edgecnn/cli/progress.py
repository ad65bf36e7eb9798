"""A progress bar on standard error for long work; nothing where no terminal shows it.

A program that starts `edgecnn` and wants to show progress itself sets ``EDGECNN_PROGRESS=json``:
then each step is a line ``{"progress": 0.25, "what": "..."}`` on standard error.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

VARIABLE = "EDGECNN_PROGRESS"


@contextmanager
def progress_bar() -> Iterator[Callable[[str, float], None]]:
    """Show what is being done.

    Yields:
        To be told what is done and the share of it, 0..1.
    """
    if os.environ.get(VARIABLE) == "json":
        yield _say
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda what, share: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda what, share: bar.update(task, description=what, completed=share)


def _say(what: str, share: float) -> None:
    click.echo(json.dumps({"progress": round(share, 4), "what": what}), err=True)
