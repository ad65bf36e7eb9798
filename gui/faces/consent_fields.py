"""Who agreed and how, what for, and until when: the fields of every form about consent."""

from __future__ import annotations

from PySide6.QtCore import QDate, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QDateEdit, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from gui.theme import GAP_PX, GROUP_PX
from gui.widgets.labels import label

LONGEST_DAYS = 36_500
_STYLE = """
QDateEdit {
    background: palette(base); border: 1px solid palette(mid); border-radius: 6px;
    padding: 5px 10px; min-height: 18px;
}
QDateEdit:focus { border-color: palette(highlight); }
QDateEdit:disabled { color: palette(placeholder-text); }
QDateEdit::drop-down { border: none; width: 22px; }
"""
"""Of what only these fields have; its colours are the theme's, by way of the palette."""


class ConsentFields(QWidget):
    """Emits ``edited`` when anything was changed, and ``entered`` on Return in a line.

    Args:
        prefix: Of the names of the parts: ``enrol`` makes ``enrolStatement``, ``enrolPurpose``,
            ``enrolUntil`` and ``enrolDate``.
        beside: Both lines in one row, where there is room.
        parent: Owner.

    Attributes:
        statement, purpose: What may be left empty.
        note: What becomes of an empty line; for whoever uses the fields to say.
        until, date: Whether there is a last day, and which.
        titles: Above the lines.
    """

    edited = Signal()
    entered = Signal()

    def __init__(self, prefix: str, *, beside: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setStyleSheet(_STYLE)
        self._prefix = prefix
        self.statement = self._line(
            "Statement", self.tr("Who agreed, and how"), self.tr("Ada herself, in writing")
        )
        self.purpose = self._line(
            "Purpose", self.tr("What for"), self.tr("Greeting her at the entrance")
        )
        self.note = label("", "secondary", wraps=True)
        self.until = QCheckBox(self.tr("Only until"))
        self.until.setObjectName(f"{prefix}Until")
        self.until.toggled.connect(self._until_toggled)
        self.date = QDateEdit()
        self.date.setObjectName(f"{prefix}Date")
        self.date.setAccessibleName(self.tr("Last day on which the person is recognized"))
        self.date.setDisplayFormat("yyyy-MM-dd")
        self.date.setCalendarPopup(True)
        self.date.dateChanged.connect(self.edited)
        lines = QHBoxLayout() if beside else QVBoxLayout()
        lines.setSpacing(GAP_PX)
        self.titles = []
        for line in (self.statement, self.purpose):
            title = label(line.accessibleName(), "heading")
            self.titles.append(title)
            column = QVBoxLayout()
            column.setSpacing(4)
            column.addWidget(title)
            column.addWidget(line)
            lines.addLayout(column, 1)
        expiry = QHBoxLayout()
        expiry.setSpacing(GAP_PX)
        expiry.addWidget(self.until)
        expiry.addWidget(self.date, 0 if beside else 1)
        if beside:
            expiry.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(lines)
        layout.addWidget(self.note)
        layout.addSpacing(GAP_PX if beside else GROUP_PX - 4)
        layout.addLayout(expiry)
        self.show_recorded("", "", "")

    def _line(self, name: str, title: str, example: str) -> QLineEdit:
        line = QLineEdit()
        line.setObjectName(f"{self._prefix}{name}")
        line.setAccessibleName(title)
        line.setPlaceholderText(self.tr("For example: %s") % example)
        line.textChanged.connect(self.edited)
        line.returnPressed.connect(self.entered)
        return line

    @property
    def expires_in_days(self) -> int | None:
        """Days from today to the last one; None for no end."""
        if not self.until.isChecked():
            return None
        return QDate.currentDate().daysTo(self.date.date())

    def show_recorded(self, statement: str, purpose: str, until: str) -> None:
        """Show what is recorded, to be changed.

        Args:
            statement: Who agreed, and how; empty for not stated.
            purpose: What for; empty for not stated.
            until: The last day as ``yyyy-MM-dd``; empty for no end.
        """
        self.statement.setText(statement)
        self.purpose.setText(purpose)
        today, known = QDate.currentDate(), QDate.fromString(until, "yyyy-MM-dd")
        # A day that is over is shown as it is: it must not be prolonged by saving other words.
        first = min(known, today.addDays(1)) if known.isValid() else today.addDays(1)
        self.date.setDateRange(first, today.addDays(LONGEST_DAYS))
        self.date.setDate(known if known.isValid() else today.addYears(1))
        self.until.setChecked(known.isValid())
        self.date.setEnabled(known.isValid())

    def _until_toggled(self, on: bool) -> None:
        self.date.setEnabled(on)
        if on:
            self.date.setFocus(Qt.FocusReason.OtherFocusReason)
        self.edited.emit()
