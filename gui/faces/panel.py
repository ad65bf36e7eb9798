"""What the Faces tab adds to the side panel: people, the rate of false matches, hiding, quality."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.faces.people_box import PeopleBox
from gui.faces.privacy_row import PrivacyRow
from gui.faces.rate_row import RateRow
from gui.state import TabState
from gui.widgets.face_quality_panel import FaceQualityPanel
from gui.widgets.labels import line


class FacesPanel(QWidget):
    """Shows what it is told; `gui.faces.reception` joins it with the gallery.

    The tab's own state is not changed here, so ``changed`` is never emitted.

    Attributes:
        people, rate, privacy, quality: Its parts, from top to bottom.
    """

    changed = Signal(dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.people = PeopleBox()
        self.rate = RateRow()
        self.privacy = PrivacyRow()
        self.quality = FaceQualityPanel()
        self._rate_line = line()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addWidget(self.people)
        layout.addWidget(self._rate_line)
        layout.addWidget(self.rate)
        layout.addWidget(line())
        layout.addWidget(self.privacy)
        layout.addWidget(line())
        layout.addWidget(self.quality)
        self.show_rate(False)

    def show_rate(self, shown: bool) -> None:
        """The slider is there while it can be moved: with an open gallery that has people."""
        self.rate.setVisible(shown)
        self._rate_line.setVisible(shown)

    def show_tab(self, tab: TabState) -> None:
        """The tab's state changes nothing here."""
