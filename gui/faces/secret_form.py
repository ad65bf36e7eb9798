"""What shall open a gallery: a passphrase, typed twice, or the keyring of the desktop session."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from edgecnn.errors import OptionError
from edgecnn.faces.unlocking import Passphrase, Secret, SystemKeyring
from gui.faces.session import Kind
from gui.theme import GAP_PX
from gui.widgets.labels import label


def passphrase_edit(name: str, object_name: str) -> QLineEdit:
    """A field that shows dots."""
    edit = QLineEdit()
    edit.setObjectName(object_name)
    edit.setEchoMode(QLineEdit.EchoMode.Password)
    edit.setAccessibleName(name)
    return edit


class SecretForm(QWidget):
    """Emits ``edited`` with every change."""

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.first = passphrase_edit(self.tr("New passphrase"), "newPassphrase")
        self.second = passphrase_edit(self.tr("The same again"), "newPassphraseAgain")
        self.show_it = QCheckBox(self.tr("Show what I type"))
        self.show_it.setObjectName("showPassphrase")
        self.show_it.toggled.connect(self._show)
        self._words = label(role="secondary", wraps=True)
        self._fields = QWidget()
        grid = QGridLayout(self._fields)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(GAP_PX)
        for row, (title, edit) in enumerate(
            ((self.tr("Passphrase"), self.first), (self.tr("Again"), self.second))
        ):
            words = label(title)
            words.setBuddy(edit)
            grid.addWidget(words, row, 0)
            grid.addWidget(edit, row, 1)
            edit.textChanged.connect(lambda _: self.edited.emit())
        grid.setColumnMinimumWidth(0, 84)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.show_it, 2, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_PX)
        layout.addLayout(self._kinds())
        layout.addWidget(self._fields)
        layout.addWidget(self._words)
        self._choose("passphrase")

    @property
    def kind(self) -> Kind:
        """What was chosen."""
        return self._kind

    def secret(self) -> Secret:
        """What was typed or chosen.

        Raises:
            OptionError: It cannot be used; says why in words for who typed it.
        """
        if self._kind == "keyring":
            return SystemKeyring()
        if not self.first.text():
            raise OptionError(self.tr("Type a passphrase: four words that do not belong together."))
        chosen = Passphrase(self.first.text())
        chosen.check_strength()
        if self.first.text() != self.second.text():
            raise OptionError(self.tr("The two are not the same. Type the passphrase again."))
        return chosen

    def clear(self) -> None:
        """Keep nothing of what was typed."""
        for edit in (self.first, self.second):
            edit.clear()

    def _kinds(self) -> QHBoxLayout:
        titles: dict[Kind, tuple[str, str]] = {
            "passphrase": (self.tr("Passphrase"), self.tr("Opened by a passphrase")),
            "keyring": (self.tr("System keyring"), self.tr("Opened by the system keyring")),
        }
        self._group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(GAP_PX)
        for kind, (title, hint) in titles.items():
            button = QPushButton(title)
            button.setObjectName(f"secret_{kind}")
            button.setProperty("role", "choice")
            button.setCheckable(True)
            button.setAutoDefault(False)
            button.setAccessibleName(hint)
            button.clicked.connect(lambda _=False, k=kind: self._choose(k))
            self._group.addButton(button)
            row.addWidget(button, 1)
        return row

    def _choose(self, kind: Kind) -> None:
        self._kind: Kind = kind
        for button in self._group.buttons():
            button.setChecked(button.objectName() == f"secret_{kind}")
        self._fields.setVisible(kind == "passphrase")
        self._words.setText(
            self.tr("Without it nobody can read the gallery, and nobody can bring it back.")
            if kind == "passphrase"
            else self.tr(
                "The key is kept by the keyring of your desktop session: whoever is logged in as "
                "you can open the gallery. It opens on no other machine."
            )
        )
        self.edited.emit()

    def _show(self, shown: bool) -> None:
        mode = QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password
        for edit in (self.first, self.second):
            edit.setEchoMode(mode)
