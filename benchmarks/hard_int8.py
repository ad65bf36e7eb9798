"""A trained net that plain int8 quantization breaks, where it breaks, and what heals it.

    python -m benchmarks.hard_int8            # prints the README's tables; trains the net once
    python -m benchmarks.hard_int8 --smoke    # an untrained net and few pictures: does it run?
    python -m benchmarks.hard_int8 --narrow   # what even channels bring three ordinary narrow nets

The net is a narrow MobileNetV3 (hard-swish, squeeze-and-excitation, depthwise convolutions) with
the stem and the head of ConvNeXt: a strided convolution with a layer normalisation, and another
one before the last layer. It takes pixels 0..255 as they come and is trained by plain ``fit`` on
Fashion-MNIST; nothing is done to its weights. The normalisation divides by the spread of eight
channels at each place, which spans many powers of ten: more than 8 bits hold.

Remedies are judged on training pictures that calibration did not use; the tables are measured on
all 10,000 test pictures, which neither training nor remedies saw.

The narrow nets are the students of `benchmarks.distillation`: residual, separable, ReLU. They lose
little, and no search is made: plain ranges and those of least squared error, each with even
channels and without.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.distillation import ALL, taught_student
from benchmarks.timing import machine_line, table
from benchmarks.training_runs import SEEDS
from converters.quantization.noise import added_share, worst
from converters.quantization.plan import Int8Plan, Ranges
from converters.quantization.remedies import Judgement, Repaired, repair
from converters.quantization.tflite import quantize_tflite
from converters.quiet import tensorflow
from converters.sources import open_source
from converters.sources.base import Feeds, Source, Target
from edgecnn.data.fashion_mnist import load
from edgecnn.optional import require
from edgecnn.runtime.backends.openvino import shared_core

TRAINED = Path("out/hard_int8.keras")
BLOCKS = ((2, 8, 1), (3, 12, 2), (2, 12, 1), (3, 12, 1), (3, 16, 2), (3, 16, 1))
"""Expansion, channels and stride of each block."""
EPOCHS = 4
RATE = 0.005
BATCH = 128
MAX_DROP = 0.5
"""Points of top-1 that the judge lets go."""
BUDGET_S = 600.0
JUDGED = 5000
RANGES: tuple[Ranges, ...] = ("minmax", "mse")
CALIBRATION_STEP = 20
"""Every 20th training picture behind the judge's serves for calibration."""


def build(seed: int = 1) -> Any:
    """The net, untrained."""
    keras = require("keras", extra="train")
    layers = keras.layers
    keras.utils.set_random_seed(seed)
    image = keras.Input((28, 28, 1), name="image")
    x = layers.Conv2D(8, 4, strides=2, padding="same")(image)
    x = layers.LayerNormalization(epsilon=1e-6)(x)
    for expansion, channels, stride in BLOCKS:
        x = _block(layers, x, expansion, channels, stride)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.LayerNormalization(epsilon=1e-6)(x)
    return keras.Model(image, layers.Dense(10, activation="softmax")(x), name="hard_int8")


def _block(layers: Any, x: Any, expansion: int, channels: int, stride: int) -> Any:
    def normalised(y: Any) -> Any:
        return layers.BatchNormalization(momentum=0.95)(y)

    def active(y: Any) -> Any:
        return layers.Activation("hard_swish")(normalised(y))

    wide = expansion * x.shape[-1]
    y = active(layers.Conv2D(wide, 1, use_bias=False)(x))
    y = active(layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(y))
    gate = layers.GlobalAveragePooling2D(keepdims=True)(y)
    gate = layers.Conv2D(max(4, wide // 4), 1, activation="relu")(gate)
    gate = layers.Conv2D(wide, 1, activation="hard_sigmoid")(gate)
    y = layers.Multiply()([y, gate])
    y = normalised(layers.Conv2D(channels, 1, use_bias=False)(y))
    return layers.Add()([x, y]) if stride == 1 and x.shape[-1] == channels else y


def trained(file: Path = TRAINED) -> Path:
    """The trained net's file; trains it when it is missing, about five minutes on one core."""
    if file.is_file():
        return file
    tf = tensorflow()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    keras = require("keras", extra="train")
    model = build()
    data = load("train")
    rate = keras.optimizers.schedules.CosineDecay(RATE, EPOCHS * -(-len(data) // BATCH))
    optimizer = keras.optimizers.Adam(rate)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(_tensors(data.images), data.labels, batch_size=BATCH, epochs=EPOCHS, verbose=2)
    file.parent.mkdir(exist_ok=True)
    model.save(file)
    return file


def _tensors(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return images[..., None].astype(np.float32)


def top1(model: Any, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
    """Share of right answers in percent, of a ``.tflite`` or an ``openvino.Model``."""
    return _percent(first_answers(model, images) == labels)


def first_answers(model: Any, images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(images,) the likeliest class, of a ``.tflite`` or an ``openvino.Model``."""
    answer = _litert(model) if isinstance(model, bytes) else _openvino(model)
    return np.array([answer(image[None]) for image in _tensors(images)], np.int64)


def _percent(right: NDArray[np.bool_]) -> float:
    return 100.0 * float(right.mean())


def _litert(model: bytes) -> Callable[[NDArray[np.float32]], int]:
    runtime = require("ai_edge_litert.interpreter", extra="convert")
    interpreter = runtime.Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    (slot,), (output,) = interpreter.get_input_details(), interpreter.get_output_details()
    scale, zero = slot["quantization"]

    def answer(image: NDArray[np.float32]) -> int:
        values = np.clip(np.rint(image / scale) + zero, -128, 127) if scale else image
        interpreter.set_tensor(slot["index"], values.astype(slot["dtype"]))
        interpreter.invoke()
        return int(interpreter.get_tensor(output["index"]).argmax())

    return answer


def _openvino(model: Any) -> Callable[[NDArray[np.float32]], int]:
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    request = shared_core().compile_model(model, "CPU", settings).create_infer_request()
    return lambda image: int(request.infer([image])[0].argmax())


def healed(source: Source, target: Target, judged: int) -> Repaired:
    """The best int8 network that remedies find."""
    data = load("train")
    calibration = _tensors(data.images[JUDGED::CALIBRATION_STEP])
    images, labels = data.images[:judged], data.labels[:judged]
    float_model = source.tflite() if target == "tflite" else source.openvino()
    exact = top1(float_model, images, labels)

    def judge(model: Any) -> Judgement:
        score = top1(model, images, labels)
        return Judgement(kept=score >= exact - MAX_DROP, score=score)

    return repair(
        target, float_model, lambda samples: _fed(source, calibration[:samples]), judge, Int8Plan(),
        available_samples=len(calibration), budget_s=BUDGET_S, clock=time.monotonic,
        float_score=exact,
    )  # fmt: skip


def measure(source: Source, target: Target, *, judged: int, tested: int) -> str:
    """The tables of one target, as Markdown."""
    data = load("test")
    images, labels = data.images[:tested], data.labels[:tested]
    float_model = source.tflite() if target == "tflite" else source.openvino()
    exact = top1(float_model, images, labels)
    found = healed(source, target, judged)
    plain = top1(_plain(source, target), images, labels)
    best = top1(found.model, images, labels)
    rows = [["float32", "", f"{exact:.2f}", "", ""], ["plain int8", "", *_lost(plain, exact), ""]]
    rows += [
        [
            f"{remedy.name}{' (kept)' if remedy.kept else ''}",
            _short(remedy.what),
            "",
            f"judge: {remedy.score:.2f}",
            f"{remedy.seconds:.1f}",
        ]
        for remedy in found.remedies
    ]
    total_s = sum(remedy.seconds for remedy in found.remedies)
    rows.append(["int8, healed", found.note, *_lost(best, exact), f"{total_s:.0f}"])
    text = [
        f"\n### {target}: {source.parameters} weights\n",
        table(["Step", "What", "Top-1 %", "Loss, points", "Seconds"], rows),
        f"\nOf {exact - plain:.2f} points lost, {best - plain:.2f} are back.",
        f"In float: {len(found.plan.float_layers)} of {len(found.layers)} layers.",
        f"\nWorst layers of the plain file (judge on it: {found.plain.score:.2f}):\n",
    ]
    layers = [
        [
            _short(layer.name),
            layer.kind,
            f"{layer.rmse_over_scale:.3g}",
            f"{layer.snr_db:.1f}",
            f"{100.0 * added_share(layer):.3g}",
        ]
        for layer in worst(found.layers, 5)
    ]
    text.append(table(["Layer", "Kind", "rmse / scale", "SNR, dB", "Noise added, %"], layers))
    return "\n".join(text)


def _plain(source: Source, target: Target) -> Any:
    """The network of the plain plan: a judge that likes everything leaves it as it is."""
    calibration = _tensors(load("train").images[JUDGED::CALIBRATION_STEP])
    return repair(
        target,
        source.tflite() if target == "tflite" else source.openvino(),
        lambda samples: _fed(source, calibration[:samples]),
        lambda model: Judgement(kept=True, score=0.0),
        Int8Plan(),
        available_samples=len(calibration), budget_s=0.0, clock=time.monotonic,
    ).model  # fmt: skip


def narrow(seeds: Sequence[int] = SEEDS) -> str:
    """The table of the narrow nets, as Markdown; trains them when they are missing, for hours."""
    data, test = load("train"), load("test")
    calibration = _tensors(data.images[::200])
    rows = []
    for seed in seeds:
        with open_source(taught_student(ALL, seed)) as source:
            exact = source.tflite()
            feeds = _fed(source, calibration)
            wanted = first_answers(exact, test.images)
            rows.append([str(seed), "float32", f"{_percent(wanted == test.labels):.2f}", ""])
            for ranges, even in product(RANGES, (False, True)):
                plan = Int8Plan(ranges=ranges, even_channels=even)
                found = first_answers(quantize_tflite(exact, feeds, plan), test.images)
                rows.append(
                    [
                        str(seed),
                        f"int8, {ranges}{', even channels' if even else ''}",
                        f"{_percent(found == test.labels):.2f}",
                        f"{_percent(found == wanted):.2f}",
                    ]
                )
    return table(["Seed", "File", "Top-1 %", "Same answer as float, %"], rows)


def _fed(source: Source, tensors: NDArray[np.float32]) -> Feeds:
    """Calibration inputs by the name of a net's only input."""
    name = source.inputs[0].name
    return lambda: ({name: image[None]} for image in tensors)


def _lost(found: float, exact: float) -> list[str]:
    return [f"{found:.2f}", f"{exact - found:.2f}"]


def _short(text: str) -> str:
    """Layers have the names of all that was fused into them; the first says enough."""
    words = text.replace("functional_1/", "").replace("hard_int8_1/", "")
    return words if len(words) <= 70 else f"{words[:67]}..."


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--smoke", action="store_true", help="untrained, few pictures")
    parser.add_argument("--narrow", action="store_true", help="ordinary narrow nets instead")
    options = parser.parse_args()
    smoke = options.smoke
    print(machine_line())
    if options.narrow:
        print(narrow())
        return
    with open_source(build() if smoke else trained()) as source:
        targets: tuple[Target, ...] = ("tflite",) if smoke else ("tflite", "openvino")
        for target in targets:
            counts = (
                {"judged": 50, "tested": 100} if smoke else {"judged": JUDGED, "tested": 10_000}
            )
            print(measure(source, target, **counts), flush=True)


if __name__ == "__main__":
    main()
