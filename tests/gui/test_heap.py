from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from gui.workers.heap import give_back_freed

SCRIPT = """
import psutil
from gui.workers.heap import give_back_freed

# Blocks of a size that glibc keeps in its heap, with one at the end that is still in use.
blocks = [bytearray(100_000) for _ in range(1000)]
last = bytearray(100_000)
blocks.clear()
process = psutil.Process()
before = process.memory_info().rss
give_back_freed()
print(before - process.memory_info().rss)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep nothing")
def test_freed_memory_goes_back_to_the_system() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=True
    )
    assert int(done.stdout) > 50e6


def test_it_does_nothing_where_the_library_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def library(name: object) -> object:
        asked.append(name)
        return object()

    monkeypatch.setattr("ctypes.CDLL", library)
    give_back_freed()
    assert asked == [None]
