"""Which layers gain most by staying in float, found by trying: one at a time, on the answers.

The noise that a layer adds says where quantization hurts, not how much of it reaches the answers:
an average takes noise off again, a difference of two large values brings it out. With one
calibration for all tries, a try is a fraction of a second for a small network. On a net whose
layers all hurt a little (`benchmarks/hard_int8.py`) the first layer by added noise gained nothing
in the answers, the first one found here halved their noise.

Reference: Wu et al., "Integer Quantization for Deep Learning Inference: Principles and Empirical
Evaluation", arXiv:2004.09602, section 5.2 (sensitivity of single layers).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from converters.options import Progress, no_progress
from converters.quantization.feeds import fitting
from converters.quantization.neighbours import with_neighbours
from converters.quantization.plan import Int8Plan
from converters.quantization.tflite import calibrate, float_form, quantize_calibrated
from converters.quantization.trace import Floats, Trace
from converters.sources.base import Array, Feeds

_SAMPLES = 48


def rank_tflite(
    float_tflite: bytes,
    feeds: Feeds,
    plan: Int8Plan,
    layers: Sequence[str],
    *,
    reach: int,
    is_late: Callable[[], bool],
    progress: Progress = no_progress,
) -> list[str]:
    """Order layers by the noise in the answers that is left when one stays in float.

    Args:
        float_tflite: The float network.
        feeds: Calibration inputs; the first ones serve to compare answers.
        plan: How all other layers are quantized; biases are not corrected here.
        layers: Names, the most promising first.
        reach: How far the neighbours may be that each is tried with: without them the rounding at
            its rim would stay.
        is_late: Ends the search; what was not tried follows in the order given.
        progress: Told the share of the layers.

    Returns:
        The same names.
    """
    float_tflite = float_form(float_tflite, feeds, plan)
    calibrated = calibrate(float_tflite, feeds, plan)
    exact = Trace(float_tflite)
    inputs = list(fitting(feeds, exact.shapes, _SAMPLES))
    wanted = _answers(exact, inputs)
    left: dict[str, float] = {}
    for number, name in enumerate(layers, start=1):
        if is_late():
            break
        chosen = (*plan.float_layers, *with_neighbours(exact.operations, [name], reach))
        mixed = quantize_calibrated(calibrated, replace(plan, float_layers=chosen))
        left[name] = _noise(wanted, _answers(Trace(mixed), inputs))
        progress("sensitivity of layers", number / len(layers))
    return [*_by_noise(left), *(name for name in layers if name not in left)]


def _by_noise(left: Mapping[str, float]) -> list[str]:
    """The least noise first; a ten-thousandth of the most is chance, and leaves the order given."""
    most = max((noise for noise in left.values() if math.isfinite(noise)), default=0.0)
    step = max(1e-4 * most, 1e-12)
    return sorted(left, key=lambda name: min(left[name], 2.0 * most) // step)


def _answers(trace: Trace, inputs: Sequence[Mapping[str, Array]]) -> dict[str, Floats]:
    found = []
    for feed in inputs:
        trace.run(feed)
        found.append(trace.answers())
    return {name: np.concatenate([answer[name] for answer in found]) for name in found[0]}


def _noise(wanted: Mapping[str, Floats], found: Mapping[str, Floats]) -> float:
    """Share of noise in the answers, all outputs alike."""
    total = 0.0
    for name, values in wanted.items():
        power = float(np.sum(values.astype(np.float64) ** 2))
        total += float(np.sum((found[name] - values).astype(np.float64) ** 2)) / max(power, 1e-12)
    return total if math.isfinite(total) else math.inf
