"""What the verbs ``distill``, ``prune`` and ``quantize`` share: options, reading and the table."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import click

from edgecnn.cli.output import print_table
from edgecnn.cli.progress import progress_bar
from edgecnn.cli.settings import merged, set_option
from edgecnn.errors import OptionError
from edgecnn.optional import require

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--out",
        required=True,
        type=click.Path(path_type=Path),
        help="Folder of the step; new or empty.",
    ),
    click.option(
        "--data", metavar="DATA", help="A data set by name, a folder of class folders, .csv."
    ),
    click.option(
        "--test",
        "judge",
        metavar="DATA",
        help="Pictures to judge on; the test part of a data set, else what is held back.",
    ),
    click.option(
        "--epochs",
        type=click.IntRange(min=1),
        metavar="N",
        help="Passes over the data, in the (last) training.",
    ),
    click.option("--batch-size", type=click.IntRange(min=1), metavar="N", help="Pictures a step."),
    click.option("--learning-rate", type=float, metavar="RATE", help="Before the schedule."),
    click.option(
        "--seed", type=click.IntRange(min=0), metavar="N", help="Of everything that is random."
    ),
    click.option(
        "--limit", type=click.IntRange(min=1), metavar="N", help="Learn from so many pictures."
    ),
    click.option("--temperature", type=float, metavar="T", help="Of the teachers' answers."),
    click.option(
        "--soft", type=float, metavar="SHARE", help="Share of the teachers in the loss, 0 to 1."
    ),
    set_option("train.optimizer.name=sgd"),
    click.option("--resume", is_flag=True, help="Go on with the step in --out."),
    click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
)


def step_options(function: F) -> F:
    """The options that all three verbs have."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def quiet_keras() -> None:
    """Import Keras; TensorFlow, where it is installed, greets with notes unless told not to.

    With other backends Keras imports it as well, as soon as pictures are augmented.
    """
    if find_spec("tensorflow"):
        require("converters.quiet", extra="convert").tensorflow()
    # It counts the nets of the stages as one that is compiled over and over.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    require("keras", extra="train")


def settle(
    kind: str,
    config: Path | None,
    given: dict[str, Any],
    changes: dict[str, dict[str, Any]],
    plain: tuple[str, ...] = (),
) -> Any:
    """The step that a file and the options describe.

    Args:
        kind: Name of its class.
        config: File; None with ``resume`` takes what the folder was begun with.
        given: Values of `step_options`.
        changes: What further options say, in groups; ``net`` is a group of the training.
        plain: Names of options that are fields of the step itself.
    """
    base = getattr(require("edgecnn.training.steps.config", extra="train"), kind)()
    reading = require("edgecnn.training.steps.reading", extra="train")
    if config is not None:
        step = reading.read_step(config, base, whole=False)
    elif given["resume"]:
        step = reading.change(base, begun(given["out"])["step"], where=str(given["out"]))
    elif given["data"]:
        step = base
    else:
        raise click.UsageError("Give CONFIG or --data.")
    epochs, warm_up = given["epochs"], {}
    if epochs is not None and step.train.schedule.warmup_epochs >= epochs:
        warm_up = {"warmup_epochs": epochs / 5}
    told = {
        **_some(given, "judge", *plain),
        **{name: _set(fields) for name, fields in changes.items()},
        "teach": _set(changes.get("teach", {}) | _some(given, "temperature", "soft")),
        "train": {
            "net": _set(changes.get("net", {})),
            "data": _set({"name": given["data"], "limit": given["limit"]}),
            "optimizer": _set({"learning_rate": given["learning_rate"]}),
            "schedule": warm_up,
            "fit": _set(_some(given, "epochs", "batch_size", "seed")),
        },
    }
    told.pop("net", None)
    said = merged(_set(told), given["settings"])
    return reading.change(step, said, where="The command line")


def begun(out: Path) -> dict[str, Any]:
    """What the folder of a step was begun with; see `edgecnn.training.steps.folder`."""
    folders = require("edgecnn.training.steps.folder", extra="train")
    found: dict[str, Any] = folders.begun_with(out)
    return found


def model_file(model: str | None, given: dict[str, Any]) -> str:
    """The ``.keras`` file of a step: named, in the folder of a run, or that of a resumed step."""
    if model is None and given["resume"]:
        model = begun(given["out"])["source"]
    if model is None:
        raise click.UsageError("Give MODEL, a .keras file or the folder of a run.")
    file = trained(model)
    if Path(file).suffix.lower() != ".keras" or not Path(file).is_file():
        raise OptionError(
            f"MODEL is a .keras file that is there, or the folder of a run, but got {model!r}."
        )
    return file


def trained(model: str) -> str:
    """The best net where the folder of a run is named; anything else as it is."""
    best = Path(model) / "best.keras"
    return str(best) if best.is_file() else model


def sources(teachers: tuple[str, ...]) -> tuple[str, ...] | None:
    """What ``--teacher`` said; None when it was not given."""
    if not teachers:
        return None
    if "none" in teachers:
        if len(teachers) > 1:
            raise click.UsageError("--teacher none goes with no other --teacher.")
        return ()
    return tuple(trained(teacher) for teacher in teachers)


@contextmanager
def working(verb: str, out: Path) -> Iterator[Any]:
    """A progress bar, and a word about going on when somebody interrupts."""
    try:
        with progress_bar() as progress:
            yield progress
    except KeyboardInterrupt:
        click.echo(f"Interrupted. Go on with: edgecnn {verb} --out {out} --resume", err=True)
        raise


def show(result: Any, names: tuple[str, str], as_json: bool, *notes: str) -> None:
    """Print what a step ended with.

    Args:
        result: A `edgecnn.training.steps.result.StepResult`.
        names: Of the two rows.
        as_json: One JSON object and nothing else.
        notes: Lines below the table.
    """
    if as_json:
        encode = require("msgspec.json", extra="train").encode
        told = {"folder": str(result.folder), "file": str(result.file), **result.to_dict()}
        click.echo(encode(told).decode())
        return
    print_table(
        f"Judged on {result.judged_on}: {result.pictures:,} pictures",
        ("", "accuracy", "parameters", "MACs", "bytes of weights", "gzip"),
        [
            _row(names[0], result.before),
            _row(names[1], result.after),
            _change(result.before, result.after),
        ],
    )
    for note in notes:
        click.echo(note)
    click.echo(str(result.file))


def _row(name: str, figures: Any) -> tuple[str, ...]:
    counts = (figures.parameters, figures.macs, figures.weight_bytes, figures.gzip_bytes)
    words = ("-" if count is None else f"{count:,}" for count in counts)
    return (name, f"{figures.accuracy * 100:.2f} %", *words)


def _change(before: Any, after: Any) -> tuple[str, ...]:
    cells = [f"{(after.accuracy - before.accuracy) * 100:+.2f}"]
    for name in ("parameters", "macs", "weight_bytes", "gzip_bytes"):
        a, b = getattr(before, name), getattr(after, name)
        cells.append("-" if not a or b is None else f"{b / a * 100:.1f} %")
    return ("change", *cells)


def _some(given: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: given[name] for name in names}


def _set(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
