"""The pretrained networks answer rightly about real photographs, on every variant and backend."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import edgecnn
from edgecnn.bundle import io
from edgecnn.core.results import Faces
from edgecnn.errors import OptionError
from edgecnn.runtime.policy import candidates
from edgecnn.zoo.catalogue import assets_path, find, names

IMAGES = assets_path() / "images"


def _ways(name: str) -> list[Any]:
    """(backend, precision) of a bundle that can run here."""
    manifest = io.load(find(name)).manifest
    pairs = {(backend, variant.precision) for variant, backend in candidates(manifest)}
    return [pytest.param(*pair, id="-".join(pair)) for pair in sorted(pairs)]


@pytest.mark.parametrize(("backend", "precision"), _ways("classify_efficientnet_lite0"))
@pytest.mark.parametrize(
    ("photo", "right"),
    [
        ("coffee", {"espresso"}),
        ("cat_chelsea", {"tiger cat", "Egyptian cat", "tabby", "tabby cat"}),
        ("rocket", {"missile", "projectile", "space shuttle"}),
    ],
)
def test_what_a_picture_shows(backend: str, precision: str, photo: str, right: set[str]) -> None:
    with edgecnn.load(
        "classify_efficientnet_lite0", backend=backend, precision=precision, threads=1
    ) as classify:
        answer = classify(IMAGES / f"{photo}.jpg")
    assert answer[0].label in right, answer.to_dict()


@pytest.mark.parametrize(("backend", "precision"), _ways("detect_nanodet"))
def test_a_person_is_found_where_he_stands(backend: str, precision: str) -> None:
    with edgecnn.load("detect_nanodet", backend=backend, precision=precision, threads=1) as detect:
        found = detect(IMAGES / "portrait_obama.jpg")
    person = found[0]
    assert person.label == "person"
    assert person.score > 0.5
    # He fills the picture (820 x 1024) from the hair down.
    assert person.box_xyxy[1] < 120
    assert person.box_xyxy[2] - person.box_xyxy[0] > 600


FACE_MODELS = ["face_detect_blazeface_full", "face_detect_blazeface_short"]


@pytest.mark.parametrize("name", FACE_MODELS)
@pytest.mark.parametrize("backend", ["litert", "openvino"])
def test_one_face_with_points_on_eyes_nose_and_mouth(name: str, backend: str) -> None:
    with edgecnn.load(name, backend=backend, threads=1) as detect:
        faces = detect(IMAGES / "portrait_obama.jpg")
    assert len(faces) == 1
    # Marked by hand in the photograph: right eye, left eye, nose tip, mouth centre.
    marked = np.array([[395, 193], [493, 197], [449, 252], [446, 297]])
    eyes = np.linalg.norm(marked[0] - marked[1])
    errors = np.linalg.norm(faces.points_xy[0, :4] - marked, axis=1)
    assert errors.max() < 0.15 * eyes


def test_no_face_where_there_is_none() -> None:
    # The short-range detector takes a dahlia for a face; its card says so.
    with edgecnn.load("face_detect_blazeface_full", threads=1) as detect:
        for photo in ("coffee", "flower", "temple_china"):
            assert len(detect(IMAGES / f"{photo}.jpg")) == 0


@pytest.mark.parametrize(("backend", "precision"), _ways("face_embed_dlib"))
def test_the_same_man_is_near_and_others_are_far(backend: str, precision: str) -> None:
    photos = ("portrait_obama", "portrait_obama2", "portrait_biden", "portrait_hopper", "astronaut")
    with (
        edgecnn.load("face_detect_blazeface_full", threads=1) as detect,
        edgecnn.load("face_embed_dlib", backend=backend, precision=precision, threads=1) as embed,
    ):
        embeddings = {}
        for photo in photos:
            points = detect(IMAGES / f"{photo}.jpg").points_xy[0]
            embeddings[photo] = embed.embed_face(IMAGES / f"{photo}.jpg", points)
        distance = embed.distance(embeddings["portrait_obama"], embeddings["portrait_obama2"])
        assert distance < 0.45
        for one, other in product(photos[:2], photos[2:]):
            assert embed.distance(embeddings[one], embeddings[other]) > 0.7


def test_faces_are_found_and_embedded_in_one_call() -> None:
    with edgecnn.load("faces", threads=1) as faces:
        answer = faces(IMAGES / "portrait_obama.jpg")
        assert isinstance(answer, Faces)
        assert len(answer) == 1
        apart = faces.embedder.embed_face(IMAGES / "portrait_obama.jpg", answer[0].points_xy)
        assert faces.embedder.distance(answer[0].embedding, apart) == 0.0
        assert answer.to_dict()["embeddings"][0]["space"] == apart.space
        assert len(faces(IMAGES / "coffee.jpg").to_dict()["embeddings"]) == 0
        assert faces.timing.infer_ms > 0


def test_embeddings_of_different_spaces_have_no_distance() -> None:
    with edgecnn.load("face_embed_dlib", threads=1) as embed:
        ours = embed(IMAGES / "portrait_obama.jpg")
        theirs = edgecnn.Embedding(ours.vector, "another-space", "euclidean")
        assert embed.distance(ours, ours) == 0.0
        with pytest.raises(OptionError, match="another-space"):
            embed.distance(ours, theirs)


def test_a_person_is_told_from_the_background() -> None:
    with edgecnn.load("segment_selfie", threads=1) as segment:
        answer = segment(IMAGES / "portrait_obama.jpg")
    mask = answer.mask(answer.labels[-1])
    assert mask.shape == (1024, 820)
    assert mask[300:900, 350:500].mean() > 0.95  # face, chest
    assert mask[:200, :150].mean() < 0.2  # flag and curtain


def test_everyday_things_are_found_on_a_desk() -> None:
    with edgecnn.load("detect_ssd_desk", threads=1) as detect:
        labels = {found.label for found in detect(IMAGES / "coffee.jpg")}
        assert labels & {"Cup", "Coffee cup", "Mug"}, labels


@pytest.mark.parametrize("name", names())
def test_every_bundle_says_what_it_is_and_answers_its_golden_pictures(name: str) -> None:
    from edgecnn.tasks.golden import check_golden

    bundle = io.load(find(name))
    bundle.verify()
    for file in ("CARD.md", "LICENSE"):
        assert len(bundle.read(file)) > 200
    checks = list(check_golden(bundle))
    assert checks
    assert [(c.variant.file, c.backend, c.problems) for c in checks if c.problems] == []
