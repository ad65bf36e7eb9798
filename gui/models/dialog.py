"""The window of models: the list at the left, at the right what is done with one of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from edgecnn.video.frame import Frame
from gui.dropped import dropped_files
from gui.models.detail_page import DetailPage
from gui.models.foreign import is_model
from gui.models.import_page import ImportPage
from gui.models.keeper import Keeper, Office
from gui.models.preview import Preview
from gui.models.shelf import ShelfCard
from gui.models.shelf_list import ShelfList
from gui.models.work_forms import ConvertForm, OptimizeForm
from gui.models.work_page import WorkPage
from gui.theme import GAP_PX, GROUP_PX
from gui.widgets.labels import label

LOOK_MS = 100
ASK_EVERY = 3
"""The preview is asked at every third look: more than three answers a second read as flicker."""
_LIST_PX = 300
_FILTER = "*.tflite *.xml *.edge *.keras *.h5 *.onnx"


class ModelsDialog(QDialog):
    """Lists models, checks, imports, converts, optimizes and deletes them.

    Emits ``used`` with the name of a model and the key of its tab; ``changed`` when there are other
    models than before; ``deleted`` with the name of one that is gone.

    Args:
        frames: The newest frame of the source, for the preview; called on a timer.
        parent: The window; the dialog is about as large.
        keeper: Does the work; closed with the dialog.
    """

    used = Signal(str, str)
    changed = Signal()
    deleted = Signal(str)

    def __init__(
        self,
        frames: Callable[[], Frame | None],
        parent: QWidget | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Models"))
        self.setAcceptDrops(True)
        self.resize(1180, 740)
        if parent is not None:
            self.resize(parent.width() - 40, parent.height() - 40)
        self.keeper = keeper if keeper is not None else Keeper()
        self.preview = Preview()
        self._frames = frames
        self._office = Office(serial=-1)
        self._chosen = ""
        self._going = ""
        self._looks = 0
        self._glimpse = -1
        self._closing = False
        self._build()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        self.finished.connect(self._end)
        self.look()

    def _build(self) -> None:
        self.list = ShelfList()
        self.list.picked.connect(self._picked)
        self.details = DetailPage()
        self.details.wished.connect(self._wished)
        self.importing = ImportPage(self.preview)
        self.importing.saved.connect(self._save)
        self.importing.cancelled.connect(self._leave)
        self.work = WorkPage()
        self.work.left.connect(self._leave)
        self.work.made.connect(self._made)
        self.pages = QStackedWidget()
        for page in (self.details, self.importing, self.work):
            self.pages.addWidget(page)
        self.bring = QPushButton(self.tr("Import…"))
        self.bring.setObjectName("importModel")
        self.bring.setAutoDefault(False)
        self.bring.setToolTip(
            self.tr(
                "A .tflite, OpenVINO .xml, .edge or bundle; .keras, .h5 and .onnx are converted"
            )
        )
        self.bring.clicked.connect(self.ask_for_file)
        self.done_button = QPushButton(self.tr("Close"))
        self.done_button.setObjectName("closeModels")
        self.done_button.setAutoDefault(False)
        self.done_button.clicked.connect(self.reject)
        self.refused = label(role="danger", wraps=True)
        self.refused.setAccessibleName(self.tr("Why the file was refused"))
        hint = label(self.tr("Or drop a model file here."), "secondary", wraps=True)
        left = QVBoxLayout()
        left.setSpacing(GAP_PX)
        left.addWidget(self.list, 1)
        left.addWidget(self.refused)
        left.addWidget(self.bring)
        left.addWidget(hint)
        left.addWidget(self.done_button)
        side = QWidget()
        side.setLayout(left)
        left.setContentsMargins(0, 0, 0, 0)
        side.setFixedWidth(_LIST_PX)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GROUP_PX, GROUP_PX, GROUP_PX, GROUP_PX)
        layout.setSpacing(GROUP_PX)
        layout.addWidget(side)
        layout.addWidget(self.pages, 1)

    # -- commands

    def import_path(self, path: Path) -> None:
        """Begin to bring in a file or the folder of a bundle."""
        if not self.work.running:
            self.refused.setText("")
            self.keeper.examine(path)

    def ask_for_file(self) -> None:
        """Let the user choose what to bring in."""
        kinds = f"{self.tr('Models')} ({_FILTER});;{self.tr('All files')} (*)"
        chosen = QFileDialog.getOpenFileName(self, self.tr("Import a model"), "", kinds)[0]
        if chosen:
            path = Path(chosen)
            self.import_path(path.parent if path.name == "bundle.json" else path)

    def look(self) -> None:
        """Show what is new."""
        office = self.keeper.office
        if office.serial != self._office.serial:
            before, self._office = self._office, office
            self._show_office(before, office)
        self.work.look()
        self.done_button.setEnabled(not self.work.running)
        if self.pages.currentWidget() is self.importing:
            self._looks += 1
            if self._looks % ASK_EVERY == 0:
                self.preview.ask(self._frames())
            glimpse = self.preview.glimpse
            if glimpse.serial != self._glimpse:
                self._glimpse = glimpse.serial
                self.importing.show_glimpse(glimpse)

    def _show_office(self, before: Office, office: Office) -> None:
        if office.shelf is not None and office.shelf is not before.shelf:
            gone = self._going
            if gone and all(card.name != gone or not card.own for card in office.shelf):
                self._going = ""
                self.deleted.emit(gone)
            self.list.show_shelf(office.shelf, self._chosen)
            if before.shelf is not None:
                self.changed.emit()
        if office.saved and office.saved != before.saved:
            self._made(office.saved)
            self._leave()
        bringing = self.pages.currentWidget() is self.importing
        self.importing.show_problem(office.problem if bringing else "")
        self.refused.setText("" if self._going or bringing else office.problem)
        self.refused.setVisible(bool(self.refused.text()))
        if office.foreign is not None and office.foreign is not before.foreign:
            self._show_foreign(office)
        self._show_details()

    def _show_foreign(self, office: Office) -> None:
        if office.foreign is None:
            return
        if office.foreign.network:
            self.work.show_form(ConvertForm(office.foreign.path))
            self._turn_to(self.work)
        else:
            self.importing.show_foreign(office.foreign)
            self._turn_to(self.importing)
            self.importing.focus_first()

    def _show_details(self) -> None:
        office = self._office
        card = self._card(self._chosen)
        finding = office.finding
        mine = finding[1] if finding is not None and finding[0] == self._chosen else None
        self.details.show_doing(office.doing)
        self.details.show_card(card, mine, office.problem if self._going else "")

    def _card(self, name: str) -> ShelfCard | None:
        return next((card for card in self._office.shelf or () if card.name == name), None)

    def _turn_to(self, page: QWidget) -> None:
        self.pages.setCurrentWidget(page)
        home = page is self.details
        if page is self.work and self.work.form is not None:
            self.work.form.name.setFocus()
        self.list.setEnabled(home)
        self.bring.setEnabled(home)

    # -- what the parts ask for

    def _picked(self, name: str) -> None:
        self._chosen = name
        self._show_details()

    def _wished(self, what: str) -> None:
        card = self._card(self._chosen)
        if what == "stop":
            self.keeper.stop_checking()
        if card is None:
            return
        if what == "use" and card.tab is not None:
            self.used.emit(card.name, card.tab)
            self.accept()
        elif what == "verify":
            self.keeper.verify(card.name)
        elif what == "key":
            self._ask_for_key(card)
        elif what == "optimize":
            self.work.show_form(OptimizeForm(card.name, card.title))
            self._turn_to(self.work)
        elif what == "delete":
            self._going = card.name
            self.keeper.delete(card.name)

    def _ask_for_key(self, card: ShelfCard) -> None:
        kinds = f"{self.tr('Public keys')} (*.pub *.pem);;{self.tr('All files')} (*)"
        chosen = QFileDialog.getOpenFileName(self, self.tr("Public key of the signer"), "", kinds)
        if chosen[0]:
            self.keeper.check_signature(card, Path(chosen[0]))

    def _save(self, name: str, title: str, licence: str) -> None:
        bundle = self.preview.glimpse.bundle
        if bundle is not None:
            self.keeper.save(bundle, name, title=title, licence=licence)

    def _made(self, name: str) -> None:
        self._chosen = name
        self.keeper.adopt(name)

    def _leave(self) -> None:
        self.keeper.forget()
        self._turn_to(self.details)
        self.list.setFocus()

    # -- the window itself

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Models may be dropped."""
        if any(map(is_model, dropped_files(event))):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Bring in what was dropped."""
        models = [path for path in dropped_files(event) if is_model(path)]
        if models:
            event.acceptProposedAction()
            self.import_path(models[0])

    def reject(self) -> None:
        """Escape leaves the page first, then closes; work in progress is ended by its button."""
        if self.work.running and not self._closing:
            return
        if self.pages.currentWidget() is not self.details and not self._closing:
            self._leave()
            return
        super().reject()

    def _end(self) -> None:
        self._timer.stop()
        self.work.close_child()
        self.preview.close()
        self.keeper.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """The window's own button closes it whatever is in progress."""
        self._closing = True
        super().closeEvent(event)
