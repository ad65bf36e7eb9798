"""Changing what a person agreed to, and until when, without adding faces.

Consent is taken back, extended or worded anew while the templates stay; so it has a way of its own.
Every change is in the audit log, by the person's random identifier.
"""

from __future__ import annotations

from edgecnn.errors import OptionError
from edgecnn.faces import records
from edgecnn.faces.edits import noted, replace
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.records import Consent, Contents, Person


def change_consent(
    gallery: Gallery,
    name: str,
    *,
    statement: str | None = None,
    purpose: str | None = None,
    expires_in_days: int | None = None,
    no_end: bool = False,
) -> Person:
    """Write down anew who agreed and how, what for, or until when; what is None stays.

    Args:
        gallery: Which.
        name: Of the person.
        statement: Who agreed and how; nothing but spaces is recorded as not stated.
        purpose: What for; nothing but spaces is recorded as not stated.
        expires_in_days: When nobody is to be recognized as this person any more, from now.
        no_end: Recognize the person for as long as it is enrolled.

    Returns:
        The person as it is kept now.

    Raises:
        OptionError: Nothing to change, an expiry that cannot be, or both an expiry and none.
        GalleryError: Nobody of that name.
    """
    if expires_in_days is not None and no_end:
        raise OptionError("Give either an expiry or no end, not both.")
    worded = statement is not None or purpose is not None
    if not worded and expires_in_days is None and not no_end:
        raise OptionError("Nothing to change: give a consent, a purpose, an expiry or no end.")
    expires = None if expires_in_days is None else records.in_days(expires_in_days)
    kept: list[Person] = []

    def edit(contents: Contents) -> Contents:
        index = records.find_person(contents, name)
        person = contents.people[index]
        before = person.consent
        stated = Consent(
            statement=before.statement if statement is None else statement.strip() or None,
            purpose=before.purpose if purpose is None else purpose.strip() or None,
            # The date is that of the words; an expiry alone says nothing new about who agreed.
            recorded_utc=records.now_utc() if worded else before.recorded_utc,
        )
        until = None if no_end else expires or person.expires_utc
        kept.append(replace(person, consent=stated, expires_utc=until))
        people = (*contents.people[:index], kept[-1], *contents.people[index + 1 :])
        return noted(replace(contents, people=people), "consent", (person.id,))

    gallery.change(edit)
    return kept[-1]
