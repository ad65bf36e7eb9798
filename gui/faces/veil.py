"""What may be shown and saved of faces and names; asked about every picture."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
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
Find = Callable[[Frame], Faces | None]

_STRICTNESS = {hide: number for number, hide in enumerate(HIDES)}
_REMEMBERED = 3
"""Frames whose faces are kept in mind, and with them their pixels: what is shown is among them."""
_NO_PICTURE = np.zeros((1, 1, 3), np.uint8)


class Veil:
    """Takes away names after the lock, and faces that are to be hidden, in every tab.

    Where the model of a tab looks for something else, a detector beside it looks for faces. `look`
    and `for_saving` may take its time: they are for other threads than the window's, `for_view` is
    for that one, the rest is for any.

    Args:
        access: Whether names may be shown.
        find: Finds the faces of a frame; None when it cannot, and then all of the frame is hidden.

    Attributes:
        live, saved: Whose faces are hidden in the view, and in snapshots and recordings.
        names_saved: Whether snapshots and recordings have names.
    """

    def __init__(self, access: GalleryAccess, find: Find) -> None:
        self.access = access
        self._find = find
        self.live: Hide = "nobody"
        self.saved: Hide = "unknown"
        self.names_saved = False
        self._lock = threading.Lock()
        self._view = PrivacyFilter()
        self._saving = PrivacyFilter()
        self._unnamed: tuple[Recognition, Recognition] | None = None
        self._covered: tuple[Frame, Result | None, Hide, Faces | None, Frame] | None = None
        self._looked: deque[tuple[Frame, Faces]] = deque(maxlen=_REMEMBERED)

    @property
    def hides_live(self) -> bool:
        """Whether a picture may be shown only with what was found in just that picture."""
        return self.live != "nobody"

    @property
    def hides_saved(self) -> Hide:
        """Whose faces are missing in what is saved: never fewer than in the view."""
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
        hide, faces = self.live, self._seen(frame, result)
        known = self._covered
        if known is not None:
            of_frame, of_result, of_hide, of_faces, covered = known
            same = of_frame is frame and of_result is result and of_hide == hide
            if same and (faces is None or faces is of_faces):
                return covered
        covered = _covered(self._view, frame, faces, hide)
        self._covered = (frame, result, hide, faces, covered)
        return covered

    def look(self, frame: Frame, result: Result | None) -> None:
        """Find the faces of a frame, unless its result has them or it was looked at before."""
        if self._seen(frame, result) is None:
            found = self._find(frame)
            if found is not None:
                with self._lock:
                    self._looked.append((frame, found))

    def has_looked(self, frame: Frame, result: Result | None) -> bool:
        """Whether it is known which faces are in a frame."""
        return self._seen(frame, result) is not None

    def _seen(self, frame: Frame, result: Result | None) -> Faces | None:
        """The faces of a frame, as far as they are known."""
        if isinstance(result, Faces):
            return result
        with self._lock:
            return next((faces for one, faces in self._looked if one is frame), None)

    def for_saving(self, frame: Frame, result: Result | None) -> tuple[Frame, Result | None]:
        """Picture and result as they may be saved."""
        shown, hide = self.last_look(result), self.hides_saved
        if hide != "nobody":
            self.look(frame, shown)
        faces = self._seen(frame, shown)
        with self._lock:
            covered = _covered(self._saving, frame, faces, hide)
        if isinstance(shown, Recognition) and not self.names_saved:
            shown = shown.without_names()
        return covered, shown

    def note(self, frame: Frame, result: Result | None) -> None:
        """Keep in mind where faces are, for a picture that may be saved after this one."""
        if isinstance(result, Faces):
            with self._lock:
                nothing = replace(frame, pixels=_NO_PICTURE, color="bgr")
                _covered(self._saving, nothing, result, self.hides_saved)

    def forget(self) -> None:
        """Keep nothing of what was answered with the gallery that was open."""
        self._unnamed = self._covered = None


def _covered(privacy: PrivacyFilter, frame: Frame, faces: Faces | None, hide: Hide) -> Frame:
    """The frame without faces; without all of it when nobody has looked for faces in it."""
    if hide == "nobody":
        return frame
    if faces is None:
        everywhere = [[0, 0, *frame.size_wh]]
        return replace(frame, pixels=hide_faces(frame.pixels, everywhere, frame.color))
    privacy.hide = "all" if hide == "everybody" else "unknown"
    return privacy(frame, faces)
