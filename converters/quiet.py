"""Keep the chatter of native conversion tools away from the terminal, but not from errors.

TensorFlow, its converters and NNCF write to the file descriptors directly, where neither
``logging`` nor ``contextlib.redirect_stdout`` reach them. Under `log_to` it is kept in a file.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

from edgecnn.optional import require

_logs: list[Path] = []
"""Files that keep what is captured, the innermost `log_to` last."""


@contextlib.contextmanager
def log_to(path: Path) -> Iterator[None]:
    """Append what `captured_output` captures meanwhile to a file, a heading for each step.

    May be nested: each file then gets what is captured inside its own block. The file is made when
    there is something to write.

    Args:
        path: Text file in UTF-8; its folder exists.
    """
    _logs.append(path)
    try:
        yield
    finally:
        _logs.remove(path)


@contextlib.contextmanager
def captured_output(step: str = "a conversion tool") -> Iterator[Callable[[], str]]:
    """Send everything that is written to standard output and error into a temporary file.

    Python's warnings are dropped as well: they are about how the tools use each other. The whole
    process is affected, so use it from one thread only.

    Args:
        step: What is being done: the heading in the file of `log_to`.

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
            _keep(step, text())


def _keep(step: str, text: str) -> None:
    if not text.strip():
        return
    for path in dict.fromkeys(_logs):
        # A full disk must not hide the error that the tools may just have raised; whoever writes
        # the result to that disk will say so.
        with contextlib.suppress(OSError), path.open("a", encoding="utf-8") as file:
            file.write(f"== {step}\n{text.rstrip()}\n\n")


def tensorflow() -> ModuleType:
    """Import TensorFlow without its greeting.

    Raises:
        MissingExtraError: TensorFlow is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" in sys.modules:
        return sys.modules["tensorflow"]
    with captured_output("import of TensorFlow"):
        return require("tensorflow", extra="convert")
