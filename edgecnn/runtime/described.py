"""From what a bare model file says in its format's standard metadata to how it is run.

The standards describe classifiers, embedders, segmenters and some detectors well enough. Anything
else, and any gap, is an error that names what is missing: nothing is guessed.
"""

from __future__ import annotations

import numpy as np

from edgecnn.bundle.metadata import Embedded, SelfDescription
from edgecnn.bundle.schema import DecoderSpec, EmbeddingSpec
from edgecnn.errors import BundleError
from edgecnn.runtime.described_detector import describe_ssd, describe_yolo, is_ssd
from edgecnn.runtime.described_parts import (
    HOW_TO_DESCRIBE,
    Gaps,
    output_name,
    picture_input,
    picture_size,
    refuse_calibration,
    shapes_of,
)
from edgecnn.runtime.described_segmenter import describe_segmenter, is_segmenter
from edgecnn.runtime.probe import Probe, ProbedTensor

_SLACK = 0.01  # how far a rounded quantization range may reach beyond 0..1
# What embedders are seen to call their output; the standard has no word for them.
_EMBEDDING_WORDS = frozenset({"embedding", "embeddings", "feature", "features", "feature_vector"})


def describe(embedded: Embedded, found: Probe, *, where: str, digest: str) -> SelfDescription:
    """What standard metadata and the tensors themselves tell about a model.

    Args:
        embedded: What the file says, without an entry of ours.
        found: Its tensors.
        where: Name of the file, for messages.
        digest: Of its content; embeddings of the same file can be compared with each other.

    Raises:
        BundleError: Nothing that the standards describe, or something is missing; the message
            lists all of it.
    """
    if embedded.unknown_kind:
        raise BundleError(
            f"{where} says that it is a {embedded.unknown_kind!r}; edgecnn knows Classification, "
            f"Segmentation, SSD, YOLOv5, YOLOv8 and YOLO11 of Model API. {HOW_TO_DESCRIBE}"
        )
    if embedded.kind == "yolo_v8":
        return describe_yolo(embedded, found, where=where)
    if is_ssd(embedded, found):
        return describe_ssd(embedded, found, where=where)
    if is_segmenter(embedded, found):
        return describe_segmenter(embedded, found, where=where)
    if _is_embedder(embedded, found):
        return describe_embedder(embedded, found, where=where, digest=digest)
    return describe_classifier(embedded, found, where=where)


def describe_classifier(embedded: Embedded, found: Probe, *, where: str) -> SelfDescription:
    """A classifier of whole pictures: one picture in, one row of scores out.

    Raises:
        BundleError: It is no classifier, or something is missing; the message lists all of it.
    """
    if picture_size(found) is None or not _has_one_row(found):
        raise BundleError(
            f"{where} describes itself by the standard metadata only, which is enough for a "
            "classifier with one picture in and one row of scores out, an embedder, a segmenter, "
            "or a detector that ends in TFLite_Detection_PostProcess or DetectionOutput; its "
            f"tensors are {shapes_of((*found.inputs, *found.outputs))}. {HOW_TO_DESCRIBE}"
        )
    gaps = Gaps(where)
    spec = picture_input(embedded, found, gaps)
    scores = found.outputs[0]
    count, named = scores.shape[1], len(embedded.labels)
    activation = "none" if _holds_probabilities(embedded, scores) else embedded.classifies
    gaps.add(f"names for its {count} classes ({named} came)", missing=named != count)
    gaps.add("whether its scores are probabilities or logits", missing=activation is None)
    refuse_calibration(embedded, gaps)
    gaps.close()
    if spec is None or activation is None:
        raise gaps.refuse()
    return SelfDescription(
        task="classify",
        input=spec,
        decoder=DecoderSpec(name="classification", parameters={"activation": activation}),
        labels=embedded.labels,
        outputs={scores.name: output_name(activation)},
    )


def describe_embedder(
    embedded: Embedded, found: Probe, *, where: str, digest: str
) -> SelfDescription:
    """One picture in, one vector out, to be compared by its angle as MediaPipe does.

    Raises:
        BundleError: Something is missing; the message lists all of it.
    """
    gaps = Gaps(where)
    spec = picture_input(embedded, found, gaps)
    gaps.close()
    if spec is None:
        raise gaps.refuse()
    vector = found.outputs[0]
    return SelfDescription(
        task="embed",
        input=spec,
        decoder=DecoderSpec(name="embedding"),
        embedding=EmbeddingSpec(
            space=f"file-{digest[:16]}", dimension=vector.shape[1], metric="cosine"
        ),
        outputs={vector.name: "embedding"},
    )


def _has_one_row(found: Probe) -> bool:
    return len(found.outputs) == 1 and len(found.outputs[0].shape) == 2


def _is_embedder(embedded: Embedded, found: Probe) -> bool:
    if not _has_one_row(found) or embedded.labels or len(embedded.outputs) != 1:
        return False
    return embedded.outputs[0].name.strip().lower().replace(" ", "_") in _EMBEDDING_WORDS


def _holds_probabilities(embedded: Embedded, scores: ProbedTensor) -> bool:
    """Whether the file shows that its scores lie in 0..1."""
    if embedded.last_step is not None or embedded.scores_range == (0.0, 1.0):
        return True
    if scores.scale == 0 or scores.dtype not in {"int8", "uint8"}:
        return False
    limits = np.iinfo(scores.dtype)
    low, high = ((int(end) - scores.zero_point) * scores.scale for end in (limits.min, limits.max))
    return low >= -_SLACK and high <= 1 + _SLACK
