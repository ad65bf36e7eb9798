"""``edgecnn inspect``: what a bundle or model file says of itself."""

from __future__ import annotations

import json
import shlex
from typing import Any

import click
import msgspec

from edgecnn.api import open_bundle
from edgecnn.bundle.io import Bundle
from edgecnn.bundle.schema import InputSpec, Manifest, TensorSpec, Variant
from edgecnn.bundle.signing import read_signature
from edgecnn.cli.output import print_facts, print_table
from edgecnn.errors import BundleError


@click.command()
@click.argument("model")
@click.option("--json", "as_json", is_flag=True, help="Print the whole manifest as JSON.")
@click.pass_context
def inspect(context: click.Context, model: str, as_json: bool) -> None:
    """Print what MODEL is: input, decoder, labels, variants, tensors, licence, figures.

    MODEL is a bundle's name or path, or a bare .tflite or .xml. Hashes are checked; exit code 1
    when a file is missing or altered.
    """
    bundle = open_bundle(model)
    problems = _hash_problems(bundle)
    whole = len(bundle.manifest.files) - len(problems)
    try:
        signature = read_signature(bundle.store)
    except BundleError as error:
        signature = None
        problems.append(str(error))
    signer = signature.key_id if signature is not None else None
    if as_json:
        document: dict[str, Any] = msgspec.to_builtins(bundle.manifest)
        click.echo(json.dumps(document | {"signed_with": signer, "problems": problems}))
    else:
        _print(bundle.manifest, model, whole, signer)
        for problem in problems:
            click.echo(problem, err=True)
    if problems:
        context.exit(1)


def _hash_problems(bundle: Bundle) -> list[str]:
    problems = []
    for path in bundle.manifest.files:
        try:
            bundle.read(path)
        except BundleError as error:
            problems.append(str(error))
    return problems


def _print(manifest: Manifest, model: str, whole: int, signer: str | None) -> None:
    count = len(manifest.files)
    check = f"check with: edgecnn verify {shlex.quote(model)}"
    questions = "pictures" if manifest.input is not None else "sets of arrays"
    facts = {
        "Name": manifest.name,
        "Task": manifest.task,
        "Input": _input(manifest.input),
        "Normalised": "" if manifest.input is None else _normalised(manifest.input),
        "Decoder": _decoder(manifest),
        "Labels": _labels(manifest.labels),
        "Embedding": _embedding(manifest),
        "Licence": manifest.licence,
        "Source": manifest.source,
        "Paper": manifest.paper,
        "Training data": manifest.training_data,
        "Limits": manifest.limits,
        "Golden": f"{len(manifest.golden)} {questions}; {check}" if manifest.golden else "",
        "Files": f"{whole} of {count} have the right size and SHA-256",
        "Signed": f"with key {signer[:16]}..., not checked; check with: edgecnn verify --key PUB"
        if signer
        else "",
        "Preferred": "\n".join(
            f"{p.machine}: {p.file} on {p.backend}, {p.threads} threads, {p.compute}. {p.reason}"
            for p in manifest.preferred
        ),
    }
    print_facts(manifest.title, {key: value for key, value in facts.items() if value})
    print_table(
        "Variants",
        ["file", "precision", "MB", "backends", "agreement with float"],
        [_variant(variant, manifest) for variant in manifest.variants],
    )
    print_table(
        "Tensors",
        ["file", "", "name", "in the file", "shape", "type", "quantization"],
        [
            _tensor(variant.file, role, tensor)
            for variant in manifest.variants
            for role, tensors in (("in", variant.inputs), ("out", variant.outputs))
            for tensor in tensors
        ],
    )
    if manifest.metrics:
        print_table(
            "Figures",
            ["figure", "value", "precision", "data", "origin"],
            [
                [m.name, f"{m.value:g}", m.precision, m.dataset, f"{m.origin}: {m.source}"]
                for m in manifest.metrics
            ],
        )


def _input(spec: InputSpec | None) -> str:
    if spec is None:
        return "arrays by name; see the tensors below"
    how = {
        "stretch": "stretched",
        "letterbox": f"letterboxed on {spec.pad}",
        "crop": f"centre crop of {spec.crop_fraction:g}",
    }[spec.resize]
    size = f"{spec.width} x {spec.height} {spec.color}, {spec.layout}"
    return f"{size}, {how}, {spec.interpolation} interpolation"


def _normalised(spec: InputSpec) -> str:
    def numbers(values: tuple[float, ...]) -> str:
        return f"{values[0]:g}" if len(set(values)) == 1 else ", ".join(f"{v:g}" for v in values)

    return f"(pixel - [{numbers(spec.mean)}]) / [{numbers(spec.std)}]"


def _decoder(manifest: Manifest) -> str:
    parameters = manifest.decoder.parameters
    shown = ", ".join(f"{name}={value}" for name, value in parameters.items())
    return f"{manifest.decoder.name} ({shown})" if shown else manifest.decoder.name


def _labels(labels: tuple[str, ...]) -> str:
    if not labels:
        return ""
    first = ", ".join(labels[:6])
    return f"{len(labels)}: {first}{', ...' if len(labels) > 6 else ''}"


def _embedding(manifest: Manifest) -> str:
    embedding = manifest.embedding
    if embedding is None:
        return ""
    aligned = ", of an aligned face" if embedding.alignment is not None else ""
    return f"{embedding.dimension} numbers in space {embedding.space}, {embedding.metric}{aligned}"


def _variant(variant: Variant, manifest: Manifest) -> list[str]:
    files = [variant.file, *([variant.weights] if variant.weights else [])]
    size = sum(manifest.files[file].bytes for file in files) / 1e6
    agreement = ", ".join(f"{name} {value:g}" for name, value in variant.agreement.items())
    backends = ", ".join(variant.backends)
    return [variant.file, variant.precision, f"{size:.2f}", backends, agreement]


def _tensor(file: str, role: str, tensor: TensorSpec) -> list[str]:
    shape = " x ".join(str(size) for size in tensor.shape)
    real = f"{tensor.scale:.6g} * (q - {tensor.zero_point})" if tensor.scale else ""
    return [file, role, tensor.name, tensor.tensor, shape, tensor.dtype, real]
