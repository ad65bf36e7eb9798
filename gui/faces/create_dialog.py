"""Makes the gallery, before the first person is added; or finds that one was there."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from edgecnn.errors import EdgeCNNError, OptionError
from edgecnn.faces.backups import Backup, find_backups
from gui.faces.secret_dialog import SecretDialog
from gui.faces.secret_form import SecretForm
from gui.faces.session import FaceSession
from gui.faces.words import why_not


class CreateDialog(SecretDialog):
    """Closes by itself when the gallery is there and open; says why it is not otherwise.

    Emits ``restoring`` when there are backups of a gallery that is gone, and one is to come back.
    """

    restoring = Signal()

    def __init__(self, session: FaceSession, parent: QWidget | None = None) -> None:
        super().__init__(
            session,
            self.tr("Make a gallery of people"),
            self.tr(
                "Names, faces and consent are kept in one encrypted file on this machine. Choose "
                "what opens it."
            ),
            self.tr("Make the gallery"),
            parent,
        )
        self.form = SecretForm()
        self.form.edited.connect(self._edited)
        self.body.addWidget(self.form)
        self.restore = QPushButton(self.tr("Restore a backup…"))
        self.restore.setObjectName("restore")
        self.restore.clicked.connect(self._restore)
        self.restore.hide()
        self.buttons.insertWidget(self.buttons.indexOf(self.act), self.restore)
        self.form.first.setFocus()
        backups = find_backups(session.path)
        if backups:
            self._offer(backups)
        self.fit()

    def inputs(self) -> list[QWidget]:
        """The form."""
        return [self.form]

    def try_it(self) -> None:
        """Make it."""
        try:
            secret = self.form.secret()
        except OptionError as error:
            self.say(str(error))
            return
        self.show_busy(True)
        self.session.create(secret, self._made, self._refused, self)

    def _offer(self, backups: tuple[Backup, ...]) -> None:
        """Say that a gallery was here."""
        newest = f"{backups[0].made:%Y-%m-%d %H:%M}"
        found = self.tr("a backup of %s is there") % newest
        if len(backups) > 1:
            found = self.tr("%s backups are there, the newest of %s") % (len(backups), newest)
        self.words.setText(
            self.tr(
                "The gallery is not where it was, but %s. Restore it, or make a new one without "
                "anybody in it."
            )
            % found
        )
        self.restore.setProperty("role", "accent")
        self.act.setProperty("role", "")
        self.restore.show()
        self.restore.setDefault(True)
        self.restore.setFocus()

    def _edited(self) -> None:
        self.say("")
        self.act.setDefault(True)

    def _restore(self) -> None:
        self.reject()
        self.restoring.emit()

    def _made(self) -> None:
        self.form.clear()
        self.accept()

    def _refused(self, error: EdgeCNNError) -> None:
        self.show_busy(False)
        self.say(why_not(error, self.form.kind, self.session.path))
