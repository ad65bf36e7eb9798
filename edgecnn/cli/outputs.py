"""Everywhere an answer of ``run`` goes: JSON, words, files, browsers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import edgecnn
from edgecnn.cli.records import JsonLines, Teller, record
from edgecnn.cli.saving import LiveSaver, Saver
from edgecnn.core.image import Pixels, convert_color
from edgecnn.video.answer import Answer

if TYPE_CHECKING:
    from edgecnn.cli.preview import Preview


@dataclass(slots=True)
class Outputs:
    """What was asked for; None is left out.

    Attributes:
        live: Whether the ages of frames belong into the JSON.
    """

    live: bool
    sink: JsonLines | None = None
    teller: Teller | None = None
    saver: Saver | LiveSaver | None = None
    preview: Preview | None = None

    def give(self, answer: Answer) -> None:
        """Write, tell, draw."""
        for model, result in answer.results.items():
            if self.sink is not None:
                self.sink.write(record(answer, model, live=self.live))
            if self.teller is not None:
                self.teller.tell(answer, model, result)
        preview = self.preview if self.preview is not None and self.preview.watched else None
        if self.saver is None and preview is None:
            return
        annotated = _annotated(answer)
        if self.saver is not None and answer.results:
            self.saver.write(answer, annotated)
        if preview is not None:
            preview.show(annotated)


def _annotated(answer: Answer) -> Pixels:
    """The frame with all results drawn on it, BGR."""
    frame = answer.frame
    annotated = convert_color(frame.pixels, frame.color, "bgr")
    for result in answer.results.values():
        annotated = edgecnn.draw(annotated, result, "bgr")
    return annotated
