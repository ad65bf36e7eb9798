"""Quantization-aware training (QAT): a network learns to live with the integers of its device.

    even = quantize.equalize(trained, pictures)   # alike channels, same answers; for 8 bits
    qat = quantize.prepare(even, quantize.int8())
    quantize.observe(qat, pictures)          # ranges to start from
    qat.compile(...); qat.fit(...)           # as any Keras model
    quantize.freeze(qat)                     # ranges stay for the last epochs
    converters.qat.qat_to_tflite(qat)        # full integer, the same answers

Backend-neutral Keras 3. Importing this package registers its layers, which loading a saved model
needs.
"""

from __future__ import annotations

from edgecnn.training.quantize.config import QATConfig, int4_weights, int8
from edgecnn.training.quantize.workflow import (
    check,
    equalize,
    fold,
    freeze,
    observe,
    prepare,
    unobserved,
)

__all__ = [
    "QATConfig",
    "check",
    "equalize",
    "fold",
    "freeze",
    "int4_weights",
    "int8",
    "observe",
    "prepare",
    "unobserved",
]
