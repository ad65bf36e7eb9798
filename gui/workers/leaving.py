"""Leaving the process while a thread is still inside native code.

The window closes within two seconds, whatever a model is doing. The process then waits, unseen,
for the run in progress: a thread that comes back from native code while Python is being taken down
would abort the process.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time

PATIENCE_S = 20.0
"""A run that takes longer is not waited for any more: the process ends hard."""

_OURS = frozenset(
    {
        "edgecnn-answers",
        "edgecnn-compare",
        "edgecnn-desk",
        "edgecnn-enrol",
        "edgecnn-faces",
        "edgecnn-keeper",
        "edgecnn-models",
        "edgecnn-preview",
        "edgecnn-sources",
        "edgecnn-verify",
    }
)
_registered = threading.Event()


def wait_at_exit() -> None:
    """Have the end of the process wait for threads that are still at work; twice is harmless."""
    if not _registered.is_set():
        _registered.set()
        atexit.register(_wait)


def _wait() -> None:
    end_s = time.monotonic() + PATIENCE_S
    for thread in threading.enumerate():
        if thread.name in _OURS:
            thread.join(max(0.0, end_s - time.monotonic()))
            if thread.is_alive():
                sys.stdout.flush()
                os._exit(1)
