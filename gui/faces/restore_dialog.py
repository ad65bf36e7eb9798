"""Puts a backup in the place of a damaged or missing gallery, and says what that means."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFileDialog, QPushButton, QWidget

from edgecnn.errors import EdgeCNNError, PassphraseError
from edgecnn.faces.backups import FOLDER, SUFFIX, Backup, Restored, find_backups
from edgecnn.faces.unlocking import KeyringLock, Secret, SystemKeyring
from gui.faces.secret_dialog import SecretDialog
from gui.faces.secret_form import passphrase_edit
from gui.faces.session import FaceSession
from gui.widgets.labels import label


class RestoreDialog(SecretDialog):
    """Offers the backups that lie beside the gallery, and any other file.

    When it is done it stays, to say what was restored; the gallery is open then.
    """

    def __init__(self, session: FaceSession, parent: QWidget | None = None) -> None:
        super().__init__(
            session,
            self.tr("Restore a backup"),
            _what_happens(session.path),
            self.tr("Restore"),
            parent,
        )
        self._done = False
        self.choice = QComboBox()
        self.choice.setObjectName("backup")
        self.choice.setAccessibleName(self.tr("Backup"))
        backups = find_backups(session.path)
        self._by_keyring = {one.path for one in backups if isinstance(one.lock, KeyringLock)}
        for backup in backups:
            self.choice.addItem(_line(backup), backup.path)
            self.choice.setItemData(
                self.choice.count() - 1, str(backup.path), Qt.ItemDataRole.ToolTipRole
            )
        self.none = label(
            self.tr("No backup lies in %s.") % (session.path.parent / FOLDER), wraps=True
        )
        self.other = QPushButton(self.tr("Another file…"))
        self.other.setObjectName("otherBackup")
        self.other.setAutoDefault(False)
        self.other.clicked.connect(self._choose_file)
        self.edit = passphrase_edit(self.tr("Passphrase of the backup"), "backupPassphrase")
        self.edit.setPlaceholderText(self.tr("Passphrase that the backup was made with"))
        self.edit.textChanged.connect(lambda _: self.say(""))
        self.choice.currentIndexChanged.connect(lambda _: self._chosen())
        for part in (self.choice, self.none, self.other, self.edit):
            self.body.addWidget(part)
        self._chosen()
        (self.edit if self.choice.count() else self.other).setFocus()

    def inputs(self) -> list[QWidget]:
        """All that is chosen and typed."""
        return [self.choice, self.other, self.edit]

    def try_it(self) -> None:
        """Restore; once that is done, close."""
        if self._done:
            self.accept()
            return
        backup: Path | None = self.choice.currentData()
        if backup is None:
            self.say(self.tr("Choose the file of a backup."))
            return
        secret: str | Secret = self.edit.text()
        if self._uses_keyring:
            secret = SystemKeyring()
        elif not secret:
            self.say(self.tr("Type the passphrase that the backup was made with."))
            return
        self.say("")
        self.show_busy(True)
        self.session.restore(backup, secret, self._restored, self._refused, self)

    def reject(self) -> None:
        """Leave the gallery as it is; when it is restored already, it stays open."""
        if self._done:
            self.accept()
            return
        self.session.lock()
        super().reject()

    @property
    def _uses_keyring(self) -> bool:
        return self.choice.currentData() in self._by_keyring

    def _chosen(self) -> None:
        some = self.choice.count() > 0
        self.choice.setVisible(some)
        self.none.setVisible(not some)
        self.edit.setVisible(some and not self._uses_keyring)
        self.act.setEnabled(some)
        self.say("")

    def _choose_file(self) -> None:
        chosen = QFileDialog.getOpenFileName(
            self, self.tr("Backup"), "", self.tr("Backups (*%s);;All files (*)") % SUFFIX
        )[0]
        if chosen:
            self.choice.addItem(Path(chosen).name, Path(chosen))
            self.choice.setCurrentIndex(self.choice.count() - 1)
            self._chosen()
            self.edit.setFocus()

    def _restored(self, came: Restored) -> None:
        self._done = True
        self.edit.clear()
        self.show_busy(False)
        for part in (*self.inputs(), self.none, self.cancel):
            part.hide()
        self.words.setText(_said(came))
        self.act.setText(self.tr("Close"))
        self.act.setFocus()
        self.say("")

    def _refused(self, error: EdgeCNNError) -> None:
        self.show_busy(False)
        words = str(error)
        if isinstance(error, PassphraseError) and not self._uses_keyring:
            words = self.tr("This is not the passphrase of that backup. Nothing was changed.")
        self.say(words)
        self.edit.setFocus()
        self.edit.selectAll()


def _what_happens(gallery: Path) -> str:
    words = "A backup takes the place of the gallery, which is missing."
    if gallery.exists():
        words = "A backup takes the place of the damaged gallery, which is kept beside it."
    return f"{words} What was changed after the backup is lost."


def _line(backup: Backup) -> str:
    how = "the system keyring" if isinstance(backup.lock, KeyringLock) else "a passphrase"
    return f"{backup.made:%Y-%m-%d %H:%M}, opened by {how}"


def _said(came: Restored) -> str:
    people = "1 person is" if came.people == 1 else f"{came.people} people are"
    words = [f"Restored, and open: {people} enrolled."]
    if came.left_out:
        words.append(f"Left out, because they were forgotten since: {came.left_out}.")
    if came.kept_aside is not None:
        words.append(f"The damaged file is kept as {came.kept_aside}.")
    if not came.forgotten_known:
        words.append(
            "Who was forgotten since the backup is not known any more: look through the people, "
            "and forget them again."
        )
    return " ".join(words)
