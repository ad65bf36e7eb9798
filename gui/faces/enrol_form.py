"""Who it is, who agreed to it, until when, and whether photos are kept."""

from __future__ import annotations

from PySide6.QtCore import QDate, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDateEdit,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from gui.faces.enrol_check import Agreed
from gui.theme import GAP_PX, GROUP_PX
from gui.widgets.labels import label

LONGEST_DAYS = 36_500
STYLE = """
QDateEdit {
    background: palette(base); border: 1px solid palette(mid); border-radius: 6px;
    padding: 5px 10px; min-height: 18px;
}
QDateEdit:focus { border-color: palette(highlight); }
QDateEdit:disabled { color: palette(placeholder-text); }
QDateEdit::drop-down { border: none; width: 22px; }
"""
"""Of what only the forms about consent have; its colours are the theme's, by way of the palette."""


class EnrolForm(QWidget):
    """Emits ``edited`` when anything was changed, ``named`` when it was the name.

    Args:
        name: Of somebody who is there already and gets more faces; empty for somebody new.
    """

    edited = Signal()
    named = Signal()

    def __init__(self, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setStyleSheet(STYLE)
        self.name = self._edit("enrolName", self.tr("Name"), "")
        self.name.setMaxLength(200)
        self.name.setText(name)
        self.name.setReadOnly(bool(name))
        self.name.textChanged.connect(self.named)
        self.statement = self._edit(
            "enrolConsent", self.tr("Who agreed, and how"), self.tr("Ada herself, in writing")
        )
        self.purpose = self._edit(
            "enrolPurpose", self.tr("What for"), self.tr("Greeting her at the entrance")
        )
        self.unstated = label("", "secondary", wraps=True)
        self.until = QCheckBox(self.tr("Only until"))
        self.until.setObjectName("enrolUntil")
        self.until.toggled.connect(self._until_toggled)
        today = QDate.currentDate()
        self.date = QDateEdit(today.addYears(1))
        self.date.setObjectName("enrolDate")
        self.date.setAccessibleName(self.tr("Last day on which the person is recognized"))
        self.date.setDisplayFormat("yyyy-MM-dd")
        self.date.setDateRange(today.addDays(1), today.addDays(LONGEST_DAYS))
        self.date.setCalendarPopup(True)
        self.date.setEnabled(False)
        self.date.dateChanged.connect(self.edited)
        self.keep = QCheckBox(self.tr("Keep the photos, encrypted"))
        self.keep.setObjectName("enrolKeep")
        self.keep.toggled.connect(self.edited)
        kept = label(
            self.tr(
                "For thumbnails, and to enrol again with another model. Without them only numbers "
                "are stored."
            ),
            "secondary",
            wraps=True,
        )
        expiry = QHBoxLayout()
        expiry.setSpacing(GAP_PX)
        expiry.addWidget(self.until)
        expiry.addWidget(self.date, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(4)
        self._layout = layout
        self._add(self.tr("Name"), self.name)
        layout.addSpacing(GROUP_PX - 4)
        self._add(self.tr("Who agreed, and how"), self.statement)
        layout.addSpacing(4)
        self._add(self.tr("What for"), self.purpose)
        layout.addWidget(self.unstated)
        layout.addSpacing(GROUP_PX - 4)
        layout.addLayout(expiry)
        layout.addSpacing(GROUP_PX - 4)
        layout.addWidget(self.keep)
        layout.addWidget(kept)
        self.show_there(None)

    def _edit(self, name: str, title: str, example: str) -> QLineEdit:
        edit = QLineEdit()
        edit.setObjectName(name)
        edit.setAccessibleName(title)
        edit.setPlaceholderText(self.tr("For example: %s") % example if example else "")
        edit.textChanged.connect(self.edited)
        return edit

    def _add(self, title: str, edit: QLineEdit) -> None:
        self._layout.addWidget(label(title, "heading"))
        self._layout.addWidget(edit)

    @property
    def agreed(self) -> Agreed:
        """What is filled in."""
        days = QDate.currentDate().daysTo(self.date.date())
        return Agreed(
            statement=self.statement.text(),
            purpose=self.purpose.text(),
            expires_in_days=days if self.until.isChecked() else None,
            keep_photos=self.keep.isChecked(),
        )

    def show_there(self, templates: int | None) -> None:
        """Whether somebody of this name is enrolled: then what is left empty stays as it was."""
        words = (
            self.tr("What is left empty is recorded as not stated.")
            if templates is None
            else self.tr("What is left empty stays as it was recorded.")
        )
        self.unstated.setText(words)

    def _until_toggled(self, on: bool) -> None:
        self.date.setEnabled(on)
        if on:
            self.date.setFocus(Qt.FocusReason.OtherFocusReason)
        self.edited.emit()
