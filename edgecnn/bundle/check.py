"""What the types of the schema cannot say: checks of a manifest as a whole."""

from __future__ import annotations

import math

from edgecnn.bundle.paths import MANIFEST, SIGNATURE, check_path
from edgecnn.bundle.schema import InputSpec, Manifest, Variant
from edgecnn.errors import BundleError
from edgecnn.registry import DECODERS, TASKS

MAX_SIDE = 8_192
TENSORS = "tensors"
"""The task whose inputs are arrays, not a picture."""
_FORMAT_SUFFIX = {"tflite": ".tflite", "openvino": ".xml"}


def check_manifest(manifest: Manifest, *, where: str) -> None:
    """Refuse a manifest that no device could use rightly.

    Raises:
        BundleError: Says which field, what it holds, and what was expected.
    """
    for registry, name in ((TASKS, manifest.task), (DECODERS, manifest.decoder.name)):
        if name not in registry:
            raise BundleError(
                f"{where}: unknown {registry.kind} {name!r}. Known: {', '.join(sorted(registry))}."
            )
    if manifest.input is not None:
        check_input(manifest.input, where=where)
    if (manifest.input is None) != (manifest.task == TENSORS):
        raise BundleError(
            f"{where}: `input` says how a picture is fed, so every task but {TENSORS!r} needs it, "
            f"and that one has none; the task is {manifest.task!r}."
        )
    if (manifest.task == TENSORS) != (manifest.decoder.name == TENSORS):
        raise BundleError(
            f"{where}: the decoder {manifest.decoder.name!r} does not belong to the task "
            f"{manifest.task!r}; the task {TENSORS!r} has a decoder of that name, and no other "
            "task has."
        )
    if not manifest.variants:
        raise BundleError(f"{where} has no variants, so there is no model to run.")
    for path in manifest.files:
        check_path(path, where=where)
        if path in (MANIFEST, SIGNATURE):
            raise BundleError(f"{where}: {path!r} cannot be listed under `files`.")
    for variant in manifest.variants:
        _check_variant(variant, manifest, where=where)
    for golden in manifest.golden:
        _check_file(golden.image, manifest, where=where)
    _check_preferred(manifest, where=where)
    if (manifest.task == "embed") != (manifest.embedding is not None):
        raise BundleError(
            f"{where}: `embedding` belongs to the task embed and to no other; "
            f"the task is {manifest.task!r}."
        )


def check_input(spec: InputSpec, *, where: str) -> None:
    """Refuse an input specification with impossible numbers; raises BundleError."""
    if not (1 <= spec.width <= MAX_SIDE and 1 <= spec.height <= MAX_SIDE):
        raise BundleError(
            f"{where}: the input is {spec.width} x {spec.height}; 1 to {MAX_SIDE} is accepted."
        )
    channels = 1 if spec.color == "gray" else 3
    for name, values in (("mean", spec.mean), ("std", spec.std)):
        if len(values) != channels or not all(math.isfinite(value) for value in values):
            raise BundleError(
                f"{where}: input.{name} must be {channels} finite numbers for color "
                f"{spec.color!r}, but got {list(values)}."
            )
    if any(value == 0 for value in spec.std):
        raise BundleError(f"{where}: input.std must not hold 0, but got {list(spec.std)}.")
    if not 0 < spec.crop_fraction <= 1:
        raise BundleError(
            f"{where}: input.crop_fraction must be in (0, 1], but got {spec.crop_fraction}."
        )
    if not 0 <= spec.pad <= 255:
        raise BundleError(f"{where}: input.pad must be a pixel value 0..255, but got {spec.pad}.")


def _check_file(path: str, manifest: Manifest, *, where: str) -> None:
    check_path(path, where=where)
    if path not in manifest.files:
        raise BundleError(f"{where}: {path!r} is used but not listed under `files`.")


def _check_variant(variant: Variant, manifest: Manifest, *, where: str) -> None:
    _check_file(variant.file, manifest, where=where)
    if not variant.file.endswith(_FORMAT_SUFFIX[variant.format]):
        raise BundleError(
            f"{where}: {variant.file!r} is said to be {variant.format}, whose files end in "
            f"{_FORMAT_SUFFIX[variant.format]}."
        )
    if variant.format == "openvino" and variant.weights is None:
        raise BundleError(f"{where}: {variant.file!r} is an OpenVINO IR without `weights` (.bin).")
    if variant.weights is not None:
        _check_file(variant.weights, manifest, where=where)
    if not variant.backends:
        raise BundleError(f"{where}: {variant.file!r} names no backend it was proven on.")
    if manifest.input is None:
        _check_named_tensors(variant, manifest.variants[0], where=where)
    else:
        _check_picture_input(variant, manifest.input, where=where)


def _check_picture_input(variant: Variant, spec: InputSpec, *, where: str) -> None:
    if len(variant.inputs) != 1:
        raise BundleError(
            f"{where}: {variant.file!r} has {len(variant.inputs)} inputs; a task feeds exactly one "
            f"picture. A model with several inputs needs the task {TENSORS!r}."
        )
    channels = len(spec.mean)
    expected = (
        (1, spec.height, spec.width, channels)
        if spec.layout == "nhwc"
        else (1, channels, spec.height, spec.width)
    )
    if variant.inputs[0].shape != expected:
        raise BundleError(
            f"{where}: the input of {variant.file!r} has shape {variant.inputs[0].shape}, but "
            f"`input` describes {expected}."
        )


def _check_named_tensors(variant: Variant, first: Variant, *, where: str) -> None:
    """Callers go by names and shapes, so all variants have to have the same."""
    for kind, own, reference in (
        ("input", variant.inputs, first.inputs),
        ("output", variant.outputs, first.outputs),
    ):
        shapes = {spec.name: spec.shape for spec in own}
        expected = {spec.name: spec.shape for spec in reference}
        if not own or len(shapes) != len(own):
            raise BundleError(
                f"{where}: {variant.file!r} needs {kind}s of different names, but has "
                f"{[spec.name for spec in own]}."
            )
        if shapes != expected:
            raise BundleError(
                f"{where}: {variant.file!r} has the {kind}s {shapes}, but {first.file!r} has "
                f"{expected}. All variants need the same names and shapes."
            )


def _check_preferred(manifest: Manifest, *, where: str) -> None:
    variants = {variant.file: variant for variant in manifest.variants}
    seen: set[tuple[str, int]] = set()
    for preferred in manifest.preferred:
        variant = variants.get(preferred.file)
        if variant is None or preferred.backend not in variant.backends:
            raise BundleError(
                f"{where}: `preferred` names {preferred.file!r} on {preferred.backend!r}, which is "
                "no variant of this bundle with a backend it was proven on."
            )
        key = (preferred.machine, preferred.threads)
        if preferred.threads < 1 or key in seen:
            raise BundleError(
                f"{where}: `preferred` needs at least 1 thread and one entry for each machine and "
                f"number of threads, but got {preferred.machine!r} with {preferred.threads}."
            )
        seen.add(key)
