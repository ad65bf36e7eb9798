"""What the three methods have in common; a new one is tested by being in the table."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgecnn.core.image import read_image
from edgecnn.errors import BundleError, OptionError
from edgecnn.evaluation.pairs import compare_rows, index_pairs
from edgecnn.evaluation.verification import roc
from edgecnn.faces.baselines import (
    Baseline,
    Eigenfaces,
    Fisherfaces,
    LbpHistograms,
    crop_face,
    load_baseline,
)
from edgecnn.faces.baselines.base import KINDS
from edgecnn.faces.match import Matcher
from edgecnn.tasks.faces import FacePipeline

SIDE = 24


def crops_of(people: int, each: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """People are smooth random pictures; crops of one differ by noise and a shift of light."""
    rng = np.random.default_rng(seed)
    faces = [
        cv2.GaussianBlur(rng.uniform(0, 255, (SIDE, SIDE)).astype(np.float32), (0, 0), 2) * 3 - 250
        for _ in range(people)
    ]
    crops = [
        faces[n // each] + rng.normal(0, 4, (SIDE, SIDE)) + rng.uniform(-15, 15)
        for n in range(people * each)
    ]
    return np.clip(crops, 0, 255).astype(np.uint8), np.repeat(np.arange(people), each)


def fitted(kind: str) -> Baseline:
    crops, people = crops_of(40, 4)
    if kind == "eigenfaces":
        return Eigenfaces.fit(crops, whiten=True, metric="cosine")
    if kind == "fisherfaces":
        return Fisherfaces.fit(crops, people)
    return LbpHistograms((SIDE, SIDE), grid_wh=(3, 4), radius=1)


@pytest.mark.parametrize("kind", KINDS)
def test_unseen_people_are_told_apart(kind: str) -> None:
    method = fitted(kind)
    crops, people = crops_of(8, 4, seed=99)
    vectors = method.embed(crops)
    first, second = index_pairs(people)
    distances = compare_rows(vectors, first, second, method.row_distances)
    same = people[first] == people[second]
    assert roc(distances[same], distances[~same]).equal_error_rate < 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_table_and_rows_of_distances_agree(kind: str) -> None:
    method = fitted(kind)
    vectors = method.embed(crops_of(3, 2, seed=5)[0])
    table = method.distances(vectors, vectors[::-1])
    np.testing.assert_allclose(
        np.diagonal(table), method.row_distances(vectors, vectors[::-1]), atol=2e-6
    )
    assert (np.diagonal(method.distances(vectors, vectors)) < 1e-3).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_method_answers_the_same(kind: str, tmp_path: Path) -> None:
    method = fitted(kind)
    crops = crops_of(2, 2, seed=7)[0]
    file = method.save(tmp_path / "method.npz")
    again = load_baseline(file)
    assert type(again) is type(method)
    assert again.space == method.space
    np.testing.assert_array_equal(again.embed(crops), method.embed(crops))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["method.npz"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_gallery_matches_its_vectors(kind: str) -> None:
    method = fitted(kind)
    crops, _ = crops_of(6, 3, seed=42)
    vectors = method.embed(crops)
    matcher = Matcher(vectors[np.arange(18) % 3 > 0], [2] * 6, method.metric)
    found = matcher.nearest(vectors[::3])
    assert [nearest.person for nearest in found] == list(range(6))
    one = method.embedding(crops[0])
    assert one.space == method.space
    assert one.space.startswith(kind)
    np.testing.assert_allclose(one.vector, vectors[0], rtol=1e-4, atol=1e-4)


def test_another_fit_is_another_space() -> None:
    crops, people = crops_of(12, 4)
    other = crops_of(12, 4, seed=1)[0]
    assert Eigenfaces.fit(crops).space == Eigenfaces.fit(crops).space
    assert Eigenfaces.fit(crops).space != Eigenfaces.fit(other).space
    assert Eigenfaces.fit(crops).space != Eigenfaces.fit(crops, whiten=True).space
    assert Fisherfaces.fit(crops, people).space != Fisherfaces.fit(crops, people % 6).space


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "crops",
    [
        np.zeros((2, SIDE, SIDE - 1), np.uint8),
        np.zeros((SIDE, SIDE), np.uint8),
        np.zeros((2, SIDE, SIDE), np.float32),
    ],
)
def test_other_crops_are_refused(kind: str, crops: np.ndarray) -> None:
    with pytest.raises(OptionError, match="crop_face cuts them"):
        fitted(kind).embed(crops)


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_refused(kind: str, tmp_path: Path) -> None:
    file = fitted(kind).save(tmp_path / "method.npz")
    whole = file.read_bytes()
    for length in (0, 3, len(whole) // 2, len(whole) - 4):
        file.write_bytes(whole[:length])
        with pytest.raises(BundleError):
            load_baseline(file)
    with pytest.raises(BundleError, match="Cannot read"):
        load_baseline(tmp_path / "none.npz")


def test_a_file_with_pickled_objects_is_not_opened(tmp_path: Path) -> None:
    file = tmp_path / "evil.npz"
    np.savez(file, head=np.array([{"kind": "lbp"}], object))
    with pytest.raises(BundleError, match="no saved classical"):
        load_baseline(file)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (b'"kind":"lbp"', b'"kind":"xyz"'),
        (b'"radius":1', b'"radius":99'),
        (b'"format":1', b'"format":7'),
        (b'"size_wh":[24,24]', b'"size_wh":[9999999,9999999]'),
    ],
)
def test_altered_heads_are_refused(changed: bytes, said: bytes, tmp_path: Path) -> None:
    file = fitted("lbp").save(tmp_path / "method.npz")
    with np.load(file) as stored:
        head = stored["head"].tobytes()
    assert changed in head
    np.savez(file, head=np.frombuffer(head.replace(changed, said), np.uint8))
    assert zipfile.is_zipfile(file)
    with pytest.raises(BundleError):
        load_baseline(file)


def test_real_faces_are_cropped_upright(find_faces: FacePipeline, portrait: Path) -> None:
    pixels = read_image(portrait)
    faces = find_faces(portrait)
    crop = crop_face(pixels, faces.points_xy[0], "bgr")
    assert crop.shape == (64, 64)
    rgb = crop_face(np.ascontiguousarray(pixels[..., ::-1]), faces.points_xy[0], "rgb")
    np.testing.assert_array_equal(crop, rgb)
    # Eyes are darker than the cheeks below them, on both sides.
    assert crop[17:23, 13:23].mean() < crop[30:38, 13:23].mean()
    assert crop[17:23, 41:51].mean() < crop[30:38, 41:51].mean()


def test_real_portraits_show_what_neural_nets_are_for(find_faces: FacePipeline) -> None:
    """Two portraits of one man in different light: only the net finds them closest."""
    images = Path(__file__).parents[3] / "assets" / "images"
    names = ("portrait_obama", "portrait_obama2", "portrait_biden", "portrait_hopper", "astronaut")
    crops, embeddings = [], []
    for name in names:
        pixels, faces = read_image(images / f"{name}.jpg"), find_faces(images / f"{name}.jpg")
        crops.append(crop_face(pixels, faces.points_xy[0], "bgr"))
        assert faces.embeddings is not None
        embeddings.append(faces.embeddings[0])
    pairs = list(zip(*np.triu_indices(5, 1), strict=True))
    net = [embeddings[a].distance(embeddings[b]) for a, b in pairs]
    assert int(np.argmin(net)) == 0
    assert np.sort(net)[1] - net[0] > 0.1
    method = LbpHistograms()
    vectors = method.embed(np.stack(crops))
    patterns = [float(method.distances(vectors, vectors)[a, b]) for a, b in pairs]
    assert int(np.argmin(patterns)) != 0
    assert patterns[0] < np.median(patterns)
