"""How surely a face must match before it gets a name, as a slider over false-match rates."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from edgecnn.faces.calibrate import in_words
from gui.faces.rates import Rates, Target
from gui.theme import GAP_PX, body_font
from gui.widgets.labels import label

BACK_MS = 1500
"""The handle goes back so long after it was left at a rate that cannot be claimed."""


class RateRow(QWidget):
    """Emits ``wished`` with a rate that may be claimed, or None.

    A rate that the sample does not support can be looked at: the words say what it would take, and
    the handle goes back to the one in use.
    """

    wished = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rates: Rates | None = None
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName("matchRate")
        self.slider.setPageStep(1)
        self.slider.setAccessibleName(self.tr("False matches at most"))
        self.slider.setToolTip(
            self.tr("To the right: fewer strangers get a name, more people you know stay unknown")
        )
        self.reading = QLabel()
        self.reading.setFont(body_font())
        self.reading.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        widest = self.reading.fontMetrics().horizontalAdvance(in_words(0.0001))
        self.reading.setMinimumWidth(widest + 2)
        self.words = label(role="secondary", wraps=True)
        self.words.setAccessibleName(self.tr("What is claimed"))
        row = QHBoxLayout()
        row.setSpacing(GAP_PX)
        row.addWidget(self.slider, 1)
        row.addWidget(self.reading)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(label(self.tr("False matches at most"), "heading"))
        layout.addLayout(row)
        layout.addWidget(self.words)
        self._back = QTimer(self)
        self._back.setSingleShot(True)
        self._back.setInterval(BACK_MS)
        self._back.timeout.connect(self._go_back)
        self.slider.valueChanged.connect(self._moved)
        self.slider.sliderReleased.connect(self._settle)

    def show_rates(self, rates: Rates) -> None:
        """Show what is in use, and what could be."""
        if rates == self._rates:
            return
        self._rates = rates
        self.slider.blockSignals(True)
        self.slider.setRange(0, len(rates.stops) - 1)
        self.slider.blockSignals(False)
        self._go_back()
        words = [rates.in_use, rates.price()]
        loosest = rates.stops[1]
        if loosest is not None and not rates.supports(loosest):
            words.insert(1, rates.lacking(loosest))
        self._say(" ".join(part for part in words if part))

    def _moved(self, value: int) -> None:
        if self._rates is None:
            return
        target = self._rates.stops[value]
        self._show_reading(target)
        if target is None or self._rates.supports(target):
            self._say(self._rates.in_use)
        else:
            self._say(f"{self._rates.lacking(target)} {self._rates.in_use}")
        if not self.slider.isSliderDown():
            self._settle()

    def _settle(self) -> None:
        """The handle rests: wish for the rate, or go back from one that cannot be had."""
        if self._rates is None:
            return
        target = self._rates.stops[self.slider.value()]
        if not self._rates.supports(target):
            self._back.start()
            return
        self._back.stop()
        if target != self._rates.rule.target:
            self.wished.emit(target)

    def _go_back(self) -> None:
        """Show the rate in use; the words stay, so that they can be read."""
        if self._rates is None:
            return
        self._back.stop()
        self.slider.blockSignals(True)
        self.slider.setValue(self._rates.stop)
        self.slider.blockSignals(False)
        self._show_reading(self._rates.rule.target)

    def _show_reading(self, target: Target) -> None:
        self.reading.setText(self.tr("no claim") if target is None else in_words(target))

    def _say(self, words: str) -> None:
        self.words.setText(words)
        self.slider.setAccessibleDescription(words)
