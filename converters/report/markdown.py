"""The report as Markdown (``report.md``): the verdict first, then why, then the tables.

Names of layers and classes come from foreign files, so every text is escaped: none can open a
table cell, a link or an HTML tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from converters.report.content import sections
from converters.report.schema import Report
from converters.report.section import Section, Table
from converters.report.text import MAX_REASONS, reasons, summary, verdict

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#$])")
_LIST_START = re.compile(r"^(\s*\d*)([-+.)])(?=\s)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")


def markdown(report: Report) -> str:
    """The whole report; the first ten lines tell what was converted and whether it is proven."""
    word = "passed" if report.passed else "failed"
    lines = [f"# Conversion of {escape(report.name)}: {word}", ""]
    lines += [f"**{escape(verdict(report))}**", *_why(report), ""]
    lines += [f"- {name}: {escape(value)}" for name, value in summary(report)]
    why = reasons(report)
    lines += _warnings(tuple(text for text in report.warnings if text not in why))
    for section in sections(report):
        lines += ["", *_section(section)]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    plain = _CONTROL.sub(" ", text).replace("&", "&amp;")
    return _LIST_START.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", plain))


def _why(report: Report) -> Iterator[str]:
    why = reasons(report)
    if why:
        yield ""
    for reason in why[:MAX_REASONS]:
        yield f"- {escape(reason)}"
    if len(why) > MAX_REASONS:
        yield f"- and {len(why) - MAX_REASONS} more, under Gates"


def _warnings(texts: tuple[str, ...]) -> Iterator[str]:
    for text in texts:
        yield f"- **Warning**: {escape(text)}"


def _section(section: Section) -> Iterator[str]:
    yield f"## {escape(section.title)}"
    for text in section.text:
        yield ""
        yield escape(text)
    if section.warnings:
        yield ""
    yield from _warnings(section.warnings)
    for table in section.tables:
        yield ""
        yield from _table(table)


def _table(table: Table) -> Iterator[str]:
    if table.caption:
        yield escape(table.caption)
        yield ""
    yield _row(table.head)
    yield _row(tuple("---:" if table.numeric(i) else "---" for i in range(len(table.head))), False)
    for row in table.rows:
        yield _row(row)


def _row(cells: tuple[str, ...], text: bool = True) -> str:
    return "| " + " | ".join(escape(cell) if text else cell for cell in cells) + " |"
