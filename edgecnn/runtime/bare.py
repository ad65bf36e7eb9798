"""Model files without a bundle: a ``.tflite`` or an OpenVINO IR as it comes from elsewhere.

No hash protects such a file, so it is tried in a child process first (`edgecnn.runtime.probe`).
What it does not say itself has to be described; the result is a bundle in memory, which can be
saved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from edgecnn.bundle.check import check_manifest
from edgecnn.bundle.flatbuffer import root_table
from edgecnn.bundle.io import Bundle, file_entries
from edgecnn.bundle.metadata import SelfDescription
from edgecnn.bundle.metadata_openvino import read_rt_info
from edgecnn.bundle.metadata_tflite import (
    MODEL_IDENTIFIER,
    custom_operators,
    read_tflite_metadata,
)
from edgecnn.bundle.paths import check_path
from edgecnn.bundle.schema import (
    SCHEMA_VERSION,
    DecoderSpec,
    EmbeddingSpec,
    InputSpec,
    Manifest,
    Precision,
    TensorSpec,
    Variant,
)
from edgecnn.bundle.store import MAX_FILE_BYTES, MemoryStore
from edgecnn.errors import BundleError
from edgecnn.runtime.backend import ModelFile
from edgecnn.runtime.described import describe
from edgecnn.runtime.described_parts import HOW_TO_DESCRIBE
from edgecnn.runtime.policy import missing_reason
from edgecnn.runtime.probe import Probe, ProbedTensor, probe

BARE_SUFFIXES = frozenset({".tflite", ".xml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a bare model file does not say of itself.

    Attributes:
        task: ``classify``, ``detect``, ``detect_faces``, ``embed``, ``segment`` or ``tensors``.
        input: How a picture becomes the input; None for the task ``tensors``.
        decoder: How outputs become a result.
        labels: Names of the classes.
        embedding: For the task ``embed``.
        outputs: Name of an output inside the file -> name that the decoder knows it by.
    """

    task: str
    input: InputSpec | None
    decoder: DecoderSpec
    labels: tuple[str, ...] = ()
    embedding: EmbeddingSpec | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)


def bundle_from_file(path: Path, description: Description | None = None) -> Bundle:
    """A bundle in memory for a bare model file.

    Args:
        path: A ``.tflite``, or an ``.xml`` with its ``.bin`` beside it.
        description: What it is for and how to feed it; None to go by what the file itself says.

    Returns:
        A bundle with one variant; `edgecnn.bundle.io.export` saves it.

    Raises:
        BundleError: Missing, empty or too large, not what the description says, or without one
            and not saying enough itself.
        BackendError: No backend opens it, or it crashes them.
    """
    suffix = path.suffix.lower()
    file_format: Literal["tflite", "openvino"] = "tflite" if suffix == ".tflite" else "openvino"
    files = {f"model{suffix}": _read(path)}
    if file_format == "openvino":
        files["model.bin"] = _read(path.with_suffix(".bin"))
    model = ModelFile(str(path), file_format, files[f"model{suffix}"], files.get("model.bin", b""))
    backends = _backends(model)
    found = probe(model, backends[0])
    if any(tensor.scale != 0 for tensor in (*found.inputs, *found.outputs)):
        # OpenVINO opens a quantized .tflite, but does not tell what its numbers stand for.
        backends = tuple(name for name in backends if name != "openvino")
    licence = "unknown"
    if description is None:
        own = _self_description(model, found)
        licence = own.licence
        description = Description(
            task=own.task,
            input=own.input,
            decoder=own.decoder,
            labels=own.labels,
            embedding=own.embedding,
            outputs=own.outputs,
        )
    takes = None if description.input is None else "image"
    variant = Variant(
        file=f"model{suffix}",
        weights="model.bin" if file_format == "openvino" else None,
        format=file_format,
        precision=_precision(found),
        backends=backends,
        inputs=tuple(_spec(tensor, takes) for tensor in found.inputs),
        outputs=tuple(_spec(tensor, None, description.outputs) for tensor in found.outputs),
    )
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        name=_name(path),
        title=path.stem,
        task=description.task,
        licence=licence,
        source=path.name,
        input=description.input,
        decoder=description.decoder,
        labels=description.labels,
        embedding=description.embedding,
        variants=(variant,),
        files=file_entries(files),
    )
    check_manifest(manifest, where=str(path))
    return Bundle(manifest, MemoryStore(str(path), files))


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise BundleError(f"{path} is not a file.")
        if size == 0:
            raise BundleError(f"{path} is empty (0 bytes). Copy it again.")
        if size > MAX_FILE_BYTES:
            raise BundleError(f"{path} has {size} bytes; up to {MAX_FILE_BYTES} are accepted.")
        return path.read_bytes()
    except OSError as error:
        beside = " An .xml needs its .bin beside it." if path.suffix == ".bin" else ""
        raise BundleError(f"Cannot read {path}: {error.strerror}.{beside}") from error


def _self_description(model: ModelFile, found: Probe) -> SelfDescription:
    """What the file says of itself; raises BundleError when that is not enough."""
    read = read_tflite_metadata if model.format == "tflite" else read_rt_info
    try:
        embedded = read(model.model)
    except BundleError as error:
        raise BundleError(f"{model.name}: {error}") from error
    if embedded is None:
        raise BundleError(f"{model.name} does not say what it is for. {HOW_TO_DESCRIBE}")
    if embedded.description is not None:
        return embedded.description
    digest = hashlib.sha256(model.model + b"\0" + model.weights).hexdigest()
    return describe(embedded, found, where=model.name, digest=digest)


def _backends(model: ModelFile) -> tuple[str, ...]:
    """Backends that are installed and may open such a file; at least one, the first as a guess."""
    wanted: tuple[str, ...] = ("openvino",)
    if model.format == "tflite":
        wanted = ("litert", "tflite_runtime", "openvino")
        # OpenVINO's reader of .tflite knows the builtin operators only.
        if _custom_operators(model):
            wanted = wanted[:2]
    there = tuple(name for name in wanted if missing_reason(name) is None)
    if not there:
        raise BundleError(f"No backend for this file: {missing_reason(wanted[0])}")
    return there


def _custom_operators(model: ModelFile) -> tuple[str, ...]:
    try:
        return custom_operators(root_table(model.model, MODEL_IDENTIFIER))
    except BundleError:
        return ()  # the backend says better what is wrong with it


def _precision(found: Probe) -> Precision:
    """What the tensors at the rim tell: an integer input means a full-integer network."""
    return "int8" if found.inputs and found.inputs[0].dtype in {"int8", "uint8"} else "float32"


def _spec(
    tensor: ProbedTensor, name: str | None, names: Mapping[str, str] | None = None
) -> TensorSpec:
    return TensorSpec(
        name=name or (names or {}).get(tensor.name, tensor.name),
        tensor=tensor.name,
        shape=tensor.shape,
        dtype=tensor.dtype,
        scale=tensor.scale,
        zero_point=tensor.zero_point,
    )


def _name(path: Path) -> str:
    """The file's stem where it may name a bundle, else a plain word."""
    try:
        return check_path(path.stem, where=str(path))
    except BundleError:
        return "model"
