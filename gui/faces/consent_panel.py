"""What somebody agreed to and until when, changed in place on the person's page."""

from __future__ import annotations

from PySide6.QtCore import QDate, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui.faces.consent_fields import ConsentFields
from gui.faces.people_cards import PersonCard
from gui.theme import GAP_PX


class ConsentPanel(QWidget):
    """Emits ``decided`` with arguments of `edgecnn.faces.consent.change_consent`.

    Attributes:
        fields: What is asked.
    """

    decided = Signal(dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._card: PersonCard | None = None
        self._day = QDate()
        self.fields = ConsentFields("consent", beside=True)
        self.fields.note.setText(self.tr("What is left empty is recorded as not stated."))
        self.fields.entered.connect(self._decide)
        self.save = QPushButton(self.tr("Save"))
        self.save.setObjectName("consentSave")
        self.save.setAutoDefault(False)
        self.save.clicked.connect(self._decide)
        leave = QPushButton(self.tr("Cancel"))
        leave.setObjectName("consentLeave")
        leave.setAutoDefault(False)
        leave.clicked.connect(self.leave)
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP_PX)
        buttons.addWidget(self.save)
        buttons.addWidget(leave)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_PX)
        layout.addWidget(self.fields)
        layout.addLayout(buttons)
        self.hide()

    def ask(self, card: PersonCard) -> None:
        """Show what is recorded, to be changed."""
        self.fields.show_recorded(card.statement, card.purpose, card.until)
        self._card, self._day = card, self.fields.date.date()
        self.show()
        self.fields.statement.setFocus(Qt.FocusReason.OtherFocusReason)

    def leave(self) -> None:
        """Call it off; nothing of it stays."""
        self._card = None
        self.fields.show_recorded("", "", "")
        self.hide()

    def _decide(self) -> None:
        card, fields = self._card, self.fields
        if card is None:
            return
        days, wished = fields.expires_in_days, dict[str, object]()
        if fields.statement.text().strip() != card.statement:
            wished["statement"] = fields.statement.text()
        if fields.purpose.text().strip() != card.purpose:
            wished["purpose"] = fields.purpose.text()
        if days is None and card.until:
            wished["no_end"] = True
        elif days is not None and (not card.until or fields.date.date() != self._day):
            wished["expires_in_days"] = days
        self.leave()
        if wished:
            self.decided.emit(wished)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape leaves everything as it was, and does not close the window behind it."""
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        else:
            super().keyPressEvent(event)
