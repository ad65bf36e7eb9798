"""Tiny Keras networks for the tests of the converters: real layers, 16 pixels, random weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")

from converters.quiet import captured_output  # noqa: E402
from edgecnn.runtime.backends.openvino import shared_core  # noqa: E402

SIDE = 16
layers = keras.layers


def randomized(model: Any, seed: int = 0) -> Any:
    """Give batch norms statistics as training would, so that folding them is not a no-op."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        if variable.path.endswith(("moving_mean", "beta", "bias")):
            variable.assign(rng.normal(0, 0.2, variable.shape))
        elif variable.path.endswith(("moving_variance", "gamma")):
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
        elif "kernel" in variable.path:
            fan = float(np.prod(variable.shape[:-1]))
            variable.assign(rng.normal(0, 1.4 / np.sqrt(fan), variable.shape))
    return model


def separable_body(x: Any, width: int = 8) -> Any:
    """Convolution, batch norm, depthwise, hard-swish, pointwise: what edge networks are made of."""
    x = layers.Conv2D(width, 3, 2, "same", use_bias=False, name="stem")(x)
    x = layers.BatchNormalization(name="stem_norm")(x)
    x = layers.ReLU(6.0, name="stem_relu")(x)
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise")(x)
    x = layers.BatchNormalization(name="depthwise_norm")(x)
    x = layers.Activation("hard_silu", name="swish")(x)
    return layers.Conv2D(2 * width, 1, name="pointwise")(x)


def classifier(side: int | None = SIDE, classes: int = 5, **changes: Any) -> Any:
    """Functional, one picture in, ``probabilities`` out."""
    image = keras.Input((side, side, 3), name="picture", **changes)
    x = layers.GlobalAveragePooling2D(name="pool")(separable_body(image))
    x = layers.Dropout(0.5, name="dropout")(x)
    x = layers.Dense(classes, activation="softmax", name="probabilities")(x)
    return randomized(keras.Model(image, x, name="classifier"))


def sequential(*, built: bool = True) -> Any:
    """A Sequential; unbuilt, it does not know its input."""
    start = [layers.Input((SIDE, SIDE, 3))] if built else []
    stack = [layers.Conv2D(4, 3, name="conv"), layers.Flatten(), layers.Dense(3, name="logits")]
    return keras.Sequential([*start, *stack], name="stack")


def two_in_two_out(width: int = 8, vector_name: str = "side info") -> Any:
    """Functional: picture and vector in; a dict of a map and a vector out."""
    image = keras.Input((SIDE, SIDE, 3), name="picture")
    vector = keras.Input((4,), name=vector_name)
    features = separable_body(image, width)
    pooled = layers.GlobalAveragePooling2D(name="pool")(features)
    joined = layers.Concatenate(name="join")([pooled, vector])
    scores = layers.Dense(3, activation="sigmoid", name="dense")(joined)
    outputs = {"scores": scores, "features": features}
    return randomized(keras.Model([image, vector], outputs, name="two_in_two_out"))


def save(model: Any, path: Path) -> Path:
    """Save a whole model; Keras 3.15 uses a part of numpy that is going away."""
    with captured_output("tests"):
        model.save(path)
    return path


class Subclassed(keras.Model):  # type: ignore[misc]
    """One picture in, a tuple of two tensors out."""

    def __init__(self) -> None:
        super().__init__(name="subclassed")
        self.conv = layers.Conv2D(4, 3, activation="relu", name="conv")
        self.norm = layers.BatchNormalization(name="norm")
        self.head = layers.Dense(3, name="head")

    def call(self, pixels: Any, training: bool = False) -> Any:
        features = self.norm(self.conv(pixels), training=training)
        return self.head(keras.ops.mean(features, axis=(1, 2))), features


class TwoArguments(keras.Model):  # type: ignore[misc]
    """Two tensors in by position, one out."""

    def __init__(self) -> None:
        super().__init__(name="two_arguments")
        self.conv = layers.Conv2D(4, 3, name="conv")

    def call(self, left: Any, right: Any) -> Any:
        return self.conv(left) - 2 * self.conv(right)


class DictArgument(keras.Model):  # type: ignore[misc]
    """A dict in, a dict out."""

    def __init__(self) -> None:
        super().__init__(name="dict_argument")
        self.dense = layers.Dense(2, name="dense")

    def call(self, inputs: Any) -> Any:
        return {"sum": inputs["a"] + inputs["b"], "dense": self.dense(inputs["a"])}


class Spectrum(layers.Layer):  # type: ignore[misc]
    """A layer of operators that TFLite lacks."""

    def call(self, x: Any) -> Any:
        real, _ = keras.ops.fft2((x, keras.ops.zeros_like(x)))
        return real


def feeds(source: Any, seed: int = 0) -> dict[str, np.ndarray]:
    """Random input for a source: normal floats."""
    rng = np.random.default_rng(seed)
    return {port.name: rng.normal(size=port.shape).astype(port.dtype) for port in source.inputs}


def run_tflite(content: bytes, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Answers of LiteRT by the names of the file's signature."""
    interpreter = pytest.importorskip("ai_edge_litert.interpreter").Interpreter(
        model_content=content
    )
    answers: dict[str, np.ndarray] = interpreter.get_signature_runner("serving_default")(**feeds)
    return answers


def run_openvino(model: Any, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Answers of OpenVINO in float32 arithmetic by the names of the tensors."""
    pytest.importorskip("openvino")
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    found = shared_core().compile_model(model, "CPU", options)(dict(feeds))
    return {port.get_any_name(): np.array(value) for port, value in found.items()}


def errors(source: Any, seed: int = 0) -> dict[str, float]:
    """Largest absolute error of both pivots of a source over all outputs, on random input."""
    given = feeds(source, seed)
    expected = source.answer(given)
    found = {
        "tflite": run_tflite(source.tflite(), given),
        "openvino": run_openvino(source.openvino(), given),
    }
    return {
        target: max(float(np.abs(answers[name] - value).max()) for name, value in expected.items())
        for target, answers in found.items()
    }


MODELS: Mapping[str, Callable[[], Any]] = {
    "functional": classifier,
    "sequential": sequential,
    "two_in_two_out": two_in_two_out,
}
"""Networks that need no word about their shapes."""
