"""One side of the comparison: which variant it is, and the picture with its answer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from edgecnn.core.results import Result
from edgecnn.video.frame import Frame
from gui.catalogue import ModelCard, VariantCard
from gui.compare.duel import Side
from gui.notices import SPINNER_AFTER_S, Notice
from gui.overlays.scene import Look
from gui.rows import Rows
from gui.state import ModelChoice
from gui.theme import GAP_PX
from gui.widgets.labels import label
from gui.widgets.variant_picker import VariantPicker, detail_of
from gui.widgets.video_view import VideoView


class SideView(QWidget):
    """Emits ``chosen`` with a `ModelChoice` when another variant is wanted here.

    Args:
        name: Object name of the button; also tells which side it is.
        words: Which side it is, for people.
    """

    chosen = Signal(object)

    def __init__(self, name: str, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._models: Sequence[ModelCard] = ()
        self._choice = ModelChoice("")
        self._rows = Rows(limit=5, smooth=False)
        self.title = label(role="title")
        self.detail = label(role="secondary")
        self.switch = QPushButton(self.tr("Switch"))
        self.switch.setObjectName(f"switch_{name}")
        self.switch.setAccessibleName(self.tr("Switch the %s variant") % words)
        self.switch.setToolTip(self.tr("Another model or variant on this side"))
        self.switch.setAutoDefault(False)
        self.switch.clicked.connect(self.open_picker)
        self.picker = VariantPicker(self)
        self.picker.chosen.connect(self._variant_chosen)
        self.view = VideoView()
        self.view.setMinimumSize(240, 160)
        self.view.setAccessibleName(words)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self.title)
        texts.addWidget(self.detail)
        top = QHBoxLayout()
        top.setSpacing(GAP_PX)
        top.addLayout(texts, 1)
        top.addWidget(self.switch)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_PX)
        layout.addLayout(top)
        layout.addWidget(self.view, 1)

    def show_models(self, models: Sequence[ModelCard]) -> None:
        """What the picker offers."""
        self._models = models
        self.switch.setEnabled(bool(models))

    def show_side(self, side: Side, now_s: float, trouble: Notice | None = None) -> None:
        """Which variant it is, whether it is there, and what is wrong with the source."""
        self._choice = side.choice
        card = self.variant(side.choice)
        name = card[0].title if card is not None else side.choice.model
        variant = "" if card is None else f" · {card[1].title}"
        self.title.setText(f"{name}{variant}")
        self.title.setToolTip(self.title.text())
        self.detail.setText("" if card is None else detail_of(card[1]))
        self.view.show_notice(self._notice(side, now_s) or trouble)

    def show_answer(self, frame: Frame | None, result: Result | None, threshold: float) -> None:
        """The frame and what this side says of it."""
        self.view.background = self.palette().color(QPalette.ColorRole.Window)
        self._rows.clear()
        self._rows.feed(result, threshold, time.monotonic())
        self.view.show_frame(frame, result, Look("tint", threshold, self._rows.rows))

    def open_picker(self) -> None:
        """Open the list of models and variants."""
        if self._models:
            self.picker.open_at(self.switch, self._models, self._choice)

    def variant(self, choice: ModelChoice) -> tuple[ModelCard, VariantCard] | None:
        """The cards of a choice; None while the list is being read."""
        wanted = replace(choice, threads=None)
        for model in self._models:
            for one in model.variants:
                if replace(one.choice, threads=None) == wanted:
                    return model, one
        return None

    def _notice(self, side: Side, now_s: float) -> Notice | None:
        if side.error:
            return Notice(self.tr("No answer"), side.error)
        if side.loading_since_s is None or now_s - side.loading_since_s < SPINNER_AFTER_S:
            return None
        return Notice(self.tr("Loading"), self.tr("The model is being opened."), True)

    def _variant_chosen(self, choice: ModelChoice) -> None:
        self.chosen.emit(replace(choice, threads=self._choice.threads))
