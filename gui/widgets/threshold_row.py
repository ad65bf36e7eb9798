"""The least score as a slider, with its value beside it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from gui.theme import GAP_PX, body_font
from gui.widgets.labels import label


class ThresholdRow(QWidget):
    """Emits ``moved`` with a threshold of 0.01 to 0.99, while the slider moves."""

    moved = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName("threshold")
        self.slider.setRange(1, 99)
        self.slider.setSingleStep(1)
        self.slider.setPageStep(5)
        self.slider.setAccessibleName(self.tr("Threshold"))
        self.reading = QLabel()
        self.reading.setFont(body_font())
        self.reading.setMinimumWidth(34)
        self.reading.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout()
        row.setSpacing(GAP_PX)
        row.addWidget(self.slider, 1)
        row.addWidget(self.reading)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self.heading = label(self.tr("Threshold"), "heading")
        layout.addWidget(self.heading)
        layout.addLayout(row)
        self.slider.valueChanged.connect(self._moved)

    def show_threshold(self, threshold: float, title: str, hint: str) -> None:
        """Set the slider without telling anybody."""
        self.slider.blockSignals(True)
        self.slider.setValue(round(threshold * 100))
        self.slider.blockSignals(False)
        self.reading.setText(f"{self.slider.value() / 100:.2f}")
        self.heading.setText(title)
        self.slider.setToolTip(hint)
        self.slider.setAccessibleDescription(hint)

    def _moved(self, value: int) -> None:
        self.reading.setText(f"{value / 100:.2f}")
        self.moved.emit(value / 100)
