"""People made of random numbers: each a point, each photograph of them a point nearby."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgecnn.bundle.schema import EmbeddingSpec, Manifest
from edgecnn.core.results import Embedding
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.impostors import ImpostorTable
from edgecnn.faces.outcomes import NewFace
from edgecnn.faces.unlocking import Passphrase
from tests.helpers.decoding import manifest

SPACE = "dlib-resnet-v1"
DIMENSION = 128
SECRET = Passphrase("correct horse battery", 10)
OTHER_SECRET = Passphrase("another staple here", 10)
PHOTO = bytes(range(256)) * 8
"""Stands for a JPEG; galleries do not look into it."""


def embedder(space: str = SPACE, metric: str = "euclidean", dimension: int = DIMENSION) -> Manifest:
    spec = EmbeddingSpec(space=space, dimension=dimension, metric=metric)
    return manifest("embedding", {}, embedding=spec)


def vectors_of(person: int, count: int = 1, *, spread: float = 0.02) -> np.ndarray:
    """(count, D): photographs of a person some 0.3 apart; two people are some 1.4 apart."""
    centre = np.random.default_rng(1000 + person).normal(0, 1 / np.sqrt(DIMENSION), DIMENSION)
    noise = np.random.default_rng(person).normal(0, spread, (count, DIMENSION))
    return (centre + noise).astype(np.float32)


def embeddings_of(person: int, count: int = 1, space: str = SPACE) -> list[Embedding]:
    return [Embedding(vector, space, "euclidean") for vector in vectors_of(person, count)]


def faces_of(person: int, count: int = 1, photo: bytes | None = None) -> list[NewFace]:
    return [NewFace(item, {"sharpness": 0.1}, photo) for item in embeddings_of(person, count)]


def probe(person: int) -> Embedding:
    """A photograph that was not enrolled."""
    return embeddings_of(person, 9)[8]


def make_gallery(folder: Path, *names: str, table: ImpostorTable | None = None) -> Gallery:
    """A gallery where person number i has the i-th name and two templates."""
    gallery = Gallery.create(folder / "gallery.faces", SECRET, embedder(), table)
    for number, name in enumerate(names):
        gallery.enrol(name, faces_of(number, 2))
    return gallery


def make_table_of(distances: np.ndarray, identities: int) -> ImpostorTable:
    return ImpostorTable(
        space=SPACE,
        photographs="Photographs of a test",
        licence="CC0-1.0",
        source="made by a test",
        identities=identities,
        images=identities,
        distances=tuple(np.sort(distances).tolist()),
    )
