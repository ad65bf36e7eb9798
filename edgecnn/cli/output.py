"""Tables and lines for people; what programs read is JSON and does not come through here."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

WIDTH_WITHOUT_TERMINAL = 140
SHORT = 10
"""Cells of so many characters, a date for example, are never broken."""


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on standard output; columns of numbers are set to the right.

    Args:
        title: A line above it.
        header: Column names.
        rows: One string a column.
    """
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for index, name in enumerate(header):
        numeric = bool(rows) and all(_is_number(row[index]) for row in rows)
        short = all(len(row[index]) <= SHORT for row in rows)
        justify: Literal["left", "right"] = "right" if numeric else "left"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=short)
    for row in rows:
        table.add_row(*row)
    _console().print(table)


def print_facts(title: str, facts: Mapping[str, str]) -> None:
    """Print name and value pairs on standard output, long values wrapped under themselves."""
    from rich.table import Table

    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, show_header=False
    )
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name, value)
    console = _console()
    console.print(table)
    console.print()


def _console() -> Any:
    """Prints to the terminal's width; into a file or pipe, wide enough to keep words whole."""
    from rich.console import Console

    wide = None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDTH_WITHOUT_TERMINAL
    return Console(highlight=False, markup=False, width=wide)


def _is_number(text: str) -> bool:
    plain = text.lstrip("+-").replace(",", "").replace(".", "", 1)
    return plain.rstrip("% MBkx").isdigit() or text in {"", "-"}
