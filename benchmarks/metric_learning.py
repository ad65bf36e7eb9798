"""Telling apart what was never seen: classical methods against metric learning, on many identities.

    python -m benchmarks.metric_learning                 # about 12 minutes of one core
    python -m benchmarks.metric_learning --smoke         # a minute: does it still run?

Written letters play people, typefaces their photographs (`edgecnn.data.characters`); no faces are
in it. Two tests: letters drawn at random from those whose others are learned, and all letters of
scripts of which none is learned. The settings of the nets are those of
``examples/characters_embed.toml``, found by holding back Latin letters. Runs are folders under
out/benchmarks/metric_learning; what has ended is read, what was interrupted goes on.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from numpy.typing import NDArray

import edgecnn
from benchmarks.timing import table
from converters.quiet import tensorflow
from edgecnn.core.image import read_image
from edgecnn.data import characters
from edgecnn.data.image_data import ImageData
from edgecnn.evaluation.bootstrap import Interval
from edgecnn.evaluation.identification import ask, enrol_first, judge_identification
from edgecnn.evaluation.pairs import ScoredPairs, compare_rows, index_pairs
from edgecnn.evaluation.verification_report import judge_pairs
from edgecnn.faces.baselines import Eigenfaces, Fisherfaces, LbpHistograms, crop_face
from edgecnn.training.batches import at_most
from edgecnn.training.metric import read_embed_config, train_embedder
from edgecnn.training.metric.config import change_embed
from edgecnn.training.metric.unseen import embed_pictures, part_classes
from edgecnn.training.run import load_model

ROOT = Path(__file__).parents[1]
FOLDER = Path("out") / "benchmarks" / "metric_learning"
CONFIG = ROOT / "examples" / "characters_embed.toml"
IMAGES = ROOT / "assets" / "images"
PORTRAITS = ("portrait_obama", "portrait_obama2", "portrait_biden", "portrait_hopper", "astronaut")
FARS = (0.01, 0.001)
IMPOSTORS = 300_000
REPLICATES = 300
Distances = Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Answer:
    """Vectors of the pictures to judge by, and how far they are apart.

    Attributes:
        vectors: (N, D).
        rows: (n, D), (n, D) -> (n,) distances.
        table: (A, D), (B, D) -> (A, B) distances.
    """

    vectors: NDArray[Any]
    rows: Distances
    table: Distances


def by_angle(vectors: NDArray[Any]) -> Answer:
    """Vectors that are compared by the cosine."""
    units = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return Answer(units, lambda a, b: 1.0 - (a * b).sum(axis=1), lambda a, b: 1.0 - a @ b.T)


def classical(seen: ImageData, judged: ImageData) -> dict[str, Answer]:
    """Name -> what it says of the pictures to judge by."""
    side = judged.images.shape[1]
    eigen = Eigenfaces.fit(seen.images)
    white = Eigenfaces.fit(seen.images, whiten=True, metric="cosine")
    fisher = Fisherfaces.fit(seen.images, seen.labels, principal=0.9)
    patterns = LbpHistograms((side, side), grid_wh=(4, 4), radius=1)
    answers = {"pixels, cosine": by_angle(judged.images.reshape(len(judged), -1).astype(float))}
    for name, method in (
        ("eigenfaces", eigen),
        ("eigenfaces, whitened, cosine", white),
        ("fisherfaces", fisher),
        ("LBP histograms, chi-square", patterns),
    ):
        answers[name] = Answer(method.embed(judged.images), method.row_distances, method.distances)
    return answers


def learned(
    test: str, data: ImageData, strange: tuple[str, ...], judged: ImageData, given: Any
) -> dict[str, Answer]:
    """The same by nets that were trained with each loss."""
    answers: dict[str, Answer] = {}
    for loss in ("triplet", "arcface"):
        metric: dict[str, Any] = {"loss": loss, "unseen": strange}
        if loss == "triplet":
            metric["margin"] = None
        config = change_embed(
            read_embed_config(CONFIG), {"metric": metric, "fit": {"epochs": given.epochs}}
        )
        folder = given.out / f"{test}_{loss}_{len(data)}_{given.epochs}"
        folder.parent.mkdir(parents=True, exist_ok=True)
        begun = (folder / "config.json").is_file()

        def told(done: str, share: float, kind: str = folder.name) -> None:
            print(f"\r{kind}: {done} {share:4.0%} ", end="", file=sys.stderr, flush=True)

        train_embedder(config, out=folder, data=data, resume=begun, progress=told)
        # The last, not the best: the best was chosen on the letters that are judged here.
        model = load_model(folder / "last.keras")
        name = f"net, {loss} ({model.count_params():,} weights)"
        answers[name] = by_angle(embed_pictures(model, judged.pixels))
    return answers


def judge(answer: Answer, judged: ImageData) -> list[str]:
    """Equal error rate, TAR at each of `FARS` and rank 1 in percent, each with its interval."""
    labels = judged.labels
    first, second = index_pairs(labels, max_impostors=IMPOSTORS)
    distances = compare_rows(answer.vectors, first, second, answer.rows)
    pairs = ScoredPairs(distances, labels[first], labels[second], judged.names)
    report = judge_pairs(pairs, FARS, replicates=REPLICATES)
    trials = ask(answer.vectors, labels, enrol_first(labels), answer.table)
    found = judge_identification(trials, (), ranks=(1,), replicates=REPLICATES)
    tars = {point.far: _share(point.tar, point.tar_interval) for point in report.points}
    return [
        _share(report.equal_error_rate, report.eer_interval),
        *(tars.get(far, "too few") for far in FARS),
        _share(*found.ranks[1]),
    ]


def strangers(title: str, data: ImageData, strange: tuple[str, ...], given: Any) -> None:
    """Print the table of a test."""
    seen, unseen = part_classes(data, strange, 0)
    judged = at_most(unseen, given.judge_on, 0)
    answers = classical(seen, judged)
    answers |= learned(title.split()[0], data, strange, judged, given)
    rows = [[name, *judge(answer, judged)] for name, answer in answers.items()]
    counts = np.bincount(judged.labels)
    genuine = int((counts * (counts - 1) // 2).sum())
    impostors = min(len(judged) * (len(judged) - 1) // 2 - genuine, IMPOSTORS)
    print(file=sys.stderr)
    print(
        f"\n{title}: {len(seen):,} pictures of {len(seen.names)} letters learned, {len(judged):,} "
        f"of {len(unseen.names)} others judged ({genuine:,} pairs of one letter, {impostors:,} of "
        f"two). Nets: {given.epochs} epochs. In %, with 95 % intervals over letters.\n"
    )
    print(table(["method", "EER", "TAR at FAR 1 %", "TAR at FAR 0.1 %", "rank 1"], rows))


def portraits() -> None:
    """Print how far five real portraits of four people are apart."""
    crops, vectors = [], []
    with edgecnn.load("faces", threads=1) as find:
        for name in PORTRAITS:
            faces = find(IMAGES / f"{name}.jpg")
            crops.append(crop_face(read_image(IMAGES / f"{name}.jpg"), faces.points_xy[0], "bgr"))
            vectors.append(faces.embeddings[0].vector)
    method = LbpHistograms()
    patterns = method.embed(np.stack(crops))
    first, second = np.triu_indices(len(PORTRAITS), 1)
    rows = []
    for name, distances in (
        ("face_embed_dlib", np.linalg.norm(np.stack(vectors)[first] - np.stack(vectors)[second],
                                           axis=1)),
        ("LBP histograms", method.row_distances(patterns[first], patterns[second])),
    ):  # fmt: skip
        closer = int((distances[1:] < distances[0]).sum())
        rows.append([name, f"{distances[0]:.2f}", f"{distances[1:].min():.2f}", f"{closer} of 9"])
    print("\nFive portraits of four people (1 pair of one man, 9 of two people):\n")
    header = ["method", "one man", "nearest two people", "pairs of two people closer than his"]
    print(table(header, rows))


def _share(value: float, interval: Interval | None) -> str:
    if interval is None:
        return f"{100 * value:.1f}"
    return f"{100 * value:.1f} ({100 * interval[0]:.1f} to {100 * interval[1]:.1f})"


def main(arguments: list[str] | None = None) -> int:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--epochs", type=int, default=read_embed_config(CONFIG).fit.epochs)
    parser.add_argument("--judge-on", type=int, default=1_700, help="pictures of strange letters")
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--smoke", action="store_true", help="a minute, on 59 letters")
    given = parser.parse_args(arguments)
    data = characters.load("all")
    if given.smoke:
        few = tuple(data.names[number] for number in range(0, len(data.names), 16))
        data, given.epochs, given.judge_on = part_classes(data, few, 0)[1], 1, 200
    tensorflow()
    latin = [name.startswith("LATIN") for name in data.names]
    scripts = tuple(name for name, one in zip(data.names, latin, strict=True) if not one)
    random = part_classes(data, 0.3, 0)[1].names
    strangers("letters drawn at random", data, random, given)
    strangers("scripts that were not learned", data, scripts, given)
    portraits()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
