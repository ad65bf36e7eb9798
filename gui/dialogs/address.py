"""Asks for the address of a stream."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from edgecnn.errors import EdgeCNNError
from edgecnn.video.network.address import parse_address
from gui.theme import GAP_PX, GROUP_PX
from gui.widgets.labels import label


class AddressDialog(QDialog):
    """Takes an address only when it can be understood, and says what is wrong with it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Network address"))
        self.setMinimumWidth(460)
        self.edit = QLineEdit()
        self.edit.setObjectName("address")
        self.edit.setPlaceholderText("rtsp://camera.local/stream")
        self.edit.setAccessibleName(self.tr("Address of the stream"))
        self.problem = label(role="danger", wraps=True)
        self.problem.hide()
        hint = self.tr(
            "rtsp:// or http:// (MJPEG). A name and password may stand before the host: "
            "rtsp://name:password@host/path. They are never written to a file."
        )
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GROUP_PX, GROUP_PX, GROUP_PX, GROUP_PX)
        layout.setSpacing(GAP_PX)
        layout.addWidget(label(self.tr("Address of the stream")))
        layout.addWidget(self.edit)
        layout.addWidget(self.problem)
        layout.addWidget(label(hint, "secondary", wraps=True))
        layout.addWidget(buttons)

    @property
    def address(self) -> str:
        """What was typed."""
        return self.edit.text().strip()

    def accept(self) -> None:
        """Close only with an address that can be understood."""
        try:
            if "://" not in self.address:
                self._say(self.tr("An address begins with rtsp:// or http://"))
                return
            parse_address(self.address)
        except EdgeCNNError as error:
            self._say(str(error))
            return
        super().accept()

    def _say(self, words: str) -> None:
        """Show what is wrong, and make room for all of it: a dialog does not grow by itself."""
        self.problem.setText(words)
        self.problem.setAccessibleName(words)
        self.problem.show()
        self.resize(self.width(), max(self.height(), self.heightForWidth(self.width())))
