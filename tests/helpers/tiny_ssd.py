"""A tiny SSD that really detects: bright squares and discs of 16 pixels on a dark ground.

Input 64 x 64 RGB in 0..1, one anchor of 16 pixels at each of 8 x 8 cells. Its two convolutions are
matched filters, written down and not trained: what a shape must cover and must leave free decides
its class, and where its light is decides the offset of its box. It has right answers for shapes
whose centre lies within a few pixels of a cell's.
"""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from converters.bundles.pack import Facts
from edgecnn.bundle.schema import DecoderSpec, InputSpec

SIDE, CELLS, SHAPE, WINDOW = 64, 8, 16, 24
LABELS = ("square", "disc")
OUTPUTS = {"raw_boxes": "boxes", "raw_scores": "scores"}
_BOX_SCALE = 5.0
Floats = NDArray[np.float32]


def tiny_ssd_facts(*, background: bool = False, activation: str = "sigmoid") -> Facts:
    """What is known about the network that `tiny_ssd_tflite` makes with the same arguments."""
    centres = (np.arange(CELLS) + 0.5) / CELLS
    share = SHAPE / SIDE
    anchors = [[float(y), float(x), share, share] for y in centres for x in centres]
    return Facts(
        name="tiny_ssd",
        title="Squares and discs",
        task="detect",
        licence="Apache-2.0",
        source="made by the tests",
        input=InputSpec(
            width=SIDE,
            height=SIDE,
            color="rgb",
            mean=(0.0, 0.0, 0.0),
            std=(255.0, 255.0, 255.0),
        ),
        decoder=DecoderSpec(
            name="ssd",
            parameters={
                "activation": activation,
                "background": background,
                "box_scales": [_BOX_SCALE] * 4,
                "anchors": anchors,
                "score_threshold": 0.5,
                "iou_threshold": 0.5,
                "max_results": 10,
            },
        ),
        labels=LABELS,
    )


def scene(*shapes: tuple[str, int, int]) -> NDArray[np.uint8]:
    """A picture (64, 64, 3) with shapes: label, and x and y of the centre in pixels."""
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    lit = np.zeros((SIDE, SIDE), bool)
    for label, x, y in shapes:
        dx, dy, half = columns - x, rows - y, SHAPE / 2
        far = np.hypot(dx, dy) if label == "disc" else np.maximum(np.abs(dx), np.abs(dy))
        lit |= far <= half
    return np.repeat(np.where(lit, 255, 0).astype(np.uint8)[:, :, None], 3, axis=2)


def _filters(background: bool) -> tuple[Floats, Floats, Floats, Floats]:
    """Kernels (outputs, 24, 24, 3) and biases of boxes and of scores."""
    rows, columns = np.mgrid[:WINDOW, :WINDOW] + 0.5 - WINDOW / 2
    square = np.maximum(np.abs(rows), np.abs(columns)) <= SHAPE / 2
    disc = np.hypot(rows, columns) <= SHAPE / 2
    corners, outside = square & ~disc, ~square
    # Offsets in the anchor's unit: where the light's centre lies, for a shape fully in the window.
    mass = (square.sum() + disc.sum()) / 2 * SHAPE / _BOX_SCALE
    boxes = np.stack([rows / mass, columns / mass, 0 * rows, 0 * rows])
    corner, inside, free = (part / part.sum() for part in (corners, disc, outside))
    scores = [12 * corner + 6 * inside - 12 * free, -12 * corner + 12 * inside - 6 * free]
    biases = [-12.0, -6.0]
    if background:
        scores, biases = [0 * inside, *scores], [0.0, *biases]
    kernels = [np.repeat(part[..., None] / 3, 3, axis=-1) for part in (boxes, np.stack(scores))]
    return (
        kernels[0].astype(np.float32),
        np.zeros(4, np.float32),
        kernels[1].astype(np.float32),
        np.array(biases, np.float32),
    )


def tiny_ssd_tflite(*, background: bool = False, rim: str = "float32") -> bytes:
    """Outputs ``raw_boxes`` (1, 64, 4) and ``raw_scores`` (1, 64, 2), or 3 with a background.

    Args:
        background: Whether the first score stands for no object.
        rim: Type of the outputs: ``float32``, ``int8`` or ``uint8``.
    """
    made = _Builder()
    image = made.tensor("image", [1, SIDE, SIDE, 3])
    box_kernel, box_bias, score_kernel, score_bias = _filters(background)
    outputs = []
    for name, kernel, bias, spread in (
        ("raw_boxes", box_kernel, box_bias, 8.0),
        ("raw_scores", score_kernel, score_bias, 32.0),
    ):
        count = len(bias)
        map_ = made.tensor(f"{name}_map", [1, CELLS, CELLS, count])
        made.convolution(image, made.constant(kernel), made.constant(bias), map_)
        flat_name = name if rim == "float32" else f"{name}_float"
        flat = made.tensor(flat_name, [1, CELLS * CELLS, count])
        made.reshape(map_, made.constant(np.array([1, CELLS * CELLS, count], np.int32)), flat)
        if rim != "float32":
            stored = made.tensor(name, [1, CELLS * CELLS, count], rim, scale=spread / 255)
            made.quantize(flat, stored)
            flat = stored
        outputs.append(flat)
    return made.finish([image], outputs)


class _Builder:
    """A ``.tflite`` of one graph, layer by layer."""

    def __init__(self) -> None:
        self._model, self._graph = schema.ModelT(), schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._model.version, self._model.subgraphs = 3, [self._graph]
        self._model.buffers, self._model.operatorCodes = [schema.BufferT()], []

    def tensor(
        self, name: str, shape: list[int], dtype: str = "float32", *, scale: float = 0.0
    ) -> int:
        made = schema.TensorT()
        made.name, made.shape, made.buffer = name, shape, 0
        made.type = getattr(schema.TensorType, dtype.upper())
        if scale:
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale = [scale]
            made.quantization.zeroPoint = [128 if dtype == "uint8" else 0]
        self._graph.tensors.append(made)
        return len(self._graph.tensors) - 1

    def constant(self, values: NDArray[Any]) -> int:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        self._model.buffers.append(buffer)
        index = self.tensor(f"constant_{len(self._model.buffers)}", list(values.shape))
        tensor = self._graph.tensors[index]
        tensor.buffer = len(self._model.buffers) - 1
        tensor.type = getattr(schema.TensorType, values.dtype.name.upper())
        return index

    def convolution(self, source: int, kernel: int, bias: int, target: int) -> None:
        options = schema.Conv2DOptionsT()
        options.padding = schema.Padding.SAME
        options.strideH = options.strideW = SIDE // CELLS
        options.dilationHFactor = options.dilationWFactor = 1
        self._layer("CONV_2D", [source, kernel, bias], target, options)

    def reshape(self, source: int, shape: int, target: int) -> None:
        self._layer("RESHAPE", [source, shape], target, schema.ReshapeOptionsT())

    def quantize(self, source: int, target: int) -> None:
        self._layer("QUANTIZE", [source], target, schema.QuantizeOptionsT())

    def _layer(self, kind: str, inputs: list[int], output: int, options: Any) -> None:
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, kind)
        code.version = 1
        self._model.operatorCodes.append(code)
        layer = schema.OperatorT()
        layer.opcodeIndex = len(self._model.operatorCodes) - 1
        layer.inputs, layer.outputs, layer.builtinOptions = inputs, [output], options
        layer.builtinOptionsType = getattr(
            schema.BuiltinOptions, type(options).__name__.removesuffix("T")
        )
        self._graph.operators.append(layer)

    def finish(self, inputs: list[int], outputs: list[int]) -> bytes:
        self._graph.inputs, self._graph.outputs = inputs, outputs
        builder = flatbuffers.Builder(1 << 16)
        builder.Finish(self._model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
