from __future__ import annotations

import numpy as np
import pytest

from edgecnn.errors import OptionError
from edgecnn.faces.baselines import Eigenfaces, Fisherfaces
from edgecnn.faces.baselines.fisherfaces import discriminants


def points(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    classes = np.repeat(np.arange(4), 15)
    return rng.normal(size=(60, 6)) * (9, 5, 1, 1, 1, 0.3) + rng.normal(size=(4, 6))[
        classes
    ] * 2, classes


def test_directions_are_those_of_scikit_learn() -> None:
    analysis = pytest.importorskip("sklearn.discriminant_analysis")
    values, classes = points()
    ours = (values - values.mean(axis=0)) @ discriminants(values, classes).T
    theirs = analysis.LinearDiscriminantAnalysis(solver="svd").fit(values, classes)
    # It divides the spread within by the number of points, not by their freedom.
    expected = theirs.transform(values) * np.sqrt(56 / 60)
    assert ours.shape == expected.shape == (60, 3)
    signs = np.sign((ours * expected).sum(axis=0))
    np.testing.assert_allclose(ours, expected * signs, rtol=1e-6, atol=1e-8)


def test_spread_within_a_class_is_one_along_each_direction() -> None:
    values, classes = points(1)
    projected = values @ discriminants(values, classes).T
    means = np.stack([projected[classes == n].mean(axis=0) for n in range(4)])
    inside = projected - means[classes]
    np.testing.assert_allclose(inside.T @ inside / 56, np.eye(3), atol=1e-9)


def lit(people: int, each: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Crops whose light comes from a side, which differs far more than people do."""
    rng = np.random.default_rng(seed)
    side = np.linspace(-1, 1, 12)
    identities = np.repeat(np.arange(people), each)
    faces = rng.uniform(100, 130, (people, 12, 12))
    light = rng.uniform(-70, 70, (people * each, 1, 1)) * side
    crops = faces[identities] + light + rng.normal(0, 3, (people * each, 12, 12))
    return np.clip(crops, 0, 255).astype(np.uint8), identities


def test_light_from_a_side_confuses_eigenfaces_and_not_fisherfaces() -> None:
    crops, people = lit(20, 10, seed=0)
    unseen, others = lit(10, 4, seed=9)
    shares = []
    for method in (Eigenfaces.fit(crops, components=19), Fisherfaces.fit(crops, people)):
        vectors = method.embed(unseen)
        distances = method.distances(vectors, vectors)
        np.fill_diagonal(distances, np.inf)
        shares.append((others[distances.argmin(axis=1)] == others).mean())
    eigen, fisher = shares
    assert fisher > 0.9
    assert eigen < fisher - 0.2


def test_what_cannot_be_learnt_is_an_error() -> None:
    crops, people = lit(3, 2, seed=0)
    with pytest.raises(OptionError, match="1 people"):
        Fisherfaces.fit(crops, np.zeros(6, int))
    with pytest.raises(OptionError, match="second crop"):
        Fisherfaces.fit(crops, np.arange(6))
    with pytest.raises(OptionError, match="6 crops, but 5 people"):
        Fisherfaces.fit(crops, people[:5])
    with pytest.raises(OptionError, match="3 people give 2"):
        Fisherfaces.fit(crops, people, components=5)
    with pytest.raises(OptionError, match="nothing differs within"):
        Fisherfaces.fit(crops[[0, 0, 2, 2, 4, 4]], people)


def test_fewer_principal_components_may_be_asked_for() -> None:
    crops, people = lit(10, 4, seed=0)
    assert Fisherfaces.fit(crops, people).basis.shape == (9, 144)
    assert Fisherfaces.fit(crops, people, principal=5).basis.shape == (5, 144)
    assert Fisherfaces.fit(crops, people, components=2).basis.shape == (2, 144)
