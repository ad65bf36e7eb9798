from __future__ import annotations

import numpy as np
import pytest

from edgecnn.errors import OptionError
from edgecnn.faces.baselines import Eigenfaces

CROPS = np.random.default_rng(0).integers(0, 256, (30, 6, 5)).astype(np.uint8)


@pytest.mark.parametrize("whiten", [False, True])
def test_components_are_those_of_scikit_learn(whiten: bool) -> None:
    decomposition = pytest.importorskip("sklearn.decomposition")
    ours = Eigenfaces.fit(CROPS, components=7, whiten=whiten).embed(CROPS)
    pca = decomposition.PCA(7, whiten=whiten, svd_solver="full")
    theirs = pca.fit_transform(CROPS.reshape(30, -1).astype(np.float64))
    signs = np.sign((ours * theirs).sum(axis=0))
    np.testing.assert_allclose(ours, theirs * signs, rtol=1e-3, atol=1e-3)


def test_a_share_of_the_variance_decides_how_many() -> None:
    whole = Eigenfaces.fit(CROPS, components=1.0)
    assert len(whole.spread) == 29  # thirty crops have twenty-nine differences
    some = Eigenfaces.fit(CROPS, components=0.5)
    shares = np.cumsum(whole.spread**2) / np.sum(whole.spread**2)
    count = len(some.spread)
    assert shares[count - 1] >= 0.5 > shares[count - 2]


@pytest.mark.parametrize("whiten", [False, True])
def test_all_components_rebuild_what_was_learnt(whiten: bool) -> None:
    method = Eigenfaces.fit(CROPS, components=1.0, whiten=whiten)
    np.testing.assert_array_equal(method.rebuild(method.embed(CROPS)), CROPS)


def test_what_cannot_be_learnt_is_an_error() -> None:
    with pytest.raises(OptionError, match="at least 2 grey crops"):
        Eigenfaces.fit(CROPS[:1])
    with pytest.raises(OptionError, match="All crops are the same"):
        Eigenfaces.fit(np.full((5, 4, 4), 7, np.uint8))
    with pytest.raises(OptionError, match="99 components"):
        Eigenfaces.fit(CROPS, components=99)
    with pytest.raises(OptionError, match=r"0\.\.1"):
        Eigenfaces.fit(CROPS, components=1.5)
    with pytest.raises(OptionError, match="metric"):
        Eigenfaces.fit(CROPS, metric="taxi")  # type: ignore[arg-type]


def test_learning_leaves_its_crops_alone() -> None:
    before = CROPS.copy()
    Eigenfaces.fit(CROPS).embed(CROPS)
    np.testing.assert_array_equal(CROPS, before)
