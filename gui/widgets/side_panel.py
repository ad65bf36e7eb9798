"""The panel at the right: model, results, threshold, classes, and what a tab adds."""

from __future__ import annotations

import importlib
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from gui.catalogue import ModelCard
from gui.controllers.shot import ModelState
from gui.rows import Row
from gui.state import AppState
from gui.tabs import TABS
from gui.theme import GROUP_PX
from gui.widgets.class_filter import ClassFilter
from gui.widgets.labels import label, line
from gui.widgets.model_view import ModelView
from gui.widgets.results_list import ResultsList
from gui.widgets.threshold_row import ThresholdRow

WIDTH_PX = 320


class SidePanel(QFrame):
    """Shows the tab in front. Emits ``changed`` with changes to that tab's state."""

    changed = Signal(dict)

    def __init__(self, most_threads: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sidePanel")
        self.setFixedWidth(WIDTH_PX)
        self.model = ModelView(most_threads)
        self.results = ResultsList()
        self.threshold = ThresholdRow()
        self.classes = ClassFilter()
        self._extras: dict[str, Any] = {}
        self.model.chosen.connect(lambda choice: self.changed.emit({"choice": choice}))
        self.threshold.moved.connect(lambda value: self.changed.emit({"threshold": value}))
        self.classes.chosen.connect(lambda labels: self.changed.emit({"labels": labels}))
        content = _Content()
        content.setObjectName("sideContent")
        self._layout = QVBoxLayout(content)
        self._layout.setContentsMargins(GROUP_PX, GROUP_PX, GROUP_PX, GROUP_PX)
        self._layout.setSpacing(12)
        self._layout.addWidget(label(self.tr("Model"), "heading"))
        self._layout.addWidget(self.model)
        self._layout.addWidget(line())
        self._layout.addWidget(label(self.tr("Results"), "heading"))
        self._layout.addWidget(self.results)
        self._place = self._layout.count()
        self._layout.addWidget(line())
        self._layout.addWidget(self.threshold)
        self._layout.addWidget(self.classes)
        self._layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)

    def show_state(self, state: AppState) -> None:
        """Threshold, classes and extras of the tab in front."""
        tab = TABS[state.tab]
        self.threshold.show_threshold(
            state.current.threshold, self.tr(tab.threshold_title), tab.threshold_hint
        )
        self.classes.setVisible(tab.filters_classes)
        if tab.panel and tab.key not in self._extras:
            module, _, name = tab.panel.partition(":")
            extra = getattr(importlib.import_module(module), name)(self)
            extra.changed.connect(self.changed)
            self._layout.insertWidget(self._place, _below_line(extra))
            self._extras[tab.key] = extra
        for key, extra in self._extras.items():
            extra.parentWidget().setVisible(key == tab.key)
            extra.show_tab(state.tabs[key])

    def extra(self, key: str) -> Any:
        """What a tab adds to the panel; None before it was shown, or when it adds nothing."""
        return self._extras.get(key)

    def show_model(
        self, state: AppState, models: tuple[ModelCard, ...], model: ModelState, infer_ms: float
    ) -> None:
        """The model's card, and the classes it has."""
        self.model.show_models(models)
        self.model.show_model(state.current.choice, model, infer_ms)
        self.classes.show_classes(model.labels, state.current.labels)

    def show_rows(self, rows: tuple[Row, ...], nothing: str) -> None:
        """The list of results."""
        self.results.show_rows(rows, nothing)


class _Content(QWidget):
    """Says the least height that its parts can have; a scroll area asks for the one they like."""

    def heightForWidth(self, width: int) -> int:
        """In pixels; below it the panel scrolls."""
        layout = self.layout()
        return (
            super().heightForWidth(width) if layout is None else layout.minimumHeightForWidth(width)
        )


def _below_line(extra: QWidget) -> QWidget:
    """What a tab adds, with the line that parts it from what is above."""
    made = QWidget()
    layout = QVBoxLayout(made)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(12)
    layout.addWidget(line())
    layout.addWidget(extra)
    return made
