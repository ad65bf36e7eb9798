"""A picture as a vector."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from edgecnn.bundle.schema import Manifest, Strict
from edgecnn.core.placement import Placement
from edgecnn.core.results import Embedding
from edgecnn.errors import BackendError, BundleError
from edgecnn.runtime.decode import parameters_of
from edgecnn.runtime.decode.outputs import named_output
from edgecnn.runtime.output import Output


class EmbeddingParameters(Strict, frozen=True, kw_only=True):
    """Parameters of `EmbeddingDecoder`: none. Space, length and metric are the bundle's own."""


class EmbeddingDecoder:
    """Decodes ``embedding`` of shape (1, dimension), as the network gave it.

    Args:
        manifest: A bundle with `edgecnn.bundle.schema.EmbeddingSpec`.

    Raises:
        BundleError: The bundle does not say what the embedding may be compared with.
    """

    def __init__(self, manifest: Manifest) -> None:
        parameters_of(manifest, EmbeddingParameters)
        if manifest.embedding is None:
            raise BundleError(
                f"Bundle {manifest.name!r}: the decoder 'embedding' needs the field 'embedding' in "
                "bundle.json (space, dimension and metric), but there is none."
            )
        self._spec = manifest.embedding
        self._bundle = manifest.name

    def __call__(self, outputs: Mapping[str, Output], placement: Placement) -> Embedding:
        """The vector of a picture.

        Raises:
            BundleError: The output is missing or of another length.
            BackendError: The vector holds NaN or infinity.
        """
        shape = (1, self._spec.dimension)
        output = named_output(outputs, "embedding", shape, bundle=self._bundle)
        vector = np.array(output.real(output.data[0]), np.float32)
        if not math.isfinite(float(np.abs(vector).max())):
            raise BackendError(
                f"Bundle {self._bundle!r}: the output 'embedding' {output.data.shape} holds NaN or "
                "infinity. The engine's arithmetic failed: try another backend or precision, and "
                "'edgecnn verify'."
            )
        return Embedding(vector, self._spec.space, self._spec.metric)
