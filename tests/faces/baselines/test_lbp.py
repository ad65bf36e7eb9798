from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgecnn.errors import OptionError
from edgecnn.faces.baselines import LbpHistograms
from edgecnn.faces.baselines.lbp import BINS, patterns

PHOTO = cv2.imread(
    str(Path(__file__).parents[3] / "assets" / "images" / "portrait_hopper.jpg"),
    cv2.IMREAD_GRAYSCALE,
)


@pytest.mark.parametrize("radius", [1, 2, 3])
def test_patterns_are_those_of_scikit_image(radius: int) -> None:
    feature = pytest.importorskip("skimage.feature")
    theirs = feature.local_binary_pattern(PHOTO, 8, radius, "nri_uniform")
    theirs = theirs[radius:-radius, radius:-radius].astype(int)
    ours = patterns(PHOTO[None], radius)[0]
    # Both number uniform patterns in their own order: what counts is that they go together.
    pairs, counts = np.unique(np.stack([ours.ravel(), theirs.ravel()]), axis=1, return_counts=True)
    table = np.zeros((BINS, BINS), int)
    table[pairs[0], pairs[1]] = counts
    # Rounding decides where a neighbour is exactly as bright as its middle.
    assert table.max(axis=1).sum() > 0.97 * ours.size
    assert len(set(table.argmax(axis=1))) == BINS


def test_a_flat_picture_an_edge_and_a_spot_by_hand() -> None:
    flat = patterns(np.full((1, 5, 5), 90, np.uint8), 1)
    assert len(np.unique(flat)) == 1
    spot = np.zeros((1, 3, 3), np.uint8)
    spot[0, 1, 1] = 200
    # All neighbours darker is pattern 00000000, the first uniform one.
    assert patterns(spot, 1).tolist() == [[[0]]]
    board = (np.indices((7, 7)).sum(axis=0) % 2 * 255).astype(np.uint8)[None]
    # At radius 2 of a chess board all four straight neighbours are equal, all four others between:
    # eight changes for a dark middle or none, never an edge.
    assert set(np.unique(patterns(board, 2))) <= {BINS - 2, BINS - 1}


def test_brightness_and_contrast_change_little() -> None:
    method = LbpHistograms((64, 64))
    face = cv2.resize(PHOTO, (64, 64), interpolation=cv2.INTER_AREA)
    relit = np.clip(face * 0.7 + 40, 0, 255).astype(np.uint8)
    other = face[::-1].copy()
    vectors = method.embed(np.stack([face, relit, other]))
    near, far = method.distances(vectors[:1], vectors[1:])[0]
    assert near < 0.4 * far


def test_vectors_are_roots_of_histograms() -> None:
    method = LbpHistograms((20, 16), grid_wh=(3, 2), radius=1)
    crops = np.random.default_rng(0).integers(0, 256, (70, 16, 20)).astype(np.uint8)
    vectors = method.embed(crops)
    assert vectors.shape == (70, 6 * BINS)
    histograms = vectors.reshape(70, 6, BINS) ** 2
    np.testing.assert_allclose(histograms.sum(axis=2), 1 / 6, rtol=1e-5)
    # A cell counts its own pixels and no others.
    codes = patterns(crops[:1], 1)[0]
    assert codes.shape == (14, 18)
    first = np.bincount(codes[:7, :6].ravel(), minlength=BINS) / 42 / 6
    np.testing.assert_allclose(histograms[0, 0], first, atol=1e-6)


def test_chi_square_by_hand_and_between_hellinger_bounds() -> None:
    method = LbpHistograms((20, 16), grid_wh=(1, 1))
    a, b = np.sqrt([[0.5, 0.5, 0.0]]), np.sqrt([[0.25, 0.5, 0.25]])
    assert method.distances(a, b)[0, 0] == pytest.approx(0.0625 / 0.75 + 0.0625 / 0.25)
    rng = np.random.default_rng(1)
    p, q = np.sqrt(rng.dirichlet(np.ones(59), (2, 100)))
    chi = method.row_distances(p, q)
    hellinger = np.square(p - q).sum(axis=1)
    assert (hellinger <= chi + 1e-12).all()
    assert (chi <= 2 * hellinger + 1e-12).all()
    apart = method.row_distances(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))
    assert apart == pytest.approx([2.0])


@pytest.mark.parametrize(
    "options",
    [{"grid_wh": (9, 2)}, {"grid_wh": (0, 1)}, {"radius": 0}, {"radius": 6}],
)
def test_cells_without_pixels_are_an_error(options: dict[str, object]) -> None:
    with pytest.raises(OptionError, match="cannot be cut"):
        LbpHistograms((12, 12), **options)  # type: ignore[arg-type]
