"""Opens the gallery with its passphrase, or with the system keyring."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from edgecnn.errors import DamagedError, EdgeCNNError
from edgecnn.faces.unlocking import SystemKeyring
from gui.faces.secret_dialog import SecretDialog
from gui.faces.secret_form import passphrase_edit
from gui.faces.session import FaceSession, Kind
from gui.faces.words import why_not


class UnlockDialog(SecretDialog):
    """Closes by itself when the gallery is open; says why it is not otherwise.

    Emits ``restoring`` when the gallery is damaged and a backup is to take its place.
    """

    restoring = Signal()

    def __init__(self, session: FaceSession, parent: QWidget | None = None) -> None:
        super().__init__(
            session,
            self.tr("Unlock the gallery"),
            self.tr("Faces get names while it is open."),
            self.tr("Unlock"),
            parent,
        )
        self._kind: Kind = "passphrase"
        self.edit = passphrase_edit(self.tr("Passphrase of the gallery"), "passphrase")
        self.edit.setPlaceholderText(self.tr("Passphrase"))
        self.edit.textChanged.connect(lambda _: self.say(""))
        self.body.addWidget(self.edit)
        self.restore = QPushButton(self.tr("Restore a backup…"))
        self.restore.setObjectName("restore")
        self.restore.clicked.connect(self._restore)
        self.restore.hide()
        self.buttons.insertWidget(self.buttons.indexOf(self.act), self.restore)
        self.edit.setFocus()
        self.fit()
        session.look_at_lock(self._found, self._refused, self)

    def inputs(self) -> list[QWidget]:
        """The field."""
        return [self.edit]

    def try_it(self) -> None:
        """Open it."""
        secret: Any = self.edit.text()
        if self._kind == "keyring":
            secret = SystemKeyring()
        elif not secret:
            self.say(self.tr("Type the passphrase of the gallery."))
            return
        self.say("")
        self.show_busy(True)
        self.session.unlock(secret, self._opened, self._refused, self)

    def reject(self) -> None:
        """Leave it locked, also when it is just being opened."""
        self.session.lock()
        super().reject()

    def _found(self, kind: Kind) -> None:
        self._kind = kind
        if kind == "keyring":
            self.edit.hide()
            self.words.setText(self.tr("The system keyring of your session opens this gallery."))
            self.fit()
            self.try_it()

    def _opened(self) -> None:
        self.edit.clear()
        self.accept()

    def _refused(self, error: EdgeCNNError) -> None:
        self.show_busy(False)
        damaged = isinstance(error, DamagedError)
        self.restore.setVisible(damaged)
        self.act.setVisible(not damaged)
        self.edit.setVisible(not damaged)
        self.restore.setDefault(damaged)
        self.say(why_not(error, self._kind, self.session.path))
        (self.restore if damaged else self.edit).setFocus()
        self.edit.selectAll()

    def _restore(self) -> None:
        self.reject()
        self.restoring.emit()
