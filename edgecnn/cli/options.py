"""Options that several verbs share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from edgecnn.registry import BACKENDS

F = TypeVar("F", bound=Callable[..., Any])


def runtime_options(function: F) -> F:
    """``--backend``, ``--precision``, ``--compute`` and ``--threads``."""
    for option in reversed(
        (
            click.option(
                "--backend", metavar="NAME", help=f"{', '.join(BACKENDS)}; chosen when not given."
            ),
            click.option(
                "--precision",
                type=click.Choice(["float32", "float16", "int8", "int4w"]),
                help="Of the model file; chosen when not given.",
            ),
            click.option(
                "--compute",
                type=click.Choice(["f32", "bf16"]),
                help="Arithmetic; bf16 on OpenVINO only.  [default: f32]",
            ),
            click.option(
                "--threads",
                type=int,
                metavar="N",
                help="The cores there are, at most 4, by default.",
            ),
        )
    ):
        function = option(function)
    return function
