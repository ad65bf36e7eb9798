"""``edgecnn convert``: from a trained network to a proven bundle."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from edgecnn.bundle.label_file import read_labels
from edgecnn.bundle.metadata import SelfDescription
from edgecnn.bundle.schema import InputSpec
from edgecnn.cli.output import print_table
from edgecnn.cli.progress import progress_bar
from edgecnn.errors import OptionError
from edgecnn.optional import require
from edgecnn.registry import TASKS

_ABOUT = ("licence", "title", "source", "paper", "training_data", "limits")
"""What a bundle says of itself to people; the fields of `converters.options.About`."""


@click.command()
@click.argument("model")
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--task",
    default="classify",
    metavar="NAME",
    show_default=True,
    help=f"What the network is for: {', '.join(TASKS)}.",
)
@click.option(
    "--labels",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Text file with the name of a class on each line.",
)
@click.option("--calibration", metavar="DIR|NAME", help="Pictures that int8 ranges are found on.")
@click.option("--validation", metavar="DIR|NAME", help="Pictures with the truth, for the metric.")
@click.option(
    "--target",
    "targets",
    multiple=True,
    type=click.Choice(["tflite", "openvino"]),
    help="Only this; may be repeated.  [default: both]",
)
@click.option(
    "--precision",
    "precisions",
    multiple=True,
    type=click.Choice(["float32", "float16", "int8", "int4w"]),
    help="Only this; may be repeated.  [default: float32, float16, int8]",
)
@click.option(
    "--describe",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON with input, decoder, outputs and embedding, as in bundle.json.",
)
@click.option(
    "--input-shape",
    metavar="N,H,W,C",
    help="Of a model that leaves sizes open, in its own order: 1,224,224,3",
)
@click.option(
    "--color",
    type=click.Choice(["rgb", "bgr", "gray"]),
    help="Order of the channels.  [default: rgb, or gray for one]",
)
@click.option(
    "--mean",
    metavar="NUMBERS",
    help="One for all or one a channel: 123.7,116.3,103.5  [default: 0]",
)
@click.option("--std", metavar="NUMBERS", help="The same: x = (pixel - mean) / std.  [default: 1]")
@click.option(
    "--resize",
    type=click.Choice(["stretch", "letterbox", "crop"]),
    help="How a picture is made to fit the input.  [default: stretch]",
)
@click.option(
    "--max-drop",
    type=float,
    metavar="SHARE",
    help="What the metric may lose: 0.01 is one point.  [default: by precision]",
)
@click.option(
    "--gate",
    "gates",
    multiple=True,
    metavar="NAME=NUMBER",
    help="Move a gate of the proof, as in int8.cosine=0.95; may be repeated.",
)
@click.option(
    "--rim",
    type=click.Choice(["int8", "uint8", "float32"]),
    default="int8",
    show_default=True,
    help="Type of the int8 .tflite's input and outputs; MediaPipe needs uint8 or float32.",
)
@click.option("--accuracy-control", is_flag=True, help="OpenVINO: let NNCF guard the metric. Slow.")
@click.option(
    "--budget",
    default=300.0,
    metavar="SECONDS",
    show_default=True,
    help="For remedies of each int8 file that is not proven at once.",
)
@click.option(
    "--seed", default=0, metavar="N", show_default=True, help="Of every choice that is made."
)
@click.option(
    "--rounds",
    default=30,
    metavar="N",
    show_default=True,
    help="Timed runs; 0 measures no latency.",
)
@click.option("--threads", default=1, metavar="N", show_default=True, help="Of the timed runs.")
@click.option("--licence", default="unknown", show_default=True, help="SPDX name, for the bundle.")
@click.option("--title", metavar="TEXT", help="What people call the model.  [default: its name]")
@click.option("--source", metavar="TEXT", help="Who made the weights, and where they come from.")
@click.option("--paper", default="", metavar="TEXT", help="Where the method is described.")
@click.option("--training-data", default="", metavar="TEXT", help="What it was trained on.")
@click.option("--limits", default="", metavar="TEXT", help="Where it should not be trusted.")
@click.option(
    "--sign",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Private key to sign the bundle with; see: edgecnn keygen",
)
@click.option("--force", is_flag=True, help="Replace a bundle that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def convert(
    model: str, out: Path, *, describe: Path | None, sign: Path | None, as_json: bool, **given: Any
) -> None:
    """Convert MODEL to TFLite and OpenVINO, prove every file, and write the bundle OUT.

    MODEL is a .keras, .h5, .tflite, .onnx or OpenVINO .xml file, a SavedModel folder, a TF.js
    model.json, or the folder of a run (its best.keras). OUT is a folder, or a file that ends in
    .edge. Exit code 1 when proof fails: no bundle is written then, and OUT-report says why.
    """
    # TensorFlow greets with a page of notes unless it is imported this way.
    require("converters.quiet", extra="convert").tensorflow()
    converters = require("converters.convert", extra="convert")
    options = require("converters.options", extra="convert")
    plans = require("converters.quantization.plan", extra="convert")
    described = _description(describe)
    settings = options.ConvertOptions(
        about=options.About(**{name: given[name] for name in _ABOUT}),
        signature=options.Signature(
            outputs=described.get("outputs"),
            decoder=described.get("decoder"),
            embedding=described.get("embedding"),
            input_shapes=_shape(given["input_shape"]),
        ),
        proof=options.Proof(
            gates=_gates(given["gates"]),
            seed=given["seed"],
            rounds=given["rounds"],
            threads=given["threads"],
        ),
        int8=options.Int8(
            plan=plans.Int8Plan(rim=given["rim"]),
            budget_s=given["budget"],
            accuracy_control=given["accuracy_control"],
        ),
        sign=None if sign is None else sign.read_bytes(),
    )
    wishes = {name: given[name] for name in ("targets", "precisions") if given[name]}
    with progress_bar() as progress:
        report = converters.convert(
            model,
            out,
            task=given["task"],
            input=_input(described.get("input"), given),
            labels=_labels(given["labels"], described),
            calibration=given["calibration"],
            validation=given["validation"],
            max_drop=given["max_drop"],
            options=settings,
            force=given["force"],
            progress=progress,
            **wishes,
        )
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
        return
    text = require("converters.report.text", extra="convert")
    header, rows = text.table(report)
    print_table(f"{report.name}: proven against {report.source.title}", header, rows)
    for line in text.notes(report):
        click.echo(line)
    click.echo(str(out))


def _description(file: Path | None) -> dict[str, Any]:
    """The parts of a description that came; each is checked by the bundle's own schema."""
    if file is None:
        return {}
    try:
        content = json.loads(file.read_text("utf-8"))
        parts: dict[str, Any] = {}
        for field in msgspec.structs.fields(SelfDescription):
            if field.name in ("input", "decoder", "embedding", "labels") and field.name in content:
                parts[field.name] = msgspec.convert(content.pop(field.name), field.type)
        if "outputs" in content:
            parts["outputs"] = msgspec.convert(content.pop("outputs"), tuple[str, ...])
    except (ValueError, msgspec.ValidationError, AttributeError) as error:
        raise OptionError(f"{file} is no description: {error}.") from error
    if content:
        raise OptionError(
            f"{file} holds {', '.join(sorted(content))}; known are input, decoder, outputs (names "
            "in the network's order), embedding and labels."
        )
    return parts


def _gates(given: Sequence[str]) -> dict[str, float]:
    gates = {}
    for text in given:
        name, equals, number = text.partition("=")
        try:
            gates[name] = float(number)
        except ValueError:
            equals = ""
        if not equals:
            raise click.UsageError(f"--gate takes NAME=NUMBER, but got {text!r}.")
    return gates


def _labels(file: Path | None, described: dict[str, Any]) -> tuple[str, ...]:
    if file is None:
        return tuple(described.get("labels", ()))
    return read_labels(file)


def _input(described: InputSpec | None, given: dict[str, Any]) -> Any:
    """The input that was described, or the changes of one that the network's shape gives."""
    changes = {name: given[name] for name in ("color", "resize") if given[name] is not None}
    changes |= {name: _numbers(name, given[name]) for name in ("mean", "std") if given[name]}
    if not changes:
        return described
    if described is not None:
        raise click.UsageError("--describe has an input already; leave --color and the like out.")
    return changes


def _shape(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        shape = tuple(int(size) for size in text.split(","))
    except ValueError:
        shape = (0,)
    if min(shape) < 1:
        raise click.UsageError(f"--input-shape takes sizes like 1,224,224,3, but got {text!r}.")
    return shape


def _numbers(name: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(float(number) for number in text.split(","))
    except ValueError as error:
        raise click.UsageError(f"--{name} takes numbers like 127.5 or 1,2,3: {text!r}.") from error
