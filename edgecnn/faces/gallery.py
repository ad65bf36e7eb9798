"""People and their templates, in an encrypted file: enrol, identify, verify, rename, merge.

Faces come in as embeddings; finding them and judging their quality is the caller's. Every change
takes the file's lock, starts from its newest state and writes it whole, so several programs may
have one gallery open.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from edgecnn.bundle.schema import Manifest
from edgecnn.core.results import Embedding
from edgecnn.errors import GalleryError, OptionError
from edgecnn.faces import records
from edgecnn.faces.calibrate import at_least_one
from edgecnn.faces.duplicates import compare
from edgecnn.faces.edits import (
    index_of,
    noted,
    with_other_ids,
    with_person,
    with_templates,
    without_people,
)
from edgecnn.faces.impostors import ImpostorTable
from edgecnn.faces.match import Matcher
from edgecnn.faces.outcomes import Enrolled, Identity, NewFace
from edgecnn.faces.policy import Rule, calibrated, rule_for
from edgecnn.faces.records import Action, Contents, Floats, Person, Template
from edgecnn.faces.store import Store
from edgecnn.faces.unlocking import Secret
from edgecnn.registry import Registry

replace = msgspec.structs.replace

Search = Literal["exact", "index"]
_MATCHERS = Registry(
    "search",
    {
        "exact": "edgecnn.faces.match:Matcher",
        "index": "edgecnn.faces.match_index:IndexedMatcher",
    },
)


class Gallery:
    """An opened gallery; made by `Gallery.create` and `Gallery.open`.

    Attributes:
        store: The encrypted file.
        contents: What it holds, as of the last read or write.
        table: Bundled impostor scores of its embedding space, or None.
        search: ``exact``, or ``index``: by a graph, for hundreds of thousands of templates; needs
            the extra ``index`` (`edgecnn.faces.match_index`).
    """

    def __init__(self, store: Store, contents: Contents, table: ImpostorTable | None) -> None:
        self.store = store
        self.contents = contents
        self.table = table
        self.search: Search = "exact"
        self._state = store.header.state_id
        self._ready: tuple[Contents, Search, str, Matcher, dict[str, str]] | None = None

    @classmethod
    def create(
        cls, path: Path, secret: Secret, manifest: Manifest, table: ImpostorTable | None = None
    ) -> Gallery:
        """Make an empty gallery for the faces of an embedder.

        Args:
            path: Of the file.
            secret: What will open it.
            manifest: Of the embedder's bundle; the gallery binds to its embedding space.
            table: Impostor scores of that space (`edgecnn.faces.impostors.find_table`).

        Raises:
            GalleryError: The file exists, or the bundle does not embed.
        """
        spec = manifest.embedding
        if spec is None:
            raise GalleryError(f"{manifest.name} gives no embeddings, so it cannot fill a gallery.")
        contents = Contents(
            space=spec.space,
            metric=spec.metric,
            dimension=spec.dimension,
            embedder=manifest.name,
        )
        return cls(Store.create(path, secret, records.encode(contents)), contents, table)

    @classmethod
    def open(cls, path: Path, secret: Secret, table: ImpostorTable | None = None) -> Gallery:
        """Open a gallery.

        Raises:
            GalleryError: Not there or not readable.
            PassphraseError: The secret is not that of the file.
            DamagedError: The file was damaged or altered.
        """
        store = Store.open(path, secret)
        return cls(store, records.decode(store.content, str(path)), table)

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody enrolled, in the order of enrolment."""
        return self.contents.people

    def __len__(self) -> int:
        return len(self.contents.people)

    def refresh(self) -> None:
        """See what other programs wrote; cheap enough for every frame when they wrote nothing.

        Raises:
            GalleryError: The file is gone.
            PassphraseError: It has another passphrase now.
        """
        # A thread that is writing has the newest state already; nobody has to wait for it here.
        if not self.store.turn.acquire(blocking=False):
            return
        try:
            if self.store.seems_changed():
                self.store.refresh()
            self._adopt()
        finally:
            self.store.turn.release()

    def _adopt(self) -> None:
        """Decode what the file holds, when that has changed."""
        if self._state != self.store.header.state_id:
            self.contents = records.decode(self.store.content, str(self.store.path))
            self._state = self.store.header.state_id

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only writer, with the newest contents; nests."""
        with self.store.writing():
            self._adopt()
            yield

    def rule(self, target: float | None = None) -> Rule:
        """The threshold that holds here; see `edgecnn.faces.policy`."""
        return rule_for(self.contents.space, self.table, self.contents, target)

    @property
    def matcher(self) -> Matcher:
        """What compares with everybody who may be recognized at this moment."""
        return self._matcher_of(self.contents)

    @property
    def names(self) -> Mapping[str, str]:
        """Identifier -> name of everybody who may be recognized at this moment."""
        return self._prepared(self.contents)[1]

    # Recognizing

    def match(self, embeddings: Sequence[Embedding], rule: Rule | None = None) -> list[Identity]:
        """Whose faces they are, without a note in the audit log; for video, frame by frame.

        Args:
            embeddings: Of faces.
            rule: None for `rule`.

        Raises:
            GalleryError: The embeddings are of another space.
        """
        chosen = self.rule() if rule is None else rule
        contents = self.contents  # another thread may replace it; indices belong to this state
        vectors = self._vectors(embeddings)
        found = []
        for nearest in self._matcher_of(contents).nearest(vectors):
            known = nearest.distance < chosen.threshold
            person = contents.people[nearest.person] if known else None
            rival = known and nearest.second_distance < chosen.threshold
            margin = nearest.second_distance - nearest.distance if nearest.second >= 0 else np.inf
            found.append(
                Identity(
                    name=person.name if person else None,
                    person_id=person.id if person else None,
                    distance=nearest.distance,
                    margin=float(margin),
                    rival=contents.people[nearest.second].name if rival else None,
                )
            )
        return found

    def identify(self, embeddings: Sequence[Embedding], rule: Rule | None = None) -> list[Identity]:
        """`match`, with a note in the audit log."""
        found = self.match(embeddings, rule)
        seen = dict.fromkeys(item.person_id for item in found if item.person_id is not None)
        self.record("identify", tuple(seen), len(found))
        return found

    def verify(
        self, name: str, embedding: Embedding, rule: Rule | None = None
    ) -> tuple[bool, float]:
        """Whether a face is that of the person who it is said to be (1:1).

        Returns:
            The answer, and the distance to the person's nearest template.

        Raises:
            GalleryError: Nobody of that name, the time of consent is over, or another space.
        """
        chosen = self.rule() if rule is None else rule
        contents = self.contents
        index = records.find_person(contents, name)
        vectors = self._vectors([embedding])
        distance = float(self._matcher_of(contents).to_person(vectors, index)[0])
        self.record("verify", (contents.people[index].id,))
        return distance < chosen.threshold, distance

    def strangers_let_in(self, rule: Rule) -> float | None:
        """Bound of the share of strangers who match somebody here; None when nothing is claimed."""
        if rule.upper_bound is None:
            return None
        return at_least_one(rule.upper_bound, len(self.people))

    # Changing

    def enrol(
        self,
        name: str,
        faces: Sequence[NewFace],
        *,
        consent: str | None = None,
        purpose: str | None = None,
        expires_in_days: int | None = None,
    ) -> Enrolled:
        """Add a person, or faces to a person of that name.

        Args:
            name: Of the person.
            faces: At least one; see `edgecnn.faces.quality` for what makes a good one.
            consent: Who agreed and how; None is recorded as not stated. For a person who is there
                already, what is given replaces what was.
            purpose: What for.
            expires_in_days: When nobody is to be recognized as this person any more.

        Raises:
            OptionError: No face, or a name or an expiry that cannot be.
            GalleryError: Faces of another embedding space.
        """
        if not faces:
            raise OptionError("Enrolling takes at least one face.")
        kept = records.clean_name(name)
        vectors = self._vectors([face.embedding for face in faces])
        now = records.now_utc()
        expires = None if expires_in_days is None else records.in_days(expires_in_days)
        templates = tuple(
            Template(made_utc=now, quality=face.quality, photo=face.photo) for face in faces
        )
        outcome: list[Enrolled] = []

        def add(contents: Contents) -> Contents:
            index = index_of(contents, kept)
            threshold = rule_for(contents.space, self.table, contents).threshold
            outcome.append(compare(contents, index, kept, vectors, threshold))
            if index is None:
                stated = records.Consent(statement=consent, purpose=purpose, recorded_utc=now)
                person = Person(
                    id=records.new_id(),
                    name=kept,
                    enrolled_utc=now,
                    consent=stated,
                    expires_utc=expires,
                    templates=templates,
                )
                return noted(with_person(contents, person, vectors), "enrol", (person.id,))
            person = contents.people[index]
            stated = person.consent
            if consent is not None or purpose is not None:
                stated = records.Consent(
                    statement=consent if consent is not None else stated.statement,
                    purpose=purpose if purpose is not None else stated.purpose,
                    recorded_utc=now,
                )
            grown = replace(
                person,
                templates=person.templates + templates,
                consent=stated,
                expires_utc=expires if expires is not None else person.expires_utc,
            )
            changed = with_templates(contents, index, grown, vectors)
            return noted(changed, "enrol", (person.id,))

        self.change(add)
        return outcome[0]

    def rename(self, name: str, new_name: str) -> str:
        """Give a person another name; returns it as it is kept.

        Raises:
            GalleryError: Nobody of that name, or the new one is somebody else's.
        """
        kept = records.clean_name(new_name)

        def edit(contents: Contents) -> Contents:
            index = records.find_person(contents, name)
            taken = index_of(contents, kept)
            if taken is not None and taken != index:
                raise GalleryError(
                    f"Somebody is enrolled as {kept!r} already. If both are one person: "
                    "edgecnn faces merge"
                )
            person = replace(contents.people[index], name=kept)
            people = (*contents.people[:index], person, *contents.people[index + 1 :])
            return noted(replace(contents, people=people), "rename", (person.id,))

        self.change(edit)
        return kept

    def merge(self, into: str, other: str) -> int:
        """Give all templates of one person to another; returns how many the latter has now.

        Consent and expiry of ``into`` hold; the earlier expiry if both have one.

        Raises:
            GalleryError: Nobody of one of the names, or both are the same person.
        """
        total = []

        def edit(contents: Contents) -> Contents:
            source, target = (records.find_person(contents, item) for item in (other, into))
            if source == target:
                raise GalleryError(f"{into!r} and {other!r} are the same person already.")
            moved, person = contents.people[source], contents.people[target]
            vectors = contents.matrix()[contents.rows_of(source)]
            ends = [e for e in (person.expires_utc, moved.expires_utc) if e is not None]
            grown = replace(
                person,
                templates=person.templates + moved.templates,
                expires_utc=min(ends, default=None),
                merged=person.merged + moved.ids,
            )
            changed = with_templates(contents, target, grown, vectors)
            total.append(len(grown.templates))
            changed = with_other_ids(without_people(changed, {moved.id}), {moved.id: person.id})
            return noted(changed, "merge", (person.id,))

        self.change(edit)
        return total[0]

    def calibrate(self, target: float) -> Rule:
        """Find the threshold for a false-match rate and keep it.

        Raises:
            OptionError: Not a rate.
            GalleryError: Too few pairs of people; says how many it takes.
        """

        def edit(contents: Contents) -> Contents:
            found = calibrated(contents, target, self.table)
            return noted(replace(contents, calibration=found), "calibrate")

        self.change(edit)
        return self.rule()

    def change_secret(self, secret: Secret) -> None:
        """Have another passphrase or go over to the keyring; backups keep the old one."""
        with self.writing():
            self.change(lambda contents: noted(contents, "passphrase"))
            self.store.change_secret(secret, keep_old=bool(self.contents.backups))
            self._state = self.store.header.state_id

    def record(self, action: Action, people: tuple[str, ...] = (), count: int = 1) -> None:
        """Write a line of the audit log."""
        self.change(lambda contents: noted(contents, action, people, count))

    def change(self, edit: Callable[[Contents], Contents]) -> None:
        """Change the contents: ``edit`` gets the newest state and gives the next one.

        Raises:
            GalleryError: The file cannot be written; nothing was changed.
        """
        with self.writing():
            edited = edit(self.contents)
            self.store.write(records.encode(edited))
            self.contents, self._state = edited, self.store.header.state_id

    # Parts

    def _vectors(self, embeddings: Sequence[Embedding]) -> Floats:
        """(N, D) float32, of this gallery's space alone."""
        contents = self.contents
        for embedding in embeddings:
            if embedding.space != contents.space or len(embedding) != contents.dimension:
                raise GalleryError(
                    f"This gallery holds faces of {contents.space!r} ({contents.embedder}), but "
                    f"the embedder gives {embedding.space!r}: they cannot be compared. Use that "
                    "embedder, or enrol again from kept photos: edgecnn faces re-enrol"
                )
        if not embeddings:
            return np.empty((0, contents.dimension), np.float32)
        vectors = np.stack([embedding.vector for embedding in embeddings]).astype(np.float32)
        if not np.isfinite(vectors).all():
            raise GalleryError("An embedding is not finite: the embedder failed on this face.")
        return vectors

    def _matcher_of(self, contents: Contents) -> Matcher:
        return self._prepared(contents)[0]

    def _prepared(self, contents: Contents) -> tuple[Matcher, dict[str, str]]:
        """Matcher and names, made once a state; again when somebody's time may have run out."""
        now = records.now_utc()
        if self._ready is not None:
            known, search, until, matcher, names = self._ready
            if known is contents and search == self.search and now < until:
                return matcher, names
        ends = [p.expires_utc for p in contents.people if p.expires_utc and not p.expired(now)]
        search = self.search
        matcher = _MATCHERS[search].of(contents, now)
        names = {person.id: person.name for person in contents.people if not person.expired(now)}
        self._ready = (contents, search, min(ends, default="9999"), matcher, names)
        return matcher, names
