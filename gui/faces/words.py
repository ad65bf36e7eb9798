"""What went wrong with a gallery, in words for somebody at a window."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication

from edgecnn.errors import DamagedError, EdgeCNNError, PassphraseError
from edgecnn.faces.backups import FOLDER
from gui.faces.session import Kind


def why_not(error: EdgeCNNError, kind: Kind, path: Path) -> str:
    """Why a gallery does not open, is not made, or does not change.

    A wrong passphrase, a keyring without the key and a damaged file are three things that ask for
    three different steps, so each has its own words.

    Args:
        error: What came.
        kind: What was to open it.
        path: Of the gallery.
    """
    if isinstance(error, DamagedError):
        return _tr(
            "The gallery file is damaged; no passphrase opens it. A backup can take its place; the "
            "damaged file is kept beside it. Backups lie in %s. (%s)"
        ) % (path.parent / FOLDER, error)
    if isinstance(error, PassphraseError) and kind == "keyring":
        return _tr(
            "The system keyring has no key for this gallery, or does not answer. Log in as who "
            "made it; for a new gallery, use a passphrase."
        )
    if isinstance(error, PassphraseError):
        return _tr("This is not the passphrase of the gallery. Nothing is lost: try again.")
    return str(error)


def _tr(text: str) -> str:
    return QCoreApplication.translate("faces", text)
