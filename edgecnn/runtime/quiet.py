"""Keep native libraries from talking over a program's own output."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Send file descriptor 2 to nowhere while a native library is loaded or opens a model.

    LiteRT prints a line about its XNNPACK delegate for each model and has no switch for it. What
    goes wrong arrives as an exception all the same. Set ``EDGECNN_VERBOSE=1`` to see everything.
    """
    if os.environ.get("EDGECNN_VERBOSE") == "1":
        yield
        return
    with _lock:
        try:
            sys.stderr.flush()
            saved = os.dup(2)
        except (OSError, ValueError, AttributeError):  # a service without stderr
            saved = -1
        try:
            if saved >= 0:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, 2)
                os.close(nowhere)
            yield
        finally:
            if saved >= 0:
                os.dup2(saved, 2)
                os.close(saved)
