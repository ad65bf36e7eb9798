"""Plain tables as TOML text: a config that people go on with by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec


def to_toml(table: Mapping[str, Any], *, comment: str = "") -> str:
    """Write nested tables of plain values; None and empty tables are left out.

    Args:
        table: Strings, numbers, booleans, lists of these, and tables.
        comment: Lines above.

    Returns:
        Text that ends with a newline; reading it gives the table again, without what was None.
    """
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    return "\n".join([*lines, *_lines(table, "")]).lstrip("\n") + "\n"


def _lines(table: Mapping[str, Any], prefix: str) -> list[str]:
    plain = {k: v for k, v in table.items() if v is not None and not isinstance(v, Mapping)}
    tables = {k: v for k, v in table.items() if isinstance(v, Mapping)}
    lines = [f"{_key(name)} = {_value(value)}" for name, value in plain.items()]
    if lines and prefix:
        lines = ["", f"[{prefix}]", *lines]
    for name, inside in tables.items():
        lines += _lines(inside, f"{prefix}.{_key(name)}".lstrip("."))
    return lines


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _value(name)


def _value(value: Any) -> str:
    """Strings, booleans and integers are written as in JSON; floats always look like floats."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(one) for one in value)}]"
    if isinstance(value, float):
        text = repr(value)
        return text if set(text) & set(".en") else f"{text}.0"
    return msgspec.json.encode(value).decode()
