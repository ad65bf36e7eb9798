"""How well the nearest face can be recognized, in numbers and advice."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from edgecnn.faces.quality import FaceQuality
from gui.state import TabState
from gui.widgets.labels import label


class FaceQualityPanel(QWidget):
    """Shows a `FaceQuality`; changes nothing, so ``changed`` is never emitted."""

    changed = Signal(dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.advice = label(wraps=True)
        self.advice.setAccessibleName(self.tr("Quality of the nearest face"))
        self.advice.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.numbers = label(role="secondary")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(label(self.tr("Nearest face"), "heading"))
        layout.addWidget(self.advice)
        layout.addWidget(self.numbers)

    def show_tab(self, tab: TabState) -> None:
        """The tab's state changes nothing here."""

    def show_quality(self, quality: FaceQuality | None) -> None:
        """What was measured; None when there is no face."""
        if quality is None:
            self.numbers.setText("")
            self.advice.setText(self.tr("There is no face to measure."))
            return
        self.numbers.setText(
            self.tr("%s px between the eyes · sharpness %s · turned %s°")
            % (
                f"{quality.eye_distance_px:.0f}",
                f"{quality.sharpness:.2f}",
                f"{abs(quality.yaw_deg):.0f}",
            )
        )
        words = "; ".join((*quality.reasons, *quality.hints))
        self.advice.setText(
            f"{words[0].upper()}{words[1:]}." if words else self.tr("Good enough to be recognized.")
        )
