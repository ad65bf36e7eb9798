from __future__ import annotations

import numpy as np
import pytest

from edgecnn.bundle.schema import EmbeddingSpec
from edgecnn.errors import BackendError, BundleError
from edgecnn.runtime.decode.embedding import EmbeddingDecoder
from edgecnn.runtime.output import Output
from tests.helpers.decoding import LETTERBOX_HD, manifest, real, stored

SPEC = EmbeddingSpec(space="faces-v1", dimension=12, metric="cosine")


def decoder() -> EmbeddingDecoder:
    return EmbeddingDecoder(manifest("embedding", {}, embedding=SPEC))


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_vector_is_what_the_network_gave(dtype: str) -> None:
    output = stored(np.random.default_rng(0).normal(0, 1, (1, 12)), dtype)
    found = decoder()({"embedding": output}, LETTERBOX_HD)
    np.testing.assert_allclose(found.vector, real(output)[0], rtol=1e-6)
    assert (found.space, found.metric) == ("faces-v1", "cosine")


def test_vector_survives_the_engine_reusing_its_memory() -> None:
    output = Output(np.ones((1, 12), np.float32))
    found = decoder()({"embedding": output}, LETTERBOX_HD)
    output.data[:] = 5
    assert found.vector.max() == 1


def test_another_length_is_refused() -> None:
    with pytest.raises(BundleError, match=r"'embedding' of shape \(1, 12\).*\(1, 13\)"):
        decoder()({"embedding": Output(np.ones((1, 13), np.float32))}, LETTERBOX_HD)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused(value: float) -> None:
    data = np.ones((1, 12), np.float32)
    data[0, 3] = value
    with pytest.raises(BackendError, match="NaN or infinity"):
        decoder()({"embedding": Output(data)}, LETTERBOX_HD)


def test_a_bundle_that_names_no_space_is_refused() -> None:
    with pytest.raises(BundleError, match="space, dimension and metric"):
        EmbeddingDecoder(manifest("embedding", {}))
