"""From a picture to an input tensor, the same way in training, calibration, parity and on a device.

The picture is resized into a uint8 canvas first. Its 256 possible values then go through a table,
one a channel, straight into the tensor's own memory: normalisation and quantization cost one
look-up a value, whatever the tensor's type. Many quantized networks take the pixels as they are
(uint8), or moved to -128..127 (int8), which is the highest bit flipped: then nothing is looked up.
Letterbox bars are copied.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edgecnn.bundle.schema import InputSpec
from edgecnn.core.image import check_pixels, convert_color
from edgecnn.core.placement import Placement
from edgecnn.core.resize import ResizePlan, apply_resize, plan_resize
from edgecnn.errors import BackendError
from edgecnn.runtime.backend import Array, TensorInfo

Pixels = NDArray[np.uint8]


def value_table(spec: InputSpec, dtype: Any, scale: float, zero_point: int) -> Array:
    """What each pixel value 0..255 becomes in the input tensor.

    Args:
        spec: Gives mean and std of each channel.
        dtype: numpy type of the tensor: a float type, int8 or uint8.
        scale: Quantization scale of the tensor; 0 for a tensor of real values.
        zero_point: Quantization zero point.

    Returns:
        (256,) when all channels are treated alike, else (1, 256, C), of ``dtype``, as OpenCV's
        ``LUT`` takes it.

    Raises:
        BackendError: An input type that no picture can be put into.
    """
    kind = np.dtype(dtype)
    pixel = np.arange(256, dtype=np.float64)[:, None]
    real = (pixel - np.asarray(spec.mean)) / np.asarray(spec.std)
    if scale != 0.0 and kind in (np.int8, np.uint8):
        limits = np.iinfo(kind)
        real = np.clip(np.rint(real / scale) + zero_point, limits.min, limits.max)
    elif kind == np.uint8:
        real = np.clip(np.rint(real), 0, 255)
    elif kind not in (np.float32, np.float16):
        raise BackendError(
            f"The model takes input of type {kind} (scale {scale}). Pictures can be fed to "
            "float32, float16, and quantized int8 and uint8 inputs: convert the model again."
        )
    table = np.ascontiguousarray(real.astype(kind))
    if all(np.array_equal(table[:, 0], table[:, channel]) for channel in range(table.shape[1])):
        return np.ascontiguousarray(table[:, 0])
    return table[None]


class TensorWriter:
    """Writes canvases into a tensor.

    Args:
        spec: Gives layout, padding and normalisation.
        tensor: Type and quantization of the tensor.
    """

    def __init__(self, spec: InputSpec, tensor: TensorInfo) -> None:
        self._table = value_table(spec, tensor.dtype, tensor.scale, tensor.zero_point)
        self._flip = _flipped_bits(self._table)
        self._nchw = spec.layout == "nchw"
        self._size_wh = (spec.width, spec.height)
        # A row of letterbox bar, as it stands in the tensor.
        bar = np.full((1, spec.width, len(spec.mean)), spec.pad, np.uint8)
        self._bar = np.asarray(cv2.LUT(bar, self._table)).reshape(bar.shape)

    def write(self, canvas: Pixels, target_xywh: tuple[int, int, int, int], view: Array) -> None:
        """Fill ``view``.

        Args:
            canvas: (h, w, 3) or (h, w) uint8; only its ``target_xywh`` part is read.
            target_xywh: Where the picture lies in it; everything else is bar.
            view: (1, h, w, C) or (1, C, h, w), of the tensor's type.
        """
        x, y, w, h = target_xywh
        tensor = view[0].transpose(1, 2, 0) if self._nchw else view[0]
        if (w, h) != self._size_wh:
            tensor[:y] = tensor[y + h :] = self._bar
            tensor[y : y + h, :x] = self._bar[:, :x]
            tensor[y : y + h, x + w :] = self._bar[:, x + w :]
            canvas, tensor = canvas[y : y + h, x : x + w], tensor[y : y + h, x : x + w]
        if self._flip is not None:
            pixels = canvas if canvas.ndim == 3 else canvas[:, :, None]
            np.bitwise_xor(pixels, self._flip, out=tensor.view(np.uint8))
        elif self._nchw or canvas.ndim == 2:
            np.copyto(tensor, np.asarray(cv2.LUT(canvas, self._table)).reshape(tensor.shape))
        else:
            cv2.LUT(canvas, self._table, dst=tensor)


def _flipped_bits(table: Array) -> int | None:
    """The bits in which every pixel value differs from its entry; None when it is no such table."""
    pixel = np.arange(256)
    if table.dtype == np.uint8 and np.array_equal(table, pixel):
        return 0x00
    if table.dtype == np.int8 and np.array_equal(table, pixel - 128):
        return 0x80
    return None


@dataclass(slots=True)
class Prepared:
    """A picture at the network's size, waiting for the tensor's memory.

    Attributes:
        canvas: (h, w, C) or (h, w) uint8, in the channel order of the network. With a letterbox
            only the target part is meaningful.
        plan: How it got there; `placement` is part of it.
    """

    canvas: Pixels
    plan: ResizePlan
    _owner: Preprocessor

    @property
    def placement(self) -> Placement:
        """Where the picture lies in the canvas."""
        return self.plan.placement

    def fill(self, view: Array) -> None:
        """Write the tensor: a feed for `edgecnn.runtime.backend.Engine.infer`."""
        self._owner.writer.write(self.canvas, self.plan.target_xywh, view)

    def release(self) -> None:
        """Give the canvas back for the next picture; do not use this object afterwards."""
        self._owner.give_back(self.canvas)


class Preprocessor:
    """Prepares pictures for one input tensor; may be used by several threads at once.

    Canvases are lent and taken back, so that a steady stream of frames allocates none: one picture
    can be prepared while another one is in the engine.

    Args:
        spec: How a picture becomes the input.
        tensor: The input tensor.
    """

    def __init__(self, spec: InputSpec, tensor: TensorInfo) -> None:
        self._spec = spec
        self.writer = TensorWriter(spec, tensor)
        self._shape = (spec.height, spec.width) + ((3,) if spec.color != "gray" else ())
        self._canvases: deque[Pixels] = deque(maxlen=4)

    def plan(self, size_wh: tuple[int, int]) -> ResizePlan:
        """How pictures of a size are resized."""
        spec = self._spec
        return plan_resize(
            size_wh,
            (spec.width, spec.height),
            spec.resize,
            crop_fraction=spec.crop_fraction,
            interpolation=spec.interpolation,
        )

    def prepare(self, pixels: Any, color: Any) -> Prepared:
        """Check a picture and resize it.

        Args:
            pixels: uint8, (H, W, 3), or (H, W) for ``gray``.
            color: ``"bgr"``, ``"rgb"`` or ``"gray"``.

        Raises:
            ImageError: Not a picture in that colour order.
        """
        checked = check_pixels(pixels, color)
        target = self._spec.color
        if (color == "gray") != (target == "gray"):
            checked = convert_color(checked, color, target)
            color = target
        plan = self.plan((checked.shape[1], checked.shape[0]))
        try:
            canvas = self._canvases.pop()
        except IndexError:
            canvas = np.empty(self._shape, np.uint8)
        apply_resize(checked, plan, canvas)
        if color != target:
            # Three-channel orders differ by a swap, cheapest here, at the network's size.
            cv2.cvtColor(canvas, cv2.COLOR_BGR2RGB, dst=canvas)
        return Prepared(canvas, plan, self)

    def give_back(self, canvas: Pixels) -> None:
        """Take a canvas back for reuse."""
        self._canvases.append(canvas)


def input_tensor(
    pixels: Any,
    color: Any,
    spec: InputSpec,
    *,
    dtype: Any = np.float32,
    scale: float = 0.0,
    zero_point: int = 0,
) -> tuple[Array, Placement]:
    """One picture as a new input tensor: for calibration, training and parity tests.

    Args:
        pixels: uint8, (H, W, 3), or (H, W) for ``gray``.
        color: ``"bgr"``, ``"rgb"`` or ``"gray"``.
        spec: How a picture becomes the input.
        dtype: Type of the tensor.
        scale: Quantization of the tensor; 0 for real values.
        zero_point: Quantization zero point.

    Returns:
        The tensor, (1, h, w, C) or (1, C, h, w), and where the picture lies in it.

    Raises:
        ImageError: Not a picture in that colour order.
    """
    channels = len(spec.mean)
    nhwc = (1, spec.height, spec.width, channels)
    shape = nhwc if spec.layout == "nhwc" else (1, channels, spec.height, spec.width)
    tensor = np.empty(shape, dtype)
    info = TensorInfo("image", shape, tensor.dtype, scale, zero_point)
    prepared = Preprocessor(spec, info).prepare(pixels, color)
    prepared.fill(tensor)
    return tensor, prepared.placement
