"""Joins the gallery with the window: who is named, when it locks, what is hidden, which dialogs.

The window asks it little: `do` for its commands, `show_state` when a tab comes to the front, `tick`
four times a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject

from edgecnn.core.results import Faces
from edgecnn.errors import EdgeCNNError
from edgecnn.faces.backups import find_backups
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.quality import FaceQuality
from edgecnn.faces.recognition import Recognition
from gui.controllers.sources import is_camera
from gui.faces.activity import Activity
from gui.faces.enrol_frames import LiveFrames
from gui.faces.panel import FacesPanel
from gui.faces.rates import Rates, Target, decide_by, read_rates
from gui.faces.session import FaceSession
from gui.faces.sightings import Sightings

if TYPE_CHECKING:
    from gui.main_window import MainWindow

TAB = "faces"
COMMANDS = ("lock", "people", "add_person", "verify_photos", "passphrase")
SETTINGS = ("lock_after", "hide_live", "hide_saved", "names_saved")


class Reception(QObject):
    """One a window.

    Args:
        window: Whose.
        session: The gallery; None for the user's own.

    Attributes:
        session: The gallery.
    """

    def __init__(self, window: MainWindow, session: FaceSession | None = None) -> None:
        super().__init__(window)
        self._window = window
        self.session = FaceSession() if session is None else session
        self.session.setParent(self)
        self._recognizing = window.live.recognizing
        self._veil = window.live.veil
        self._activity = Activity(self)
        self._activity.seen.connect(self.session.touch)
        self._bound: FacesPanel | None = None
        self._rates: Rates | None = None
        self._trouble = self._blind = ""
        self._sightings = Sightings()
        self.session.changed.connect(self._session_changed)
        self.session.closed.connect(self._closed)
        for key in SETTINGS:
            self._take(key)

    # -- commands

    def do(self, name: str) -> None:
        """Do one of `COMMANDS`."""
        if name == "lock" and self.session.state == "unlocked":
            self.session.lock()
        elif name == "lock":
            self._open_gallery("")
        elif name in ("people", "add_person", "passphrase") and self.session.gallery is None:
            self._open_gallery(name)
        else:
            self._open_window(name)

    def setting_changed(self, key: str) -> None:
        """Take over a setting, and show what follows from it."""
        self._take(key)
        if key == "hide_live":
            self._window.show_anew()
            self._window.live.ask_again()
        self._show_people()
        self._show_privacy()

    def _take(self, key: str) -> None:
        value = self._window.settings[key]
        if key == "lock_after":
            self.session.idle_min = value
        elif key == "hide_live":
            self._veil.live = value
        elif key == "hide_saved":
            self._veil.saved = value
        elif key == "names_saved":
            self._veil.names_saved = value

    # -- what the window asks

    def show_state(self) -> None:
        """Say how the gallery is, in the strip and in the panel, which its tab makes."""
        tab = self._window.store.state.tab
        self._window.strip.show_gallery(self._words(tab))
        panel = self._window.side.extra(TAB)
        if isinstance(panel, FacesPanel) and panel is not self._bound:
            self._bind(panel)

    def tick(self) -> None:
        """Show what has changed by itself: problems, and the nearest face."""
        self.show_state()
        self._see_guard()
        panel = self._bound
        if panel is None:
            return
        panel.people.say(self._trouble or self._recognizing.problem)
        self._sightings.add(self._window.shot.result)
        panel.quality.show_quality(self._nearest())

    def _see_guard(self) -> None:
        """Say once why a picture is hidden whole."""
        problem = self._window.live.guard.problem
        if problem and problem != self._blind:
            words = self.tr("Faces cannot be looked for, so all of a picture is hidden: %s")
            self._window.toast.say(words % problem)
        self._blind = problem

    def _words(self, tab: str) -> str:
        """State of the gallery in few words; empty where nobody asks for it."""
        state = self.session.state
        if state == "unlocked":
            count = self._people()
            people = self.tr("1 person") if count == 1 else self.tr("%s people") % count
            return self.tr("gallery open · %s") % people
        return self.tr("gallery locked") if state == "locked" and tab == TAB else ""

    def close(self) -> None:
        """Lock, and end."""
        self.session.close()
        self._activity.watch(False)

    # -- what follows from the gallery

    def _session_changed(self) -> None:
        gallery, access = self.session.gallery, self._recognizing.access
        self._activity.watch(gallery is not None)
        if access.gallery is not gallery:
            self._write_down(access.gallery)
        if gallery is None:
            access.lock()
            self._rates = None
            self._window.show_anew()
            self._veil.forget()
        else:
            self._trouble = ""
            if access.gallery is not gallery:
                access.open(gallery)
                self._window.use_model_of(TAB)
            else:
                self._window.live.ask_again()
            self.session.run(read_rates, self._rates_read, self._say, self)
        self.show_state()
        self._show_people()
        self._show_privacy()

    def _write_down(self, gallery: Gallery | None) -> None:
        """A line in the audit log of a gallery that is not looked into any more."""
        seen, self._sightings = self._sightings, Sightings()
        if gallery is not None and seen.faces:
            self.session.note(lambda: gallery.record("identify", seen.people, seen.faces))

    def _closed(self, reason: str) -> None:
        self._say_words(self.tr("The gallery was locked: %s") % reason)

    def _rates_read(self, rates: Rates) -> None:
        if self.session.gallery is not None:
            self._rates = rates
            self._show_people()

    def _decide_by(self, target: Target) -> None:
        self.session.run(lambda gallery: decide_by(gallery, target), self._decided, self._say, self)

    def _decided(self, rates: Rates) -> None:
        gallery = self.session.gallery
        if gallery is not None:
            self._recognizing.access.open(gallery)  # votes by the threshold before do not count
            self._window.live.ask_again()
        self._rates_read(rates)

    def _say(self, error: EdgeCNNError) -> None:
        self._say_words(str(error))
        if self._bound is not None and self._rates is not None:
            self._bound.rate.show_rates(self._rates)

    def _say_words(self, words: str) -> None:
        self._trouble = words
        self._window.toast.say(words)

    def _people(self) -> int:
        gallery = self.session.gallery
        return 0 if gallery is None else len(gallery)

    # -- the panel

    def _bind(self, panel: FacesPanel) -> None:
        self._bound = panel
        panel.people.wished.connect(self._window.do)
        panel.rate.wished.connect(self._decide_by)
        panel.privacy.wished.connect(self._window.set_setting)
        self._show_people()
        self._show_privacy()

    def _show_people(self) -> None:
        if self._bound is None:
            return
        state = self.session.state
        lost = state == "absent" and bool(find_backups(self.session.path))
        idle_min = round(self.session.idle_min)
        self._bound.people.show_gallery(state, self._people(), idle_min, lost=lost)
        rates = self._rates
        self._bound.show_rate(rates is not None and self._people() > 0)
        if rates is not None:
            self._bound.rate.show_rates(rates)

    def _show_privacy(self) -> None:
        if self._bound is not None:
            self._bound.privacy.show_settings(
                self._window.settings, recognizes=self.session.state == "unlocked"
            )

    def _nearest(self) -> FaceQuality | None:
        """Quality of the largest face: measured already where faces are recognized."""
        window = self._window
        result = window.shot.result
        if isinstance(result, Recognition):
            return result.qualities[_largest(result)] if len(result) else None
        if window.shot.frame is not None and isinstance(result, Faces):
            window.desk.measure_face(window.shot.frame, result)
        return window.desk.quality

    # -- dialogs

    def _open_gallery(self, then: str) -> None:
        """Unlock it, or make it; then go on with a command."""
        from gui.faces.create_dialog import CreateDialog
        from gui.faces.unlock_dialog import UnlockDialog

        kind = CreateDialog if self.session.state == "absent" else UnlockDialog
        dialog = kind(self.session, self._window)
        dialog.restoring.connect(lambda: self._restore(then))
        if then:
            dialog.accepted.connect(lambda: self._open_window(then))
        self._window.open_dialog("gallery", dialog)

    def _restore(self, then: str) -> None:
        """Put a backup in the place of a damaged or missing gallery; then go on with a command."""
        from gui.faces.restore_dialog import RestoreDialog

        dialog = RestoreDialog(self.session, self._window)
        if then:
            dialog.accepted.connect(lambda: self._open_window(then))
        self._window.open_dialog("gallery", dialog)

    def _open_window(self, name: str) -> None:
        """Open the window of a command; all but the comparison of photos need an open gallery."""
        window, frames = self._window, LiveFrames(lambda: self._window.live.newest, self._mirrored)
        if name == "passphrase":
            from gui.faces.passphrase_dialog import PassphraseDialog

            window.open_dialog("gallery", PassphraseDialog(self.session, window))
        elif name == "people":
            from gui.faces.people_dialog import PeopleDialog

            people = PeopleDialog(self.session, frames, window)
            people.enrolling.connect(window.live.rest)
            people.finished.connect(lambda _: window.live.rest(False))
            window.open_dialog("people", people)
        elif name == "verify_photos":
            from gui.faces.verify_dialog import VerifyDialog

            window.open_dialog("verify", VerifyDialog(self.session, window))
        elif name == "add_person":
            from gui.faces.enrol_dialog import EnrolDialog

            window.live.rest(True)
            enrol = EnrolDialog(self.session, frames, window)
            enrol.stored.connect(window.toast.say)
            enrol.finished.connect(lambda _: window.live.rest(False))
            window.open_dialog("enrol", enrol)

    def _mirrored(self) -> bool:
        """Whether left and right are exchanged in the pictures of the source."""
        word = self._window.store.state.source
        return word is not None and is_camera(word) and bool(self._window.settings["mirror"])


def _largest(faces: Faces) -> int:
    sizes = np.diff(faces.boxes_xyxy.reshape(-1, 2, 2), axis=1).reshape(-1, 2).prod(axis=1)
    return int(sizes.argmax())
