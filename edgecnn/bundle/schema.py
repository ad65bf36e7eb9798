"""The schema of ``bundle.json``: everything a device needs to know about a model, as data.

A bundle is a folder, or the same folder as a stored ``.edge`` zip. Nothing about a model lives in
code: input size, colour order, normalisation, decoder, labels, licence and the proof that every
variant still answers the same are all here. Version 1 of the schema is frozen: a field may be
added with a default, none may change its meaning.

Preprocessing is ``x = (pixel - mean) / std`` on pixels 0..255 in the order of ``color``.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from edgecnn.errors import BundleError

SCHEMA_VERSION = 1

Color = Literal["rgb", "bgr", "gray"]
Layout = Literal["nhwc", "nchw"]
Resize = Literal["stretch", "letterbox", "crop"]
Interpolation = Literal["area", "linear", "cubic"]
Precision = Literal["float32", "float16", "int8", "int4w"]
Format = Literal["tflite", "openvino"]
Metric = Literal["euclidean", "cosine"]


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all schema parts: immutable, named fields, a misspelt key is an error."""


class InputSpec(Strict, frozen=True, kw_only=True):
    """How a picture becomes the input tensor.

    Attributes:
        width, height: Size of the input tensor in pixels.
        color: Channel order that the network was trained on.
        layout: Axis order of the input tensor, with a leading batch axis of 1.
        resize: ``stretch`` to the input size; ``letterbox``: keep the aspect ratio, centre, fill
            the rest with ``pad``; ``crop``: cut the centred region of the input's aspect ratio
            that spans ``crop_fraction`` of the largest such region, then resize.
        crop_fraction: 0 < value <= 1, used by ``crop``.
        interpolation: ``area`` is an antialiased reduction (and linear when enlarging).
        pad: Pixel value 0..255 of the letterbox bars.
        mean, std: One value a channel, in the order of ``color``, in pixel units 0..255.
        value_range: What (0, 255) become; only documents the result.
    """

    width: int
    height: int
    color: Color
    mean: tuple[float, ...]
    std: tuple[float, ...]
    layout: Layout = "nhwc"
    resize: Resize = "stretch"
    crop_fraction: float = 1.0
    interpolation: Interpolation = "area"
    pad: int = 0
    value_range: tuple[float, float] | None = None


class DecoderSpec(Strict, frozen=True, kw_only=True):
    """Name of a decoder of `edgecnn.registry.DECODERS`, and its parameters."""

    name: str
    parameters: dict[str, Any] = {}


class Alignment(Strict, frozen=True, kw_only=True):
    """Where landmarks have to lie in the crop that an embedder takes.

    Attributes:
        points: Names of landmarks, as in `edgecnn.core.results.FACE_POINTS`.
        template_xy: Their positions in pixels of the ``width`` x ``height`` crop.
    """

    width: int
    height: int
    points: tuple[str, ...]
    template_xy: tuple[tuple[float, float], ...]


class EmbeddingSpec(Strict, frozen=True, kw_only=True):
    """What an embedding may be compared with.

    Attributes:
        space: Identifier of the embedding space; galleries bind to it. The same for all variants
            that were proven equal.
        dimension: Length of the vector.
        metric: The distance under which vectors are compared.
        alignment: Set when the embedder takes an aligned crop (a face) and not a whole picture.
    """

    space: str
    dimension: int
    metric: Metric
    alignment: Alignment | None = None


class TensorSpec(Strict, frozen=True, kw_only=True):
    """One input or output tensor of a variant.

    Attributes:
        name: Name used by the decoder; the same in all variants of a bundle.
        tensor: Name of the tensor inside the model file.
        shape: With the batch axis.
        dtype: numpy name: ``float32``, ``int8``, ``uint8`` ...
        scale, zero_point: real = (stored - zero_point) * scale; scale 0 means not quantized.
    """

    name: str
    tensor: str
    shape: tuple[int, ...]
    dtype: str
    scale: float = 0.0
    zero_point: int = 0


class Speed(Strict, frozen=True, kw_only=True):
    """A latency, relative to the same model as LiteRT float at one thread on the same machine.

    Attributes:
        machine: Class of machine: ``x86-vnni``, ``x86``, ``arm64``.
        backend, compute: How it was run.
        ratio: Median latency over the reference's; smaller is faster.
    """

    machine: str
    backend: str
    ratio: float
    compute: Literal["f32", "bf16"] = "f32"


class Variant(Strict, frozen=True, kw_only=True):
    """One model file (or IR pair) of the bundle.

    Attributes:
        file: Path inside the bundle: a ``.tflite``, or the ``.xml`` of an OpenVINO IR.
        weights: Path of the ``.bin`` of an IR.
        backends: Names of the backends that were proven to answer right with this file.
        agreement: Agreement with the float reference, by name ("top1_agreement": 0.97).
        speed: Measured relative latencies; what the policy goes by until it has measured itself.
    """

    file: str
    format: Format
    precision: Precision
    backends: tuple[str, ...]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    weights: str | None = None
    agreement: dict[str, float] = {}
    speed: tuple[Speed, ...] = ()


class Preferred(Strict, frozen=True, kw_only=True):
    """What `edgecnn optimize` picked for a class of machine, within the limits it was given.

    Attributes:
        machine: Class of machine: ``x86-vnni``, ``x86``, ``arm64``.
        file: Of a variant.
        backend, threads, compute: How to run it.
        reason: One sentence for people: what was asked for, and what this gives.
    """

    machine: str
    file: str
    backend: str
    threads: int
    compute: Literal["f32", "bf16"] = "f32"
    reason: str = ""


class Golden(Strict, frozen=True, kw_only=True):
    """A picture and the answer that every variant has to give about it.

    Attributes:
        image: Path inside the bundle. An embedder with an alignment gets the aligned crop. For the
            task ``tensors`` it is an ``.npz`` file with one real-valued array for each input, by
            the input's name.
        expected: Answer of the float reference, as `to_dict` of the task's result gives it.
        tolerance: precision -> check -> limit, for the checks of `edgecnn.evaluation.agreement`.
    """

    image: str
    expected: dict[str, Any]
    tolerance: dict[str, dict[str, float]]


class PublishedMetric(Strict, frozen=True, kw_only=True):
    """A figure about the model: ``origin`` is ``published`` (with source) or ``measured``."""

    name: str
    value: float
    dataset: str
    origin: Literal["published", "measured"]
    source: str
    precision: str = "float32"


class FileEntry(Strict, frozen=True, kw_only=True):
    """Size and SHA-256 (hex) of a file of the bundle."""

    sha256: str
    bytes: int


class Manifest(Strict, frozen=True, kw_only=True):
    """The whole of ``bundle.json``.

    Attributes:
        name: Identifier, equal to the folder's name in the zoo.
        title: For people.
        task: Name of `edgecnn.registry.TASKS`.
        licence: SPDX identifier.
        source: Where the weights come from.
        input: None for the task ``tensors``, whose inputs are arrays; use `picture_input`.
        files: Every other file of the bundle, by its path inside it. Neither ``bundle.json`` nor
            its signature ``bundle.sig`` is among them.
        preferred: At most one for each class of machine and number of threads, the best first.
    """

    schema_version: int
    name: str
    title: str
    task: str
    licence: str
    source: str
    input: InputSpec | None
    decoder: DecoderSpec
    variants: tuple[Variant, ...]
    files: dict[str, FileEntry]
    labels: tuple[str, ...] = ()
    paper: str = ""
    training_data: str = ""
    limits: str = ""
    metrics: tuple[PublishedMetric, ...] = ()
    embedding: EmbeddingSpec | None = None
    golden: tuple[Golden, ...] = ()
    preferred: tuple[Preferred, ...] = ()

    @property
    def picture_input(self) -> InputSpec:
        """How a picture becomes the input tensor.

        Raises:
            BundleError: The model takes arrays, not pictures (task ``tensors``).
        """
        if self.input is None:
            raise BundleError(
                f"{self.name} takes arrays, not pictures: its task is {self.task!r}. Call it with "
                "one array for each input, by name."
            )
        return self.input
