"""Everywhere an answer of ``run`` goes: JSON, words, files, browsers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import edgecnn
from edgecnn.cli.records import JsonLines, Teller, record
from edgecnn.cli.saving import LiveSaver, Saver
from edgecnn.core.image import Pixels, convert_color
from edgecnn.video.answer import Answer
from edgecnn.video.frame import Frame

if TYPE_CHECKING:
    from edgecnn.cli.preview import Preview
    from edgecnn.cli.run_faces import Sightings
    from edgecnn.tasks.privacy import PrivacyFilter


@dataclass(slots=True)
class Outputs:
    """What was asked for; None is left out.

    Attributes:
        live: Whether the ages of frames belong into the JSON.
        names: Whether names of recognized people may leave the program.
        privacy: Hides faces in what is saved.
        hides_view: Whether also in the preview.
        face_models: Those that find faces.
        sightings: Notes who was recognized.
    """

    live: bool
    sink: JsonLines | None = None
    teller: Teller | None = None
    saver: Saver | LiveSaver | None = None
    preview: Preview | None = None
    names: bool = False
    privacy: PrivacyFilter | None = None
    hides_view: bool = False
    face_models: frozenset[str] = frozenset()
    sightings: Sightings | None = None

    def give(self, answer: Answer) -> None:
        """Write, tell, draw."""
        if self.sightings is not None:
            self.sightings.add(answer)
            if not self.names:
                answer = _without_names(answer)
        for model, result in answer.results.items():
            if self.sink is not None:
                self.sink.write(record(answer, model, live=self.live, names=self.names))
            if self.teller is not None:
                self.teller.tell(answer, model, result)
        preview = self.preview if self.preview is not None and self.preview.watched else None
        if self.saver is None and preview is None:
            return
        open_view = self._annotated(answer.frame, answer)
        covered = open_view
        if self.privacy is not None:
            # What a model of faces failed on is kept back: nobody knows who is on it.
            hidden = None
            if self.face_models <= set(answer.results):
                hidden = self.privacy(answer.frame, answer.results.values())
            covered = open_view if hidden is answer.frame else self._annotated(hidden, answer)
        if self.saver is not None and answer.results and covered is not None:
            self.saver.write(answer, covered)
        shown = covered if self.hides_view else open_view
        if preview is not None and shown is not None:
            preview.show(shown)

    @staticmethod
    def _annotated(frame: Frame | None, answer: Answer) -> Pixels | None:
        """A frame with all results drawn on it, BGR; None for none."""
        if frame is None:
            return None
        annotated = convert_color(frame.pixels, frame.color, "bgr")
        for result in answer.results.values():
            annotated = edgecnn.draw(annotated, result, "bgr")
        return annotated


def _without_names(answer: Answer) -> Answer:
    from edgecnn.faces.recognition import Recognition

    return replace(
        answer,
        results={
            name: result.without_names() if isinstance(result, Recognition) else result
            for name, result in answer.results.items()
        },
    )
