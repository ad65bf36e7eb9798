"""What may be shown and saved of faces and names; asked about every picture."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Literal

import numpy as np

from edgecnn.core.results import Faces, Result
from edgecnn.faces.access import GalleryAccess
from edgecnn.faces.pixelate import hide_faces
from edgecnn.faces.recognition import Recognition
from edgecnn.tasks.privacy import PrivacyFilter
from edgecnn.video.frame import Frame
from gui.settings import HIDES

Hide = Literal["nobody", "unknown", "everybody"]
"""A key of `gui.settings.HIDES`."""

_STRICTNESS = {hide: number for number, hide in enumerate(HIDES)}
_NO_PICTURE = np.zeros((1, 1, 3), np.uint8)


class Veil:
    """Takes away names after the lock, and faces that are to be hidden.

    `for_view` is for the GUI thread; the others are for any.

    Args:
        access: Whether names may be shown.

    Attributes:
        active: Whether faces are being looked for; elsewhere nothing is hidden.
        live, saved: Whose faces are hidden in the view, and in snapshots and recordings.
        names_saved: Whether snapshots and recordings have names.
    """

    def __init__(self, access: GalleryAccess) -> None:
        self.access = access
        self.active = False
        self.live: Hide = "nobody"
        self.saved: Hide = "unknown"
        self.names_saved = False
        self._lock = threading.Lock()
        self._view = PrivacyFilter()
        self._saving = PrivacyFilter()
        self._unnamed: tuple[Recognition, Recognition] | None = None
        self._covered: tuple[Frame, Result | None, Hide, Frame] | None = None

    @property
    def hides_live(self) -> bool:
        """Whether a picture may be shown only with what was found in just that picture."""
        return self.active and self.live != "nobody"

    @property
    def hides_saved(self) -> Hide:
        """Whose faces are missing in what is saved: never fewer than in the view."""
        if not self.active:
            return "nobody"
        return max(self.live, self.saved, key=_STRICTNESS.__getitem__)

    def last_look(self, result: Result | None) -> Result | None:
        """A result as it may be shown now: what was answered before the lock loses its names.

        The same result gives the same answer, so that nothing is painted twice.
        """
        if not isinstance(result, Recognition) or result.locked or not self.access.locked:
            return result
        known = self._unnamed
        if known is None or known[0] is not result:
            known = self._unnamed = (result, result.as_locked())
        return known[1]

    def for_view(self, frame: Frame, result: Result | None) -> Frame:
        """A picture as the view may show it; the same for the same, so that it is made once."""
        hide: Hide = self.live if self.active else "nobody"
        known = self._covered
        if known is not None:
            of_frame, of_result, of_hide, covered = known
            if of_frame is frame and of_result is result and of_hide == hide:
                return covered
        covered = _covered(self._view, frame, result, hide)
        self._covered = (frame, result, hide, covered)
        return covered

    def for_saving(self, frame: Frame, result: Result | None) -> tuple[Frame, Result | None]:
        """Picture and result as they may be saved."""
        shown = self.last_look(result)
        if not self.active:
            return frame, shown
        with self._lock:
            covered = _covered(self._saving, frame, shown, self.hides_saved)
        if isinstance(shown, Recognition) and not self.names_saved:
            shown = shown.without_names()
        return covered, shown

    def note(self, frame: Frame, result: Result | None) -> None:
        """Keep in mind where faces are, for a picture that may be saved after this one."""
        if self.active and isinstance(result, Faces):
            with self._lock:
                nothing = replace(frame, pixels=_NO_PICTURE, color="bgr")
                _covered(self._saving, nothing, result, self.hides_saved)

    def forget(self) -> None:
        """Keep nothing of what was answered with the gallery that was open."""
        self._unnamed = self._covered = None


def _covered(privacy: PrivacyFilter, frame: Frame, result: Result | None, hide: Hide) -> Frame:
    """The frame without faces; without all of it when nobody has looked for faces in it."""
    if hide == "nobody":
        return frame
    if not isinstance(result, Faces):
        everywhere = [[0, 0, *frame.size_wh]]
        return replace(frame, pixels=hide_faces(frame.pixels, everywhere, frame.color))
    privacy.hide = "all" if hide == "everybody" else "unknown"
    return privacy(frame, result)
