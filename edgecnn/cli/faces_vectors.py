"""From files to vectors for a test of recognition, by whatever can embed a face."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

import edgecnn
from edgecnn.api import open_bundle
from edgecnn.cli.faces_options import load_faces
from edgecnn.core.image import convert_color, read_image
from edgecnn.core.results import Faces
from edgecnn.errors import OptionError, SourceError
from edgecnn.faces.baselines import ALIGNMENT, Baseline, LbpHistograms, crop_face, load_baseline
from edgecnn.faces.match import directions, distances
from edgecnn.tasks.faces import FacePipeline

Progress = Callable[[str, float], None]
Vector = NDArray[np.float32]
PATTERNS = "lbp"
"""Name of the one method that needs neither a bundle nor a file."""


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """Pictures as vectors.

    Attributes:
        name: Of what embedded them.
        vectors: (F, D) float32; zeros where there is no face.
        found: (F,) bool, whether a face was found (or none was looked for).
        unreadable: What is wrong with files that are no pictures.
        copies: Files whose bytes are those of an earlier one.
        rows: Distances of rows to each other.
        table: Distances of all to all.
    """

    name: str
    vectors: Vector
    found: NDArray[np.bool_]
    unreadable: tuple[str, ...]
    copies: int
    rows: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
    table: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]


def embed_files(
    files: Sequence[Path], model: str | None, *, aligned: bool, progress: Progress, **settings: Any
) -> Embedded:
    """Embed the face on each of many pictures; of several faces, the largest.

    Args:
        files: Pictures.
        model: Zoo name or path of an embedder's bundle; a ``.npz`` of a classical method, or
            ``lbp``; None for the zoo's face embedder.
        aligned: The pictures are crops as the embedder wants them: nothing is looked for.
        progress: Told how far it is.
        settings: Of the runtime; not for classical methods on aligned crops.

    Raises:
        OptionError: A bundle that does not embed, or no picture with a face.
    """
    with ExitStack() as stack:
        name, one, rows, table = _embedder(model, aligned, stack, settings)
        found, vectors, unreadable = np.zeros(len(files), np.bool_), [], []
        digests: set[bytes] = set()
        for number, file in enumerate(files):
            vector = None
            try:
                digests.add(hashlib.sha256(file.read_bytes()).digest())
                vector = one(file)
            except (SourceError, OSError) as error:
                unreadable.append(str(error))
                digests.add(str(file).encode())
            found[number] = vector is not None
            vectors.append(vector)
            progress("embedding faces", (number + 1) / len(files))
    known = [vector for vector in vectors if vector is not None]
    if not known:
        raise OptionError(
            f"No face was found on any of the {len(files)} pictures. If they are face crops "
            "already, say so with --aligned."
        )
    empty = np.zeros_like(known[0])
    filled = np.stack([empty if vector is None else vector for vector in vectors])
    copies = len(files) - len(digests)
    return Embedded(name, filled, found, tuple(unreadable), copies, rows, table)


def _embedder(model: str | None, aligned: bool, stack: ExitStack, settings: dict[str, Any]) -> Any:
    """Name, file -> vector or None, distances of rows, distances of all."""
    if model == PATTERNS or (model is not None and model.endswith(".npz")):
        method = LbpHistograms() if model == PATTERNS else load_baseline(str(model))
        name = method.kind if model == PATTERNS else f"{method.kind} ({Path(str(model)).name})"
        if aligned:
            return name, lambda file: _small(method, file), method.row_distances, method.distances
        find = stack.enter_context(edgecnn.load(FacePipeline.parts[0], **settings))
        cut = _cutter(method, find)
        return name, cut, method.row_distances, method.distances
    name = FacePipeline.parts[1] if model is None else str(model)
    manifest = open_bundle(name).manifest
    spec = manifest.embedding
    if spec is None:
        raise OptionError(
            f"{name} is for {manifest.task!r}; recognition takes a model that embeds."
        )
    metric = spec.metric

    def table(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        return distances(a, b, metric)

    def rows(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
        first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
        if metric == "cosine":
            return np.asarray(1.0 - (directions(first) * directions(second)).sum(axis=1))
        return np.asarray(np.linalg.norm(first - second, axis=1))

    if aligned or spec.alignment is None:
        embed = stack.enter_context(edgecnn.load(name, **settings))
        return manifest.name, lambda file: embed(file).vector, rows, table
    pipeline = stack.enter_context(load_faces(model, **settings))

    def face(file: Path) -> Vector | None:
        pixels = read_image(file)
        faces = pipeline.detector(pixels, "bgr")
        if not len(faces):
            return None
        points = faces.points_xy[_largest(faces)]
        return np.asarray(pipeline.embedder.embed_face(pixels, points, "bgr").vector)

    return manifest.name, face, rows, table


def _cutter(method: Baseline, find: Any) -> Callable[[Path], Vector | None]:
    """File -> vector, with the face cut out at the size that the method was made for."""
    width, height = method.size_wh
    scale = width / ALIGNMENT.width, height / ALIGNMENT.height
    template = tuple((x * scale[0], y * scale[1]) for x, y in ALIGNMENT.template_xy)
    alignment = msgspec.structs.replace(ALIGNMENT, width=width, height=height, template_xy=template)

    def cut(file: Path) -> Vector | None:
        pixels = read_image(file)
        faces = find(pixels, "bgr")
        if not len(faces):
            return None
        crop = crop_face(pixels, faces.points_xy[_largest(faces)], "bgr", alignment)
        return np.asarray(method.embed(crop[None])[0])

    return cut


def _small(method: Baseline, file: Path) -> Vector:
    """Vector of a file that is a crop already."""
    grey = convert_color(read_image(file), "bgr", "gray")
    if grey.shape[::-1] != method.size_wh:
        grey = np.asarray(cv2.resize(grey, method.size_wh, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(method.embed(grey[None])[0])


def _largest(faces: Faces) -> int:
    sides = faces.boxes_xyxy[:, 2:] - faces.boxes_xyxy[:, :2]
    return int(sides.prod(axis=1).argmax())
