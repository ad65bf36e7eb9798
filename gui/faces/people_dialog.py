"""The window of people: everybody at the left, at the right what is stored about one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from edgecnn.core.image import Pixels
from edgecnn.errors import EdgeCNNError, GalleryError
from edgecnn.faces.consent import change_consent
from edgecnn.faces.exchange import export_my_data
from edgecnn.faces.forget import Forgotten, forget
from edgecnn.faces.gallery import Gallery
from gui.faces.enrol_dialog import EnrolDialog
from gui.faces.enrol_frames import Frames
from gui.faces.forget_words import forget_action, forget_question
from gui.faces.people_cards import PersonCard, first_thumbnails, people_cards, thumbnails_of
from gui.faces.people_detail import PersonPage
from gui.faces.people_pages import EmptyPage, TextPage, show_log, show_report
from gui.faces.people_questions import QUESTIONS, ask_about
from gui.faces.people_rows import FACE, FaceRows, image_of
from gui.faces.session import FaceSession
from gui.theme import GAP_PX, GROUP_PX

T = TypeVar("T")

_LIST_PX = 300
_ID = Qt.ItemDataRole.UserRole
MANY = 8
"""From more people than that on, they can be searched."""


class PeopleDialog(QDialog):
    """Lists people; adds, renames, merges, exports and forgets them.

    Emits ``enrolling`` with True when somebody is being added and with False when that is over.

    Args:
        session: The open gallery; when it is locked the dialog closes, and names vanish with it.
        frames: Delivers live frames, for adding people.
        parent: The window; the dialog is about as large.

    Raises:
        GalleryError: The gallery is not open.
    """

    enrolling = Signal(bool)

    def __init__(self, session: FaceSession, frames: Frames, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        if session.gallery is None:
            raise GalleryError("The gallery is locked. Unlock it before looking at people.")
        self.session = session
        self.frames = frames
        self.cards: tuple[PersonCard, ...] = ()
        self.enrol: EnrolDialog | None = None
        self._thumbs: dict[str, Pixels] = {}
        self._chosen = ""
        self._going: tuple[PersonCard, ...] = ()
        self._busy = False
        self._closing = False
        self.setWindowTitle(self.tr("People"))
        self.resize(1180, 740)
        if parent is not None:
            self.resize(parent.window().width() - 40, parent.window().height() - 40)
        self._build()
        session.changed.connect(self._session_changed)
        self.finished.connect(self._end)
        self._list_people()
        (self.list if self.cards else self.empty.add).setFocus()

    def _build(self) -> None:
        self.search = QLineEdit()
        self.search.setObjectName("findPerson")
        self.search.setPlaceholderText(self.tr("Find"))
        self.search.setAccessibleName(self.tr("Find people by name"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.list = FaceRows()
        self.list.setObjectName("people")
        self.list.setAccessibleName(self.tr("People"))
        self.list.currentItemChanged.connect(self._picked)
        self.page = PersonPage()
        self.page.wished.connect(self._wished)
        self.page.ask.decided.connect(self._decided)
        self.page.consent.decided.connect(self._consent_decided)
        self.empty = EmptyPage()
        self.empty.wished.connect(self.add_person)
        self.report = TextPage("leaveReport")
        self.log = TextPage("leaveLog")
        self.pages = QStackedWidget()
        for page in (self.page, self.empty, self.report, self.log):
            self.pages.addWidget(page)
        for text_page in (self.report, self.log):
            text_page.left.connect(self._home)
        self.add = self._button("addPerson", self.tr("Add a person"), self.add_person)
        self.add.setProperty("role", "accent")
        self.over = self._button("forgetExpired", "", self._ask_about_expired)
        self.show_log = self._button("showLog", self.tr("Audit log"), self._show_log)
        self.done_button = self._button("closePeople", self.tr("Close"), self.close)
        left = QVBoxLayout()
        left.setSpacing(GAP_PX)
        left.setContentsMargins(0, 0, 0, 0)
        left.addWidget(self.search)
        left.addWidget(self.list, 1)
        for button in (self.over, self.add, self.show_log, self.done_button):
            left.addWidget(button)
        side = QWidget()
        side.setLayout(left)
        side.setFixedWidth(_LIST_PX)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GROUP_PX, GROUP_PX, GROUP_PX, GROUP_PX)
        layout.setSpacing(GROUP_PX)
        layout.addWidget(side)
        layout.addWidget(self.pages, 1)

    def _button(self, name: str, words: str, act: Callable[[], object]) -> QPushButton:
        button = QPushButton(words)
        button.setObjectName(name)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _=False: act())
        return button

    # -- the list

    def _list_people(self) -> None:
        gallery = self.session.gallery
        if gallery is None:
            return
        self.cards = people_cards(gallery.contents)
        self.list.blockSignals(True)
        self.list.clear()
        row = 0
        for number, card in enumerate(self.cards):
            item = self.list.add_row(card.name, card.line, bad=card.over)
            item.setData(_ID, card.id)
            thumb = self._thumbs.get(card.id)
            item.setData(FACE, None if thumb is None else image_of(thumb))
            if card.id == self._chosen:
                row = number
        self.list.setCurrentRow(row if self.cards else -1)
        self.list.blockSignals(False)
        self.add.setVisible(bool(self.cards))
        self.search.setVisible(len(self.cards) > MANY)
        if not self.search.isVisibleTo(self):
            self.search.clear()
        self._filter(self.search.text())
        over = sum(card.over for card in self.cards)
        self.over.setVisible(over > 0)
        who = self.tr("1 person") if over == 1 else self.tr("%s people") % over
        self.over.setText(self.tr("Forget %s whose time is over…") % who)
        self._show_person()
        if self.pages.currentWidget() in (self.page, self.empty):
            self.pages.setCurrentWidget(self.page if self.cards else self.empty)
        known = frozenset(self._thumbs)
        self.session.run(
            lambda opened: first_thumbnails(opened, known), self._show_thumbs, self._failed, self
        )

    def _show_thumbs(self, thumbs: dict[str, Pixels]) -> None:
        self._thumbs |= thumbs
        for row in range(self.list.count()):
            item = self.list.item(row)
            thumb = thumbs.get(item.data(_ID))
            if thumb is not None:
                item.setData(FACE, image_of(thumb))

    def _filter(self, text: str) -> None:
        wanted = text.strip().casefold()
        for row in range(self.list.count()):
            item = self.list.item(row)
            item.setHidden(wanted not in item.text().casefold())

    def _picked(self) -> None:
        item = self.list.currentItem()
        self._chosen = "" if item is None else item.data(_ID)
        self.page.say("")
        self._home()
        self._show_person()

    def _show_person(self) -> None:
        item = self.list.currentItem()
        self._chosen = "" if item is None else item.data(_ID)
        card = self._card
        self.page.show_card(card, others=len(self.cards) > 1)
        self._enable()
        if card is None or not card.photos:
            self.page.show_faces([])
            return
        wanted = card.id

        def show(thumbs: tuple[Pixels, ...]) -> None:
            if self._chosen == wanted:
                self.page.show_faces(thumbs)

        self.session.run(lambda opened: thumbnails_of(opened, wanted), show, self._failed, self)

    @property
    def _card(self) -> PersonCard | None:
        return next((card for card in self.cards if card.id == self._chosen), None)

    # -- what can be done

    def add_person(self, name: str = "") -> None:
        """Open the window that adds a person, or faces to somebody."""
        if self.session.gallery is None or self._busy:
            return
        self.page.say("")
        dialog = EnrolDialog(self.session, self.frames, self, name=name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.stored.connect(self._stored)
        dialog.finished.connect(self._enrol_closed)
        self.enrol = dialog
        self.enrolling.emit(True)
        dialog.open()

    def _enrol_closed(self) -> None:
        dialog, self.enrol = self.enrol, None
        self.enrolling.emit(False)
        if dialog is not None and dialog.enrolled is not None:
            name = dialog.enrolled.name
            rows = (n for n, card in enumerate(self.cards) if card.name == name)
            self.list.setCurrentRow(next(rows, self.list.currentRow()))

    def _stored(self, words: str) -> None:
        self._home()
        self.page.say(words)

    def _wished(self, what: str) -> None:
        card, ask = self._card, self.page.ask
        if card is None or self._busy:
            return
        self.session.touch()
        self.page.say("")
        self.page.consent.leave()
        if what == "add":
            self.add_person(card.name)
        elif what == "consent":
            ask.close_question()
            self.page.consent.ask(card)
        elif what in QUESTIONS:
            others = [other.name for other in self.cards if other.id != card.id]
            ask_about(ask, what, card.name, others)
        elif what == "forget":
            self._ask_to_forget("forget", (card,))

    def _ask_about_expired(self) -> None:
        over = tuple(card for card in self.cards if card.over)
        if over and not self._busy:
            self._home()
            self.page.say("")
            self._ask_to_forget("expired", over)

    def _ask_to_forget(self, key: str, cards: Sequence[PersonCard]) -> None:
        gallery = self.session.gallery
        if gallery is None:
            return
        self._going = tuple(cards)
        keep = self.tr("Keep %s") % cards[0].name if len(cards) == 1 else self.tr("Keep them")
        self.page.consent.leave()
        question = forget_question(cards, len(gallery.contents.backups))
        self.page.ask.ask(key, question, forget_action(cards), keep, danger=True)

    def _decided(self, what: str, said: str) -> None:
        card = self._card
        if what in ("forget", "expired"):
            names = [one.name for one in self._going]
            self._do(lambda gallery: forget(gallery, names), self._forgotten)
        elif card is None:
            return
        elif what == "rename":
            self._do(
                lambda gallery: gallery.rename(card.name, said),
                lambda kept: self.page.say(self.tr("Renamed to %s.") % kept),
            )
        elif what == "merge":
            self._do(
                lambda gallery: gallery.merge(card.name, said),
                lambda count: self.page.say(
                    self.tr("%s was merged into %s, who has %s templates now.")
                    % (said, card.name, count)
                ),
            )
        elif what == "export":
            self._export(card)

    def _consent_decided(self, wished: dict[str, Any]) -> None:
        card = self._card
        if card is not None and not self._busy:
            self._do(
                lambda gallery: change_consent(gallery, card.name, **wished),
                lambda person: self.page.say(self.tr("Written down for %s.") % person.name),
            )

    def _export(self, card: PersonCard) -> None:
        plain = "".join(letter if letter.isalnum() else "-" for letter in card.name)
        chosen = QFileDialog.getSaveFileName(
            self,
            self.tr("Where to"),
            f"{plain}.zip",
            self.tr("ZIP file (*.zip)"),
            options=QFileDialog.Option.DontConfirmOverwrite,
        )[0]
        if not chosen:
            return
        self._do(
            lambda gallery: export_my_data(gallery, card.name, Path(chosen)),
            lambda path: self.page.say(
                self.tr(
                    "Written to %s. It is readable and lies outside the gallery: deleting it is up "
                    "to you. The report of Forget will name it."
                )
                % path
            ),
        )

    def _do(self, work: Callable[[Gallery], T], done: Callable[[T], None]) -> None:
        """Change the gallery off the GUI thread, then list everybody anew and tell the outcome."""
        self._busy = True
        self._enable()

        def finished(outcome: T) -> None:
            self._busy = False
            self.session.refresh()
            self._enable()
            done(outcome)

        self.session.run(work, finished, self._failed, self)

    def _forgotten(self, report: Forgotten) -> None:
        gone = {card.id for card in self._going}
        self._going = ()
        self._thumbs = {key: thumb for key, thumb in self._thumbs.items() if key not in gone}
        show_report(self.report, report)
        self.pages.setCurrentWidget(self.report)
        self.report.back.setFocus(Qt.FocusReason.OtherFocusReason)

    def _failed(self, error: EdgeCNNError) -> None:
        self._busy = False
        self._enable()
        self.page.say("", str(error))

    def _show_log(self) -> None:
        if self.session.gallery is not None:
            show_log(self.log, self.session.gallery.contents)
            self.pages.setCurrentWidget(self.log)
            self.log.back.setFocus(Qt.FocusReason.OtherFocusReason)

    def _enable(self) -> None:
        """While something is written nothing else is begun."""
        for part in (self.add, self.over, self.empty.add, self.list):
            part.setEnabled(not self._busy)
        for key, button in self.page.buttons.items():
            some = self._card is not None and (key != "merge" or len(self.cards) > 1)
            button.setEnabled(some and not self._busy)

    # -- the window itself

    def _home(self) -> None:
        self.pages.setCurrentWidget(self.page if self.cards else self.empty)

    def _session_changed(self) -> None:
        if self.session.state != "unlocked":
            self._closing = True
            self.reject()
        else:
            self._list_people()

    def reject(self) -> None:
        """Escape leaves a question or a page first, then closes."""
        if not self._closing:
            if self.page.asking:
                self.page.stop_asking()
                return
            if self.pages.currentWidget() in (self.report, self.log):
                self._home()
                return
        super().reject()

    def _end(self) -> None:
        """Names and faces vanish with the window."""
        self._thumbs = {}
        self.cards = ()
        self.list.blockSignals(True)
        self.list.clear()
        self.page.show_card(None, others=False)
        for page in (self.report, self.log):
            page.show_text("", "", "")

    def closeEvent(self, event: QCloseEvent) -> None:
        """The window's own button closes it, whatever is shown."""
        self._closing = True
        super().closeEvent(event)
