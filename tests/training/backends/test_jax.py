"""JAX: what trains on TensorFlow trains there as well, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.net_families import FAMILIES

pytest.importorskip("keras")
pytest.importorskip("jax")

ROOT = Path(__file__).parents[3]
QUICK = ("lenet5", "vgg11")
"""XLA takes seconds to a minute of a processor core to compile a step of the others."""


def on_jax(folder: Path, module: str, *arguments: str, timeout_s: int) -> list[str]:
    """Lines that a module prints."""
    settings = {
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        # What is compiled runs a few times only: compile quickly, and the same things once.
        "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true",
        "JAX_COMPILATION_CACHE_DIR": str(folder / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    ran = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=timeout_s,
        env=os.environ | settings,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return ran.stdout.splitlines()


@pytest.mark.timeout(900)
def test_trains_resumes_distils_prunes_and_rounds(tmp_path: Path) -> None:
    said = on_jax(tmp_path, "tests.helpers.any_backend", str(tmp_path / "runs"), timeout_s=800)
    assert said == ["teacher", "resumed", "student", "pruned", "rounding"]


@pytest.mark.timeout(3000)
@pytest.mark.parametrize(
    "names",
    [
        pytest.param(QUICK, id="quick"),
        pytest.param(
            tuple(name for name in FAMILIES if name not in QUICK),
            id="all others",
            marks=[pytest.mark.slow],
        ),
    ],
)
def test_a_net_of_every_family_trains_a_step(names: tuple[str, ...], tmp_path: Path) -> None:
    said = on_jax(tmp_path, "tests.helpers.net_families", *names, timeout_s=2900)
    assert said == list(names)  # weights that did not change would follow
