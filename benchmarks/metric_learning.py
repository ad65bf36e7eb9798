"""Telling apart what was never seen: classical methods against metric learning, on small pictures.

    python -m benchmarks.metric_learning                 # the long comparison, some hours
    python -m benchmarks.metric_learning --smoke         # a minute, for CI: does it still run?

Clothes (Fashion-MNIST) and digits play people here: seven classes are learned, three are strangers.
No faces are in it, and three strangers are few: each row is the mean over several choices of which
classes are strange, with the range. Runs are folders under out/benchmarks/metric_learning; what
has ended is read, what was interrupted goes on.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from numpy.typing import NDArray

import edgecnn
from benchmarks.timing import table
from converters.quiet import tensorflow
from edgecnn.core.image import read_image
from edgecnn.data.image_data import ImageData
from edgecnn.evaluation.pairs import compare_rows, index_pairs
from edgecnn.evaluation.verification import roc
from edgecnn.faces.baselines import Eigenfaces, Fisherfaces, LbpHistograms, crop_face
from edgecnn.registry import DATASETS
from edgecnn.training.batches import at_most
from edgecnn.training.metric import make_embed_config, train_embedder
from edgecnn.training.metric.unseen import embed_pictures, part_classes
from edgecnn.training.run import load_model

FOLDER = Path("out") / "benchmarks" / "metric_learning"
IMAGES = Path(__file__).parents[1] / "assets" / "images"
PORTRAITS = ("portrait_obama", "portrait_obama2", "portrait_biden", "portrait_hopper", "astronaut")
UNSEEN = 0.3
FITTED_ON = 4_000
"""Pictures that principal components are taken from, at most."""
Rows = Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
Answer = tuple[NDArray[Any], Rows]


def cosine_rows(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """(n,) cosine distances of rows."""
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray(1.0 - (a * b).sum(axis=1) / np.maximum(norms, 1e-12))


def classical(seen: ImageData, judged: ImageData) -> dict[str, Answer]:
    """Name -> vectors of the pictures to judge by, and their distance."""
    fit = at_most(seen, FITTED_ON, 0)
    side = judged.images.shape[1]
    cells = (4, 4) if side >= 16 else (2, 2)
    eigen = Eigenfaces.fit(fit.images)
    white = Eigenfaces.fit(fit.images, whiten=True, metric="cosine")
    fisher = Fisherfaces.fit(fit.images, fit.labels, principal=0.9)
    patterns = LbpHistograms((side, side), grid_wh=cells, radius=1)
    pixels = judged.images.reshape(len(judged), -1).astype(np.float32)
    return {
        "pixels, cosine": (pixels, cosine_rows),
        "eigenfaces": (eigen.embed(judged.images), eigen.row_distances),
        "eigenfaces, whitened, cosine": (white.embed(judged.images), white.row_distances),
        "fisherfaces": (fisher.embed(judged.images), fisher.row_distances),
        "LBP histograms, chi-square": (patterns.embed(judged.images), patterns.row_distances),
    }


def learned(
    name: str, data: ImageData, judged: ImageData, split: int, given: argparse.Namespace
) -> dict[str, Answer]:
    """The same by nets that were trained with each loss."""
    answers: dict[str, Answer] = {}
    for loss in ("triplet", "arcface"):
        config = make_embed_config(
            {
                "net": {"name": "separable_resnet", "width": given.width},
                "data": {"name": name, "limit": given.limit},
                "optimizer": {"name": "adamw", "learning_rate": 3e-3, "weight_decay": 0.02},
                "schedule": {"name": "cosine", "warmup_epochs": 0.5},
                "fit": {"epochs": given.epochs, "seed": split},
                "metric": {"loss": loss, "unseen": UNSEEN, "scale": 16.0},
            }
        )
        kind = f"{name}_{loss}_{split}_{given.limit}_{given.epochs}_{given.width}"
        folder = given.out / kind
        folder.parent.mkdir(parents=True, exist_ok=True)
        begun = (folder / "config.json").is_file()

        def told(done: str, share: float, kind: str = kind) -> None:
            print(f"\r{kind}: {done} {share:4.0%} ", end="", file=sys.stderr, flush=True)

        train_embedder(config, out=folder, data=data, resume=begun, progress=told)
        # The last, not the best: the best was chosen on the classes that are judged here.
        model = load_model(folder / "last.keras")
        answers[f"net, {loss} ({model.count_params():,} weights)"] = (
            embed_pictures(model, judged.pixels), cosine_rows,
        )  # fmt: skip
    return answers


def judge(answer: Answer, labels: NDArray[np.int64]) -> tuple[float, float, float]:
    """Equal error rate, and TAR at a FAR of 0.1 and 0.01, in percent."""
    first, second = index_pairs(labels)
    distances = compare_rows(answer[0], first, second, answer[1])
    same = labels[first] == labels[second]
    rates = roc(distances[same], distances[~same])
    tars = [100 * rates.tar_at_far(far)[0] for far in (0.1, 0.01)]
    return 100 * rates.equal_error_rate, tars[0], tars[1]


def strangers(name: str, given: argparse.Namespace) -> None:
    """Print the table of a data set."""
    data: ImageData = DATASETS[name]("train")
    found: dict[str, list[tuple[float, float, float]]] = {}
    held: list[str] = []
    pictures = 0
    for split in range(given.splits):
        limited = at_most(data, given.limit, split)
        seen, unseen = part_classes(limited, UNSEEN, split)
        judged = at_most(unseen, given.judge_on, split)
        held.append(", ".join(unseen.names))
        pictures = len(judged)
        answers = classical(seen, judged) | learned(name, data, judged, split, given)
        for method, answer in answers.items():
            found.setdefault(method, []).append(judge(answer, judged.labels))
    print(file=sys.stderr)
    pairs = pictures * (pictures - 1) // 2
    print(
        f"\n{name}: {given.limit:,} pictures, 3 of 10 classes strange, {pictures} pictures of "
        f"them, {pairs:,} pairs, but 3 pairs of classes. Strange were: {'; '.join(held)}. Nets: "
        f"{given.epochs} epochs. In %, mean (lowest to highest) over {given.splits} choices.\n"
    )
    rows = [
        [method, *(_spread([one[n] for one in values]) for n in range(3))]
        for method, values in found.items()
    ]
    print(table(["method", "EER", "TAR at FAR 10 %", "TAR at FAR 1 %"], rows))


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


def _spread(values: list[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.1f}"
    return f"{np.mean(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def main(arguments: list[str] | None = None) -> int:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", nargs="+", default=["fashion_mnist"], choices=list(DATASETS))
    parser.add_argument("--limit", type=int, default=20_000, help="pictures of all classes")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--splits", type=int, default=3, help="choices of strange classes")
    parser.add_argument("--width", type=float, default=0.5, help="of separable_resnet")
    parser.add_argument("--judge-on", type=int, default=1_000, help="pictures of strange classes")
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--smoke", action="store_true", help="a minute on digits")
    given = parser.parse_args(arguments)
    if given.smoke:
        given.data, given.limit, given.epochs, given.splits = ["digits"], 600, 1, 1
        given.width, given.judge_on = 0.25, 200
    tensorflow()
    for name in given.data:
        strangers(name, given)
    portraits()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
