"""Models that are none of the picture tasks: named arrays go in, named arrays come out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from edgecnn.bundle.io import Bundle
from edgecnn.core.results import Tensors
from edgecnn.errors import OptionError
from edgecnn.runtime.arrays import describe_input, stored_values
from edgecnn.runtime.backend import Array, TensorInfo
from edgecnn.runtime.decode.tensors import TensorsDecoder
from edgecnn.runtime.policy import Choice
from edgecnn.runtime.session import Inference
from edgecnn.tasks.base import LoadedModel, Pending, Timing
from edgecnn.tasks.options import TensorOptions


class TensorModel(LoadedModel[Tensors, TensorOptions]):
    """Runs a network on arrays of real values, whatever its file stores.

    Made by `edgecnn.load`. May be called from several threads; arguments and attributes as of
    `edgecnn.tasks.base.LoadedModel`.
    """

    options_type = TensorOptions

    def __init__(
        self, bundle: Bundle, choice: Choice, options: TensorOptions | None = None
    ) -> None:
        super().__init__(bundle, choice, options)
        self._inputs = dict(self._session.engine.inputs)

    @property
    def inputs(self) -> Mapping[str, TensorInfo]:
        """Inputs by name, as the file stores them; shapes hold for the real values as well."""
        return dict(self._inputs)

    def __call__(self, arrays: Mapping[str, Any] | None = None, /, **named: Any) -> Tensors:
        """Run once.

        Args:
            arrays: Input name -> array of real values, with the batch axis.
            named: The same as keyword arguments: ``model(image=..., mask=...)``.

        Returns:
            Real values of all outputs.

        Raises:
            OptionError: An input is missing, unknown, given twice, of another shape, or holds what
                the tensor cannot store.
            BackendError: The engine failed, or computed NaN.
        """
        start_s = time.perf_counter()
        feeds = self._feeds(arrays, named, copy=False)
        pre_ms = (time.perf_counter() - start_s) * 1e3
        return self._finish(self._session.infer(feeds), start_s, pre_ms)[0]

    def submit(self, arrays: Mapping[str, Any] | None = None, /, **named: Any) -> Pending[Tensors]:
        """Start a run on the engine's own thread; the arrays may be changed after this call."""
        start_s = time.perf_counter()
        feeds = self._feeds(arrays, named, copy=True)
        pre_ms = (time.perf_counter() - start_s) * 1e3

        def finish(inference: Inference) -> tuple[Tensors, Timing]:
            return self._finish(inference, start_s, pre_ms)

        return Pending(self._session.submit(feeds), finish)

    def _finish(
        self, inference: Inference, start_s: float, pre_ms: float
    ) -> tuple[Tensors, Timing]:
        def decode() -> Tensors:
            return self.decode(inference)

        return self._timed(inference, decode, start_s, pre_ms)

    def decode(self, inference: Inference) -> Tensors:
        """From raw outputs to real values."""
        # The bundle was checked: this task has this decoder and no other.
        return cast("TensorsDecoder", self._decoder)(inference.outputs)

    def _feeds(
        self, arrays: Mapping[str, Any] | None, named: Mapping[str, Any], *, copy: bool
    ) -> dict[str, Array]:
        given = self._given(arrays, named)
        missing = [name for name in self._inputs if name not in given]
        unknown = [str(name) for name in given if name not in self._inputs]
        if missing or unknown:
            wrong = [f"missing: {', '.join(missing)}"] * bool(missing)
            wrong += [f"unknown: {', '.join(unknown)}"] * bool(unknown)
            raise OptionError(f"{self._takes()} Inputs {'; '.join(wrong)}.")
        return {
            name: stored_values(given[name], info, copy=copy) for name, info in self._inputs.items()
        }

    def _given(self, arrays: Mapping[str, Any] | None, named: Mapping[str, Any]) -> dict[str, Any]:
        if arrays is None:
            return dict(named)
        if not isinstance(arrays, Mapping):
            what = (
                "an array without a name"
                if isinstance(arrays, np.ndarray)
                else (f"a {type(arrays).__name__}")
            )
            raise OptionError(
                f"{self._takes()} Got {what}, and no picture will do. From Python: "
                "model(name=array, ...) or model({'name': array})."
            )
        twice = sorted(set(arrays) & set(named))
        if twice:
            raise OptionError(f"{self.bundle.manifest.name}: inputs given twice: {twice}.")
        return {**arrays, **named}

    def _takes(self) -> str:
        inputs = ", ".join(describe_input(info) for info in self._inputs.values())
        return f"{self.bundle.manifest.name} takes arrays by name: {inputs}."
