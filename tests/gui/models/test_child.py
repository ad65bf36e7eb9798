from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from edgecnn.errors import MissingExtraError
from gui.models import child
from gui.models.child import Child, check_available


def scripted(folder: Path, program: str) -> Child:
    """A child that runs a program in place of the command line."""
    script = folder / "python"
    source = folder / "program.py"
    source.write_text(program, "utf-8")
    script.write_text(f'#!/bin/sh\nexec {sys.executable} {source} "$@"\n', "utf-8")
    script.chmod(0o755)
    return Child(["convert"], python=str(script))


def test_steps_log_and_output_are_told_apart(tmp_path: Path) -> None:
    one = scripted(
        tmp_path,
        "import sys, os, json\n"
        "assert os.environ['EDGECNN_PROGRESS'] == 'json'\n"
        "print('a line of the log', file=sys.stderr)\n"
        "print(json.dumps({'progress': 0.25, 'what': 'proving'}), file=sys.stderr)\n"
        "print(json.dumps({'passed': True}))\n",
    )
    assert one.wait(60)
    progress = one.progress
    assert (progress.share, progress.what, progress.code) == (0.25, "proving", 0)
    assert progress.lines == ("a line of the log", "proving")
    assert json.loads(progress.output) == {"passed": True}
    assert progress.reason == ""


def test_a_failure_is_told_by_its_own_words(tmp_path: Path) -> None:
    one = scripted(tmp_path, "import sys\nsys.exit('Error: The network has no layers.')\n")
    assert one.wait(60)
    assert one.progress.code == 1
    assert one.progress.reason == "The network has no layers."


def test_a_crash_is_told_by_its_signal(tmp_path: Path) -> None:
    one = scripted(tmp_path, "import os\nos.abort()\n")
    assert one.wait(60)
    assert "signal 6" in one.progress.reason


def test_it_is_stopped_together_with_what_it_started(tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    inner = tmp_path / "inner.py"
    inner.write_text(
        "import pathlib, time\n"
        f"while True:\n    pathlib.Path({str(mark)!r}).touch()\n    time.sleep(0.01)\n",
        "utf-8",
    )
    one = scripted(
        tmp_path,
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, {str(inner)!r}])\n"
        "time.sleep(60)\n",
    )
    end_s = time.monotonic() + 60
    while not mark.exists():
        assert time.monotonic() < end_s
        time.sleep(0.01)
    one.stop()
    assert one.wait(30)
    assert one.progress.stopped
    assert one.progress.reason == "Stopped. Nothing was written."
    time.sleep(0.2)
    mark.unlink()
    time.sleep(0.2)
    assert not mark.exists()


def test_one_that_does_not_listen_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "_GRACE_S", 0.1)
    one = scripted(
        tmp_path,
        "import signal, sys, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "print('deaf', file=sys.stderr, flush=True)\ntime.sleep(60)\n",
    )
    end_s = time.monotonic() + 60
    while not one.progress.lines:
        assert time.monotonic() < end_s
        time.sleep(0.01)
    one.stop()
    assert one.wait(30)
    assert one.progress.code == -9


def test_the_real_command_line_tells_its_error() -> None:
    one = Child(["inspect", "nobody"])
    assert one.wait(120)
    assert "There is no bundle" in one.progress.reason


def test_a_missing_extra_is_told_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "_NEEDED", ("no_such_module",))
    with pytest.raises(MissingExtraError, match=r"pip install 'edgecnn\[convert\]'"):
        check_available()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(MissingExtraError, match="packed app"):
        check_available()
