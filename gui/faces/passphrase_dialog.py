"""Gives the open gallery another passphrase, or goes over to the system keyring and back."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from edgecnn.errors import EdgeCNNError, OptionError, PassphraseError
from gui.faces.secret_dialog import SecretDialog
from gui.faces.secret_form import SecretForm, passphrase_edit
from gui.faces.session import FaceSession
from gui.faces.words import why_not


class PassphraseDialog(SecretDialog):
    """Asks for the passphrase of now as well: an open window must not be enough to take it over."""

    def __init__(self, session: FaceSession, parent: QWidget | None = None) -> None:
        super().__init__(
            session,
            self.tr("Change what opens the gallery"),
            self.tr("Backups that were made before keep what opened them."),
            self.tr("Change"),
            parent,
        )
        gallery = session.gallery
        self._asks = gallery is not None and not gallery.store.uses_keyring
        self.current = passphrase_edit(self.tr("Current passphrase"), "currentPassphrase")
        self.current.setPlaceholderText(self.tr("Current passphrase"))
        self.current.setVisible(self._asks)
        self.current.textChanged.connect(lambda _: self.say(""))
        self.form = SecretForm()
        self.form.edited.connect(lambda: self.say(""))
        self.body.addWidget(self.current)
        self.body.addWidget(self.form)
        (self.current if self._asks else self.form.first).setFocus()
        self.fit()
        session.changed.connect(self._see_lock)

    def inputs(self) -> list[QWidget]:
        """Both parts."""
        return [self.current, self.form]

    def try_it(self) -> None:
        """Change it."""
        if self._asks and not self.current.text():
            self.say(self.tr("Type the passphrase that opens the gallery now."))
            return
        try:
            secret = self.form.secret()
        except OptionError as error:
            self.say(str(error))
            return
        current = self.current.text() if self._asks else None
        self.show_busy(True)
        self.session.change_secret(current, secret, self._changed, self._refused, self)

    def _changed(self) -> None:
        self.current.clear()
        self.form.clear()
        self.accept()

    def _refused(self, error: EdgeCNNError) -> None:
        self.show_busy(False)
        if isinstance(error, PassphraseError) and self.form.kind == "passphrase":
            self.say(self.tr("The current passphrase is wrong. Nothing was changed."))
            self.current.setFocus()
            self.current.selectAll()
        else:
            self.say(why_not(error, self.form.kind, self.session.path))

    def _see_lock(self) -> None:
        """A gallery that was locked meanwhile has nothing to change."""
        if self.session.state != "unlocked":
            self.reject()
