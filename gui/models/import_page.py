"""Bringing in a model: only what its file does not say is asked, and the live picture answers."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from edgecnn.bundle.label_file import read_labels
from edgecnn.errors import EdgeCNNError
from gui.models.comparing import COMPARISONS
from gui.models.foreign import Foreign, bundle_of, plain_name
from gui.models.forms import ACTIVATIONS, COLORS, COORDINATES, FORMS, RESIZES, SCALINGS
from gui.models.path_row import PathRow
from gui.models.preview import Glimpse, Preview
from gui.models.questions import Answers
from gui.notices import Notice
from gui.overlays.scene import Look
from gui.rows import Rows
from gui.theme import GAP_PX, GROUP_PX
from gui.widgets.labels import label
from gui.widgets.video_view import Corner, VideoView

_FORM_PX = 340
_TABLES = {
    "color": ("Colours", COLORS),
    "scaling": ("Pixels become", {key: one.title for key, one in SCALINGS.items()}),
    "resize": ("Pictures are", RESIZES),
    "activation": ("Its output is", ACTIVATIONS),
    "coordinates": ("Its boxes are in", COORDINATES),
    "comparison": ("It compares", {key: one.title for key, one in COMPARISONS.items()}),
}
"""Question -> its title, and key -> words of the answers."""


class ImportPage(QWidget):
    """Emits ``saved`` with name, title and licence, and ``cancelled``."""

    saved = Signal(str, str, str)
    cancelled = Signal()

    def __init__(self, preview: Preview, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.preview = preview
        self._foreign: Foreign | None = None
        self._labels: tuple[str, ...] = ()
        self._rows = Rows(limit=5, smooth=False)
        self.title = label(role="large")
        self.about = label(role="secondary", wraps=True)
        self.problem = label(role="danger", wraps=True)
        self.problem.setAccessibleName(self.tr("What is wrong"))
        self.view = VideoView()
        self.view.setMinimumSize(240, 180)
        self.view.setAccessibleName(self.tr("Preview of the answer"))
        self._build_form()
        self.save = QPushButton(self.tr("Save to my models"))
        self.save.setObjectName("saveModel")
        self.save.setProperty("role", "accent")
        self.save.setEnabled(False)
        self.save.setAutoDefault(False)
        self.save.clicked.connect(self._save)
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.setObjectName("cancelImport")
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self.cancelled)
        scroll = QScrollArea()
        scroll.setWidget(self._fields)
        scroll.setWidgetResizable(True)
        scroll.setFixedWidth(_FORM_PX)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        middle = QHBoxLayout()
        middle.setSpacing(GROUP_PX)
        middle.addWidget(scroll)
        middle.addWidget(self.view, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP_PX)
        buttons.addWidget(self.problem, 1)
        buttons.addWidget(self.save)
        buttons.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_PX)
        layout.addWidget(self.title)
        layout.addWidget(self.about)
        layout.addLayout(middle, 1)
        layout.addLayout(buttons)

    def _build_form(self) -> None:
        self._fields = QWidget()
        self._fields.setObjectName("page")
        self._form = QFormLayout(self._fields)
        self._form.setContentsMargins(1, 1, GAP_PX, 1)
        self._form.setVerticalSpacing(GAP_PX)
        self._form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        self.form = self._combo("form", self.tr("What it answers"), {})
        self.boxes = {
            name: self._combo(name, self.tr(title), table)
            for name, (title, table) in _TABLES.items()
        }
        self.labels = PathRow(
            "labelsFile", self.tr("Names of the classes, one a line; empty numbers them"),
            kinds=self.tr("Text (*.txt *.names *.labels);;All files (*)"),
        )  # fmt: skip
        self.labels.changed.connect(self._answered)
        self._form.addRow(self.tr("Names of its classes (text file)"), self.labels)
        self.name = self._line("name", self.tr("Name"))
        self.model_title = self._line("title", self.tr("Title"))
        self.licence = self._line("licence", self.tr("Licence"))

    def _combo(self, name: str, title: str, table: dict[str, str]) -> QComboBox:
        box = QComboBox()
        box.setObjectName(f"ask_{name}")
        # As wide as the form, however long an answer is.
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(8)
        box.setAccessibleName(title)
        for key, words in table.items():
            box.addItem(self.tr(words), key)
        box.currentIndexChanged.connect(self._answered)
        self._form.addRow(title, box)
        return box

    def _line(self, name: str, title: str) -> QLineEdit:
        edit = QLineEdit()
        edit.setObjectName(f"import_{name}")
        edit.setAccessibleName(title)
        self._form.addRow(title, edit)
        return edit

    def focus_first(self) -> None:
        """Put the focus where answering begins."""
        asked = [box for box in (self.form, *self.boxes.values()) if box.isVisibleTo(self)]
        (asked[0] if asked else self.name).setFocus()

    # -- what is shown

    def show_foreign(self, foreign: Foreign) -> None:
        """Begin with a file that was examined."""
        self._foreign = foreign
        self._labels = ()
        self.problem.setText("")
        self.title.setText(self.tr("Import %s") % foreign.path.name)
        bundle = foreign.bundle
        manifest = None if bundle is None else bundle.manifest
        self.name.setText(manifest.name if manifest is not None else plain_name(foreign.path.stem))
        self.model_title.setText(manifest.title if manifest is not None else foreign.path.stem)
        self.licence.setText(manifest.licence if manifest is not None else "unknown")
        self._form.setRowVisible(self.model_title, not foreign.sealed)
        self._form.setRowVisible(self.licence, not foreign.sealed)
        self._fill(foreign)
        self._answered()

    def show_glimpse(self, glimpse: Glimpse) -> None:
        """What the model says of the picture."""
        self.view.background = self.palette().color(QPalette.ColorRole.Window)
        if glimpse.problem:
            self.view.show_notice(Notice(self.tr("No answer"), glimpse.problem))
        elif glimpse.bundle is None:
            self.view.show_notice(Notice(busy=True))
        else:
            self.view.show_notice(None)
        self.view.show_corner(Corner(glimpse.words, glimpse.detail) if glimpse.words else None)
        if glimpse.result is None and glimpse.words:
            self.view.show_frame(glimpse.frame, None, Look())
        if glimpse.result is not None:
            self._rows.clear()
            self._rows.feed(glimpse.result, 0.0, 0.0)
            self.view.show_frame(glimpse.frame, glimpse.result, Look("tint", 0.4, self._rows.rows))
        self.save.setEnabled(glimpse.bundle is not None and not glimpse.problem)

    def show_problem(self, words: str) -> None:
        """Why it was not saved."""
        self.problem.setText(words)

    @property
    def answers(self) -> Answers | None:
        """What is filled in; None where nothing is asked."""
        foreign = self._foreign
        if foreign is None or foreign.questions is None:
            return None
        chosen = {name: box.currentData() for name, box in self.boxes.items()}
        labels = self._labels or foreign.questions.first.labels
        form = self.form.currentData()
        return None if form is None else Answers(form=form, labels=labels, **chosen)

    # -- what is asked

    def _fill(self, foreign: Foreign) -> None:
        questions = foreign.questions
        boxes = [self.form, *self.boxes.values()]
        for box in boxes:
            box.blockSignals(True)
        self.form.clear()
        if questions is not None:
            for key in questions.forms:
                self.form.addItem(self.tr(FORMS[key].title), key)
            for name, box in self.boxes.items():
                box.setCurrentIndex(max(0, box.findData(getattr(questions.first, name))))
        for box in boxes:
            box.blockSignals(False)
        self.labels.edit.blockSignals(True)
        self.labels.set_path("")
        self.labels.edit.blockSignals(False)

    def _show_questions(self) -> None:
        questions = None if self._foreign is None else self._foreign.questions
        form = self.form.currentData()
        asked = () if questions is None or form is None else questions.asks(form)
        self._form.setRowVisible(self.form, questions is not None and len(questions.forms) > 1)
        for name, box in self.boxes.items():
            self._form.setRowVisible(box, name in asked)
        self._form.setRowVisible(self.labels, "labels" in asked)
        self.about.setText("" if self._foreign is None else self._about(self._foreign))

    def _answered(self) -> None:
        """Something was filled in: the preview shows it."""
        self._show_questions()
        foreign = self._foreign
        if foreign is None:
            return
        try:
            self._labels = read_labels(Path(self.labels.path)) if self.labels.path else ()
        except EdgeCNNError as error:
            self.problem.setText(str(error))
            return
        self.problem.setText("")
        self.save.setEnabled(False)
        answers = self.answers
        self.preview.show(lambda: bundle_of(foreign, answers))

    def _about(self, foreign: Foreign) -> str:
        if foreign.bundle is not None:
            manifest = foreign.bundle.manifest
            said = self.tr("It says all there is to know: %s, %s classes, licence %s.")
            return said % (manifest.task, len(manifest.labels), manifest.licence)
        if foreign.questions is None:
            return ""
        known = [f"{name}: {words}" for name, words in foreign.questions.known.items()]
        said = self.tr("Input %s x %s.") % foreign.questions.size_wh
        told = self.tr("The file says: %s.") % "; ".join(known) if known else ""
        asked = self.tr("Answer the rest, and watch whether the preview makes sense.")
        if self.form.currentData() == "vector":
            asked = self.tr(
                "The preview tells a distance: 0 is the same. How far still counts as the same "
                "has to be measured on pairs of pictures."
            )
        return " ".join(part for part in (said, told, asked) if part)

    def _save(self) -> None:
        self.problem.setText("")
        self.saved.emit(
            self.name.text().strip(), self.model_title.text().strip(), self.licence.text().strip()
        )
