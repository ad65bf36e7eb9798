"""Makes the gallery, before the first person is added."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from edgecnn.errors import EdgeCNNError, OptionError
from gui.faces.secret_dialog import SecretDialog
from gui.faces.secret_form import SecretForm
from gui.faces.session import FaceSession
from gui.faces.words import why_not


class CreateDialog(SecretDialog):
    """Closes by itself when the gallery is there and open; says why it is not otherwise."""

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
        self.form.edited.connect(lambda: self.say(""))
        self.body.addWidget(self.form)
        self.form.first.setFocus()
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

    def _made(self) -> None:
        self.form.clear()
        self.accept()

    def _refused(self, error: EdgeCNNError) -> None:
        self.show_busy(False)
        self.say(why_not(error, self.form.kind, self.session.path))
