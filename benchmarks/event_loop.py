"""Waiting as a running app waits.

`QTest.qWait` keeps Python's lock while it waits, so that the threads that answer starve: a window
that answered 46 pictures a second seemed to answer 15.
"""

from __future__ import annotations

from PySide6.QtCore import QEventLoop, QTimer


def let_work(milliseconds: int) -> None:
    """Let windows and threads work for so long."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()
