"""What the list of people says of everybody, in words."""

from __future__ import annotations

from dataclasses import dataclass

from edgecnn.core.image import Pixels
from edgecnn.faces import records
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.records import Contents, Person
from edgecnn.wording import counted
from gui.faces.people_thumbs import person_thumbnails

NOT_STATED = "not stated"
LOG_LINES = 500


@dataclass(frozen=True, slots=True)
class PersonCard:
    """One person.

    Attributes:
        id: Random; stays the same when the name changes.
        templates, photos: How many there are, photos of those that were kept.
        over: The time of consent is over: nobody is recognized as this person any more.
        facts: Title -> words, for the page about the person.
        line: The most important of it in one line.
        statement, purpose: As recorded; empty when not stated.
        until: Day (ISO 8601) until which the person is recognized; empty for no end.
    """

    id: str
    name: str
    templates: int
    photos: int
    over: bool
    facts: tuple[tuple[str, str], ...]
    line: str
    statement: str = ""
    purpose: str = ""
    until: str = ""


def people_cards(contents: Contents, now_utc: str | None = None) -> tuple[PersonCard, ...]:
    """Everybody, by name.

    Args:
        contents: Of the gallery.
        now_utc: None for now.
    """
    now = records.now_utc() if now_utc is None else now_utc
    made = (_card(person, now) for person in contents.people)
    return tuple(sorted(made, key=lambda card: card.name.casefold()))


def _card(person: Person, now: str) -> PersonCard:
    photos = sum(item.photo is not None for item in person.templates)
    over = person.expired(now)
    until = "" if person.expires_utc is None else person.expires_utc[:10]
    words = [templates_in_words(len(person.templates))]
    if over:
        words.append(f"time over since {until}")
    elif until:
        words.append(f"until {until}")
    if person.consent.statement is None:
        words.append("consent not stated")
    dates = sorted(item.made_utc[:10] for item in person.templates)
    newest = f", the newest of {dates[-1]}" if dates else ""
    facts = (
        ("Consent", person.consent.statement or NOT_STATED),
        ("Purpose", person.consent.purpose or NOT_STATED),
        ("Written down", person.consent.recorded_utc[:10]),
        ("Enrolled", person.enrolled_utc[:10]),
        ("Recognized until", _until(until, over)),
        ("Templates", f"{len(person.templates)}{newest}"),
        ("Photos kept", f"{photos}, encrypted" if photos else "none"),
        ("In the log as", person.id),
    )
    return PersonCard(
        person.id,
        person.name,
        len(person.templates),
        photos,
        over,
        facts,
        " · ".join(words),
        person.consent.statement or "",
        person.consent.purpose or "",
        until,
    )


def _until(date: str, over: bool) -> str:
    if not date:
        return "no end"
    return f"{date}: over, so this person is not recognized any more" if over else date


def templates_in_words(count: int) -> str:
    """``1 template``, ``4 templates``."""
    return counted(count, "template")


def first_thumbnails(gallery: Gallery, known: frozenset[str]) -> dict[str, Pixels]:
    """One thumbnail of everybody of whom a photo was kept, but of those who are known."""
    found = {}
    for person in gallery.people:
        thumbs = () if person.id in known else person_thumbnails(person, 1)
        if thumbs:
            found[person.id] = thumbs[0]
    return found


def thumbnails_of(gallery: Gallery, person_id: str, most: int = 24) -> tuple[Pixels, ...]:
    """Thumbnails of one person."""
    people = (person for person in gallery.people if person.id == person_id)
    return next((person_thumbnails(person, most) for person in people), ())


def log_rows(contents: Contents) -> list[tuple[str, str, str, str]]:
    """The newest lines of the audit log: when, what, how many, whom by identifier."""
    return [
        (
            entry.at_utc.replace("T", " ").removesuffix("Z"),
            entry.action.replace("_", " "),
            str(entry.count),
            ", ".join(item[:18] for item in entry.people),
        )
        for entry in reversed(contents.audit[-LOG_LINES:])
    ]
