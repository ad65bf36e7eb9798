"""Golden answers of the installed zoo, asked through the public interface."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

import edgecnn
from edgecnn.bundle.io import load
from edgecnn.evaluation.agreement import compare, failures

INSTALLED = Path(edgecnn.__file__).parent
ZOO = INSTALLED / "_assets" / "zoo"


def proven_on(backend: str) -> list[tuple[str, str]]:
    """(bundle, precision) of every variant of the zoo that names a backend."""
    return [
        (folder.name, variant.precision)
        for folder in sorted(ZOO.iterdir())
        if (folder / "bundle.json").exists()
        for variant in load(folder).manifest.variants
        if backend in variant.backends and variant.format == "tflite"
    ]


def broken_promises(name: str, precision: str, backend: str) -> list[str]:
    """What a variant answers otherwise than its bundle promises; empty when all is well."""
    bundle = load(ZOO / name)
    lines: list[str] = []
    with edgecnn.load(ZOO / name, backend=backend, precision=precision, threads=2) as task:
        assert task.info.backend == backend
        for golden in bundle.manifest.golden:
            encoded = np.frombuffer(bundle.read(golden.image), np.uint8)
            image = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
            actual = task(image, color="bgr").to_dict()
            figures = compare(bundle.manifest.task, golden.expected, actual)
            lines += failures(figures, golden.tolerance[precision])
    return lines
