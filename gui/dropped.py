"""What somebody drags over a window and lets go."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QDropEvent


def dropped_files(event: QDropEvent) -> list[Path]:
    """Files and folders of this machine that are dragged; empty when it is something else.

    Args:
        event: That something was dropped, or has come in.
    """
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
