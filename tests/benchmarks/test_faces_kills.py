"""A program that is killed while it changes a gallery; `benchmarks.faces_kills` has the details."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("cryptography")

ROOT = Path(__file__).parents[2]


def test_kills_at_random_instants_lose_nothing():
    """In a process with one thread, because it forks."""
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.faces_kills", "--trials", "40"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "40 kills" in run.stdout
    assert "0 losses, 0 unreadable" in run.stdout
