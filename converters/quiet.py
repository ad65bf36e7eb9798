"""Keep the chatter of native conversion tools away from the terminal, but not from errors.

TensorFlow, its converters and NNCF write to the file descriptors directly, where neither
``logging`` nor ``contextlib.redirect_stdout`` reach them.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from types import ModuleType

from edgecnn.optional import require


@contextlib.contextmanager
def captured_output() -> Iterator[Callable[[], str]]:
    """Send everything that is written to standard output and error into a temporary file.

    Python's warnings are dropped as well: they are about how the tools use each other. The whole
    process is affected, so use it from one thread only.

    Yields:
        A function that returns what was written so far, for error messages.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    with tempfile.TemporaryFile() as log:

        def text() -> str:
            sys.stdout.flush()
            sys.stderr.flush()
            log.seek(0)
            return log.read().decode("utf-8", "replace")

        try:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield text
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for descriptor, copy in enumerate(kept, start=1):
                os.dup2(copy, descriptor)
                os.close(copy)


def tensorflow() -> ModuleType:
    """Import TensorFlow without its greeting.

    Raises:
        MissingExtraError: TensorFlow is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" in sys.modules:
        return sys.modules["tensorflow"]
    with captured_output():
        return require("tensorflow", extra="convert")
