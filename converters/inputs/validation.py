"""Validation sets: pictures with the truth about them, and the task's metric on them.

Every variant answers through the whole runtime, preprocessing and decoder included, so that the
metric is what a device will reach.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.inputs.input_set import MAX_ITEMS, iterate
from converters.inputs.judges import Judge, make_judge
from converters.inputs.picture_files import class_folders, pictures_below
from converters.inputs.picture_set import PictureSet, from_files
from converters.inputs.pictures import open_pictures
from converters.inputs.validation_truth import (
    check_boxes,
    check_identities,
    check_masks,
    check_pairs,
    mask_files,
    read_coco,
)
from edgecnn.bundle.schema import InputSpec
from edgecnn.errors import OptionError
from edgecnn.evaluation.detection import TrueBoxes
from edgecnn.evaluation.report import MetricReport
from edgecnn.registry import DATASETS
from edgecnn.tasks.base import Task

_STEPS = 100
"""Times that progress is told."""


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """How well a variant did.

    Attributes:
        report: The metric with its parts.
        answers: What was kept of each answer: (up to 5,) class ids, boxes, a confusion matrix of
            pixels, or an embedding.
    """

    report: MetricReport
    answers: tuple[Any, ...]

    @property
    def value(self) -> float:
        """The metric, 0..1, larger is better."""
        return self.report.value

    @property
    def first_answers(self) -> NDArray[np.int64] | None:
        """(N,) class ids that were named first; None for tasks other than ``classify``."""
        if not isinstance(self.answers[0], np.ndarray) or self.answers[0].ndim != 1:
            return None
        return np.array([answer[0] for answer in self.answers], np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class ValidationSet:
    """Pictures with the truth about each of them.

    Attributes:
        task: Name of a task.
        pictures: Their ``truth`` is a class id, a `TrueBoxes`, a mask (or its file) or an identity.
        judge: How answers are judged.
    """

    task: str
    pictures: PictureSet
    judge: Judge

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def metric_name(self) -> str:
        """Of what `score` gives: "top-1 accuracy", "mAP@[.50:.95]", "mIoU", "TAR at FAR 0.001"."""
        return self.judge.name

    @property
    def warnings(self) -> tuple[str, ...]:
        """What looks wrong with the set."""
        return self.pictures.warnings

    def sample(self, count: int | None, seed: int) -> ValidationSet:
        """A seeded choice, judged by the same metric."""
        return dataclasses.replace(self, pictures=self.pictures.sample(count, seed))

    def score(
        self, task: Task[Any, Any], *, progress: Callable[[float], None] | None = None
    ) -> Score:
        """Ask a task about every picture and judge its answers.

        Args:
            task: Opened; its own options are left alone.
            progress: Told the share that is done, 0..1.

        Raises:
            OptionError: A task of another kind, or masks that do not fit their pictures.
            SourceError: A file that cannot be read.
        """
        kind = task.bundle.manifest.task
        if kind != self.task:
            raise OptionError(f"This set validates {self.task!r}, but the bundle's is {kind!r}.")
        truth = self.pictures.truth or ()
        options = self.judge.options
        answers = []
        step = max(len(self) // _STEPS, 1)
        for index, right in enumerate(truth):
            pixels, color = self.pictures.picture(index)
            answers.append(self.judge.keep(task(pixels, color, options=options), right))
            if progress is not None and ((index + 1) % step == 0 or index + 1 == len(self)):
                progress((index + 1) / len(self))
        return Score(self.judge.judge(truth, answers), tuple(answers))


def open_validation(
    what: Any,
    *,
    task: str,
    spec: InputSpec,
    labels: Sequence[str] = (),
    seed: int = 0,
    limit: int | None = None,
) -> ValidationSet:
    """Open a validation set.

    Args:
        what: For ``classify`` what `open_pictures` takes with classes: ``(x, y)``, a folder of
            folders named like labels, a data set by name. For ``detect`` and ``detect_faces`` a
            folder with COCO's ``annotations.json``, or an iterable of (picture, boxes_xyxy (M, 4)
            in pixels, class_ids (M,)). For ``segment`` ``(images, masks)`` or a folder with
            ``images/`` and grey PNGs of the same names in ``masks/``. For ``embed``
            ``(images, identities)`` or a folder with a folder for each identity.
        task: Name of a task.
        spec: The bundle's input.
        labels: Names of the classes.
        seed: Of the choice when there are more than ``limit``.
        limit: Pictures, at most.

    Raises:
        OptionError: No truth came with the pictures, or it does not fit; or a task without metric.
        ImageError, SourceError, UnknownNameError: As `open_pictures`.
    """
    make_judge(task, labels, (0, 1))  # a task without a metric is an error before anything is read
    if task == "classify":
        pictures = open_pictures(
            what, spec=spec, labels=labels, seed=seed, limit=limit, role="validation"
        )
        if pictures.truth is None:
            raise OptionError(_no_classes(what, labels))
        return ValidationSet(
            task=task, pictures=pictures, judge=make_judge(task, labels, pictures.truth)
        )
    with_truth = _OPENERS[task](what, spec, labels)
    pictures = open_pictures(with_truth, spec=spec, seed=seed, limit=limit, role="validation")
    truth = pictures.truth or ()
    if task == "embed":
        check_pairs(np.asarray(truth))
    return ValidationSet(task=task, pictures=pictures, judge=make_judge(task, labels, truth))


def _no_classes(what: Any, labels: Sequence[str]) -> str:
    if isinstance(what, str | os.PathLike) and Path(what).is_dir():
        folders = sorted(set(class_folders(Path(what), pictures_below(Path(what)))))
        named = ", ".join(name or "(none)" for name in folders[:5])
        return (
            f"The pictures of the validation folder lie in folders that are not all named like "
            f"labels. Folders: {named}. Labels: {', '.join(labels[:5]) or 'none were given'}."
        )
    return (
        "The validation pictures came without their classes, so that nothing can be judged. Pass "
        "(x, y), a folder of class folders, or a data set by name."
    )


def _detect(what: Any, spec: InputSpec, labels: Sequence[str]) -> PictureSet:
    if isinstance(what, str | os.PathLike) and os.fspath(what) not in DATASETS:
        folder = Path(what)
        files, boxes, warnings = read_coco(folder, labels)
        origin = f"folder {folder.resolve().name} ({len(files)} pictures)"
        opened = from_files(files, origin, folder)
        return dataclasses.replace(opened, truth=tuple(boxes), warnings=tuple(warnings))
    passing = iterate(what)
    items = [] if passing is None else list(islice(passing[0], MAX_ITEMS))
    if not items or not all(isinstance(one, tuple | list) and len(one) == 3 for one in items):
        raise OptionError(
            "A validation set for detection is a folder with annotations.json, or a list of "
            f"(picture, boxes_xyxy, class_ids), but got {_describe(what)}."
        )
    opened = open_pictures([one[0] for one in items], spec=spec, role="validation")
    truth: list[TrueBoxes] = [
        check_boxes(boxes, ids, labels, name)
        for (_, boxes, ids), name in zip(items, opened.names, strict=True)
    ]
    return dataclasses.replace(opened, truth=tuple(truth))


def _detect_faces(what: Any, spec: InputSpec, labels: Sequence[str]) -> PictureSet:
    del labels  # there is one class
    return _detect(what, spec, ("face",))


def _segment(what: Any, spec: InputSpec, labels: Sequence[str]) -> PictureSet:
    if isinstance(what, str | os.PathLike) and (Path(what) / "images").is_dir():
        folder = Path(what)
        files = pictures_below(folder / "images")
        masks, warnings = mask_files(folder, files)
        origin = f"folder {folder.resolve().name} ({len(files)} pictures)"
        opened = from_files(files, origin, folder / "images")
        return dataclasses.replace(opened, truth=tuple(masks), warnings=tuple(warnings))
    if not (isinstance(what, tuple) and len(what) == 2):
        raise OptionError(
            "A validation set for segmentation is (images, masks), or a folder with images/ and "
            f"masks/, but got {_describe(what)}."
        )
    opened = open_pictures(what[0], spec=spec, role="validation")
    return dataclasses.replace(opened, truth=tuple(check_masks(what[1], len(opened), labels)))


def _embed(what: Any, spec: InputSpec, labels: Sequence[str]) -> PictureSet:
    del labels  # identities are not classes
    if isinstance(what, str | os.PathLike) and Path(what).is_dir():
        files = pictures_below(Path(what))
        origin = f"folder {Path(what).resolve().name} ({len(files)} pictures)"
        opened = from_files(files, origin, Path(what))
        given: Any = class_folders(Path(what), files)
        if not all(given):
            raise OptionError(
                f"{origin}: some pictures, such as {opened.names[given.index('')]}, lie in no "
                "folder of their identity."
            )
    elif isinstance(what, str) and what.partition(":")[0] in DATASETS:
        opened = open_pictures(what, spec=spec, role="validation")
        given = opened.truth
    elif isinstance(what, tuple) and len(what) == 2:
        opened, given = open_pictures(what[0], spec=spec, role="validation"), what[1]
    else:
        raise OptionError(
            "A validation set for embeddings is (images, identities), a folder with a folder for "
            f"each identity, or a data set by name, but got {_describe(what)}."
        )
    identities = check_identities(given, len(opened))
    return dataclasses.replace(opened, truth=tuple(identities.tolist()))


def _describe(what: Any) -> str:
    return repr(what) if isinstance(what, str) else type(what).__name__


_OPENERS: dict[str, Callable[[Any, InputSpec, Sequence[str]], PictureSet]] = {
    "detect": _detect,
    "detect_faces": _detect_faces,
    "embed": _embed,
    "segment": _segment,
}
