"""What every kind of source network can do, whatever it was written in.

A source answers (that is the reference of all proof) and gives itself in the two float forms from
which everything else is made: a float32 ``.tflite`` and a float32 ``openvino.Model``. Tensors go by
name, and every shape is static: a dynamic batch was made 1.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgecnn.bundle.schema import Precision
from edgecnn.closing import Closing

Array = NDArray[Any]
Tensors = dict[str, Array]
"""Name of an input or output -> array with the batch axis."""
Feeds = Callable[[], Iterable[Mapping[str, Array]]]
"""Gives a fresh pass over inputs: each item feeds one inference."""
Target = Literal["tflite", "openvino"]
QUANTIZED: frozenset[Precision] = frozenset({"int8", "int4w"})
"""What cannot be undone: a source in one of these has no float forms."""


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a source.

    Attributes:
        name: As in the signature of the files that are made of it.
        shape: Static, with the batch axis, axes as the source has them.
        dtype: numpy type of the real values; float32 for pictures.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class Source(Closing):
    """A trained network, opened for conversion. Close it: it may hold temporary folders.

    Attributes:
        kind: ``keras``, ``savedmodel``, ``tfjs``, ``tflite``, ``openvino`` or ``onnx``.
        title: For messages: name of the model, or of its file.
        inputs: In the model's order.
        outputs: In the model's order.
        parameters: Number of weights; None where the format does not tell.
        precision: Of the source itself. ``int8`` and ``int4w`` files can only be packed as they
            are: their one pivot gives the file itself.
        simulates: Whether it computes what integers will, so that its own answers, and not those of
            a float file, are what its files are held against.
        probabilities: Whether its first output is made of probabilities; None: not known.
        note: What readers of the report should know of how it was trained.
    """

    kind: str
    title: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    parameters: int | None = None
    precision: Precision = "float32"
    simulates: bool = False
    probabilities: bool | None = None
    note: str = ""

    @abstractmethod
    def answer(self, feeds: Mapping[str, Array]) -> Tensors:
        """Run the source itself on one batch: the reference that proof compares with."""

    @abstractmethod
    def tflite(self) -> bytes:
        """As float32 ``.tflite`` with a signature that names its tensors like `inputs`, `outputs`.

        Raises:
            ConversionError: There is no way, or operators without a counterpart; says which.
        """

    @abstractmethod
    def openvino(self) -> Any:
        """As a float32 ``openvino.Model`` whose tensors are named like `inputs` and `outputs`.

        A fresh one at each call: callers may change it.

        Raises:
            ConversionError: OpenVINO cannot read it; says why.
        """

    def refuses(self, target: Target) -> str | None:
        """Why no file for a target can be made of this source; None when it can."""
        del target
        return None

    def lacks(self, precision: Precision) -> str | None:
        """Why there is no file of a precision, without a full stop; None where there is."""
        if self.precision not in QUANTIZED or precision == self.precision:
            return None
        return (
            f"{self.title} is {self.precision} already: what was rounded away cannot be had back; "
            "convert the network that it was made from"
        )
