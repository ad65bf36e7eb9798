"""What a search may change: names of a config with ranges, from a TOML file.

    [space]
    net.width = { float = [0.25, 1.0] }
    net.name = { choice = ["mobilenet_v2", "shufflenet_v2"] }
    optimizer.learning_rate = { log = [1e-4, 1e-2] }
    schedule.warmup_epochs = { int = [0, 3] }
    fit.batch_size = { int = [32, 128], step = 32 }

    [pruning]                  # may be left out
    startup_trials = 5         # so many trials run to their end before any is cut short
    warmup_epochs = 2          # and each of them for so many epochs

``float`` and ``log`` are numbers with even chances on a plain and on a logarithmic scale, ``int``
are whole numbers, ``choice`` is one of several values. Both ends are included.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from edgecnn.errors import OptionError
from edgecnn.training.config import TrainConfig, change, to_dict

KINDS = ("float", "log", "int", "choice")
_FIXED = ("data.name", "data.split", "data.limit", "data.size_wh", "data.validation", "fit.seed")
"""Another value would change the pictures that trials are compared on."""


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that may change.

    Attributes:
        kind: One of `KINDS`.
        values: Two ends, or the choices.
        step: Of ``float`` and ``int``; None for any number.
    """

    kind: str
    values: tuple[Any, ...]
    step: float | None = None

    def suggest(self, trial: Any, name: str) -> Any:
        """A value of an Optuna trial."""
        if self.kind == "choice":
            return trial.suggest_categorical(name, self.values)
        low, high = self.values
        if self.kind == "int":
            return trial.suggest_int(name, low, high, step=int(self.step or 1))
        return trial.suggest_float(name, low, high, step=self.step, log=self.kind == "log")


class Pruning(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a trial is cut short: worse than the median of the others at the same epoch.

    Attributes:
        startup_trials: So many run to their end first; a number beyond the trials turns it off.
        warmup_epochs: Of each trial, in which nothing is cut.
    """

    startup_trials: Annotated[int, Meta(ge=0)] = 5
    warmup_epochs: Annotated[int, Meta(ge=0)] = 2


class Space(msgspec.Struct, frozen=True, kw_only=True):
    """What may change, by dotted name, and when trials are cut short."""

    parameters: dict[str, Parameter]
    pruning: Pruning = Pruning()

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return msgspec.json.decode(msgspec.json.encode(self), type=dict[str, Any])

    def suggest(self, trial: Any) -> dict[str, Any]:
        """Name -> value of an Optuna trial."""
        return {name: one.suggest(trial, name) for name, one in self.parameters.items()}


def read_space(file: str | os.PathLike[str]) -> Space:
    """Read a space from TOML.

    Raises:
        OptionError: It is none; the message names the place.
        OSError: It cannot be read.
    """
    path = Path(file)
    try:
        content = msgspec.toml.decode(path.read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"{path} cannot be read as TOML: {error}") from error
    return make_space(content, where=str(path))


def make_space(content: Mapping[str, Any], *, where: str = "The space") -> Space:
    """A space from nested tables.

    Args:
        content: ``space``, and perhaps ``pruning``.
        where: What it came from, for messages.

    Raises:
        OptionError: Something in it cannot be used.
    """
    unknown = sorted(set(content) - {"space", "pruning"})
    if unknown or not isinstance(content.get("space"), Mapping) or not content["space"]:
        raise OptionError(
            f"{where} needs a table [space] with names and ranges, and may have [pruning]; it has "
            f"{', '.join(content) or 'nothing'}."
        )
    try:
        pruning = msgspec.convert(content.get("pruning", {}), Pruning)
    except msgspec.ValidationError as error:
        raise OptionError(f"{where}, [pruning]: {error}.") from error
    found = dict(_parameters(content["space"], "", where))
    return Space(parameters=found, pruning=pruning)


def with_values(config: TrainConfig, values: Mapping[str, Any]) -> TrainConfig:
    """The config with the values of a trial.

    Raises:
        OptionError: No such name, or a value that cannot be used.
    """
    changes: dict[str, Any] = {}
    for name, value in values.items():
        *groups, last = name.split(".")
        place = changes
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = value
    options = changes.get("net", {}).get("options")
    if options is not None:
        changes["net"]["options"] = {**config.net.options, **options}
    return change(config, changes, where="The search space")


def check_space(space: Space, config: TrainConfig) -> None:
    """Try all ends and choices one by one, before a night is spent on them.

    Raises:
        OptionError: A name that is not in the config or must not change, or a value it refuses.
    """
    names = set(_names(to_dict(config), ""))
    for name, parameter in space.parameters.items():
        if name in _FIXED:
            raise OptionError(
                f"{name} cannot be searched: trials would be compared on different pictures."
            )
        if name not in names and not name.startswith("net.options."):
            group = name.partition(".")[0]
            known = [other for other in sorted(names) if other.startswith(f"{group}.")]
            raise OptionError(
                f"The config has no {name}. "
                f"Known: {', '.join(known or sorted({n.partition('.')[0] for n in names}))}."
            )
        for value in parameter.values:
            with_values(config, {name: value})


def _names(table: Mapping[str, Any], prefix: str) -> list[str]:
    found = []
    for name, value in table.items():
        inside = isinstance(value, Mapping) and name != "options"
        found += _names(value, f"{prefix}{name}.") if inside else [f"{prefix}{name}"]
    return found


def _parameters(table: Mapping[str, Any], prefix: str, where: str) -> list[tuple[str, Parameter]]:
    found = []
    for name, value in table.items():
        full = f"{prefix}{name}"
        if not isinstance(value, Mapping):
            raise OptionError(f"{where}: {full} is {value!r}; give a table such as {_EXAMPLE}.")
        if any(isinstance(value.get(kind), list) for kind in KINDS):
            found.append((full, _parameter(value, f"{where}: {full}")))
        else:
            found += _parameters(value, f"{full}.", where)
    if not found:
        raise OptionError(f"{where}: {prefix.rstrip('.')} has no range; give {_EXAMPLE}.")
    return found


_EXAMPLE = "{ float = [0.25, 1.0] }, { log = [1e-4, 1e-2] }, { int = [1, 5] } or { choice = [...] }"


def _parameter(table: Mapping[str, Any], where: str) -> Parameter:
    given = [kind for kind in KINDS if kind in table]
    if len(given) != 1 or set(table) - {*given, "step"}:
        raise OptionError(f"{where} has {', '.join(table)}; give one of {_EXAMPLE}.")
    kind, values, step = given[0], tuple(table[given[0]]), table.get("step")
    if kind == "choice":
        plain = all(isinstance(value, str | int | float | bool) for value in values)
        if not plain or len(set(values)) != len(values) or len(values) < 2 or step is not None:
            raise OptionError(f"{where}: choice needs two or more different plain values.")
        return Parameter(kind=kind, values=values)
    _check_range(kind, values, step, where)
    return Parameter(kind=kind, values=values, step=step)


def _check_range(kind: str, values: tuple[Any, ...], step: Any, where: str) -> None:
    number = int if kind == "int" else (int, float)
    numbers = (*values, *(() if step is None else (step,)))
    fits = all(isinstance(one, number) and not isinstance(one, bool) for one in numbers)
    if not fits or len(values) != 2 or not values[0] < values[1]:
        what = "whole numbers" if kind == "int" else "numbers"
        raise OptionError(
            f"{where}: {kind} needs two {what}, the lower one first, but got {list(values)}"
            f"{'' if step is None else f' and step {step}'}."
        )
    if kind == "log" and (values[0] <= 0 or step is not None):
        raise OptionError(f"{where}: log needs numbers above 0, and takes no step.")
    if step is not None and not 0 < step <= values[1] - values[0]:
        raise OptionError(f"{where}: step {step} does not fit between {values[0]} and {values[1]}.")
