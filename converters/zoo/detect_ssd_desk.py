"""SSD MobileNetV2 for things around a desk, from npm ``@mediapipe/objectron``.

The source is the unpacked package, version 0.4.1675468480. Its ``objectron_solution_packed_assets
.data`` holds several files one after the other: first the list of labels, then the ``.tflite`` of
the detector that finds objects before their pose is estimated.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from converters.bundles import pack
from converters.bundles.card import CardText
from converters.bundles.publish import Proof, check_sources, publish
from converters.inputs import photographs as calibration
from converters.openvino import ir as openvino
from converters.tflite.mixed import quantize_partly
from converters.tflite.widen import widen
from edgecnn.bundle.schema import DecoderSpec, InputSpec
from edgecnn.core.image import Pixels
from edgecnn.errors import ConversionError

PACKED = "package/objectron_solution_packed_assets.data"
SOURCES = {
    PACKED: "470986ca5df183f41698da6de74b027d838fe289d77b5ab094497d350bee664e",
    "package/package.json": "5e4634780c7403aa6505b2b0ee5280dd74e352c20269baa05153bdd2d4f95c87",
}
LABELS_END = 184
OUTPUTS = {"raw_outputs/box_encodings": "boxes", "raw_outputs/class_predictions": "scores"}

INPUT = InputSpec(
    width=300,
    height=300,
    color="rgb",
    mean=(127.5, 127.5, 127.5),
    std=(127.5, 127.5, 127.5),
    resize="stretch",
    value_range=(-1.0, 1.0),
)
CALIBRATION_VIEWS = 300
PROOF_VIEWS = 500
# In 8 bits, the heads that boxes and scores come from cost one box in a hundred.
FLOAT_LAYERS = ("BoxPredictor|raw_outputs|concat",)
PROOF_PHOTOGRAPHS = (*calibration.PROOF_PHOTOGRAPHS, "room")
GOLDEN = ("cat_chelsea", "coffee", "room", "two_dogs")

_FACTS = pack.Facts(
    name="detect_ssd_desk",
    title="SSD MobileNetV2 for the desk: 23 classes of everyday things",
    task="detect",
    licence="Apache-2.0",
    source="npm @mediapipe/objectron 0.4.1675468480 (MediaPipe's 2D detector)",
    input=INPUT,
    decoder=DecoderSpec(
        name="ssd",
        parameters={
            "activation": "sigmoid",
            "background": True,
            "box_scales": [10.0, 10.0, 5.0, 5.0],
            "maps": [19, 10, 5, 3, 2, 1],
            "min_scale": 0.2,
            "max_scale": 0.95,
            "aspect_ratios": [1.0, 2.0, 0.5, 3.0, 1 / 3],
            "reduce_first_map": True,
            "interpolated_scale": True,
            "score_threshold": 0.4,
            "iou_threshold": 0.5,
        },
    ),
    paper=(
        "Liu et al., SSD: Single Shot MultiBox Detector, ECCV 2016; Sandler et al., MobileNetV2, "
        "CVPR 2018"
    ),
    training_data="Open Images, by MediaPipe's description of Objectron",
    limits=(
        "Knows 23 classes and nothing else. Scores are low: a right answer often has 0.45 to 0.6. "
        "People are its weak side: it misses women as Person in group photographs, and took paint "
        "brushes for one; use detect_nanodet for people. Small things are missed, "
        "the input is 300 x 300."
    ),
)

_CARD = CardText(
    summary=(
        "Finds cups, mugs, bottles, books, laptops, monitors, mice, chairs, tables, desks, shoes, "
        "bicycles, cars, cats, dogs and some others, with a box for each. The usual form of a "
        "single-shot detector, which other programs that read TFLite detectors know as well."
    ),
    bias=(
        "On six group photographs it missed all 22 women as Person. Of five official portraits it "
        "found four people, with scores of 0.42 to 0.61. Do not use it to count people or to "
        "decide whether someone is there. No figures for other groups were measured."
    ),
    how_made=(
        f"`{PACKED}` holds a list of labels in its first {LABELS_END} bytes and the detector's "
        "`.tflite` behind it, with float16 weights. `float16.tflite` is that file with metadata "
        "added. `int8.tflite` was quantized from it, with heads, input and outputs in float, and "
        f"`openvino/int8` by NNCF, both on {CALIBRATION_VIEWS} cuts of real photographs."
    ),
    proof=(
        f"Agreement with the unchanged file on LiteRT, over {PROOF_VIEWS} cuts of "
        f"{len(PROOF_PHOTOGRAPHS)} photographs that calibration did not see. A box is matched when "
        "the other file has one of the same class with an IoU of at least 0.5."
    ),
    reproducible=(
        "A second build with the same versions of TensorFlow, OpenVINO and NNCF gives the same "
        "model files and golden answers byte for byte; the measured speeds in this card and in "
        "bundle.json differ."
    ),
    licence_note=(
        "The package's `package.json` names Apache-2.0, as MediaPipe does "
        "(https://github.com/google-ai-edge/mediapipe)."
    ),
)


def build(source: Path, out: Path) -> Path:
    """Make the bundle.

    Args:
        source: Folder of the unpacked npm package.
        out: Folder or ``.edge`` file to write; replaced.

    Returns:
        ``out``.

    Raises:
        ConversionError: The source is not the one that the recipe was written for.
        ParityError: A file does not agree with the unchanged one.
    """
    check_sources(source, SOURCES)
    labels, model = unpack((source / PACKED).read_bytes())
    float16 = pack.ModelVariant(
        file="float16.tflite",
        precision="float16",
        model=model,
        backends=("litert", "openvino", "tflite_runtime"),
        outputs=OUTPUTS,
    )
    proof = Proof(
        pictures=_proof_views,
        least={
            "float16": {"boxes_matched": 0.99},
            "int8": {"boxes_matched": 0.95, "boxes_matched_clear": 0.97},
        },
        golden=dict(zip(GOLDEN, calibration.read_photographs(GOLDEN), strict=True)),
        tolerance={
            "float16": {"missed": 0.0, "extra": 0.0, "score": 0.01},
            "int8": {"missed": 0.34, "extra": 0.5, "score": 0.15},
        },
    )
    facts = dataclasses.replace(_FACTS, labels=labels)
    licence = (calibration.images_folder().parent.parent / "LICENSE").read_text("utf-8")
    return publish(facts, float16, [float16, *_int8(model)], proof, _CARD, licence, out)


def unpack(packed: bytes) -> tuple[tuple[str, ...], bytes]:
    """Labels and ``.tflite`` out of the packed file.

    Args:
        packed: Its content: one label a line, the first of them ``???`` for the background, then
            the model.

    Returns:
        23 labels in the order of the scores' columns after the first, and the model.

    Raises:
        ConversionError: Another file.
    """
    names = packed[:LABELS_END].decode("utf-8", "replace").splitlines()
    model = packed[LABELS_END:]
    if names[:1] != ["???"] or model[4:8] != b"TFL3":
        raise ConversionError(
            f"The packed file begins with {packed[:8]!r} and holds {model[4:8]!r} at byte "
            f"{LABELS_END + 4}; expected the labels '???', ... and a .tflite ('TFL3'). Use the "
            "version of the package that the recipe's docstring names."
        )
    return tuple(names[1:]), model


def _int8(model: bytes) -> list[pack.ModelVariant]:
    views = calibration.calibration(INPUT, count=CALIBRATION_VIEWS)
    options = openvino.QuantizeOptions(
        preset="performance", overflow_fix=False, samples=CALIBRATION_VIEWS
    )
    xml, weights = openvino.quantize(model, views, outputs=OUTPUTS, options=options)
    int8 = quantize_partly(widen(model, OUTPUTS), views, FLOAT_LAYERS)
    return [
        pack.ModelVariant(
            file="int8.tflite",
            precision="int8",
            model=int8,
            backends=("litert", "tflite_runtime"),
            outputs=openvino.signature_outputs(int8),
        ),
        pack.ModelVariant(
            file="openvino/int8.xml",
            precision="int8",
            model=xml,
            weights=weights,
            backends=("openvino",),
        ),
    ]


def _proof_views() -> Iterator[Pixels]:
    photographs = calibration.read_photographs(PROOF_PHOTOGRAPHS)
    return calibration.views(photographs, PROOF_VIEWS, seed=2, smallest=0.4)
