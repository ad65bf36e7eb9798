"""dlib's face recognition ResNet, from npm ``@vladmandic/face-api``.

The source is the unpacked package, version 1.7.15. Its ``face_recognition_model`` is a list of
weights without a graph, so the graph is written here: 29 convolutions, each followed by a scale and
a shift a channel, which are folded into it.

Few layers decide what 8 bits cost. The first residual block works on the finest map; rounded, it
alone moves the embedding by more than all later layers. It stays in float, and in the ``.tflite``
the first convolution and the last layer with it. Ranges are taken whole, from many people: an
embedding hangs on rare peaks. Clipping them doubled the error, and with twelve faces instead of 21
for calibration a third of the crops of some unseen people went astray.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.bias_correction import correct_biases
from converters.bundles import pack
from converters.bundles.card import CardText
from converters.bundles.publish import Proof, check_sources, publish
from converters.face_crops import FoundFace, crops, find_faces
from converters.graphs.tfjs_weights import read_weights
from converters.inputs import photographs as calibration
from converters.openvino import ir as openvino
from converters.tflite.from_saved_model import Calibration, keras_to_tflite
from converters.tflite.mixed import quantize_partly
from edgecnn.bundle.schema import (
    Alignment,
    DecoderSpec,
    EmbeddingSpec,
    InputSpec,
    PublishedMetric,
)
from edgecnn.core.image import read_image
from edgecnn.errors import ConversionError, ParityError
from edgecnn.optional import require
from edgecnn.registry import TASKS
from edgecnn.runtime.policy import Choice, candidates

MANIFEST = "package/model/face_recognition_model-weights_manifest.json"
LICENCE = "package/LICENSE"
SOURCES = {
    MANIFEST: "cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b",
    "package/model/face_recognition_model.bin": (
        "b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589"
    ),
    LICENCE: "9a3442b79acaf4fbc7c2e07b7e2d8f84af9bb3871bf08a69d80304ab00640e9a",
    "package/demo/sample1.jpg": "8ecae4b267b2d3169e06e00c7dee97097aa2a94635d45216f7732a5f4943cb51",
    "package/demo/sample2.jpg": "7d2b60ae6f13bf30f422e04df87451081a02c83de469056f25afb44b7000c691",
    "package/demo/sample3.jpg": "8eb081c9efb14370fa94d9feab9e5fbeafd19a627491853a80c2bf67f7ffa936",
    "package/demo/sample4.jpg": "729efa5923061d40eb4ed5f267a18cc7b8ba6f852bb2757b16d8b7e4937476fc",
    "package/demo/sample5.jpg": "6d45095ebb182d8f975c0790e0e4eefd86fbb40609cf4b271776d92e12662938",
    "package/demo/sample6.jpg": "9baad80f9d5e306fb9b8c0913d44445f1e95848df317530efb03d0934c57ba87",
}
CALIBRATION_FACES = ("astronaut", "portrait_hopper", "portrait_obama2")
CALIBRATION_GROUPS = (1, 2, 3, 4, 5)
PROOF_FACES = ("portrait_biden", "portrait_obama")
PROOF_GROUPS = (6,)
CALIBRATION_CROPS = 300
BIAS_CROPS = 100
PROOF_CROPS = 600
SAME_MAN = ("portrait_obama", "portrait_obama2")
OTHER_MAN = "portrait_biden"
SAME_BELOW, OTHER_ABOVE = 0.45, 0.7
OUTPUT = "embedding"


@dataclass(frozen=True, slots=True)
class Block:
    """A residual block: name in the weights, and whether it halves the map."""

    name: str
    down: bool = False


BLOCKS = (
    Block("conv32_1"),
    Block("conv32_2"),
    Block("conv32_3"),
    Block("conv64_down", down=True),
    Block("conv64_1"),
    Block("conv64_2"),
    Block("conv64_3"),
    Block("conv128_down", down=True),
    Block("conv128_1"),
    Block("conv128_2"),
    Block("conv256_down", down=True),
    Block("conv256_1"),
    Block("conv256_2"),
    Block("conv256_down_out", down=True),
)
# The last layer, fc, has the name of the output.
FLOAT_LAYERS = ("conv32_down", "stem_pool", "conv32_1_", "^StatefulPartitionedCall")
FLOAT_CONVOLUTIONS = (1, 2)

INPUT = InputSpec(
    width=150,
    height=150,
    color="rgb",
    mean=(122.782, 117.001, 104.298),
    std=(255.0, 255.0, 255.0),
    resize="stretch",
)
ALIGNMENT = Alignment(
    width=150,
    height=150,
    points=("right_eye", "left_eye", "nose_tip", "mouth_centre"),
    template_xy=((47.7, 47.1), (100.3, 47.1), (74.0, 75.0), (74.0, 105.0)),
)
_FACTS = pack.Facts(
    name="face_embed_dlib",
    title="dlib's face embedding: 128 numbers a face",
    task="embed",
    licence="LicenseRef-PublicDomain AND MIT",
    source="npm @vladmandic/face-api 1.7.15 (dlib_face_recognition_resnet_model_v1)",
    input=INPUT,
    decoder=DecoderSpec(name="embedding"),
    embedding=EmbeddingSpec(
        space="dlib-resnet-v1", dimension=128, metric="euclidean", alignment=ALIGNMENT
    ),
    paper="He et al., Deep Residual Learning for Image Recognition, CVPR 2016 (the form)",
    training_data=(
        "About 3 million faces of 7,485 people, about half of them from the VGG face and FaceScrub "
        "data sets, the rest gathered from the web by the author"
    ),
    limits=(
        "Takes a crop aligned by eyes, nose and mouth, nothing else. The author's threshold of 0.6 "
        "belongs to his own alignment; here strangers come as close as 0.46, so calibrate on your "
        "own pictures. Profiles, small faces (under some 50 pixels) and bad light make distances "
        "meaningless. It does not tell a living face from a picture of one."
    ),
    metrics=(
        PublishedMetric(
            name="verification accuracy %",
            value=99.38,
            dataset="Labeled Faces in the Wild",
            origin="published",
            source="README of dlib-models; with dlib's detector and alignment, not ours",
        ),
    ),
)
_CARD = CardText(
    summary=(
        "Turns an aligned face into 128 numbers. Two pictures of one person give vectors close to "
        "each other, in Euclidean distance on the raw vector (its length is about 1.4)."
    ),
    bias=(
        "The author gives no figures about who is in the training data; half of it are actors and "
        "other public figures of the web. Embedders trained that way are known to confuse people "
        "of groups that are rare there, children among them, more often than others: expect more "
        "false matches. Among 27 faces here, two women of similar looks come within 0.46 of each "
        "other. Nothing was measured by group: do not let it decide anything about a person "
        "without a human."
    ),
    how_made=(
        "The weights (`face_recognition_model`, 8 bits a weight in most layers, as the source has "
        "them) go into a Keras network, scales and shifts folded into the convolutions. "
        "`float16.tflite` is that network. In `int8.tflite` the first convolution, the first "
        "residual block and the last layer are in float, and so are input and output; biases were "
        "corrected. "
        f"`openvino/int8` has the first block in float. Both were calibrated on {CALIBRATION_CROPS}"
        " aligned crops of 21 faces, of three portraits and of five group photographs that the "
        "source package brings, through detector and alignment as on a device."
    ),
    proof=(
        f"Euclidean distance to the vector of the float32 file on LiteRT, over {PROOF_CROPS} "
        "crops of 6 faces that calibration did not see, turned, moved, relit and softened. In "
        "every file and on every backend two photographs of one man are closer than "
        f"{SAME_BELOW}, and another man is farther than {OTHER_ABOVE}."
    ),
    reproducible=(
        "A second build with the same versions of TensorFlow, OpenVINO and NNCF on the same kind "
        "of processor gives the same model files byte for byte; the measured speeds in this card "
        "and in bundle.json differ."
    ),
    licence_note=(
        "The weights are in the public domain by their author's word (Davis King, README of "
        "https://github.com/davisking/dlib-models); the package that carries them in this form is "
        "under MIT. The data sets behind them have terms of their own, for research."
    ),
)
_PUBLIC_DOMAIN = (
    "The weights of this network were released into the public domain by their author, Davis "
    "King (https://github.com/davisking/dlib-models). The package that they were taken from, in "
    "the form used here, carries the following licence.\n\n"
)


def build(source: Path, out: Path) -> Path:
    """Make the bundle.

    Args:
        source: Folder of the unpacked npm package.
        out: Folder or ``.edge`` file to write; replaced.

    Returns:
        ``out``.

    Raises:
        ConversionError: The source is not the one that the recipe was written for, or the
            bundle ``face_detect_blazeface_full`` is missing.
        ParityError: A file does not agree with the float net.
    """
    check_sources(source, SOURCES)
    net = network(folded_weights(read_weights(source / MANIFEST)))
    reference = _tflite("float32", keras_to_tflite(net, "float32", outputs=[OUTPUT]))
    seen = _faces(source, CALIBRATION_FACES, CALIBRATION_GROUPS)
    unseen = _faces(source, PROOF_FACES, PROOF_GROUPS)
    variants = _variants(net, reference.model, seen)
    _prove_reference(net, reference, unseen)
    _prove_people([reference, *variants])
    names = (*SAME_MAN, OTHER_MAN, "astronaut")
    golden = {name: _portrait(name).crop(ALIGNMENT) for name in names}
    proof = Proof(
        pictures=lambda: crops(unseen, PROOF_CROPS, ALIGNMENT, seed=2),
        least={"float16": {"within_0.05": 1.0}, "int8": {"within_0.05": 0.97}},
        golden=golden,
        tolerance={"float16": {"distance": 0.01}, "int8": {"distance": 0.08}},
    )
    licence = _PUBLIC_DOMAIN + (source / LICENCE).read_text("utf-8")
    return publish(_FACTS, reference, variants, proof, _CARD, licence, out)


def folded_weights(
    weights: Mapping[str, NDArray[np.float32]],
) -> dict[str, list[NDArray[np.float32]]]:
    """Each layer's kernel and bias, with scale and shift folded in.

    Args:
        weights: From the package: ``NAME/conv/filters`` (h, w, in, out), ``NAME/conv/bias``,
            ``NAME/scale/weights`` and ``NAME/scale/biases`` (out), and ``fc`` (256, 128).

    Returns:
        Layer name (``conv32_1_conv1``, ``fc`` ...) -> kernel and bias.
    """
    folded = {"fc": [weights["fc"], np.zeros(weights["fc"].shape[1], np.float32)]}
    for key in weights:
        name, found, _ = key.partition("/conv/filters")
        if found:
            scale = weights[f"{name}/scale/weights"].astype(np.float64)
            bias = weights[f"{name}/conv/bias"] * scale + weights[f"{name}/scale/biases"]
            kernel = (weights[key] * scale).astype(np.float32)
            folded[name.replace("/", "_")] = [kernel, bias.astype(np.float32)]
    return folded


def network(weights: Mapping[str, list[NDArray[np.float32]]]) -> Any:
    """The Keras net: (1, 150, 150, 3) to (1, 128).

    Args:
        weights: From `folded_weights`.

    Raises:
        ConversionError: A weight is missing, of another shape, or left over.
    """
    keras = require("keras", extra="convert")
    layers = keras.layers

    def convolution(x: Any, name: str, *, stride: int, padding: str, relu: bool) -> Any:
        kernel, _ = weights[name]
        layer = layers.Conv2D(
            kernel.shape[3], kernel.shape[0], strides=stride, padding=padding,
            activation="relu" if relu else None, name=name,
        )  # fmt: skip
        return layer(x)

    inputs = keras.Input((INPUT.height, INPUT.width, 3))
    x = convolution(inputs, "conv32_down", stride=2, padding="valid", relu=True)
    x = layers.MaxPooling2D(3, 2, name="stem_pool")(x)
    for block in BLOCKS:
        stride, padding = (2, "valid") if block.down else (1, "same")
        first = f"{block.name}_conv1"
        branch = convolution(x, first, stride=stride, padding=padding, relu=True)
        second = f"{block.name}_conv2"
        branch = convolution(branch, second, stride=1, padding="same", relu=False)
        if block.down:
            branch, x = _fitted(keras, block.name, branch, x)
        x = layers.Add(name=f"{block.name}_add")([branch, x])
        x = layers.ReLU(name=f"{block.name}_relu")(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    outputs = layers.Dense(weights["fc"][0].shape[1], name="fc")(x)
    net = keras.Model(inputs, outputs, name="dlib_resnet")
    _set_weights(net, weights)
    return net


def _fitted(keras: Any, name: str, branch: Any, x: Any) -> tuple[Any, Any]:
    """Branch and halved shortcut at one size: zero rows and columns, zero channels."""
    shortcut = keras.layers.AveragePooling2D(2, 2, name=f"{name}_pool")(x)
    missing = shortcut.shape[1] - branch.shape[1]
    if missing:
        edges = ((0, missing), (0, missing))
        branch = keras.layers.ZeroPadding2D(edges, name=f"{name}_pad")(branch)
    channels = branch.shape[3] - shortcut.shape[3]
    if channels:
        # "channels_first" takes the last two axes for the picture: here width and channels.
        widen = keras.layers.ZeroPadding2D(
            ((0, 0), (0, channels)), data_format="channels_first", name=f"{name}_channels"
        )
        shortcut = widen(shortcut)
    return branch, shortcut


def _set_weights(net: Any, weights: Mapping[str, list[NDArray[np.float32]]]) -> None:
    with_weights = {layer.name for layer in net.layers if layer.weights}
    if with_weights != set(weights):
        raise ConversionError(
            f"The weights do not fit the network: {sorted(with_weights ^ set(weights))} are on one "
            "side only."
        )
    for name, values in weights.items():
        try:
            net.get_layer(name).set_weights(values)
        except ValueError as error:
            raise ConversionError(f"The weights of {name!r} do not fit: {error}.") from error


def _variants(net: Any, float32: bytes, faces: list[FoundFace]) -> list[pack.ModelVariant]:
    def inputs() -> Iterator[NDArray[np.float32]]:
        for crop in crops(faces, CALIBRATION_CROPS, ALIGNMENT, seed=1):
            yield calibration.tensor_of(crop, INPUT)

    options = openvino.QuantizeOptions(
        preset="performance",
        overflow_fix=False,
        fast_bias_correction=False,
        full_ranges=True,
        float_convolutions=FLOAT_CONVOLUTIONS,
        samples=CALIBRATION_CROPS,
    )
    xml, weights = openvino.quantize(float32, inputs, options=options)
    return [
        _tflite("float16", keras_to_tflite(net, "float16", outputs=[OUTPUT])),
        _tflite("int8", _int8(net, inputs)),
        pack.ModelVariant(
            file="openvino/int8.xml",
            precision="int8",
            model=xml,
            weights=weights,
            backends=("openvino",),
        ),
    ]


def _int8(net: Any, inputs: Calibration) -> bytes:
    samples = np.concatenate(list(inputs())[:: CALIBRATION_CROPS // BIAS_CROPS])
    corrected = correct_biases(net, samples)
    float32 = keras_to_tflite(corrected, "float32", outputs=[OUTPUT])
    return quantize_partly(float32, inputs, FLOAT_LAYERS)


def _tflite(precision: Any, model: bytes) -> pack.ModelVariant:
    floats = ("litert", "openvino", "tflite_runtime")
    return pack.ModelVariant(
        file=f"{precision}.tflite",
        precision=precision,
        model=model,
        backends=("litert", "tflite_runtime") if precision == "int8" else floats,
        outputs=openvino.signature_outputs(model),
    )


def _faces(source: Path, portraits: tuple[str, ...], groups: tuple[int, ...]) -> list[FoundFace]:
    demo = source / "package" / "demo"
    pictures = [read_image(demo / f"sample{number}.jpg") for number in groups]
    return find_faces([*calibration.read_photographs(portraits), *pictures])


def _portrait(name: str) -> FoundFace:
    return find_faces(calibration.read_photographs((name,)))[0]


def _prove_reference(net: Any, reference: pack.ModelVariant, faces: list[FoundFace]) -> None:
    """All other proof is against the float32 file; this one is against the Keras net itself."""
    pictures = [face.crop(ALIGNMENT) for face in faces]
    inputs = np.concatenate([calibration.tensor_of(crop, INPUT) for crop in pictures])
    expected = net.predict(inputs, verbose=0)
    with pack.open_task(pack.assemble(_FACTS, [reference])) as task:
        vectors = np.stack([task(crop, color="bgr").vector for crop in pictures])
    error = float(np.abs(vectors - expected).max())
    if not error <= 1e-4:
        raise ParityError(
            f"The float32 file differs from the Keras net by {error:.2g} in a number; at most "
            "0.0001 is accepted. The conversion is wrong."
        )


def _prove_people(variants: list[pack.ModelVariant]) -> None:
    """Two photographs of one man are close, another man is far, in every file and backend."""
    bundle = pack.assemble(_FACTS, variants)
    one, same, other = (_portrait(name).crop(ALIGNMENT) for name in (*SAME_MAN, OTHER_MAN))
    for variant, backend in candidates(bundle.manifest):
        with TASKS["embed"](bundle, Choice(variant, backend, 1, "f32", "proof")) as task:
            near, far = (
                task.distance(task(one, color="bgr"), task(x, color="bgr")) for x in (same, other)
            )
        if not (near < SAME_BELOW and far > OTHER_ABOVE):
            raise ParityError(
                f"{variant.file} on {backend}: the same man is {near:.2f} away and another one "
                f"{far:.2f}; expected below {SAME_BELOW} and above {OTHER_ABOVE}."
            )
