"""Reports of conversions that never were: small ones whose every figure a test can foresee."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.report.schema import (
    Confusion,
    Inputs,
    Latency,
    LayerError,
    OutputFigures,
    Preprocessing,
    Proven,
    Remedy,
    Repair,
    Report,
    Skipped,
    Source,
)
from edgecnn.bundle.schema import InputSpec

LABELS = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


def output(**changes: Any) -> OutputFigures:
    """Figures of an output that is almost equal."""
    fields: dict[str, Any] = {
        "output": "probabilities",
        "max_abs": 2e-6,
        "relative": 2e-6,
        "cosine": 0.9999999,
        "snr_db": 120.0,
    }
    return OutputFigures(**(fields | changes))


def proven(file: str = "float32.tflite", backend: str = "litert", **changes: Any) -> Proven:
    """A variant that keeps every gate; nothing but its outputs was measured."""
    fields: dict[str, Any] = {
        "file": file,
        "format": "tflite" if file.endswith(".tflite") else "openvino",
        "precision": next(p for p in ("float32", "float16", "int8", "int4w") if p in file),
        "backend": backend,
        "bytes": 1_500_000,
        "outputs": (output(),),
    }
    return Proven(**(fields | changes))


def latency(median_ms: float, ratio: float) -> Latency:
    """On one thread, its 95th percentile a fifth above the median."""
    return Latency(median_ms=median_ms, p95_ms=1.2 * median_ms, ratio=ratio, threads=1)


def layers(count: int = 40, seed: int = 0) -> tuple[LayerError, ...]:
    """Layers of which every tenth loses much."""
    rng = np.random.default_rng(seed)
    return tuple(
        LayerError(
            name=f"features/block_{index}_expand/hard_swish/mul_{index}",
            kind=("CONV_2D", "DEPTHWISE_CONV_2D", "MUL")[index % 3],
            rmse_over_scale=float(rng.uniform(0.27, 0.6) * (6.0 if index % 10 == 7 else 1.0)),
            snr_db=float(rng.uniform(15, 40)),
            added_db=float(rng.uniform(-1, 6)),
        )
        for index in range(count)
    )


def confusion(classes: int = 10, seed: int = 0, **changes: Any) -> Confusion:
    """Almost all pictures on the diagonal."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(0.4, (classes, classes)) + np.diag(rng.integers(180, 220, classes))
    fields: dict[str, Any] = {
        "file": "int8.tflite",
        "backend": "litert",
        "class_ids": tuple(range(classes)),
        "counts": tuple(tuple(int(n) for n in row) for row in counts),
    }
    return Confusion(**(fields | changes))


def minimal(**changes: Any) -> Report:
    """A passed report with one proven file and nothing that is optional."""
    fields: dict[str, Any] = {
        "passed": True,
        "name": "fashion",
        "task": "classify",
        "source": Source(
            kind="keras",
            title="fashion",
            parameters=None,
            inputs={"image": (1, 28, 28, 1)},
            outputs={"probabilities": (1, 10)},
        ),
        "input": None,
        "reference": "float32.tflite on litert",
        "proven": (proven(),),
        "gates": {},
        "machine": "a x86_64 processor (vnni)",
        "versions": {},
        "seconds": {},
    }
    return Report(**(fields | changes))


def repair(**changes: Any) -> Repair:
    """An int8 file that lost four points, of which three and a half were won back."""
    fields: dict[str, Any] = {
        "file": "int8.tflite",
        "score_name": "top-1 accuracy",
        "float_score": 0.912,
        "plain_score": 0.872,
        "final_score": 0.907,
        "remedies": (
            Remedy(
                name="other ranges",
                what="range by 99.99th percentile",
                score=0.881,
                seconds=4.2,
                kept=True,
            ),
            Remedy(
                name="bias correction", what="layer by layer", score=0.879, seconds=9.0, kept=False
            ),
            Remedy(
                name="float layers",
                what="4 worst layers in float",
                score=0.907,
                seconds=6.1,
                kept=True,
            ),
        ),
        "layers": layers(),
        "note": "all gates are kept",
    }
    return Repair(**(fields | changes))


def full(**changes: Any) -> Report:
    """A passed report in which no part is empty."""
    gates = {
        f"{precision}.{name}": bound
        for precision, cosine, drop in (("float32", 0.99999, 0.001), ("int8", 0.98, 0.01))
        for name, bound in (("cosine", cosine), ("max_drop", drop), ("boxes_found", 0.95))
    }
    rough = output(max_abs=0.061, relative=0.061, cosine=0.99712, snr_db=22.4)
    agreed = {"top1_agreement": 0.985, "pictures": 2000.0}
    close = {"top1_agreement": 0.9995, "pictures": 2000.0}
    sizes = {"float32": 1_512_000, "float16": 764_000, "int8": 432_000}
    table = (
        ("float32.tflite", "litert", 1.42, 1.0, 0.912, {}, output()),
        ("float32.tflite", "openvino", 0.98, 0.69, 0.912, close, output(max_abs=3e-6)),
        ("float16.tflite", "litert", 1.45, 1.02, 0.9118, close, output(max_abs=4e-4, snr_db=72.0)),
        ("int8.tflite", "litert", 0.61, 0.43, 0.907, agreed, rough),
        ("openvino/float32.xml", "openvino", 0.97, 0.68, 0.912, close, output(max_abs=3e-6)),
        ("openvino/int8.xml", "openvino", 0.38, 0.27, 0.9095, agreed, rough),
    )
    ways = tuple(
        proven(
            file,
            backend,
            bytes=next(size for name, size in sizes.items() if name in file),
            latency=latency(ms, ratio),
            metric=metric,
            drop=round(0.912 - metric, 6),
            agreement=figures,
            outputs=(found,),
        )
        for file, backend, ms, ratio, metric, figures, found in table
    )
    fields: dict[str, Any] = {
        "source": Source(
            kind="keras",
            title="fashion",
            parameters=376_074,
            inputs={"image": (1, 28, 28, 1)},
            outputs={"probabilities": (1, 10)},
        ),
        "input": InputSpec(width=28, height=28, color="gray", mean=(0.0,), std=(255.0,)),
        "proven": ways,
        "gates": gates,
        "versions": {"keras": "3.15.0", "tensorflow": "2.21.0", "openvino": "2026.4.0"},
        "seconds": {"source": 2.1, "int8": 14.0, "proof": 22.5},
        "metric_name": "top-1 accuracy",
        "reference_metric": 0.912,
        "calibration": Inputs(origin="fashion_mnist, train", used=300, seed=0),
        "proof": Inputs(origin="fashion_mnist, test", used=64, seed=0),
        "validation": Inputs(
            origin="fashion_mnist, test",
            used=2000,
            seed=0,
            warnings=("only 2000 of 10000 pictures were used",),
        ),
        "preprocessing": Preprocessing(
            reference="the function given as preprocess",
            pictures=32,
            mean_levels=0.08,
            worst_levels=0.21,
            agreement=1.0,
        ),
        "repairs": (repair(),),
        "layers": {"openvino/int8.xml": layers(24, 1)},
        "confusion": (confusion(),),
        "skipped": (Skipped(what="int4w.tflite", reason="larger than int8 at this size"),),
        "warnings": ("the calibration pictures are darker than the validation pictures",),
        "labels": LABELS,
    }
    return minimal(**(fields | changes))


def failed() -> Report:
    """A full report in which one variant on one backend breaks two gates."""
    report = full()
    broken = (
        "int8.max_drop: 0.034, at most 0.01 is demanded",
        "int8.cosine: 0.961, at least 0.98 is demanded",
    )
    ways = tuple(
        proven(
            one.file,
            one.backend,
            bytes=one.bytes,
            latency=one.latency,
            metric=0.878,
            drop=0.034,
            agreement={"top1_agreement": 0.93},
            outputs=(output(max_abs=0.31, relative=0.31, cosine=0.961, snr_db=11.0),),
            failures=broken,
        )
        if one.file == "int8.tflite"
        else one
        for one in report.proven
    )
    return full(passed=False, proven=ways)
