from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgecnn.cli.service import Systemd
from edgecnn.cli.watch import MOST_TOLD, Watch, metrics_line
from edgecnn.video.files import Problem
from edgecnn.video.pipeline import Pipeline
from edgecnn.video.status import State
from tests.helpers.pipelines import FakeSource, FakeTask, eventually


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket on which systemd would listen."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        yield heard


def said(heard: socket.socket) -> list[str]:
    messages = []
    while True:
        try:
            messages.append(heard.recv(4096).decode())
        except BlockingIOError:
            return messages


def test_a_signal_is_noted_and_the_old_handler_comes_back() -> None:
    """In a process of its own: a signal that is not caught ends the one that gets it."""
    script = """
import signal, time
from edgecnn.cli.service import Ending

before = signal.getsignal(signal.SIGTERM)
with Ending() as ending:
    assert not ending.asked
    signal.raise_signal(signal.SIGTERM)
    while not ending.asked:
        time.sleep(0.01)
    # The next one is not held back.
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
assert signal.getsignal(signal.SIGTERM) == before
print("noted", flush=True)
with Ending():
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)
print("went on")
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stdout) == (-signal.SIGTERM, "noted\n"), run.stderr


def test_systemd_hears_of_every_change_once(systemd: socket.socket) -> None:
    notifier = Systemd()
    notifier.say("Camera 0: 30 fps", ready=True)
    notifier.say("Camera 0: 30 fps", ready=True)
    notifier.say("Camera 0 is away.", ready=True)
    assert said(systemd) == [
        "READY=1\nSTATUS=Camera 0: 30 fps",
        "READY=1\nSTATUS=Camera 0 is away.",
    ]


def test_the_watchdog_is_fed_twice_as_often_as_needed(systemd: socket.socket) -> None:
    notifier = Systemd()
    assert notifier.watchdog_due
    notifier.alive()
    assert not notifier.watchdog_due
    assert said(systemd) == ["WATCHDOG=1"]
    assert eventually(lambda: notifier.watchdog_due)


def test_without_systemd_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC"):
        monkeypatch.delenv(name, raising=False)
    notifier = Systemd()
    assert not notifier.watchdog_due
    notifier.say("words")


def test_a_systemd_that_has_gone_is_no_reason_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/no/such/socket")
    Systemd().say("words", ready=True)


def test_a_model_that_hangs_while_frames_come_starves_the_watchdog(systemd: socket.socket) -> None:
    source, task = FakeSource(), FakeTask()
    pipeline = Pipeline(source, task)
    watch = Watch(pipeline, None)
    with pipeline:
        source.show(State.RUNNING, message="It runs.")
        watch.look()
        assert said(systemd) == ["READY=1\nSTATUS=It runs.", "WATCHDOG=1"]
        task.may_go_on.clear()
        source.push(0)
        assert task.began.acquire(timeout=20)
        for index in range(1, 4):
            source.push(index)
            assert eventually(lambda: watch._systemd.watchdog_due)
            watch.look()
            assert said(systemd) == []
        task.may_go_on.set()
        assert eventually(lambda: pipeline.stats.answered >= 1)
        watch.look()
        assert said(systemd) == ["WATCHDOG=1"]
    watch.leave()


def test_states_are_told_once_and_problems_as_they_come(
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = FakeSource()
    pipeline = Pipeline(source, FakeTask())
    watch = Watch(pipeline, None)
    with pipeline:
        source.show(State.RUNNING, message="It runs.")
        source.show(State.RECONNECTING, message="Camera 0 is away; trying again.")
        watch.look()
        watch.look()
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["running: It runs.", "reconnecting: Camera 0 is away; trying again."]


@pytest.mark.parametrize("live", [True, False])
def test_what_a_stream_leaves_out_all_day_does_not_fill_the_log_but_a_folder_names_all(
    capsys: pytest.CaptureFixture[str], live: bool
) -> None:
    source = FakeSource(live=live)
    watch = Watch(Pipeline(source, FakeTask()), None)
    for _ in range(3):
        source.problems += [Problem("door", "a damaged picture")] * 30
        watch.look()
    lines = capsys.readouterr().err.splitlines()
    assert watch.left_out == 90
    if live:
        assert lines[:-1] == ["Left out: door: a damaged picture"] * MOST_TOLD
        assert "no longer told" in lines[-1]
    else:
        assert lines == ["Left out: door: a damaged picture"] * 90


def test_figures_come_when_their_time_has_come(capsys: pytest.CaptureFixture[str]) -> None:
    pipeline = Pipeline(FakeSource(), FakeTask())
    watch = Watch(pipeline, 0.01)
    with pipeline:
        assert eventually(lambda: bool(watch.look() or capsys.readouterr().err))
    slow = Watch(pipeline, 1000.0)
    slow.look()
    assert capsys.readouterr().err == ""
    assert metrics_line(pipeline).startswith("metrics state=closed frames_in=0 ")
