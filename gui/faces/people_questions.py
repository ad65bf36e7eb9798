"""What is asked before a person is renamed, merged or exported."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from gui.faces.people_ask import AskPanel

QUESTIONS = ("rename", "merge", "export")


def ask_about(ask: AskPanel, what: str, name: str, others: Sequence[str]) -> None:
    """Ask one of `QUESTIONS` about a person.

    Args:
        ask: Where; it hands the answer on.
        what: The key of the question.
        name: Of the person.
        others: Names of everybody else.
    """
    leave = _tr("Cancel")
    if what == "rename":
        words = _tr("The templates stay; only the name changes.")
        ask.ask(what, words, _tr("Rename"), leave, field=_tr("New name"), text=name)
    elif what == "merge":
        words = _tr(
            "Who is the same person? All templates of the one chosen here go to %s, whose name and "
            "consent hold. This cannot be undone."
        )
        field = _tr("The same person")
        ask.ask(what, words % name, _tr("Merge"), leave, field=field, choices=others)
    elif what == "export":
        words = _tr(
            "All that is stored about %s goes into a ZIP file, readable and not encrypted: whoever "
            "has the file can read it, and Forget cannot reach it."
        )
        ask.ask(what, words % name, _tr("Choose where…"), leave)


def _tr(text: str) -> str:
    return QCoreApplication.translate("faces", text)
