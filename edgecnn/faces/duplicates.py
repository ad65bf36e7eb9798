"""What new faces look like beside those that are enrolled: the same person twice, or not at all."""

from __future__ import annotations

import numpy as np

from edgecnn.faces.match import Matcher
from edgecnn.faces.outcomes import Enrolled
from edgecnn.faces.records import Contents, Floats


def compare(
    contents: Contents, index: int | None, name: str, vectors: Floats, threshold: float
) -> Enrolled:
    """Which others the new faces match, and which do not match their own person.

    Args:
        contents: The gallery before.
        index: Of the person in it; None when new.
        name: Of the person.
        vectors: (N, D) the new faces.
        threshold: Distances below it are matches.
    """
    counts = [len(person.templates) for person in contents.people]
    others = np.arange(len(counts)) != (-1 if index is None else index)
    matcher = Matcher(contents.matrix(), counts, contents.metric, others)
    resembles: dict[str, float] = {}
    for nearest in matcher.nearest(vectors):
        if nearest.distance < threshold:
            other = contents.people[nearest.person].name
            resembles[other] = min(nearest.distance, resembles.get(other, np.inf))
    own = vectors if index is None else np.concatenate(
        [contents.matrix()[contents.rows_of(index)], vectors]
    )  # fmt: skip
    unlike = []
    before = len(own) - len(vectors)
    for position in range(len(vectors)):
        rest = np.delete(own, before + position, axis=0)
        if len(rest):
            nearest = Matcher(rest, [len(rest)], contents.metric).nearest(
                vectors[position : position + 1]
            )[0]
            if nearest.distance >= threshold:
                unlike.append(position)
    return Enrolled(
        name=name if index is None else contents.people[index].name,
        added=len(vectors),
        templates=len(own),
        resembles=tuple(sorted(resembles.items(), key=lambda item: item[1])),
        unlike=tuple(unlike),
    )
