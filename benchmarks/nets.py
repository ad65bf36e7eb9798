"""Every net of `edgecnn.nets` at full size: figures, float32 parity and latency on both targets.

    python -m benchmarks.nets                       # all of them; half an hour
    python -m benchmarks.nets lenet5 mobilenet_v2   # some of them
    python -m benchmarks.nets --small               # as for 28 x 28 x 1 and ten classes

Weights are random: parity and latency do not depend on them, accuracy would. Parity is the largest
difference of the logits on noise, over the largest logit. Both runtimes take turns in one process,
one thread each, f32 arithmetic; every net has a process of its own, since TensorFlow gives no
memory back. The exit code is the number of nets that miss the aim.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.timing import interleaved, machine_line, table
from converters.quiet import captured_output, tensorflow
from edgecnn import nets
from edgecnn.errors import ConversionError, UnknownNameError
from edgecnn.nets.catalogue import CARDS
from edgecnn.optional import require
from edgecnn.runtime.backends.openvino import shared_core

AIM = 1e-4
"""Largest relative difference between a float32 file and Keras."""
ROUNDS = 30
HEADER = [
    "net", "input", "parameters", "MACs (M)", "LiteRT parity", "OpenVINO parity",
    "LiteRT ms", "OpenVINO ms", "aim kept",
]  # fmt: skip
SMALL: Mapping[str, Any] = {"input_shape": (28, 28, 1), "num_classes": 10, "stem": "small"}

Array = np.ndarray[Any, Any]
Answer = Callable[[], Array]


@dataclass(frozen=True)
class Row:
    """Figures of one net.

    Attributes:
        input_shape: (height, width, channels).
        parameters: Trainable weights.
        macs: Multiply-adds for one picture.
        parity: Target -> largest difference of the logits over the largest logit.
        latency_ms: Target -> median of one inference.
    """

    input_shape: tuple[int, ...]
    parameters: int
    macs: int
    parity: dict[str, float]
    latency_ms: dict[str, float]

    @property
    def kept(self) -> bool:
        """Whether both files answer as Keras does."""
        return max(self.parity.values()) <= AIM


def measure(name: str, options: Mapping[str, Any], rounds: int) -> Row:
    """Build, convert and time one net; to be called in a process of its own."""
    tensorflow()
    keras = require("keras", extra="convert")
    sources = require("converters.sources", extra="convert")
    layer_table = require("edgecnn.nets.layer_table", extra="train")
    keras.utils.set_random_seed(0)
    model = nets.build(name, classifier_activation=None, **options)
    sums = layer_table.totals(nets.describe(model))
    with captured_output(f"benchmark of {name}"), sources.open_source(model) as source:
        feeds = _noise(source.inputs[0])
        (expected,) = source.answer(feeds).values()
        # The OpenVINO form first: it is the larger one to make.
        answers = {
            "openvino": _openvino(source.openvino(), *feeds.values()),
            "litert": _litert(source.tflite(), *feeds.values()),
        }
        parity = {target: _difference(answer(), expected) for target, answer in answers.items()}
        times = interleaved(answers, rounds=rounds, warm_up=3)
    return Row(
        input_shape=tuple(model.input_shape[1:]),
        parameters=sums.trainable,
        macs=sums.macs,
        parity=parity,
        latency_ms={target: timed.median for target, timed in times.items()},
    )


def _noise(port: Any) -> dict[str, Array]:
    random = np.random.default_rng(0)
    return {port.name: random.uniform(-1, 1, port.shape).astype(np.float32)}


def _difference(found: Array, expected: Array) -> float:
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def _litert(content: bytes, pixels: Array) -> Answer:
    runtime = require("ai_edge_litert.interpreter", extra="convert")
    interpreter = runtime.Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    (slot,), (output,) = interpreter.get_input_details(), interpreter.get_output_details()

    def answer() -> Array:
        interpreter.set_tensor(slot["index"], pixels)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(output["index"]))

    return answer


def _openvino(model: Any, pixels: Array) -> Answer:
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    request = shared_core().compile_model(model, "CPU", settings).create_infer_request()
    return lambda: np.array(request.infer([pixels])[0])


def _apart(name: str, options: Mapping[str, Any], rounds: int) -> Row:
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawning) as pool:
        return pool.submit(measure, name, options, rounds).result()


def _cells(name: str, row: Row) -> list[str]:
    return [
        name,
        "x".join(str(side) for side in row.input_shape),
        f"{row.parameters:,}",
        f"{row.macs / 1e6:,.1f}",
        f"{row.parity['litert']:.1e}",
        f"{row.parity['openvino']:.1e}",
        f"{row.latency_ms['litert']:.2f}",
        f"{row.latency_ms['openvino']:.2f}",
        "yes" if row.kept else "**missed**",
    ]


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def main() -> int:
    """Print the table, a row as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", help="nets; all when none is named")
    parser.add_argument("--small", action="store_true", help="28 x 28 x 1, ten classes, small stem")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="timed inferences of each")
    given = parser.parse_args()
    unknown = sorted(set(given.names) - set(CARDS))
    if unknown:
        raise UnknownNameError(f"No such net: {', '.join(unknown)}. Known: {', '.join(CARDS)}.")
    print(f"{machine_line()}; float32, one thread, median of {given.rounds} rounds.\n")
    print(table(HEADER, []))
    missed = []
    for name in given.names or CARDS:
        try:
            row = _apart(name, SMALL if given.small else {}, given.rounds)
        except ConversionError as error:
            missed.append(f"{name} cannot be converted: {error}")
        except BrokenProcessPool:
            missed.append(f"{name}: the process was killed, as when memory runs out")
        else:
            print(_line(_cells(name, row)), flush=True)
            if not row.kept:
                missed.append(f"{name}: above {AIM:g}")
    for text in missed:
        print(f"\nMissed: {text}")
    return len(missed)


if __name__ == "__main__":
    sys.exit(main())
