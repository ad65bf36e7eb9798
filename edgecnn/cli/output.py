"""Tables and lines for people; what programs read is JSON and does not come through here."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

WIDTH_WITHOUT_TERMINAL = 140
READABLE = 12
"""A column that has room for a word of so many characters can be read."""
SHORT = 10
"""Cells of so many characters, a date for example, are never broken."""


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on standard output; columns of numbers are set to the right.

    Where the terminal is so narrow that words would be broken into letters, each row becomes a
    paragraph of its own, one cell a line.

    Args:
        title: A line above it.
        header: Column names.
        rows: One string a column.
    """
    from rich.table import Table

    console = _console()
    if _least_width(header, rows) > console.width:
        _print_records(console, title, header, rows)
        return
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for index, name in enumerate(header):
        numeric = bool(rows) and all(_is_number(row[index]) for row in rows)
        short = all(len(row[index]) <= SHORT for row in rows)
        justify: Literal["left", "right"] = "right" if numeric else "left"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=short)
    for row in rows:
        table.add_row(*row)
    console.print(table)


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


def _least_width(header: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Characters that a table needs, with words of up to `READABLE` characters whole."""
    widths = [
        max(min(len(word), READABLE) for cell in column for word in (cell.split() or [""]))
        for column in zip(header, *rows, strict=True)
    ]
    return sum(widths) + 3 * len(widths) + 1  # lines between, and a space on both sides


def _print_records(
    console: Any, title: str, header: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    from rich.table import Table

    console.print(title, style="bold")
    for row in rows:
        record = Table.grid(padding=(0, 1))
        record.add_column(style="dim", max_width=READABLE)
        record.add_column(overflow="fold")
        for name, cell in zip(header, row, strict=True):
            if cell:
                record.add_row(name, cell)
        console.print(record)
        console.print()


def _console() -> Any:
    """Prints to the terminal's width; into a file or pipe, wide enough to keep words whole."""
    from rich.console import Console

    wide = None if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDTH_WITHOUT_TERMINAL
    return Console(highlight=False, markup=False, width=wide)


def _is_number(text: str) -> bool:
    plain = text.lstrip("+-").replace(",", "").replace(".", "", 1)
    return plain.rstrip("% MBkx").isdigit() or text in {"", "-"}
