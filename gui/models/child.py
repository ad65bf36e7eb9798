"""Long work in a process of its own: it can be watched, stopped, and may crash alone.

Conversion needs TensorFlow, which must never be loaded into the app.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from edgecnn.errors import MissingExtraError

PROGRESS_VARIABLE = "EDGECNN_PROGRESS"
"""Set to ``json``, `edgecnn.cli.progress` writes a JSON line on stderr for each step."""
MOST_LINES = 2_000
MOST_OUTPUT = 16 << 20
_GRACE_S = 3.0
_NEEDED = ("tensorflow", "keras", "nncf", "ai_edge_quantizer")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is.

    Attributes:
        share: Of the step, 0..1; None before the first.
        what: The step.
        lines: The steps and the log so far, newest last.
        code: Exit code; None while it runs.
        stopped: The user ended it.
        output: What it printed for programs, when it is over.
    """

    share: float | None
    what: str
    lines: tuple[str, ...]
    code: int | None
    stopped: bool
    output: str = ""

    @property
    def reason(self) -> str:
        """Why it failed, in a line; empty when it did not."""
        if self.code in (None, 0):
            return ""
        if self.stopped:
            return "Stopped. Nothing was written."
        said = [line for line in self.lines if line.startswith(("Error: ", "Usage: "))]
        if said:
            return said[-1].removeprefix("Error: ")
        how = f"signal {-self.code}" if self.code < 0 else f"code {self.code}"
        return f"The process ended with {how}. The log says more."


def check_available() -> None:
    """Whether conversion can run here.

    Raises:
        MissingExtraError: Says the command that installs what is missing.
    """
    if getattr(sys, "frozen", False):
        raise MissingExtraError(
            "This packed app does not convert. Install edgecnn with pip for that: "
            "pip install 'edgecnn[convert]'"
        )
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"Converting needs {', '.join(missing)}. Install it with: "
            "pip install 'edgecnn[convert]'"
        )


class Child:
    """`python -m edgecnn ARGUMENTS` in a process group of its own.

    Args:
        arguments: Verb and options.
        python: The interpreter.
    """

    def __init__(self, arguments: Sequence[str], *, python: str = sys.executable) -> None:
        self._lock = threading.Lock()
        self._lines: deque[str] = deque(maxlen=MOST_LINES)
        self._share: float | None = None
        self._what = ""
        self._stopped = False
        self._output = ""
        self._process = subprocess.Popen(
            [python, "-m", "edgecnn", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, PROGRESS_VARIABLE: "json", "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        self._readers = [
            threading.Thread(target=read, name=f"edgecnn-child-{read.__name__}", daemon=True)
            for read in (self._read_log, self._read_output)
        ]
        for reader in self._readers:
            reader.start()

    @property
    def progress(self) -> Progress:
        """How far it is now; returns at once."""
        # Both pipes are read to their ends before the end is told: nothing of them is missed.
        done = not any(reader.is_alive() for reader in self._readers)
        code = self._process.poll() if done else None
        with self._lock:
            return Progress(
                self._share,
                self._what,
                tuple(self._lines),
                code,
                self._stopped,
                self._output if code is not None else "",
            )

    def stop(self) -> None:
        """End it, and whatever it has started; returns at once."""
        with self._lock:
            if self._stopped or self._process.poll() is not None:
                return
            self._stopped = True
        # As Ctrl-C does: it clears away its temporary files.
        self._signal(signal.SIGINT)
        threading.Timer(_GRACE_S, self._signal, (signal.SIGKILL,)).start()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it is over; returns whether it is."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        for reader in self._readers:
            reader.join(timeout_s)
        return self.progress.code is not None

    def close(self) -> None:
        """End it now, without grace."""
        with self._lock:
            self._stopped = self._stopped or self._process.poll() is None
        self._signal(signal.SIGKILL)
        self.wait(2.0)

    def _signal(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    # -- on threads of its own

    def _read_log(self) -> None:
        if self._process.stderr is None:
            return
        with self._process.stderr as stream:
            for raw in stream:
                line = raw.rstrip()
                step = _step(line)
                with self._lock:
                    if step is not None:
                        if step[1] != self._what:
                            self._lines.append(step[1])
                        self._share, self._what = step
                    elif line:
                        self._lines.append(line)

    def _read_output(self) -> None:
        if self._process.stdout is None:
            return
        with self._process.stdout as stream:
            text = stream.read(MOST_OUTPUT)
            with self._lock:
                self._output = text
            while stream.read(1 << 16):
                pass


def _step(line: str) -> tuple[float, str] | None:
    """Share and words of a step; None for any other line."""
    if not line.startswith('{"progress"'):
        return None
    try:
        step = json.loads(line)
        return min(max(float(step["progress"]), 0.0), 1.0), str(step["what"])
    except (ValueError, KeyError, TypeError):
        return None
