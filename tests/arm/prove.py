"""Steps of the proof on an emulated Raspberry Pi; run by run.sh, inside the emulator.

Usage: ``prove.py STEP``. Each step is a process of its own, so that its peak memory is its own
(the emulator's share included).
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import pkgutil
import platform
import resource
import sys
import time
from pathlib import Path
from typing import Any

import edgecnn
edgecnn_command = None

ASSETS = Path(edgecnn.__file__).parent / "_assets"
PHOTOS = ASSETS / "images"
TRAINING_COLUMN = ("data", "explain", "nets", "training")
ABSENT = ("tensorflow", "keras", "openvino", "PySide6", "nncf", "cryptography")


def command(*arguments: str) -> str:
    """What ``edgecnn ARGUMENTS`` prints on standard output; exits when it fails."""
    printed = io.StringIO()
    status: Any = 0
    try:
        with contextlib.redirect_stdout(printed):
            edgecnn_command(list(arguments))
    except SystemExit as stop:
        status = stop.code or 0
    if status != 0:
        print(printed.getvalue())
        sys.exit(f"edgecnn {' '.join(arguments)}: exit status {status}")
    return printed.getvalue()


def run(photo: str, model: str) -> dict[str, Any]:
    """The JSON object that ``edgecnn run`` prints about a photo."""
    answer: dict[str, Any] = json.loads(
        command("run", str(PHOTOS / photo), "--model", model, "--json", "-")
    )
    return answer


def prove_imports() -> None:
    """Every module of the device column imports, and brings nothing that a Pi does not have."""
    assert platform.machine() == "aarch64", platform.machine()
    names = ["edgecnn"]
    for found in pkgutil.walk_packages(edgecnn.__path__, "edgecnn."):
        if found.name.split(".")[1] not in (*TRAINING_COLUMN, "_assets", "__main__"):
            names.append(found.name)
    for name in names:
        importlib.import_module(name)
    loaded = [name for name in ABSENT if name in sys.modules]
    assert not loaded, loaded
    print(f"{len(names)} modules of the device column import")


STEPS = {"imports": prove_imports}


def main() -> None:
    """Run the named step; report time and peak memory."""
    start = time.perf_counter()
    STEPS[sys.argv[1]]()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = time.perf_counter() - start
    print(f"   [{sys.argv[1]}: {seconds:.1f} s emulated, peak memory {peak_mb:.0f} MB]", flush=True)


if __name__ == "__main__":
    main()
