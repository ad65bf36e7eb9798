"""Decoders: from the raw outputs of a network to a result, as numpy functions of named outputs.

A decoder is a class of `edgecnn.registry.DECODERS` that follows `Decoder`. It is built once from a
bundle's manifest (anchors and grids are made there) and called for each picture.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

import msgspec

from edgecnn.bundle.schema import Manifest
from edgecnn.core.placement import Placement
from edgecnn.core.results import Result
from edgecnn.errors import BundleError
from edgecnn.runtime.output import Output

_CONVERTING = threading.Lock()

ParametersT = TypeVar("ParametersT", bound=msgspec.Struct)


class Decoder(Protocol):
    """What every decoder does.

    ``options`` are the task's options that concern decoding, all keyword-only (``top_k``;
    ``score_threshold``, ``iou_threshold``, ``max_results``); None means the bundle's own value.
    """

    def __init__(self, manifest: Manifest) -> None: ...

    def __call__(
        self, outputs: Mapping[str, Output], placement: Placement, **options: Any
    ) -> Result:
        """Decode one run.

        Args:
            outputs: By name, as stored.
            placement: Where the picture lies in the input.
            options: See above.

        Raises:
            BundleError: An output is missing or has another shape than the parameters say.
        """


def parameters_of(manifest: Manifest, schema: type[ParametersT]) -> ParametersT:
    """The parameters in a bundle's decoder, checked against the decoder's own schema.

    Raises:
        BundleError: A parameter is missing, unknown or of the wrong type.
    """
    try:
        # Two threads that use a schema for the first time at once crash the interpreter.
        with _CONVERTING:
            return msgspec.convert(manifest.decoder.parameters, schema)
    except msgspec.ValidationError as error:
        known = ", ".join(field.name for field in msgspec.structs.fields(schema))
        raise BundleError(
            f"Bundle {manifest.name!r}: decoder {manifest.decoder.name!r} has parameters that it "
            f"does not understand: {error}. Known parameters: {known}."
        ) from error
