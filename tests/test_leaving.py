from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from edgecnn import leaving
from edgecnn.leaving import LeavingThread

ORDER = """
import threading
from edgecnn.leaving import LeavingThread

def work(name, ended):
    ended.wait(30)
    print(name, flush=True)

for name in ("model", "pipeline"):
    ended = threading.Event()
    LeavingThread(target=work, args=(name, ended), name=name, ask=ended.set).start()
raise RuntimeError("the program failed")
"""

HANGS = """
import sys, time
from edgecnn import leaving

leaving.PATIENCE_S = 0.3
def broken():
    raise ValueError("nobody hears")
leaving.LeavingThread(target=time.sleep, args=(50,), name="driver", ask=broken).start()
print("leaving", flush=True)
"""

SERVES = """
import threading
from edgecnn.leaving import LeavingThread

asked, stopped, done = threading.Event(), threading.Event(), threading.Event()

def user():
    asked.wait(30)
    print("refused" if stopped.is_set() else "answered", flush=True)
    done.set()

def model():
    stopped.wait(30)
    print("model", flush=True)

LeavingThread(target=user, name="user", ask=asked.set).start()
LeavingThread(target=model, name="model", ask=stopped.set, serves=True).start()
"""

BEGINS = """
import threading
from edgecnn.leaving import LeavingThread

asked = [threading.Event(), threading.Event()]

def begin():
    asked[0].wait(30)
    LeavingThread(target=end, name="second", ask=asked[1].set).start()
    print("first", flush=True)

def end():
    asked[1].wait(30)
    print("second", flush=True)

LeavingThread(target=begin, name="first", ask=asked[0].set).start()
"""

HARD = """
import atexit, sys, time
from edgecnn import leaving

atexit.register(print, "taken down", flush=True)
leaving.LeavingThread(target=time.sleep, args=(float(sys.argv[1]),), name="native").start()
leaving.end_hard_after(float(sys.argv[2]))
print("leaving")
"""

AT_WORK = """
import sys, time
import edgecnn

tasks = {
    backend: edgecnn.load("detect_nanodet", backend=backend, threads=1)
    for backend in sys.argv[1].split(",")
}
answered = []
pipeline = edgecnn.Pipeline("demo", tasks, pace="realtime", on_result=answered.append).start()
while len(answered) < 3:
    time.sleep(0.005)
time.sleep(float(sys.argv[2]))
raise RuntimeError("the program failed")
"""


def end_of(script: str, *arguments: str) -> tuple[int, str, str]:
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    return done.returncode, done.stdout, done.stderr


def test_threads_are_asked_and_waited_for_the_newest_first() -> None:
    code, out, err = end_of(ORDER)
    assert (code, out.split()) == (1, ["pipeline", "model"])
    assert err.rstrip().endswith("RuntimeError: the program failed")


def test_a_thread_that_hangs_does_not_keep_the_program() -> None:
    code, out, err = end_of(HANGS)
    assert (code, out.split(), err) == (0, ["leaving"], "")


def test_what_others_use_is_asked_after_them() -> None:
    code, out, err = end_of(SERVES)
    assert (code, out.split(), err) == (0, ["answered", "model"], "")


def test_a_thread_that_begins_meanwhile_is_waited_for() -> None:
    code, out, err = end_of(BEGINS)
    assert (code, out.split(), err) == (0, ["first", "second"], "")


def test_a_program_may_end_hard_before_anything_is_taken_down() -> None:
    assert end_of(HARD, "60", "0.2") == (1, "leaving\n", "")
    assert end_of(HARD, "0.5", "60") == (0, "leaving\ntaken down\n", "")


@pytest.mark.parametrize("wait_s", ["0.003", "0.011", "0.017"])
def test_a_program_that_fails_while_models_work_says_so_and_does_not_crash(wait_s: str) -> None:
    pytest.importorskip("openvino")
    code, _, err = end_of(AT_WORK, "openvino,litert", wait_s)
    assert err.rstrip().endswith("RuntimeError: the program failed"), err
    assert code == 1


def test_a_thread_that_has_ended_is_forgotten() -> None:
    went_on = threading.Event()
    asked: list[str] = []
    thread = LeavingThread(
        target=went_on.wait, args=(30,), name="short", ask=lambda: asked.append("asked")
    )
    assert thread not in leaving._at_work
    thread.start()
    assert thread in leaving._at_work
    assert thread.daemon
    assert thread.leave(0.01) is False
    went_on.set()
    assert thread.leave(30) is True
    assert thread not in leaving._at_work
    assert asked == ["asked"] or asked == ["asked", "asked"]
