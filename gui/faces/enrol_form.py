"""Who it is, who agreed to it, until when, and whether photos are kept."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QLineEdit, QVBoxLayout, QWidget

from gui.faces.consent_fields import ConsentFields
from gui.faces.enrol_check import Agreed
from gui.theme import GROUP_PX
from gui.widgets.labels import label


class EnrolForm(QWidget):
    """Emits ``edited`` when anything was changed, ``named`` when it was the name.

    Args:
        name: Of somebody who is there already and gets more faces; empty for somebody new.

    Attributes:
        consent: Who agreed, what for, and until when.
    """

    edited = Signal()
    named = Signal()

    def __init__(self, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.name = QLineEdit(name)
        self.name.setObjectName("enrolName")
        self.name.setAccessibleName(self.tr("Name"))
        self.name.setMaxLength(200)
        self.name.setReadOnly(bool(name))
        self.name.textChanged.connect(self.edited)
        self.name.textChanged.connect(self.named)
        self.consent = ConsentFields("enrol")
        self.consent.edited.connect(self.edited)
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
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(4)
        layout.addWidget(label(self.tr("Name"), "heading"))
        layout.addWidget(self.name)
        layout.addSpacing(GROUP_PX - 4)
        layout.addWidget(self.consent)
        layout.addSpacing(GROUP_PX - 4)
        layout.addWidget(self.keep)
        layout.addWidget(kept)
        self.show_there(None)

    @property
    def agreed(self) -> Agreed:
        """What is filled in."""
        return Agreed(
            statement=self.consent.statement.text(),
            purpose=self.consent.purpose.text(),
            expires_in_days=self.consent.expires_in_days,
            keep_photos=self.keep.isChecked(),
        )

    def show_there(self, templates: int | None) -> None:
        """Whether somebody of this name is enrolled: then what is left empty stays as it was."""
        words = (
            self.tr("What is left empty is recorded as not stated.")
            if templates is None
            else self.tr("What is left empty stays as it was recorded.")
        )
        self.consent.note.setText(words)
