"""Plain text and tables in sections: what every form of a report is made of. Nothing is escaped."""

from __future__ import annotations

from dataclasses import dataclass

from converters.report.text import NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Strings in rows.

    Attributes:
        caption: A line above it; may be empty.
        marked: Numbers of the rows that say something bad.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    marked: frozenset[int] = frozenset()

    def numeric(self, column: int) -> bool:
        """Whether a column holds numbers, so that it is set to the right."""
        cells = [row[column] for row in self.rows if row[column] not in ("", NOTHING, "reference")]
        return bool(cells) and all(_is_number(cell) for cell in cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and what stands under it.

    Attributes:
        key: Names it for links and plots: ``variants``, ``repair-0``, ``layers-0``,
            ``confusion-0`` ...
        text: Paragraphs.
        warnings: A list of what looks wrong.
    """

    key: str
    title: str
    text: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


def _is_number(text: str) -> bool:
    try:
        float(text.rstrip(" %"))
    except ValueError:
        return False
    return True
