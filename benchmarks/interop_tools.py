"""MediaPipe Tasks and OpenVINO Model API, asked in one way and answering in one way.

Every function opens a file without telling it anything that the file could say itself, and gives
a function from a picture, already at the network's size, to a plain answer, with a way to close it.
Labels are compared as words joined by ``_``, because Model API keeps them apart by blanks.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgecnn.core.image import Pixels
from edgecnn.runtime.backends.openvino import shared_core

Floats = NDArray[np.float32]


class Ranked(NamedTuple):
    """Classes, best first."""

    labels: tuple[str, ...]
    scores: Floats


class Found(NamedTuple):
    """Objects: labels, scores (N,), and boxes (N, 4) in pixels of the picture that was asked."""

    labels: tuple[str, ...]
    scores: Floats
    boxes_xyxy: Floats


Answer = Ranked | Found | Floats
Ask = Callable[[Pixels], Answer]


class Opened(NamedTuple):
    """A file in another program: how to ask it, and how to let go of it."""

    ask: Ask
    close: Callable[[], None]


TOP = 5


def word(label: str) -> str:
    """A label without blanks."""
    return "_".join(label.split())


def mediapipe_task(task: str, path: Path) -> Opened:
    """MediaPipe's task on a ``.tflite``; pictures are BGR.

    Raises:
        RuntimeError, ValueError: MediaPipe refuses the file.
    """
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision

    base = BaseOptions(model_asset_path=str(path))

    def image(bgr: Pixels) -> Any:
        rgb = np.ascontiguousarray(bgr[:, :, ::-1])
        return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb)

    if task == "classify":
        options = vision.ImageClassifierOptions(base_options=base, max_results=TOP)
        classifier = vision.ImageClassifier.create_from_options(options)

        def classify(bgr: Pixels) -> Answer:
            found = classifier.classify(image(bgr)).classifications[0].categories
            return _ranked([(one.category_name, one.score) for one in found])

        return Opened(classify, classifier.close)
    if task == "embed":
        embedder = vision.ImageEmbedder.create_from_options(
            vision.ImageEmbedderOptions(base_options=base)
        )

        def embed(bgr: Pixels) -> Answer:
            return np.array(embedder.embed(image(bgr)).embeddings[0].embedding, np.float32)

        return Opened(embed, embedder.close)
    if task == "segment":
        segmenter = vision.ImageSegmenter.create_from_options(
            vision.ImageSegmenterOptions(base_options=base, output_confidence_masks=True)
        )

        def segment(bgr: Pixels) -> Answer:
            mask = segmenter.segment(image(bgr)).confidence_masks[0].numpy_view()
            return np.asarray(np.squeeze(mask), np.float32).copy()

        return Opened(segment, segmenter.close)
    detector = vision.ObjectDetector.create_from_options(
        vision.ObjectDetectorOptions(base_options=base)
    )

    def detect(bgr: Pixels) -> Answer:
        rows = []
        for one in detector.detect(image(bgr)).detections:
            box, best = one.bounding_box, one.categories[0]
            x, y = box.origin_x, box.origin_y
            rows.append((best.category_name, best.score, (x, y, x + box.width, y + box.height)))
        return _found(rows)

    return Opened(detect, detector.close)


def model_api(task: str, path: Path) -> Opened:
    """Model API's wrapper of an IR; pictures are BGR.

    Raises:
        RuntimeError, ValueError: Model API refuses the file.
    """
    from model_api.adapters import OpenvinoAdapter
    from model_api.models import Model

    settings = {"topk": TOP} if task == "classify" else {}
    # Where the processor has bfloat16, OpenVINO's own default is to compute in it.
    adapter = OpenvinoAdapter(
        shared_core(),
        str(path),
        device="CPU",
        plugin_config={"INFERENCE_PRECISION_HINT": "f32"},
    )
    model = Model.create_model(adapter, configuration=settings)
    if task == "classify":

        def classify(bgr: Pixels) -> Answer:
            return _ranked([(one.name, one.confidence) for one in model(bgr.copy()).top_labels])

        return Opened(classify, _nothing)
    if task == "segment":

        def segment(bgr: Pixels) -> Answer:
            return np.asarray(model(bgr.copy()).soft_prediction[:, :, 1], np.float32)

        return Opened(segment, _nothing)

    def detect(bgr: Pixels) -> Answer:
        found = model(bgr.copy())
        return _found(list(zip(found.label_names, found.scores, found.bboxes, strict=True)))

    return Opened(detect, _nothing)


def _nothing() -> None:
    """Model API's objects go with their last reference."""


def _ranked(rows: list[tuple[str, float]]) -> Ranked:
    return Ranked(
        tuple(word(label) for label, _ in rows), np.array([score for _, score in rows], np.float32)
    )


def _found(rows: list[tuple[str, float, Any]]) -> Found:
    return Found(
        tuple(word(row[0]) for row in rows),
        np.array([row[1] for row in rows], np.float32),
        np.array([row[2] for row in rows], np.float32).reshape(-1, 4),
    )
