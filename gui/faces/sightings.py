"""Who was named while a gallery was open: for its audit log."""

from __future__ import annotations

from edgecnn.core.results import Result
from edgecnn.faces.recognition import Recognition


class Sightings:
    """Counts people and faces; a face that is followed counts once."""

    def __init__(self) -> None:
        self._people: dict[str, None] = {}
        self._tracks: set[int] = set()

    @property
    def people(self) -> tuple[str, ...]:
        """Identifiers of those who were named."""
        return tuple(self._people)

    @property
    def faces(self) -> int:
        """How many faces were compared with the gallery."""
        return len(self._tracks)

    def add(self, result: Result | None) -> None:
        """Look at what is shown."""
        if not isinstance(result, Recognition) or result.locked:
            return
        for index, face in enumerate(result):
            # The faces of a photograph are not followed and have no number of their own.
            self._tracks.add(-1 - index if face.track_id is None else face.track_id)
            if face.person_id is not None:
                self._people[face.person_id] = None
