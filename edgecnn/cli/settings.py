"""``--set``: any value of a config by its dotted name, where no option of its own says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click
import msgspec

F = TypeVar("F", bound=Callable[..., Any])
NOTHING = "null"
"""Takes a value back that a preset or a file has: TOML has no word for it."""


def set_option(example: str) -> Callable[[F], F]:
    """Add ``--set``; the command gets nested tables as ``settings``.

    Args:
        example: A name and value that this command's config has.
    """
    return click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="NAME=VALUE",
        callback=read_settings,
        help=f"Any value of the config by its dotted name, as in {example}; may be given several "
        "times.",
    )


def merged(tables: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Nested tables in which the second say what both of them say."""
    result = dict(tables)
    for name, value in others.items():
        before = result.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            value = merged(before, value)
        result[name] = value
    return result


def read_settings(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, Any]:
    """``("a.b=1",)`` as ``{"a": {"b": 1}}``, for a Click option."""
    result: dict[str, Any] = {}
    for one in given:
        name, equals, text = one.partition("=")
        parts = [part.strip() for part in name.split(".")]
        if not equals or not all(parts):
            raise click.BadParameter(f"takes NAME=VALUE, like optimizer.name=sgd, but got {one!r}.")
        value: Any = _value(text.strip())
        for part in reversed(parts):
            value = {part: value}
        result = merged(result, value)
    return result


def _value(text: str) -> Any:
    """A number, truth, list or table as TOML writes it; anything else is a word."""
    if text == NOTHING:
        return None
    try:
        return msgspec.toml.decode(f"value = {text}")["value"]
    except msgspec.DecodeError:
        return text
