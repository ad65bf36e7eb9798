"""The first start in one screen: what the app does, and that pictures never leave the machine."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui.icons import icon
from gui.theme import GAP_PX, GROUP_PX, Theme, body_font
from gui.widgets.labels import label


class Welcome(QWidget):
    """Emits ``chosen`` with ``camera``, ``demo`` or ``file``."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._icons: list[tuple[QLabel, str]] = []
        title = QLabel(self.tr("See what your camera sees, named"))
        title.setProperty("role", "large")
        column = QVBoxLayout()
        column.setSpacing(GROUP_PX)
        column.addWidget(title)
        for name, strong, words in (
            (
                "lock",
                self.tr("Pictures never leave this machine."),
                self.tr("Every model runs here. Nothing is uploaded, and no account is needed."),
            ),
            (
                "spark",
                self.tr("Four ways to look."),
                self.tr("Classify, Detect, Faces, Segment: switch while the picture runs."),
            ),
            (
                "snapshot",
                self.tr("Nothing is kept unless you say so."),
                self.tr("Snapshots and recordings are saved only when you press the button."),
            ),
        ):
            column.addLayout(self._point(name, strong, words))
        column.addSpacing(GAP_PX)
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP_PX)
        self.camera = self._button("camera", self.tr("Use the camera"))
        self.demo = self._button("demo", self.tr("Play the demo clip"))
        self.file = self._button("file", self.tr("Open a file…"))
        self.camera.setProperty("role", "accent")
        for button in (self.camera, self.demo, self.file):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column.addLayout(buttons)
        self.hint = label(role="secondary")
        column.addWidget(self.hint)
        middle = QWidget()
        middle.setLayout(column)
        middle.setFixedWidth(560)
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        outer.addWidget(middle, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch(3)

    def show_theme(self, theme: Theme) -> None:
        """Draw icons in the theme's colours."""
        for place, name in self._icons:
            place.setPixmap(icon(name, theme.accent).pixmap(QSize(20, 20)))

    def show_cameras(self, count: int) -> None:
        """Offer the camera only when there is one."""
        self.camera.setEnabled(count > 0)
        self.hint.setText("" if count else self.tr("No camera was found on this machine."))
        for button, accent in ((self.camera, count > 0), (self.demo, count == 0)):
            button.setProperty("role", "accent" if accent else "")
            button.style().unpolish(button)
            button.style().polish(button)

    def _button(self, key: str, words: str) -> QPushButton:
        button = QPushButton(words)
        button.setObjectName(f"welcome_{key}")
        button.setAutoDefault(True)
        button.clicked.connect(lambda _=False: self.chosen.emit(key))
        return button

    def _point(self, name: str, strong: str, words: str) -> QHBoxLayout:
        place = QLabel()
        place.setFixedSize(20, 20)
        self._icons.append((place, name))
        heading = QLabel(strong)
        heading.setFont(body_font())
        heading.setProperty("role", "title")
        detail = QLabel(words)
        detail.setFont(body_font())
        detail.setWordWrap(True)
        lines = QVBoxLayout()
        lines.setSpacing(2)
        lines.addWidget(heading)
        lines.addWidget(detail)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(place, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(lines, 1)
        return row
