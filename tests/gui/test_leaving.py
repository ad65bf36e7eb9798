from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys, time
from gui.workers import leaving
from gui.workers.jobs import Jobs

leaving.PATIENCE_S = float(sys.argv[1])
jobs = Jobs("edgecnn-models")

def run():
    print("began", flush=True)
    time.sleep(float(sys.argv[2]))
    print("done", flush=True)

jobs.submit("run", run)
while not jobs.busy: pass
time.sleep(0.2)
assert not jobs.close(timeout_s=0.01)
leaving.wait_at_exit()
leaving.wait_at_exit()
print("leaving", flush=True)
"""


def leave(patience_s: float, run_s: float) -> tuple[int, list[str]]:
    command = [sys.executable, "-c", SCRIPT, str(patience_s), str(run_s)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout.split()


def test_the_process_waits_for_the_run_in_progress() -> None:
    assert leave(30, 1.5) == (0, ["began", "leaving", "done"])


def test_a_run_without_an_end_does_not_keep_the_process() -> None:
    assert leave(0.3, 40) == (1, ["began", "leaving"])
