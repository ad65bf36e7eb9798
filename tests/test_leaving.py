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
