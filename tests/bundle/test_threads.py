from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys, threading
from pathlib import Path
from edgecnn.bundle.io import load
from edgecnn.zoo.catalogue import find
from edgecnn.runtime.memory import recall

sys.setswitchinterval(1e-6)
start = threading.Barrier(8)
def read():
    start.wait()
    load(find("detect_nanodet"))
    recall("machine", "model")
threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print("read")
"""


def test_threads_that_read_their_first_bundle_at_once_do_not_crash() -> None:
    # Half of such processes died of a segmentation fault before the decoders were made at import.
    for _ in range(4):
        command = [sys.executable, "-c", SCRIPT]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert (done.returncode, done.stdout) == (0, "read\n"), done.stderr
