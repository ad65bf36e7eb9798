"""Asking the variants of a bundle about its golden pictures: do they still answer the same?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from edgecnn.bundle.arrays import read_arrays
from edgecnn.bundle.io import Bundle
from edgecnn.bundle.schema import Variant
from edgecnn.core.image import check_pixels
from edgecnn.errors import BundleError, EdgeCNNError
from edgecnn.evaluation.agreement import compare, failures
from edgecnn.registry import TASKS
from edgecnn.runtime.policy import Choice, candidates
from edgecnn.runtime.threads import resolve_threads
from edgecnn.video.frame import Frame


@dataclass(frozen=True, slots=True)
class Check:
    """One golden picture on one variant and backend.

    Attributes:
        figures: How far the answer is from the golden one, by check name.
        limits: What is allowed for this precision.
        problems: One line for each limit that is not kept, or why it could not run; none is good.
    """

    variant: Variant
    backend: str
    image: str
    figures: dict[str, float]
    limits: dict[str, float]
    problems: tuple[str, ...]


def check_golden(
    bundle: Bundle, *, backend: str | None = None, precision: str | None = None
) -> Iterator[Check]:
    """Run every variant on every backend that is installed, about every golden picture.

    Args:
        bundle: The bundle; the hashes of what is read are checked.
        backend: Only this one.
        precision: Only variants of this precision.

    Yields:
        A check for each picture, variant and backend.

    Raises:
        BundleError: No golden results, or a golden picture or input cannot be decoded.
    """
    manifest = bundle.manifest
    if not manifest.golden:
        raise BundleError(f"{manifest.name} has no golden results to check against.")
    questions = {golden.image: question(bundle, golden.image) for golden in manifest.golden}
    for variant, name in candidates(manifest):
        if backend not in (None, name) or precision not in (None, variant.precision):
            continue
        choice = Choice(variant, name, resolve_threads(None), "f32", "to be verified")
        try:
            task = TASKS[manifest.task](bundle, choice)
        except EdgeCNNError as error:
            yield Check(variant, name, "", {}, {}, (str(error),))
            continue
        with task:
            for golden in manifest.golden:
                limits = golden.tolerance.get(variant.precision, {})
                answer = task(questions[golden.image]).to_dict()
                figures = compare(manifest.task, golden.expected, answer)
                problems = failures(figures, limits)
                if not limits:
                    problems = [f"no tolerance for {variant.precision} in the bundle"]
                yield Check(variant, name, golden.image, figures, limits, tuple(problems))


def question(bundle: Bundle, image: str) -> Frame | dict[str, Any]:
    """What a task is called with for `Golden.image`: a picture, or arrays by name.

    Raises:
        BundleError: Missing, altered, or neither a picture nor (task ``tensors``) an ``.npz``.
    """
    if bundle.manifest.input is None:
        where = f"{bundle.manifest.name}: the golden input {image!r}"
        return dict(read_arrays(bundle.read(image), where=where))
    pixels = cv2.imdecode(np.frombuffer(bundle.read(image), np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise BundleError(f"{bundle.manifest.name}: the golden picture {image!r} is damaged.")
    return Frame(check_pixels(pixels, "bgr"), "bgr", source=image)
