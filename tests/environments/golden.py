"""Golden answers of the installed zoo, asked through the public interface."""

from __future__ import annotations

from pathlib import Path

import edgecnn
from edgecnn.bundle.io import load
from edgecnn.tasks.golden import check_golden

INSTALLED = Path(edgecnn.__file__).parent
ZOO = INSTALLED / "_assets" / "zoo"


def proven_on(backend: str) -> list[tuple[str, str]]:
    """(bundle, precision) of every variant of the zoo that names a backend."""
    return [
        (folder.name, variant.precision)
        for folder in sorted(ZOO.iterdir())
        if (folder / "bundle.json").exists()
        for variant in load(folder).manifest.variants
        if backend in variant.backends
    ]


def broken_promises(name: str, precision: str, backend: str) -> list[str]:
    """What a variant answers otherwise than its bundle promises; empty when all is well."""
    checks = list(check_golden(load(ZOO / name), backend=backend, precision=precision))
    assert checks
    return [problem for check in checks for problem in check.problems]
