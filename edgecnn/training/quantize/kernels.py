"""Convolutions and dense layers whose weights and biases are rounded as in the integer network."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np
from numpy.typing import NDArray

from edgecnn.training.quantize import rounding
from edgecnn.training.quantize.activations import range_step
from edgecnn.training.quantize.arrays import to_numpy
from edgecnn.training.quantize.config import Bits, WeightSteps

_register = keras.saving.register_keras_serializable(package="edgecnn")


@dataclass(frozen=True, slots=True, eq=False)
class IntegerKernel:
    """Weights as the integer network holds them.

    Attributes:
        levels: int8, shape of the kernel; -7..7 with 4 bits.
        step: float32, shape of the kernel with the axes that share a step reduced to 1.
        bias: (channels,) float32, a multiple of its step; None without one.
    """

    levels: NDArray[np.int8]
    step: NDArray[np.float32]
    bias: NDArray[np.float32] | None


class QuantizedKernel:
    """What the layers of this module add to Keras's own: see there for Args of the convolution.

    Args:
        weight_bits: 8 or 4.
        weight_steps: ``max``: the largest weight gives the step; ``learned``: it is trained.
        damped_steps: Training steps over which weights are drawn to their level, see
            `edgecnn.training.quantize.rounding.damping`; None: they are not.

    Input shape:
        As Keras's layer, and the (2,) range that an `ActivationQuantizer` gave the input.

    Output shape:
        As Keras's layer.
    """

    shared_axes: ClassVar[tuple[int, ...]]
    """Axes of the kernel that share a step."""
    # Of Keras's layer, which comes beside this class.
    kernel: Any
    bias: Any
    use_bias: bool
    add_weight: Any
    add_loss: Any

    def __init__(
        self,
        *args: Any,
        weight_bits: Bits = 8,
        weight_steps: WeightSteps = "max",
        damped_steps: int | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(*args, **settings)
        self.weight_bits, self.weight_steps = weight_bits, weight_steps
        self.damped_steps = damped_steps

    def build(self, inputs_shape: Any, input_range_shape: Any) -> None:
        """Make the weights, the steps if they are learned, and what counts the training."""
        super().build(inputs_shape)  # type: ignore[misc]
        self.built = True
        if self.damped_steps is not None:
            self.trained = self.add_weight(
                shape=(), initializer="zeros", trainable=False, name="trained", dtype="float32"
            )
        if self.weight_steps != "learned":
            return
        shape = tuple(
            1 if axis in self.shared_axes else size for axis, size in enumerate(self.kernel.shape)
        )
        self.first_step = self.add_weight(
            shape=shape, initializer="ones", trainable=False, name="first_step", dtype="float32"
        )
        self.growth = self.add_weight(
            shape=shape, initializer="zeros", name="growth", dtype="float32"
        )
        shared = math.prod(self.kernel.shape[axis] for axis in self.shared_axes)
        largest = rounding.largest_level(self.weight_bits)
        self._gradient_scale = 1.0 / math.sqrt(shared * largest)

    def start_steps(self) -> None:
        """Give learned steps the values with the least error for the weights of now."""
        if self.weight_steps == "learned":
            weights = to_numpy(self.kernel)
            self.first_step.assign(rounding.best_steps(weights, self.shared_axes, self.weight_bits))
            self.growth.assign(np.zeros(self.growth.shape, np.float32))

    def for_call(self, input_range: Any, training: bool | None) -> tuple[Any, Any]:
        """Rounded kernel and bias; in training, weights are drawn to their levels if asked for."""
        kernel, bias, step = self.rounded(input_range)
        if training and self.damped_steps is not None:
            loss = rounding.damping(
                keras.ops.convert_to_tensor(self.kernel),
                step,
                rounding.largest_level(self.weight_bits),
                self.trained / float(self.damped_steps),
            )
            self.add_loss(loss)
            self.trained.assign(self.trained + 1.0)
        return kernel, bias

    def rounded(self, input_range: Any) -> tuple[Any, Any, Any]:
        """Kernel and bias as the integer network has them, as floats, and the kernel's step."""
        ops = keras.ops
        kernel = ops.convert_to_tensor(self.kernel)
        largest = rounding.largest_level(self.weight_bits)
        input_step = ops.stop_gradient(range_step(input_range))
        if self.weight_steps == "learned":
            growth = rounding.scale_gradient(self.growth + 0.0, self._gradient_scale)
            step = self.first_step * ops.exp(growth)
        else:
            peak = ops.max(ops.abs(kernel), axis=self.shared_axes, keepdims=True)
            step = ops.stop_gradient(peak) / largest
        floor: Any = rounding.SMALLEST_STEP
        bias = ops.convert_to_tensor(self.bias) if self.use_bias else None
        if bias is not None:
            floor = self._of_channels(rounding.smallest_weight_step(bias, input_step), step)
        step = ops.maximum(step, ops.stop_gradient(floor))
        rounded = rounding.fake_quantize_symmetric(kernel, step, largest)
        if bias is not None:
            steps = ops.stop_gradient(ops.reshape(step, (-1,)))
            bias = rounding.fake_quantize_bias(bias, steps, input_step)
        return rounded, bias, step

    @staticmethod
    def _of_channels(floor: Any, step: Any) -> Any:
        """A least step for each output channel, in the shape of the steps."""
        if math.prod(step.shape) == 1:
            return keras.ops.reshape(keras.ops.max(floor), step.shape)
        return keras.ops.reshape(floor, step.shape)

    def integers(self, input_range: Any) -> IntegerKernel:
        """Weights for a file.

        Args:
            input_range: (2,), that of the input.
        """
        rounded, bias, step = self.rounded(keras.ops.convert_to_tensor(input_range))
        weights, steps = to_numpy(rounded), to_numpy(step)
        levels = np.rint(weights / steps).astype(np.int8)
        return IntegerKernel(levels, steps, None if bias is None else to_numpy(bias))

    def save_own_variables(self, store: Any) -> None:
        """All of them; Keras's own method for these layers knows of kernel and bias alone."""
        keras.layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store: Any) -> None:
        """All of them."""
        keras.layers.Layer.load_own_variables(self, store)

    def compute_output_shape(self, inputs_shape: Any, input_range_shape: Any = None) -> Any:
        """That of Keras's layer, which asks for it itself while it is built."""
        return super().compute_output_shape(inputs_shape)  # type: ignore[misc]

    def get_config(self) -> dict[str, Any]:
        """What makes this layer again."""
        own = {
            "weight_bits": self.weight_bits,
            "weight_steps": self.weight_steps,
            "damped_steps": self.damped_steps,
        }
        return {**super().get_config(), **own}  # type: ignore[misc]


@_register
class QuantizedConv2D(QuantizedKernel, keras.layers.Conv2D):  # type: ignore[misc]
    """`keras.layers.Conv2D` with rounded weights, a step for each output channel."""

    shared_axes = (0, 1, 2)

    def call(self, inputs: Any, input_range: Any, training: bool | None = None) -> Any:
        """Convolve."""
        kernel, bias = self.for_call(input_range, training)
        return _with_bias(self.convolution_op(inputs, kernel), bias)


@_register
class QuantizedDepthwiseConv2D(QuantizedKernel, keras.layers.DepthwiseConv2D):  # type: ignore[misc]
    """`keras.layers.DepthwiseConv2D` with rounded weights, a step for each output channel."""

    shared_axes = (0, 1)

    def call(self, inputs: Any, input_range: Any, training: bool | None = None) -> Any:
        """Convolve."""
        kernel, bias = self.for_call(input_range, training)
        result = keras.ops.depthwise_conv(
            inputs,
            kernel,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
        return _with_bias(result, bias)


@_register
class QuantizedDense(QuantizedKernel, keras.layers.Dense):  # type: ignore[misc]
    """`keras.layers.Dense` with rounded weights, all of one step."""

    shared_axes = (0, 1)

    def call(self, inputs: Any, input_range: Any, training: bool | None = None) -> Any:
        """Multiply."""
        kernel, bias = self.for_call(input_range, training)
        return _with_bias(keras.ops.matmul(inputs, kernel), bias)


def _with_bias(x: Any, bias: Any) -> Any:
    return x if bias is None else x + bias
