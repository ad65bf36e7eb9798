"""What somebody agreed to and until when, changed in place on the person's page."""

from __future__ import annotations

from PySide6.QtCore import QDate, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDateEdit,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui.faces.enrol_form import LONGEST_DAYS, STYLE
from gui.faces.people_cards import PersonCard
from gui.theme import GAP_PX
from gui.widgets.labels import label


class ConsentPanel(QWidget):
    """Emits ``decided`` with arguments of `edgecnn.faces.consent.change_consent`."""

    decided = Signal(dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setStyleSheet(STYLE)
        self._card: PersonCard | None = None
        self._day = QDate()
        self.statement = self._edit("consentStatement", self.tr("Who agreed, and how"))
        self.purpose = self._edit("consentPurpose", self.tr("What for"))
        self.until = QCheckBox(self.tr("Only until"))
        self.until.setObjectName("consentUntil")
        self.date = QDateEdit()
        self.date.setObjectName("consentDate")
        self.date.setAccessibleName(self.tr("Last day on which the person is recognized"))
        self.date.setDisplayFormat("yyyy-MM-dd")
        self.date.setCalendarPopup(True)
        self.until.toggled.connect(self.date.setEnabled)
        self.save = QPushButton(self.tr("Save"))
        self.save.setObjectName("consentSave")
        self.save.setAutoDefault(False)
        self.save.clicked.connect(self._decide)
        leave = QPushButton(self.tr("Cancel"))
        leave.setObjectName("consentLeave")
        leave.setAutoDefault(False)
        leave.clicked.connect(self.leave)
        expiry = QHBoxLayout()
        expiry.setSpacing(GAP_PX)
        expiry.addWidget(self.until)
        expiry.addWidget(self.date)
        expiry.addStretch(1)
        form = QGridLayout()
        form.setSpacing(GAP_PX)
        titles = (self.tr("Who agreed, and how"), self.tr("What for"), self.tr("Recognized"))
        self.titles = [label(title) for title in titles]
        for row, title in enumerate(self.titles):
            form.addWidget(title, row, 0)
        form.addWidget(self.statement, 0, 1)
        form.addWidget(self.purpose, 1, 1)
        form.addLayout(expiry, 2, 1)
        # These labels take what room there is, so the column is as wide as the longest.
        widest = max(one.fontMetrics().horizontalAdvance(one.text()) for one in self.titles)
        form.setColumnMinimumWidth(0, widest + GAP_PX)
        form.setColumnStretch(1, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP_PX)
        buttons.addWidget(self.save)
        buttons.addWidget(leave)
        buttons.addWidget(label(self.tr("Empty is recorded as not stated."), "secondary"), 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_PX)
        layout.addLayout(form)
        layout.addLayout(buttons)
        self.hide()

    def _edit(self, name: str, title: str) -> QLineEdit:
        edit = QLineEdit()
        edit.setObjectName(name)
        edit.setAccessibleName(title)
        edit.returnPressed.connect(self._decide)
        return edit

    def ask(self, card: PersonCard) -> None:
        """Show what is recorded, to be changed."""
        self.statement.setText(card.statement)
        self.purpose.setText(card.purpose)
        today = QDate.currentDate()
        known = QDate.fromString(card.until, "yyyy-MM-dd")
        # A day that is over is shown as it is: it must not be prolonged by saving other words.
        first = min(known, today.addDays(1)) if known.isValid() else today.addDays(1)
        self.date.setDateRange(first, today.addDays(LONGEST_DAYS))
        self.date.setDate(known if known.isValid() else today.addYears(1))
        self.until.setChecked(known.isValid())
        self.date.setEnabled(known.isValid())
        self._card, self._day = card, self.date.date()
        self.show()
        self.statement.setFocus(Qt.FocusReason.OtherFocusReason)

    def leave(self) -> None:
        """Call it off; nothing of it stays."""
        self._card = None
        self.statement.clear()
        self.purpose.clear()
        self.hide()

    def _decide(self) -> None:
        card, on, day = self._card, self.until.isChecked(), self.date.date()
        if card is None:
            return
        wished: dict[str, object] = {}
        if self.statement.text().strip() != card.statement:
            wished["statement"] = self.statement.text()
        if self.purpose.text().strip() != card.purpose:
            wished["purpose"] = self.purpose.text()
        if not on and card.until:
            wished["no_end"] = True
        elif on and (not card.until or day != self._day):
            wished["expires_in_days"] = QDate.currentDate().daysTo(day)
        self.leave()
        if wished:
            self.decided.emit(wished)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape leaves everything as it was, and does not close the window behind it."""
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        else:
            super().keyPressEvent(event)
