"""The list of results as rows that keep their places and do not flicker."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from edgecnn.core.results import Classification, Detections, Faces, Result, Segmentation
from edgecnn.faces.recognition import Recognition

_SETTLE_S = 0.25
"""Time constant with which a score follows what the model says."""
_LINGER_S = 0.7
"""How long a row stays after its class was last seen above the threshold."""
_READ_S = 0.25
"""A number stays for so long, so that it can be read; its bar moves all the time."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list.

    Attributes:
        key: What it is, for ever.
        label: For people.
        score: 0..1, smoothed: what the bar shows.
        read: The score as the number shows it, a little older.
        count: How many there are now; 0 where counting makes no sense.
        color_id: Class id that gives the row its colour.
        seen_s: When it was last above the threshold.
        faded: It is not there any more; the row stays for a moment, so that nothing jumps.
        plain: It has no number and no bar: nobody is somebody by so many percent.
    """

    key: str
    label: str
    score: float
    count: int
    color_id: int
    read: float = 0.0
    seen_s: float = 0.0
    faded: bool = False
    plain: bool = False

    @property
    def reading(self) -> str:
        """The number that is shown."""
        return "" if self.plain else f"{self.read:.2f}"


class Rows:
    """Rows of one tab. Feed it every result; read `rows` when the list is drawn.

    Args:
        limit: At most so many rows.
        smooth: Whether scores follow slowly.
    """

    def __init__(self, *, limit: int = 12, smooth: bool = True) -> None:
        self.limit = limit
        self.smooth = smooth
        self.rows: tuple[Row, ...] = ()
        self._last_s: float | None = None
        self._read_s = -math.inf

    def clear(self) -> None:
        """Forget everything: another task or source begins."""
        self.rows = ()
        self._last_s = None

    def feed(self, result: Result | None, threshold: float, now_s: float) -> None:
        """Take in a result; a class that is there already keeps its place.

        Args:
            result: What the model says now.
            threshold: Classes below it are not listed.
            now_s: Of any clock that only goes forward.
        """
        fresh = {row.key: row for row in _rows_of(result, threshold)}
        step_s = 0.0 if self._last_s is None else max(0.0, now_s - self._last_s)
        self._last_s = now_s
        share = 1 - math.exp(-step_s / _SETTLE_S) if self.smooth else 1.0
        reads = now_s - self._read_s >= _READ_S or not self.smooth
        if reads:
            self._read_s = now_s
        kept = []
        for old in self.rows:
            new = fresh.pop(old.key, None)
            if new is not None:
                score = old.score + (new.score - old.score) * share
                read = score if reads else old.read
                kept.append(replace(new, score=score, read=read, seen_s=now_s))
            elif now_s - old.seen_s < (_LINGER_S if self.smooth else 0.0):
                kept.append(replace(old, score=old.score * (1 - share), count=0, faded=True))
        added = sorted(fresh.values(), key=lambda row: row.score, reverse=True)
        kept += [replace(row, read=row.score, seen_s=now_s) for row in added]
        self.rows = tuple(kept[: self.limit])


def _rows_of(result: Result | None, threshold: float) -> list[Row]:
    """The rows of one result alone."""
    if isinstance(result, Classification):
        return [
            Row(item.label, item.label, item.score, 0, 0)
            for item in result
            if item.score >= threshold
        ]
    if isinstance(result, Detections):
        rows: dict[str, Row] = {}
        for found in result:
            if found.score < threshold:
                continue
            old = rows.get(found.label)
            best = found.score if old is None else max(old.score, found.score)
            count = 1 if old is None else old.count + 1
            rows[found.label] = Row(found.label, found.label, best, count, found.class_id)
        return list(rows.values())
    if isinstance(result, Recognition) and not result.locked:
        return _rows_of_people(result)
    if isinstance(result, Faces):
        kept = [face for face in result if face.score >= threshold]
        if not kept:
            return []
        best = max(face.score for face in kept)
        return [Row("face", "face" if len(kept) == 1 else "faces", best, len(kept), 0)]
    if isinstance(result, Segmentation):
        rows_of_classes = []
        for index, label in enumerate(result.labels):
            share = float((result.probabilities[index] >= threshold).mean())
            if share > 0.001:
                rows_of_classes.append(
                    Row(label, f"{label}, share of the picture", share, 0, index)
                )
        return rows_of_classes
    return []


def _rows_of_people(result: Recognition) -> list[Row]:
    """A row a person, then strangers and faces about which too little is known yet."""
    words = {"unknown": "unknown", "undecided": "face, not sure yet"}
    rows: dict[str, Row] = {}
    for face in result:
        key = face.person_id or face.state
        old = rows.get(key)
        label = face.name or words.get(face.state, "face")
        score = 1.0 if face.state == "known" else 0.0  # only for the order
        count = 1 if old is None else old.count + 1
        rows[key] = Row(key, label, score, count, face.tone, plain=True)
    return list(rows.values())
