"""Depthwise separable against standard 3 x 3 convolution: multiply-adds and measured time.

One layer each with batch norm and ReLU, as MobileNetV1 has them at 224 pixels. Theory says
9 N / (9 + N) times fewer multiply-adds for N channels out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.timing import interleaved, machine_line, paired_ratio, table
from converters.quantization.openvino import quantize_openvino
from converters.quantization.plan import Int8Plan
from converters.quantization.tflite import quantize_tflite
from converters.quiet import tensorflow
from converters.sources.base import Feeds
from converters.sources.opening import open_source
from edgecnn.runtime.backends.openvino import shared_core
from edgecnn.training.prune import count_macs

SHAPES = ((112, 32, 64), (56, 128, 128), (28, 256, 256), (14, 512, 512), (7, 1024, 1024))
"""Side of the maps, channels in, channels out."""
ROUNDS = 60
SAMPLES = 8

Call = Callable[[], object]


def _layer(kind: str, side: int, channels: int, filters: int) -> Any:
    import keras

    from edgecnn.nets.layers.convolution import conv_norm
    from edgecnn.nets.layers.separable import depthwise_separable

    maps = keras.Input((side, side, channels), name="maps")
    if kind == "standard":
        return keras.Model(maps, conv_norm(maps, filters, "conv", kernel=3))
    return keras.Model(maps, depthwise_separable(maps, filters, "conv"))


def _calls(model: Any) -> dict[str, Call]:
    """Backend and precision -> one inference."""
    shape = (1, *model.input_shape[1:])
    rng = np.random.default_rng(0)
    samples = [rng.normal(size=shape).astype(np.float32) for _ in range(SAMPLES)]
    with open_source(model) as source:
        port = source.inputs[0].name
        feeds: Feeds = lambda: iter({port: sample} for sample in samples)  # noqa: E731
        tflite, graph = source.tflite(), source.openvino()
        plan = Int8Plan(samples=SAMPLES)
        files = {"float32": (tflite, graph)}
        files["int8"] = quantize_tflite(tflite, feeds, plan), quantize_openvino(graph, feeds, plan)
    core = shared_core()
    found: dict[str, Call] = {}
    for precision, (content, net) in files.items():
        found[f"LiteRT {precision}"] = _litert(content)
        settings = {
            "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1,
        }  # fmt: skip
        request = core.compile_model(net, "CPU", settings).create_infer_request()
        request.infer([samples[0]])
        found[f"OpenVINO {precision}"] = request.infer
    return found


def _litert(content: bytes) -> Call:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    call: Call = interpreter.invoke
    return call


def separable() -> int:
    """Print the table; all files are made first, so that timing is one short stretch."""
    tensorflow()
    made = []
    for side, channels, filters in SHAPES:
        nets = {kind: _layer(kind, side, channels, filters) for kind in ("standard", "separable")}
        macs = {kind: count_macs(net) for kind, net in nets.items()}
        calls = {kind: _calls(net) for kind, net in nets.items()}
        made.append((f"{side} x {side}, {channels} to {filters}", macs, calls))
    rows = []
    ways: list[str] = []
    for name, macs, calls in made:
        ways = list(calls["standard"])
        timed = interleaved(
            {f"{kind} {way}": calls[kind][way] for kind in calls for way in ways}, rounds=ROUNDS
        )
        row = [
            name,
            f"{macs['standard'] / 1e6:.1f} / {macs['separable'] / 1e6:.1f}",
            f"{macs['standard'] / macs['separable']:.1f} x",
        ]
        for way in ways:
            standard, small = timed[f"standard {way}"], timed[f"separable {way}"]
            row.append(
                f"{paired_ratio(standard, small):.1f} x "
                f"({standard.median:.2f} / {small.median:.2f} ms)"
            )
        rows.append(row)
    print(
        "\nStandard 3 x 3 over depthwise separable: how many times fewer multiply-adds, and how "
        f"many times faster; one thread, in turns, medians of {ROUNDS}; {machine_line()}.\n"
    )
    print(table(["maps", "million MACs", "theory", *ways], rows))
    return 0
