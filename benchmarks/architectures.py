"""Architectures of `keras.applications` with random weights, and how true their float files are.

Random weights alone would prove little: batch norms without statistics fold to nothing, and a flat
softmax hides any error behind probabilities of 0.001. So kernels keep the variance of what goes
through them, batch norms take their statistics from photographs, as training would leave them, and
the last layer is scaled until logits spread by `LOGITS_DEVIATION` and softmax has favourites.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from converters.bundles.output import REPORT
from converters.convert import convert
from converters.inputs import photographs as calibration
from converters.options import ConvertOptions, Proof
from converters.quiet import captured_output, tensorflow
from converters.report.schema import OutputFigures, Report, decode
from edgecnn.bundle.schema import InputSpec
from edgecnn.errors import ParityError
from edgecnn.optional import require

AIM = 1e-4
LOGITS_DEVIATION = 3.0
PICTURES = 12
"""Photographs that every file is compared on."""
STATISTICS_PICTURES = 16
"""Photographs that batch norms take their statistics from."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """One of `keras.applications`.

    Attributes:
        side: Pixels of its square input.
        rescales: Whether it takes pixels 0..255 as it is; others get a `Rescaling` in front.
        heads: What its last layer gives: ``softmax``, ``logits``.
    """

    side: int = 224
    rescales: bool = False
    heads: tuple[str, ...] = ("softmax", "logits")


ARCHITECTURES: dict[str, Architecture] = {
    "MobileNet": Architecture(),
    "MobileNetV2": Architecture(),
    "MobileNetV3Small": Architecture(rescales=True),
    "MobileNetV3Large": Architecture(rescales=True),
    "EfficientNetB0": Architecture(rescales=True),
    "EfficientNetV2B0": Architecture(rescales=True),
    "NASNetMobile": Architecture(),
    "DenseNet121": Architecture(),
    "ResNet50": Architecture(),
    "ResNet50V2": Architecture(heads=("softmax",)),
    "InceptionV3": Architecture(side=299, heads=("softmax",)),
    "Xception": Architecture(side=299, heads=("softmax",)),
    "ConvNeXtTiny": Architecture(rescales=True, heads=("softmax",)),
    "VGG16": Architecture(heads=("softmax",)),
}
"""Name in `keras.applications` -> how it is built; small ones first."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one architecture with one head came to.

    Attributes:
        name, head: Of the table.
        parameters: Weights, in all.
        figures: Target -> figures of the only output against Keras, over `PICTURES` photographs.
        megabytes: Target -> size of its float32 file.
        seconds: For everything: tracing, both files, proof on both backends, writing.
        failures: Gates that were missed.
    """

    name: str
    head: str
    parameters: int
    figures: dict[str, OutputFigures]
    megabytes: dict[str, float]
    seconds: float
    failures: tuple[str, ...]

    @property
    def largest(self) -> float:
        """Largest absolute value that Keras itself answers."""
        return max(one.max_abs / one.relative for one in self.figures.values() if one.relative)

    @property
    def reached(self) -> bool:
        """The aim: absolute for probabilities, relative to the largest for logits."""
        return not self.failures and all(
            (one.max_abs if self.head == "softmax" else one.relative) <= AIM
            for one in self.figures.values()
        )


def measure(
    name: str, *, side: int | None = None, heads: Sequence[str] = (), **changes: Any
) -> list[Row]:
    """Build an architecture once and convert it with each of its heads.

    Args:
        name: Of `ARCHITECTURES`.
        side: Another size of the input.
        heads: Other heads than the table's.
        **changes: Further arguments of the Keras function (``alpha``, ``classes``).

    Raises:
        EdgeCNNError: It cannot be converted.
    """
    keras = _keras()
    keras.backend.clear_session()
    gc.collect()
    choice = ARCHITECTURES[name]
    pixels = side or choice.side
    settled = build(name, pixels, "logits", **changes)
    with captured_output("Keras: statistics"):
        settle(settled, photographs(pixels))
    rows = []
    for head in heads or choice.heads:
        net = settled
        if head == "softmax":
            net = build(name, pixels, head, **changes)
            net.set_weights(settled.get_weights())
        rows.append(_row(name, head, net))
    return rows


def build(name: str, side: int, head: str, **changes: Any) -> Any:
    """An architecture of `keras.applications` that takes pixels 0..255, weights as Keras starts.

    Args:
        name: Of `ARCHITECTURES`.
        side: Pixels of its square input.
        head: ``softmax`` or ``logits``.
        **changes: Further arguments of the Keras function.
    """
    keras = _keras()
    body = getattr(keras.applications, name)(
        input_shape=(side, side, 3),
        weights=None,
        classifier_activation="softmax" if head == "softmax" else None,
        **changes,
    )
    if ARCHITECTURES[name].rescales:
        return body
    pixels = keras.Input((side, side, 3), name="pixels")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescale")(pixels)
    return keras.Model(pixels, body(scaled), name=name.lower())


def settle(net: Any, pictures: np.ndarray, seed: int = 0) -> None:
    """Give a net with logits the weights and statistics that it might have after training.

    Args:
        net: Changed in place.
        pictures: (N, side, side, 3) float32, 0..255.
        seed: Of the weights.
    """
    rng = np.random.default_rng(seed)
    for variable in net.weights:
        kind = variable.path.rpartition("/")[2]
        if kind in ("beta", "bias"):
            variable.assign(rng.normal(0, 0.2, variable.shape))
        elif kind == "gamma":
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
        elif kind == "kernel":
            # Keras gives depthwise kernels as (h, w, channels, 1): each sum has h * w terms.
            depthwise = len(variable.shape) == 4 and variable.shape[3] == 1
            inputs = np.prod(variable.shape[:2] if depthwise else variable.shape[:-1])
            variable.assign(rng.normal(0, np.sqrt(2 / inputs), variable.shape))
    norms = [layer for layer in net._flatten_layers() if hasattr(layer, "moving_variance")]
    for norm in norms:
        norm.momentum = 0.0  # statistics of one pass, as they are
    if norms:
        net(pictures, training=True)
    spread = float(np.std(np.concatenate([net(one[None], training=False) for one in pictures])))
    last = [variable for variable in net.trainable_weights if variable.path.endswith("kernel")][-1]
    last.assign(last * (LOGITS_DEVIATION / spread))


def photographs(side: int) -> np.ndarray:
    """The photographs of `assets/images` as the device would feed them: (N, side, side, 3)."""
    spec = InputSpec(width=side, height=side, color="rgb", mean=(0.0,) * 3, std=(1.0,) * 3)
    read = calibration.read_photographs(calibration.ALL_PHOTOGRAPHS[:STATISTICS_PICTURES])
    return np.concatenate([calibration.tensor_of(pixels, spec) for pixels in read])


def proven(model: Any, out: Path, **wishes: Any) -> Report:
    """`edgecnn.convert`, with the report also where proof fails.

    Args:
        model: Model or path.
        out: Folder of the bundle; of the report ``out-report`` where proof fails.
        **wishes: Arguments of `edgecnn.convert`.
    """
    try:
        return convert(model, out, **wishes)
    except ParityError:
        failed = out.with_name(f"{out.name}-report") / REPORT
        if not failed.is_file():
            raise
        return decode(failed.read_bytes())


def cells(row: Row) -> list[str]:
    """A row of the table."""
    shown = [row.name, row.head, f"{row.parameters / 1e6:.1f}", f"{row.largest:.2g}"]
    for target in ("tflite", "openvino"):
        one = row.figures[target]
        shown += [f"{one.max_abs:.1e}", f"{one.relative:.1e}"]
    shown += [f"{row.megabytes[target]:.1f}" for target in ("tflite", "openvino")]
    return [*shown, f"{row.seconds:.0f}", "yes" if row.reached else "**missed**"]


HEADER: Sequence[str] = (
    "net", "output", "million weights", "largest answer", "TFLite max abs", "relative",
    "OpenVINO max abs", "relative", "TFLite MB", "IR MB", "seconds", "aim kept",
)  # fmt: skip


def _row(name: str, head: str, net: Any) -> Row:
    start_s = time.perf_counter()
    proof = Proof(rounds=0, pictures=PICTURES, tensors=PICTURES)
    with tempfile.TemporaryDirectory(prefix="edgecnn-") as folder:
        report = proven(
            net, Path(folder) / name.lower(), precisions=("float32",),
            options=ConvertOptions(proof=proof),
        )  # fmt: skip
    seconds = time.perf_counter() - start_s
    return Row(
        name=name,
        head=head,
        parameters=net.count_params(),
        figures={one.format: one.outputs[0] for one in report.proven},
        megabytes={one.format: one.bytes / 1e6 for one in report.proven},
        seconds=seconds,
        failures=tuple(line for one in report.proven for line in one.failures),
    )


def _keras() -> Any:
    tensorflow()
    return require("keras", extra="convert")
