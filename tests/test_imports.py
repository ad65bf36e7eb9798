"""What a device loads: no import of the device column may pull in a heavy or optional package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import edgecnn

PACKAGE = Path(edgecnn.__file__).parent
TRAINING_COLUMN = ("data", "explain", "nets", "training")
NEVER_LOADED = (
    "PySide6",
    "ai_edge_quantizer",
    "converters",
    "cryptography",
    "edgecnn.data",
    "edgecnn.nets",
    "gui",
    "keras",
    "keyring",
    "matplotlib",
    "nncf",
    "openvino",
    "scipy",
    "sklearn",
    "tensorflow",
)
SCRIPT = """
import importlib, sys
for name in sys.argv[2:]:
    importlib.import_module(name)
heavy = sorted(name for name in sys.argv[1].split(",") if name in sys.modules)
print("loaded:", ",".join(heavy))
"""


def device_modules() -> list[str]:
    """Dotted names of every module of edgecnn but those of the training column, from the disk."""
    names = []
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
        if parts[1] not in TRAINING_COLUMN and parts[-1] != "__main__":
            names.append(".".join(parts).removesuffix(".__init__"))
    return names


def loaded_by(*modules: str) -> list[str]:
    """Which of the packages that must stay away a fresh process has after importing modules."""
    command = [sys.executable, "-c", SCRIPT, ",".join(NEVER_LOADED), *modules]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=PACKAGE.parent)
    assert run.returncode == 0, run.stderr
    line = run.stdout.strip().splitlines()[-1]
    return [name for name in line.removeprefix("loaded:").strip().split(",") if name]


def test_device_column_loads_nothing_heavy() -> None:
    modules = device_modules()
    assert {"edgecnn", "edgecnn.cli", "edgecnn.runtime.backend"} <= set(modules)
    assert loaded_by(*modules) == []


def test_check_notices_a_heavy_import() -> None:
    assert loaded_by("edgecnn", "matplotlib") == ["matplotlib"]


def test_importing_edgecnn_alone_is_light() -> None:
    code = "import sys, edgecnn; print([m for m in ('cv2', 'ai_edge_litert') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.stdout.strip() == "[]", run.stdout + run.stderr
