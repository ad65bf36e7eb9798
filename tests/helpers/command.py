"""The command ``edgecnn``, in this process or as a process of its own."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from edgecnn.cli import main

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Said:
    """Exit code and what was written on standard output and standard error."""

    code: int
    out: str
    err: str


def edgecnn_command(*arguments: str | Path) -> Said:
    """Run the command in this process, through the function that is installed as ``edgecnn``."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(argument) for argument in arguments])
    return Said(code, out.getvalue(), err.getvalue())


def _hear_interruptions() -> None:
    """A shell lets its background jobs ignore Ctrl-C, and so would everything that they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def edgecnn_process(*arguments: str | Path) -> subprocess.Popen[str]:
    """Start the command as a process of its own, its output in pipes."""
    return subprocess.Popen(
        [sys.executable, "-m", "edgecnn", *(str(argument) for argument in arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=_hear_interruptions,
    )
