"""Proof: does a converted file still answer as the float network that it came from?

Every variant on every backend that it is meant for answers about the same views of real
photographs as the reference, through the whole runtime (preprocessing, engine, decoder), so that
what is proven is what a device does. The figures go into `Variant.agreement` and into the card;
the least that is accepted is named by the recipe, and a variant below it is not shipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from edgecnn.bundle.io import Bundle
from edgecnn.bundle.schema import Golden
from edgecnn.core.results import Segmentation, Tensors
from edgecnn.errors import ParityError
from edgecnn.evaluation.agreement import (
    compare,
    cosine_distance,
    failures,
    relative_difference,
)
from edgecnn.evaluation.matching import match_boxes
from edgecnn.registry import TASKS
from edgecnn.runtime.policy import Choice, candidates
from edgecnn.tasks.base import Task
from edgecnn.tasks.options import DetectOptions

AnyTask = Task[Any, Any]
Pictures = Iterable[Any]
"""BGR arrays, or whatever `ask` takes."""
Key = tuple[str, str]
"""File of a variant, and name of a backend."""

CONFIDENT = 0.3
"""Below this score the reference itself has no firm opinion, so that rounding decides."""
TIE = 0.02
"""With a lead no larger than this it has none either: a net of two or three classes is always above
`CONFIDENT`, also where it wavers between two of them."""
THRESHOLD_BAND = 0.05
"""A detection this far below the threshold still counts as found in ``boxes_found``: which side of
the threshold a score of 0.35 falls on is decided by rounding, not by what the network saw."""
CLOSE = 0.05
"""Embeddings closer than this count as the same, in the embedding's own metric."""
CLEAR_ABOVE = 0.1
KEPT_VALUES = 65_536
"""Values of an output of the task ``tensors`` that are kept of each input, about."""
LARGEST_RELATIVE = 1e6
"""Stands for any difference as large, and for one from nothing but zeros."""


def ask_bgr(task: AnyTask, picture: Any) -> Any:
    """Call a task with an array in BGR order, or with arrays by name (task ``tensors``)."""
    if isinstance(picture, Mapping):
        return task(picture)
    return task(picture, color="bgr")


def measure_parity(
    bundle: Bundle,
    pictures: Pictures,
    *,
    ask: Callable[[AnyTask, Any], Any] = ask_bgr,
) -> dict[Key, dict[str, float]]:
    """Agreement of every variant, on every backend that runs here, with the first variant.

    Args:
        bundle: From `converters.bundles.pack.assemble`; its first variant, on its first backend,
            is the reference.
        pictures: Looked at once, one after the other.
        ask: How a task is called with one of them.

    Returns:
        (file, backend) -> figures; the reference on its own backend is left out. The figures are
        those of `summarize`.

    Raises:
        ParityError: There were no pictures, so nothing was proven.
    """
    first = bundle.manifest.variants[0]
    reference_key = (first.file, first.backends[0])
    ways = {
        (variant.file, backend): Choice(variant, backend, 1, "f32", "proof")
        for variant, backend in candidates(bundle.manifest)
    }
    expected: list[Any] = []
    answers: dict[Key, list[Any]] = {key: [] for key in ways if key != reference_key}
    with ExitStack() as stack:
        tasks: dict[Key, AnyTask] = {
            key: stack.enter_context(TASKS[bundle.manifest.task](bundle, choice))
            for key, choice in ways.items()
        }
        threshold = lower_threshold(bundle, tasks.values())
        for picture in pictures:
            expected.append(kept(ask(tasks[reference_key], picture)))
            for key, collected in answers.items():
                collected.append(kept(ask(tasks[key], picture)))
    if not expected:
        raise ParityError("No pictures were given, so nothing is proven. Pass real photographs.")
    task = bundle.manifest.task
    return {
        key: summarize(task, expected, collected, threshold=threshold)
        for key, collected in answers.items()
    }


def lower_threshold(bundle: Bundle, tasks: Iterable[AnyTask]) -> float:
    """Let detectors also answer what lies just below their threshold, as `summarize` needs it.

    Returns:
        The threshold; 0 for other tasks.
    """
    if bundle.manifest.task != "detect":
        return 0.0
    threshold = float(bundle.manifest.decoder.parameters["score_threshold"])
    for task in tasks:
        task.options = DetectOptions(score_threshold=max(threshold - THRESHOLD_BAND, 0.0))
    return threshold


def check_golden(
    bundle: Bundle,
    golden: Sequence[Golden],
    pictures: Mapping[str, Any],
    *,
    ask: Callable[[AnyTask, Any], Any] = ask_bgr,
) -> None:
    """Make sure that ``edgecnn verify`` will pass on a bundle before it is written.

    Args:
        bundle: Its variants are asked, on every backend that runs here.
        golden: Expected answers with their limits.
        pictures: `Golden.image` -> what ``ask`` takes.
        ask: How a task is called with one of them.

    Raises:
        ParityError: Lists every limit that a variant does not keep.
    """
    lines = []
    for variant, backend in candidates(bundle.manifest):
        choice = Choice(variant, backend, 1, "f32", "proof")
        with TASKS[bundle.manifest.task](bundle, choice) as task:
            for one in golden:
                answer = ask(task, pictures[one.image]).to_dict()
                figures = compare(bundle.manifest.task, one.expected, answer)
                limits = one.tolerance.get(variant.precision, {})
                lines += [
                    f"{variant.file} on {backend}, {one.image}: {line}"
                    for line in failures(figures, limits)
                ]
    if lines:
        raise ParityError(
            "Golden answers differ by more than is allowed: " + "; ".join(lines) + ". Choose "
            "pictures with a clear answer, or mend the variant."
        )


def kept(result: Any) -> Any:
    """The part of a result that `summarize` needs; masks and arrays are the only large ones."""
    if isinstance(result, Segmentation):
        return result.probabilities >= 0.5
    if isinstance(result, Tensors):
        return {name: _thinned(array) for name, array in result.items()}
    return result.to_dict()


def _thinned(array: Any) -> Any:
    """At most about `KEPT_VALUES` values of an output, flat; the odd step meets every channel."""
    return array.ravel()[:: (-(-array.size // KEPT_VALUES) | 1)].copy()


def summarize(
    task: str, expected: list[Any], actual: list[Any], *, threshold: float = 0.0
) -> dict[str, float]:
    """Agreement over many pictures, in shares from 0 to 1 unless a name says otherwise.

    - ``classify``: ``top1_agreement`` over all pictures, ``top1_agreement_confident`` over the
      ``pictures_confident`` on which the reference is above `CONFIDENT` and leads by more than
      `TIE`, ``score_error_median``.
    - ``detect``: a partner is an object of the same class with an IoU of at least 0.5.
      ``boxes_found`` is the share of the reference's objects above the threshold that have a
      partner above the threshold less `THRESHOLD_BAND`; ``boxes_matched`` counts only partners
      above the threshold itself, ``boxes_matched_clear`` only objects that the reference scores
      0.1 above it. ``boxes_extra`` is the number of objects above the threshold without a partner
      above it, over the number that the reference found, ``boxes``.
    - ``detect_faces``: ``faces_matched``, ``count_agreement`` (pictures with as many faces),
      ``points_percent_p95`` (95th percentile of a picture's largest point error in percent of the
      distance between the eyes), ``faces``.
    - ``embed``: ``distance_median``, ``distance_p95``, ``within_0.05``.
    - ``segment``: ``mask_iou`` (mean over pictures and classes that either answer shows).
    - ``tensors``: ``cosine`` (all inputs taken as one vector) and ``relative_max`` (largest
      difference of a value over the largest expected value), both of the worst output.

    Args:
        task: Name of a task.
        expected: `to_dict()` of the reference's results; for ``segment`` masks (C, h, w) bool, for
            ``tensors`` arrays by output, as `kept` gives them.
        actual: The same of the variant.
        threshold: For ``detect``: the score that counts; both hold answers down to
            `THRESHOLD_BAND` below it.

    Returns:
        The figures, and ``pictures``.
    """
    if task == "detect":
        figures = _detect(expected, actual, threshold)
    else:
        figures = _SUMMARIES[task](expected, actual)
    return {"pictures": float(len(expected)), **{k: round(v, 5) for k, v in figures.items()}}


def require_agreement(
    parity: Mapping[Key, Mapping[str, float]], least: Mapping[str, float]
) -> None:
    """Refuse variants that disagree.

    Args:
        parity: From `measure_parity`.
        least: Figure -> the least that is accepted, for every file and backend.

    Raises:
        ParityError: Lists every figure that is too low.
    """
    low = [
        f"{file} on {backend}: {name} is {figures.get(name, 0.0):.4f}, at least {bound} is needed"
        for (file, backend), figures in parity.items()
        for name, bound in least.items()
        if not figures.get(name, 0.0) >= bound
    ]
    if low:
        raise ParityError(
            "Not shipped: " + "; ".join(low) + ". Calibrate on pictures more like those it will "
            "see, or keep the layers that lose most in float."
        )


def _classify(expected: list[Any], actual: list[Any]) -> dict[str, float]:
    same = np.array([e["class_ids"][:1] == a["class_ids"][:1] for e, a in _pairs(expected, actual)])
    sure = np.array([_is_sure(e["scores"]) for e in expected])
    errors = [compare("classify", e, a)["score"] for e, a in _pairs(expected, actual)]
    return {
        "top1_agreement": float(same.mean()),
        "top1_agreement_confident": float(same[sure].mean()) if sure.any() else 0.0,
        "pictures_confident": float(sure.sum()),
        "score_error_median": float(np.median(errors)),
    }


def _is_sure(scores: Sequence[float]) -> bool:
    """Whether the first answer is one, and not a tie; scores fall."""
    return scores[0] > CONFIDENT and (len(scores) < 2 or scores[0] - scores[1] > TIE)


def _detect(expected: list[Any], actual: list[Any], threshold: float) -> dict[str, float]:
    boxes = found = matched = clear = matched_clear = extra = 0
    for e, a in _pairs(expected, actual):
        scores_e, scores_a = np.asarray(e["scores"], float), np.asarray(a["scores"], float)
        shown = np.flatnonzero(scores_e >= threshold)
        sure = scores_e >= threshold + CLEAR_ABOVE
        loose = _partners(e, a, shown, np.arange(len(scores_a)))
        strict = _partners(e, a, shown, np.flatnonzero(scores_a >= threshold))
        boxes += len(shown)
        found += len(loose)
        matched += len(strict)
        clear += int(sure.sum())
        matched_clear += int(sure[strict].sum())
        extra += int((scores_a >= threshold).sum()) - len(strict)
    return {
        "boxes": float(boxes),
        "boxes_found": _share(found, boxes),
        "boxes_matched": _share(matched, boxes),
        "boxes_extra": extra / max(boxes, 1),
        "boxes_matched_clear": _share(matched_clear, clear),
    }


def _partners(e: Any, a: Any, of_e: Any, of_a: Any) -> Any:
    """Which of some objects of one answer have a partner among some of the other: indices."""
    pairs = match_boxes(
        np.asarray(e["boxes_xyxy"], float).reshape(-1, 4)[of_e],
        np.asarray(a["boxes_xyxy"], float).reshape(-1, 4)[of_a],
        np.asarray(e["class_ids"], np.int64)[of_e],
        np.asarray(a["class_ids"], np.int64)[of_a],
    )
    return of_e[pairs[:, 0]]


def _detect_faces(expected: list[Any], actual: list[Any]) -> dict[str, float]:
    figures = [compare("detect_faces", e, a) for e, a in _pairs(expected, actual)]
    faces = [len(e["scores"]) for e in expected]
    missed = sum(f["missed"] * n for f, n in zip(figures, faces, strict=True))
    points = [f["points_percent"] for f, n in zip(figures, faces, strict=True) if n]
    return {
        "faces": float(sum(faces)),
        "faces_matched": _share(sum(faces) - missed, sum(faces)),
        "count_agreement": float(np.mean([f["count"] == 0 for f in figures])),
        "points_percent_p95": float(np.percentile(points, 95)) if points else float("inf"),
    }


def _embed(expected: list[Any], actual: list[Any]) -> dict[str, float]:
    distances = [compare("embed", e, a)["distance"] for e, a in _pairs(expected, actual)]
    return {
        "distance_median": float(np.median(distances)),
        "distance_p95": float(np.percentile(distances, 95)),
        "within_0.05": float(np.mean([distance <= CLOSE for distance in distances])),
    }


def _segment(expected: list[Any], actual: list[Any]) -> dict[str, float]:
    shares = []
    for e, a in _pairs(expected, actual):
        union = np.sum(e | a, axis=(1, 2))
        shared = np.sum(e & a, axis=(1, 2))
        shares += [s / u for s, u in zip(shared, union, strict=True) if u]
    return {"mask_iou": float(np.mean(shares)) if shares else 0.0}


def _tensors(expected: list[Any], actual: list[Any]) -> dict[str, float]:
    distances, differences = [], []
    for name in expected[0]:
        one = np.concatenate([answer[name].ravel() for answer in expected])
        other = np.concatenate([answer[name].ravel() for answer in actual])
        distances.append(cosine_distance(one, other))
        differences.append(relative_difference(one, other))
    # Infinite where a whole output is zeros on one side only; a report holds finite figures.
    return {
        "cosine": 1.0 - min(float(np.max(distances)), 2.0),
        "relative_max": min(float(np.max(differences)), LARGEST_RELATIVE),
    }


def _pairs(expected: list[Any], actual: list[Any]) -> Iterable[tuple[Any, Any]]:
    return zip(expected, actual, strict=True)


def _share(part: float, whole: float) -> float:
    """0 of nothing: what was never seen is not proven."""
    return part / whole if whole else 0.0


_SUMMARIES: dict[str, Callable[[list[Any], list[Any]], dict[str, float]]] = {
    "classify": _classify,
    "detect_faces": _detect_faces,
    "embed": _embed,
    "segment": _segment,
    "tensors": _tensors,
}
