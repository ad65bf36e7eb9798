"""Unstructured pruning: single weights become zero while a model trains.

The callbacks multiply kernels by masks after every step. There are no wrapper layers, so there is
nothing to strip afterwards: what `fit` leaves is the model itself, with zeros in its kernels.

What it is good for: a file that shrinks when it is compressed (80 % of zeros: about 2.8 times). It
is not faster: neither XNNPACK nor OpenVINO skips zeros in ordinary networks (measured 1.00-1.06
times at 70-90 % and at 2:4). For speed, remove channels with `edgecnn.training.prune.prune`.

Reference:
    Zhu and Gupta, "To prune, or not to prune: exploring the efficacy of pruning for model
    compression", ICLR workshop 2018 (schedule); Mishra et al., "Accelerating Sparse Deep Neural
    Networks", 2021 (N:M, there 2:4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from edgecnn.errors import OptionError
from edgecnn.training.prune.graph import Array
from edgecnn.training.quiet import to_numpy

Mask = npt.NDArray[np.bool_]

_DENSE_KERNELS = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "Dense", "SeparableConv2D")
"""Layers that are pruned. Depthwise kernels are small and lose much accuracy, so they stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolynomialSchedule:
    """Part of the weights that is zero at each training step: fast growth first, slow at the end.

    Attributes:
        final: At ``end_step`` and from there on, 0 to below 1.
        initial: At ``begin_step``, 0 to ``final``.
        begin_step, end_step: Training steps (batches), counted from 0.
        every: Masks are made anew every so many steps between the two.
        power: Of the polynomial; the paper has 3.
    """

    final: float
    end_step: int
    initial: float = 0.0
    begin_step: int = 0
    every: int = 100
    power: float = 3.0

    def __post_init__(self) -> None:
        if not 0 <= self.initial <= self.final < 1:
            raise OptionError(
                f"initial is {self.initial} and final is {self.final}; give "
                "0 <= initial <= final < 1."
            )
        if not 0 <= self.begin_step < self.end_step:
            raise OptionError(
                f"begin_step is {self.begin_step} and end_step is {self.end_step}; give "
                "0 <= begin_step < end_step."
            )
        if self.every < 1 or self.power <= 0:
            raise OptionError(
                f"every is {self.every} and power is {self.power}; both have to be positive."
            )

    def sparsity(self, step: int) -> float:
        """Part of the weights that is zero after a step, 0..1."""
        if step < self.begin_step:
            return 0.0
        done = min(1.0, (step - self.begin_step) / (self.end_step - self.begin_step))
        left: float = (1.0 - done) ** self.power
        return self.final + (self.initial - self.final) * left

    def renews(self, step: int) -> bool:
        """Whether masks are made anew after a step."""
        inside = self.begin_step <= step <= self.end_step
        return step == self.end_step or (inside and (step - self.begin_step) % self.every == 0)


def smallest_mask(kernel: Array, sparsity: float) -> Mask:
    """Which weights stay when the smallest go.

    Args:
        kernel: Any shape, float.
        sparsity: Part that goes, 0..1; the number is rounded to the nearest weight.

    Returns:
        Bool in the kernel's shape, True for what stays; exactly the rounded number is False.
    """
    count = round(sparsity * kernel.size)
    mask = np.ones(kernel.size, bool)
    mask[np.argsort(np.abs(kernel).reshape(-1), kind="stable")[:count]] = False
    return mask.reshape(kernel.shape)


def n_of_m_mask(kernel: Array, n: int, m: int) -> Mask:
    """Which weights stay when of m neighbours along the channels in only the n largest do.

    Args:
        kernel: (..., channels in, channels out), float; the channels in are a multiple of m.
        n: How many stay, at least 1.
        m: Of how many, more than n.

    Returns:
        Bool in the kernel's shape, True for what stays.

    Raises:
        OptionError: n and m are no such pair, or m does not divide the channels in.
    """
    _check_n_of_m(n, m)
    channels = kernel.shape[-2]
    if channels % m:
        raise OptionError(f"{channels} channels cannot be divided into groups of {m}.")
    rows = np.abs(np.moveaxis(kernel, -2, -1)).reshape(-1, m)
    mask = np.zeros(rows.shape, bool)
    np.put_along_axis(mask, np.argsort(-rows, axis=1, kind="stable")[:, :n], True, axis=1)
    turned = mask.reshape(*kernel.shape[:-2], kernel.shape[-1], channels)
    return np.moveaxis(turned, -1, -2)


def sparsity(model: Any) -> dict[str, float]:
    """Part of zeros in the kernel of each convolution and dense layer, by layer name, 0..1."""
    return {
        name: float(np.mean(to_numpy(kernel) == 0))
        for name, kernel in _kernels(model, frozenset()).items()
    }


class MaskedTraining(keras.callbacks.Callback):  # type: ignore[misc]
    """Keep chosen weights at zero while a model trains: what both kinds of pruning share.

    Args:
        exclude: Names of layers that are left alone.
    """

    def __init__(self, exclude: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.exclude = frozenset(exclude)
        self.masks: dict[str, Mask] = {}
        self.step = 0

    def renew(self, kernels: Mapping[str, Any]) -> None:
        """Make masks for the kernels as they are after `step` steps, if it is time to."""
        raise NotImplementedError

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Check the model, and make the first masks."""
        kernels = self._kernels()
        unknown = sorted(self.exclude - {layer.name for layer in _flat_layers(self.model)})
        if unknown:
            raise OptionError(f"exclude names layers that the model does not have: {unknown}.")
        if not kernels:
            raise OptionError("The model has no kernel to prune; exclude fewer layers.")
        self._apply(kernels)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Count the step, and set to zero what the optimizer has moved."""
        self.step += 1
        self._apply(self._kernels())

    def _kernels(self) -> dict[str, Any]:
        return _kernels(self.model, self.exclude)

    def _apply(self, kernels: dict[str, Any]) -> None:
        self.renew(kernels)
        for name, mask in self.masks.items():
            kernel = kernels[name]
            kernel.assign(kernel * keras.ops.cast(mask, kernel.dtype))


class MagnitudePruning(MaskedTraining):
    """Set the smallest weights of each kernel to zero, more and more of them, while training.

    The masks and the step count live in the callback: give the same one to a second `fit` to go on,
    and leave it out to train without masks, when zeros fill again.

    Args:
        schedule: How many weights are zero after which step.
        exclude: Names of layers that are left alone, for example the first and the last.

    Raises:
        OptionError: In `fit`, when an excluded name is unknown or nothing is left to prune.

    Example:
        ``model.fit(x, y, callbacks=[MagnitudePruning(PolynomialSchedule(final=0.8,
        end_step=1000))])``
    """

    def __init__(self, schedule: PolynomialSchedule, exclude: tuple[str, ...] = ()) -> None:
        super().__init__(exclude)
        self.schedule = schedule

    def renew(self, kernels: Mapping[str, Any]) -> None:
        """Mask the smallest weights of each kernel."""
        if self.schedule.renews(self.step):
            part = self.schedule.sparsity(self.step)
            self.masks = {
                name: smallest_mask(to_numpy(kernel), part) for name, kernel in kernels.items()
            }


class NMSparsity(MaskedTraining):
    """Of m neighbouring weights along the channels in keep the n largest, while training.

    The masks are made once, from the weights at the beginning: begin with a trained model.

    Args:
        n, m: 0 < n < m, for example 2 and 4.
        exclude: Names of layers that are left alone. Kernels whose channels in are no multiple of
            m, such as those of a first layer, are left alone in any case.

    Raises:
        OptionError: n and m are no such pair; in `fit`, when no kernel fits.
    """

    def __init__(self, n: int = 2, m: int = 4, exclude: tuple[str, ...] = ()) -> None:
        _check_n_of_m(n, m)
        super().__init__(exclude)
        self.n, self.m = n, m

    def renew(self, kernels: Mapping[str, Any]) -> None:
        """Mask all but n of m, at the beginning."""
        if self.masks:
            return
        self.masks = {
            name: n_of_m_mask(to_numpy(kernel), self.n, self.m)
            for name, kernel in kernels.items()
            if kernel.shape[-2] % self.m == 0
        }
        if not self.masks:
            raise OptionError(
                f"No kernel has channels in that are a multiple of {self.m}; choose another m."
            )


def _check_n_of_m(n: int, m: int) -> None:
    if not 0 < n < m:
        raise OptionError(f"n is {n} and m is {m}; give 0 < n < m, such as 2 and 4.")


def _flat_layers(model: Any) -> list[Any]:
    return list(model._flatten_layers(include_self=False))


def _kernels(model: Any, exclude: frozenset[str]) -> dict[str, Any]:
    """Kernel variables by the path of their layer's weight, nested models included."""
    kernels = {}
    for layer in _flat_layers(model):
        if type(layer).__name__ in _DENSE_KERNELS and layer.name not in exclude:
            separable = type(layer).__name__ == "SeparableConv2D"
            kernels[layer.name] = layer.pointwise_kernel if separable else layer.kernel
    return kernels
