"""Outputs as they are: real values by name, for models that are none of the picture tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from edgecnn.bundle.schema import Manifest
from edgecnn.core.placement import Placement
from edgecnn.core.results import Tensors
from edgecnn.errors import BundleError
from edgecnn.runtime.decode import parameters_of
from edgecnn.runtime.decode.outputs import refuse_nan
from edgecnn.runtime.output import Output


class _Parameters(msgspec.Struct, forbid_unknown_fields=True):
    """There are none."""


class TensorsDecoder:
    """Dequantizes the outputs that a bundle lists, in its order.

    Args:
        manifest: Its first variant names the outputs; all variants have the same.
    """

    def __init__(self, manifest: Manifest) -> None:
        parameters_of(manifest, _Parameters)
        self._bundle = manifest.name
        self._names = tuple(spec.name for spec in manifest.variants[0].outputs)

    def __call__(
        self, outputs: Mapping[str, Output], placement: Placement | None = None, **options: Any
    ) -> Tensors:
        """Real values of all outputs.

        Args:
            outputs: By name, as stored, with the batch axis.
            placement: Of a picture; there is none.
            options: None.

        Raises:
            BundleError: The model lacks an output that the bundle lists.
            BackendError: An output holds NaN.
        """
        arrays = {}
        for name in self._names:
            if name not in outputs:
                raise BundleError(
                    f"Bundle {self._bundle!r} lists the output {name!r}, but the model gives "
                    f"{', '.join(outputs) or 'nothing'}."
                )
            refuse_nan(outputs[name].data, name, bundle=self._bundle)
            arrays[name] = outputs[name].real()
        return Tensors(arrays)
