"""Options of ``run`` that concern streams: how they are taken, followed, watched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from edgecnn.errors import OptionError

F = TypeVar("F", bound=Callable[..., Any])


def as_size(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[int, int] | None:
    """Width and height of ``WIDTHxHEIGHT``.

    Raises:
        click.BadParameter: Anything else.
    """
    if value is None:
        return None
    width, _, height = value.lower().partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise click.BadParameter(f"{value!r} is not a size such as 1280x720.", context, parameter)
    return int(width), int(height)


def as_address(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[str, int] | None:
    """Host and port of ``HOST:PORT``.

    Raises:
        click.BadParameter: Anything else.
    """
    if value is None:
        return None
    from edgecnn.cli.preview import parse_address  # a web server: only who asks for it

    try:
        return parse_address(value)
    except OptionError as error:
        raise click.BadParameter(str(error), context, parameter) from error


def live_options(function: F) -> F:
    """``--track`` to ``--serve``."""
    for option in reversed(
        (
            click.option(
                "--track", is_flag=True, help="Follow objects and faces, and number them."
            ),
            click.option(
                "--smooth", is_flag=True, help="Calm scores, labels, boxes and masks; follows too."
            ),
            click.option(
                "--realtime", is_flag=True, help="Play a recording at its own speed, like a camera."
            ),
            click.option(
                "--fps",
                type=click.FloatRange(0, 240, min_open=True),
                metavar="RATE",
                help="Live: ask a camera for this rate, and answer no more frames a second.",
            ),
            click.option(
                "--size",
                "size_wh",
                metavar="WxH",
                callback=as_size,
                help="Live: ask a camera for this size.",
            ),
            click.option("--mirror", is_flag=True, help="Flip pictures left to right."),
            click.option(
                "--metrics",
                "metrics_s",
                type=click.FloatRange(0, min_open=True),
                metavar="SECONDS",
                help="A line of figures on standard error, so often.",
            ),
            click.option(
                "--serve",
                metavar="HOST:PORT",
                callback=as_address,
                help="Show the annotated stream to browsers; beyond this machine with a token.",
            ),
        )
    ):
        function = option(function)
    return function
