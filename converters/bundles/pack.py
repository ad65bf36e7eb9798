"""Putting a bundle together from converted files.

The tensors that a bundle lists are read from the opened file itself, never written by hand, and the
golden answers come from the float variant as it runs on a device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from edgecnn.bundle import io
from edgecnn.bundle.check import TENSORS
from edgecnn.bundle.keys import Key, Signer
from edgecnn.bundle.schema import (
    SCHEMA_VERSION,
    DecoderSpec,
    EmbeddingSpec,
    Format,
    Golden,
    InputSpec,
    Manifest,
    Precision,
    PublishedMetric,
    Speed,
    TensorSpec,
    Variant,
)
from edgecnn.bundle.store import MemoryStore
from edgecnn.errors import ConversionError
from edgecnn.evaluation.agreement import thin_tensors
from edgecnn.registry import TASKS
from edgecnn.runtime.backend import ModelFile, TensorInfo
from edgecnn.runtime.policy import choose, get_backend
from edgecnn.tasks.base import Task

INPUT_NAME = "image"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVariant:
    """A converted file on its way into a bundle.

    Attributes:
        file: Path inside the bundle: ``int8.tflite``, ``openvino/int8.xml``.
        precision: Of the weights.
        model: Content of the ``.tflite`` or ``.xml``.
        weights: Content of the ``.bin`` of an IR.
        backends: Those that it was proven on, the best first.
        outputs: Name of an output inside the file -> name that the decoder knows it by. Outputs
            that are not listed keep their names.
        inputs: The same for inputs. Only the task ``tensors`` takes them by name; the input of any
            other is the picture.
        agreement: Measured agreement with the float reference, by name.
        speed: Measured relative latencies.
    """

    file: str
    precision: Precision
    model: bytes
    backends: tuple[str, ...]
    weights: bytes | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    agreement: Mapping[str, float] = field(default_factory=dict)
    speed: tuple[Speed, ...] = ()

    @property
    def format(self) -> Format:
        """By the file's ending."""
        return "tflite" if self.file.endswith(".tflite") else "openvino"

    @property
    def weights_file(self) -> str | None:
        """Path of the ``.bin`` inside the bundle."""
        return None if self.weights is None else self.file.removesuffix(".xml") + ".bin"

    def contents(self) -> dict[str, bytes]:
        """Its files, by path inside the bundle."""
        files = {self.file: self.model}
        if self.weights is not None and self.weights_file is not None:
            files[self.weights_file] = self.weights
        return files


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a bundle says that no file can tell; the fields are those of `Manifest`."""

    name: str
    title: str
    task: str
    licence: str
    source: str
    input: InputSpec | None
    decoder: DecoderSpec
    labels: tuple[str, ...] = ()
    paper: str = ""
    training_data: str = ""
    limits: str = ""
    metrics: tuple[PublishedMetric, ...] = ()
    embedding: EmbeddingSpec | None = None

    @property
    def picture_input(self) -> InputSpec:
        """`input` of a task that looks at pictures.

        Raises:
            ConversionError: There is none: the task is ``tensors``.
        """
        if self.input is None:
            raise ConversionError(f"{self.name} takes arrays, not pictures ({self.task}).")
        return self.input


def describe_variant(variant: ModelVariant, *, task: str = "classify") -> Variant:
    """The schema's entry for a converted file, with the tensors that its first backend sees.

    Args:
        variant: The file.
        task: Tells whether its inputs are one picture or, for ``tensors``, arrays by name.

    Raises:
        BackendError: The backend refuses the file.
        ConversionError: More than one input where the task looks at a picture.
    """
    model = ModelFile(variant.file, variant.format, variant.model, variant.weights or b"")
    engine = get_backend(variant.backends[0]).open(model, threads=1)
    try:
        names = variant.inputs
        if task != TENSORS:
            if len(engine.inputs) != 1:
                raise ConversionError(
                    f"{variant.file} has the inputs {sorted(engine.inputs)}; the task {task!r} "
                    f"takes one picture. Models with several inputs have the task {TENSORS!r}."
                )
            names = dict.fromkeys(engine.inputs, INPUT_NAME)
        inputs = tuple(_spec(info, names) for info in engine.inputs.values())
        outputs = tuple(_spec(info, variant.outputs) for info in engine.outputs.values())
    finally:
        engine.close()
    return Variant(
        file=variant.file,
        format=variant.format,
        precision=variant.precision,
        backends=variant.backends,
        inputs=inputs,
        outputs=tuple(sorted(outputs, key=lambda spec: spec.name)),
        weights=variant.weights_file,
        agreement=dict(variant.agreement),
        speed=variant.speed,
    )


def _spec(info: TensorInfo, names: Mapping[str, str]) -> TensorSpec:
    return TensorSpec(
        name=names.get(info.name, info.name),
        tensor=info.name,
        shape=info.shape,
        dtype=info.dtype.name,
        scale=info.scale,
        zero_point=info.zero_point,
    )


def assemble(
    facts: Facts, variants: Sequence[ModelVariant], extra: Mapping[str, bytes] | None = None
) -> io.Bundle:
    """A bundle in memory, without golden answers yet: enough to load, run and measure.

    Args:
        facts: What no file can tell.
        variants: The float one first.
        extra: Other files (golden pictures, card, licence), by path.
    """
    files = dict(extra or {})
    for variant in variants:
        files |= variant.contents()
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        variants=tuple(describe_variant(variant, task=facts.task) for variant in variants),
        files=io.file_entries(files),
        **{name: getattr(facts, name) for name in facts.__slots__},
    )
    return io.Bundle(manifest, MemoryStore(facts.name, files))


def open_task(
    bundle: io.Bundle,
    *,
    backend: str | None = None,
    precision: str | None = None,
    threads: int = 1,
    options: Any = None,
) -> Task[Any, Any]:
    """A task on one variant of a bundle in memory, for proof and measurement."""
    choice = choose(bundle.manifest, backend=backend, precision=precision, threads=threads)
    task: Task[Any, Any] = TASKS[bundle.manifest.task](bundle, choice, options)
    return task


def golden_answers(
    bundle: io.Bundle,
    pictures: Mapping[str, Any],
    tolerance: Mapping[str, Mapping[str, float]],
    answer: Callable[[Task[Any, Any], Any], Any] | None = None,
) -> tuple[Golden, ...]:
    """What the bundle's first variant answers about its golden pictures.

    Args:
        bundle: From `assemble`, its first variant the float reference.
        pictures: Path inside the bundle -> what the task is called with: a path or `Frame`; for
            the task ``tensors`` a mapping of arrays, whose file is
            `edgecnn.bundle.arrays.write_arrays` of it.
        tolerance: precision -> check -> limit, for `edgecnn.evaluation.agreement`.
        answer: How to ask; None calls the task with the picture.
    """
    thin = thin_tensors if bundle.manifest.task == TENSORS else dict
    first = bundle.manifest.variants[0]
    choice = choose(
        bundle.manifest, backend=first.backends[0], precision=first.precision, threads=1
    )
    with TASKS[bundle.manifest.task](bundle, choice) as task:
        return tuple(
            Golden(
                image=path,
                expected=thin((answer(task, picture) if answer else task(picture)).to_dict()),
                tolerance={name: dict(checks) for name, checks in tolerance.items()},
            )
            for path, picture in pictures.items()
        )


def write(
    bundle: io.Bundle,
    golden: Sequence[Golden],
    out: Path,
    extra: Mapping[str, bytes],
    *,
    force: bool = True,
    sign: Signer | Key | None = None,
) -> Path:
    """Write a finished bundle.

    Args:
        bundle: From `assemble`.
        golden: From `golden_answers`.
        out: Folder or ``.edge`` file.
        extra: Files that were not known before (the card), by path; they replace earlier ones.
        force: Replace a bundle that is there.
        sign: Private key to sign it with, as `edgecnn.bundle.io.save` takes it.
    """
    manifest = msgspec.structs.replace(bundle.manifest, golden=tuple(golden))
    files = {path: bundle.read(path) for path in bundle.manifest.files} | dict(extra)
    return io.save(manifest, files, out, force=force, sign=sign)
