"""Quantization-aware training against quantization afterwards, where the latter hurts.

Both are judged by the same simulation, which the tests of `converters.qat` hold against the files;
what is quantized afterwards gets its ranges from 300 training pictures, and its steps from the
largest weight or from the least squared error, whichever answers better; "evened first" is the
same with channels of alike ranges. What is lost and brought back is counted without that. Each seed
tunes the same float net. Tuning alone makes a net better that has not learned all it can, so the
float net is tuned as long without rounding, which is shown beside it. The last epoch is judged: the
rate has gone down by then, and the best of 3,000 validation pictures is mostly luck (a net that had
92.83 % of the test pictures right at the end had 92.53 % at its best).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from benchmarks.compressed import smallest_net
from benchmarks.distillation import ALL, taught_student
from benchmarks.pruning import LESSON, pruned_net
from benchmarks.timing import table
from benchmarks.training_runs import SEEDS, accuracy, fine_tuning, main_net, summary, trained
from edgecnn.data import fashion_mnist
from edgecnn.training.config import change
from edgecnn.training.distill import Distillation
from edgecnn.training.quantize import equalize, int4_weights, observe, prepare
from edgecnn.training.quantize.config import QATConfig

EPOCHS = 8
STEPS_PER_EPOCH = -(-57_000 // 128)
CALIBRATION_PICTURES = 300
LEAST_RECOVERED = 75.0


@dataclass(frozen=True)
class Case:
    """One net and one kind of numbers.

    Attributes:
        title: In the table.
        name: Of its runs.
        net: Makes the float net.
        config: How it is rounded.
        rate: At the top of the cosine; a narrow net takes larger steps.
    """

    title: str
    name: str
    net: Callable[[], Any]
    config: QATConfig
    rate: float = 1e-3


CASES = (
    Case("separable_resnet, pruned; int4 weights", "separable_int4", pruned_net, int4_weights()),
    Case(
        "the net of the smallest recipe, 7,370 weights; int4 weights",
        "smallest_int4",
        smallest_net,
        int4_weights(),
    ),
    Case(
        "a student of the distillation, 15,066 weights; int8",
        "student_int8",
        partial(taught_student, ALL, 0),
        QATConfig(),
        rate=3e-3,
    ),
)


def quantization() -> int:
    """Print the table; returns how many int4 cases miss the aim."""
    pictures = fashion_mnist.load("train").pixels[:CALIBRATION_PICTURES].astype(np.float32)
    rows, missed = [], 0
    for case in CASES:
        whole = 100 * accuracy(case.net())
        tuned = 100 * accuracy(tuned_as_long(case))
        after, evened = (
            max(100 * accuracy(rounded(net, steps, pictures)) for steps in _rules(case))
            for net in (case.net(), equalize(case.net(), pictures))
        )
        aware = [100 * accuracy(learned(case, seed, pictures)) for seed in SEEDS]
        lost = whole - after
        recovered = 100 * (float(np.mean(aware)) - after) / lost
        missed += not recovered >= LEAST_RECOVERED
        rows.append(
            [
                case.title,
                f"{whole:.2f}",
                f"{tuned:.2f}",
                f"{after:.2f}",
                f"{lost:.2f}",
                f"{evened:.2f}",
                summary(aware),
                f"{recovered:.0f} %",
            ]
        )
    print(
        f"\nTop-1 in % of 10,000 test pictures; {EPOCHS} epochs, mean and standard deviation of "
        f"seeds {', '.join(map(str, SEEDS))}.\n"
    )
    header = [
        "net and weights", "float", "tuned as long", "quantized after", "lost", "evened first",
        "quantization-aware", "back",
    ]  # fmt: skip
    print(table(header, rows))
    print(f"\nAim: {LEAST_RECOVERED:.0f} % of the loss back.")
    return missed


def tuned_as_long(case: Case) -> Any:
    """The float net after the same training without rounding."""
    return _tuned(f"tuned_{case.name}", case.net(), rate=case.rate, seed=0)


def _rules(case: Case) -> tuple[QATConfig, ...]:
    return (
        replace(case.config, weight_steps="max"),
        replace(case.config, weight_steps="learned"),
    )


def rounded(net: Any, config: QATConfig, pictures: Any) -> Any:
    """The net with everything rounded, and ranges from some pictures."""
    prepared = prepare(net, config)
    observe(prepared, pictures)
    return prepared


def learned(case: Case, seed: int, pictures: Any) -> Any:
    """The net that was trained with rounding: what `run_quantize` does for that many bits."""
    config, net = case.config, case.net()
    if config.weight_bits == 4:
        config = replace(config, damped_steps=EPOCHS * STEPS_PER_EPOCH)
    else:
        net = equalize(net, pictures)
    model = rounded(net, config, pictures)
    return _tuned(f"qat_{case.name}_{seed}", model, rate=case.rate, seed=seed)


def _tuned(name: str, model: Any, *, rate: float, seed: int) -> Any:
    """Both nets learned from a teacher; they go on as they learned."""
    config = fine_tuning(EPOCHS, learning_rate=rate, seed=seed)
    # The average of weights before they are rounded is rounded to other levels than they are.
    plain = change(config, {"regularize": {"average": {"name": "none"}}})
    lesson = Distillation([main_net()], LESSON)
    return trained(name, plain, model=model, lesson=lesson, last=True)
