"""What forgetting destroys, and what came of it, in words."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from edgecnn.faces.forget import FileProof, Forgotten
from edgecnn.wording import counted
from gui.faces.people_cards import PersonCard, templates_in_words


def forget_action(cards: Sequence[PersonCard]) -> str:
    """What the button does, with what it destroys: ``Forget Ada and 4 templates``."""
    templates = templates_in_words(sum(card.templates for card in cards))
    who = cards[0].name if len(cards) == 1 else f"{len(cards)} people"
    return f"Forget {who} and {templates}"


def forget_question(cards: Sequence[PersonCard], backups: int) -> str:
    """What goes, before it is decided.

    Args:
        cards: Who.
        backups: How many backups edgecnn made of the gallery.
    """
    photos = sum(card.photos for card in cards)
    parts = [templates_in_words(sum(card.templates for card in cards))]
    if photos:
        parts.append(counted(photos, "photo"))
    parts.append("the marks in the log")
    who = ", ".join(card.name for card in cards)
    words = f"Deleted for good: {who} with {', '.join(parts)}"
    if backups == 1:
        words += "; also the backup of the gallery, because it holds them as well"
    elif backups:
        words += f"; also all {backups} backups of the gallery, because they hold them as well"
    return f"{words}. There is no way back."


def forget_title(report: Forgotten) -> str:
    """The outcome in one sentence."""
    if not report.proven:
        return "It is not proven that nothing is left"
    return f"{counted(report.people, 'person', 'people')} forgotten: no trace was found"


def forget_page(report: Forgotten) -> str:
    """The whole report as HTML; every text is escaped."""
    removed = [templates_in_words(report.templates)]
    removed.append(counted(report.photos, "photo"))
    removed.append("the record, and the marks in the log")
    removed += [f"the backup {path}" for path in report.backups_deleted]
    parts = [_list("Removed", removed)]
    parts.append(_list("Proven", (_proof(file, report.searched) for file in report.proof)))
    parts.append(_list("Out of reach of edgecnn", report.out_of_reach))
    parts.append(_list("Also", report.notes))
    return "".join(parts)


def _proof(file: FileProof, searched: int) -> str:
    if not file.decrypted:
        return f"NOT PROVEN: {file.path} could not be decrypted"
    if file.traces:
        return f"NOT PROVEN: {file.path} still holds {', '.join(file.traces)}"
    return f"{file.path} was decrypted and searched for {searched} traces: none found"


def _list(title: str, lines: Iterable[str]) -> str:
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f"<h4>{html.escape(title)}</h4><ul>{items}</ul>" if items else ""
