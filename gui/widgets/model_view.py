"""The card of the model that answers: what it is, how it runs, why, and how to switch."""

from __future__ import annotations

import time
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui.catalogue import BACKEND_TITLES, ModelCard, VariantCard, size_words
from gui.controllers.shot import ModelState
from gui.state import ModelChoice
from gui.theme import GAP_PX
from gui.widgets.labels import label
from gui.widgets.spinner import Spinner
from gui.widgets.variant_picker import VariantPicker

_SPINNER_AFTER_S = 0.3


class ModelView(QWidget):
    """Emits ``chosen`` with a `ModelChoice` when the user wants another model, variant or number
    of threads, and ``compared`` when two variants are to be compared.
    """

    chosen = Signal(object)
    compared = Signal()

    def __init__(self, most_threads: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._models: tuple[ModelCard, ...] = ()
        self._choice = ModelChoice("")
        self.title = label(role="title")
        self.how = label()
        self.figures = label(role="secondary")
        self.licence = label(role="secondary")
        self.why = label(role="secondary", wraps=True)
        self.why.setMinimumHeight(30)
        self.why.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.error = label(role="danger", wraps=True)
        self.error.setAccessibleName(self.tr("What went wrong with the model"))
        self.error.hide()
        self.spinner = Spinner(self)
        self.spinner.setFixedSize(20, 20)
        self.spinner.setVisible(False)
        self.switch = QPushButton(self.tr("Switch model"))
        self.switch.setObjectName("switchModel")
        self.switch.setToolTip(self.tr("Other models and variants (M)"))
        self.switch.setAccessibleName(self.tr("Switch model or variant"))
        self.switch.clicked.connect(self.open_picker)
        self.compare = QPushButton(self.tr("Compare"))
        self.compare.setObjectName("compare")
        self.compare.setToolTip(self.tr("Two variants side by side on the live picture (V)"))
        self.compare.setAccessibleName(self.tr("Compare two variants"))
        self.compare.clicked.connect(self.compared)
        self.threads = QComboBox()
        self.threads.setObjectName("threads")
        self.threads.setAccessibleName(self.tr("Threads"))
        self.threads.setToolTip(self.tr("Cores for the model; automatic takes up to four"))
        self.threads.addItem(self.tr("Automatic"), None)
        for count in range(1, most_threads + 1):
            self.threads.addItem(str(count), count)
        self.threads.activated.connect(self._threads_chosen)
        self.picker = VariantPicker(self)
        self.picker.chosen.connect(self._variant_chosen)
        top = QHBoxLayout()
        top.setSpacing(GAP_PX)
        top.addWidget(self.title, 1)
        top.addWidget(self.spinner)
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP_PX)
        buttons.addWidget(self.compare, 1)
        buttons.addWidget(self.switch, 1)
        cores = QHBoxLayout()
        cores.addWidget(label(self.tr("Threads")), 1)
        cores.addWidget(self.threads)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(top)
        for part in (self.how, self.figures, self.licence, self.why, self.error):
            layout.addWidget(part)
        layout.addSpacing(4)
        layout.addLayout(buttons)
        layout.addSpacing(4)
        layout.addLayout(cores)

    def show_models(self, models: tuple[ModelCard, ...]) -> None:
        """What the picker offers."""
        self._models = models
        self.switch.setEnabled(bool(models))
        self.compare.setEnabled(bool(models))

    def show_model(self, choice: ModelChoice, state: ModelState, infer_ms: float) -> None:
        """The model that was asked for, and the one that answers.

        Args:
            choice: Of the tab in front.
            state: How it is.
            infer_ms: Median time of an inference now; 0 when nothing ran yet.
        """
        self._choice = choice
        self.threads.setCurrentIndex(max(0, self.threads.findData(choice.threads)))
        info = state.info
        card = self._card(choice.model)
        self.title.setText(card.title if card is not None else choice.model)
        loading = state.loading_since_s
        slow = loading is not None and time.monotonic() - loading > _SPINNER_AFTER_S
        if self.spinner.isVisibleTo(self) != slow:
            self.spinner.setVisible(slow)
        self.error.setVisible(bool(state.error))
        self.error.setText(state.error)
        if info is None or info.name != (card.name if card is not None else info.name):
            self.how.setText(self.tr("Loading…") if not state.error else self.tr("Not loaded"))
            self.figures.setText("")
            self.licence.setText("")
            self.why.setText("")
            return
        threads = self.tr("1 thread") if info.threads == 1 else self.tr("%s threads") % info.threads
        arithmetic = " · bfloat16" if info.compute == "bf16" else ""
        backend = BACKEND_TITLES.get(info.backend, info.backend)
        self.how.setText(f"{info.precision} · {backend}{arithmetic} · {threads}")
        variant = self._variant(card, info.precision, info.backend)
        figures = [] if variant is None else [size_words(variant.megabytes), variant.accuracy]
        if infer_ms > 0:
            figures.append(f"{infer_ms:.1f} ms")
        about = "" if card is None else card.about
        self.licence.setText(about)
        self.licence.setToolTip(about)
        self.figures.setText(" · ".join(part for part in figures if part))
        self.figures.setToolTip(self.figures.text())
        reason = info.reason.partition(";")[0]
        why = self.tr("Why: %s") % reason if choice.automatic else self.tr("Chosen by you")
        self.why.setText(why)
        self.why.setToolTip(info.reason)

    def open_picker(self) -> None:
        """Open the list of models and variants."""
        if self._models:
            self.picker.open_at(self.switch, self._models, self._choice)

    def _card(self, name: str) -> ModelCard | None:
        return next((card for card in self._models if card.name == name), None)

    @staticmethod
    def _variant(card: ModelCard | None, precision: str, backend: str) -> VariantCard | None:
        variants = () if card is None else card.variants
        for variant in variants:
            if (variant.choice.precision, variant.choice.backend) == (precision, backend):
                return variant
        return None

    def _variant_chosen(self, choice: ModelChoice) -> None:
        self.chosen.emit(replace(choice, threads=self._choice.threads))

    def _threads_chosen(self, index: int) -> None:
        threads = self.threads.itemData(index)
        if threads != self._choice.threads:
            self.chosen.emit(replace(self._choice, threads=threads))
