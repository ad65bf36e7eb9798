"""Steps from files and from nested tables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from edgecnn.errors import OptionError
from edgecnn.training import config as configs
from edgecnn.training.presets import preset
from edgecnn.training.steps.config import SELF, DistillStep, PruneStep, QuantizeStep, Step

S = TypeVar("S", DistillStep, PruneStep, QuantizeStep)


def read_step(file: str | os.PathLike[str], base: S, *, whole: bool = True) -> S:
    """Read a step from a ``.toml`` or ``.json`` file.

    Args:
        file: In UTF-8. ``train.preset`` names what the training starts from.
        base: What the file changes; ``DistillStep()`` and so on for the defaults.
        whole: Whether it has to fit together already; not where more changes follow.

    Raises:
        OptionError: Another kind of file, an unknown name, or a value that cannot be used.
        OSError: It cannot be read.
    """
    path = Path(file)
    content = configs.read_table(path)
    return change(base, content, where=str(path), whole=whole)


def change(
    step: S, changes: Mapping[str, Any], *, where: str = "The change", whole: bool = True
) -> S:
    """A copy of a step with some values replaced; groups are merged.

    A goal of pruning takes the place of the one before. With ``whole`` off, it need not fit
    together yet.

    Example:
        >>> change(PruneStep(), {"target": {"sparsity": 0.8}}).target.given
        ('sparsity',)

    Raises:
        OptionError: An unknown name, or a value that cannot be used; the message names the field.
    """
    changed = dict(changes)
    kind = type(step).__struct_config__.tag
    named = changed.pop("step", kind)
    if named != kind:
        raise OptionError(f"{where} is for {named!r}, not for {kind!r}.")
    train = _training(step, changed.pop("train", {}), where)
    merged = to_dict(step)
    for name, value in changed.items():
        group = merged.get(name)
        if isinstance(group, dict) and isinstance(value, Mapping):
            merged[name] = _merged(group, value, name)
        else:
            merged[name] = value
    merged["train"] = configs.to_dict(train)
    try:
        result: S = msgspec.convert(merged, type(step))
    except msgspec.ValidationError as error:
        names = configs.known(error, to_dict(step))
        raise OptionError(f"{where} cannot be used: {error}.{names}") from error
    if whole:
        check(result, where)
    return result


def to_dict(step: Step) -> dict[str, Any]:
    """Nested tables of plain values; `change` takes them back."""
    return msgspec.json.decode(msgspec.json.encode(step), type=dict[str, Any])


def check(step: Step, where: str = "The step") -> None:
    """What single fields cannot say.

    Raises:
        OptionError: Something does not fit together.
    """
    if isinstance(step, DistillStep):
        if not step.teach.sources:
            raise OptionError(f"{where}: give at least one teacher (teach.sources).")
        if SELF in step.teach.sources:
            raise OptionError(
                f"{where}: a student cannot be its own teacher; name a .keras file or a bundle."
            )
        return
    if step.train.transfer.source is not None:
        raise OptionError(
            f"{where}: train.transfer.source is {step.train.transfer.source!r}, but the step "
            "begins with a net of its own; leave it out."
        )
    if isinstance(step, PruneStep):
        _check_prune(step, where)
    else:
        _check_quantize(step, where)


def _check_prune(step: PruneStep, where: str) -> None:
    target, average = step.target, step.train.regularize.average.name
    if len(target.given) != 1:
        raise OptionError(
            f"{where}: the target is {' and '.join(target.given) or 'empty'}; give exactly one of "
            f"{', '.join(target.GOALS)}."
        )
    if target.n_of_m is not None and target.n_of_m[0] >= target.n_of_m[1]:
        n, m = target.n_of_m
        raise OptionError(f"{where}: target.n_of_m is {n}:{m}; fewer than {m} of {m} may stay.")
    if target.is_sparse and average != "none":
        raise OptionError(
            f"{where}: train.regularize.average is {average!r}, but an average over weights that "
            "were zero at some steps and not at others is zero nowhere; use 'none'."
        )


def _check_quantize(step: QuantizeStep, where: str) -> None:
    fit = step.train.fit
    if fit.precision != "float32":
        raise OptionError(
            f"{where}: train.fit.precision is {fit.precision!r}, but rounding to integers has to "
            "be computed in 'float32'."
        )
    if step.teach.features or step.teach.attention:
        raise OptionError(
            f"{where}: a net that rounds learns from answers alone; leave teach.features and "
            "teach.attention out."
        )
    if step.keep == "last" and fit.patience is not None:
        raise OptionError(
            f"{where}: keep is 'last', but train.fit.patience is {fit.patience}: training that "
            "ends when no epoch is better has the best to keep. Leave one of them out."
        )
    freeze = step.rounding.freeze_epoch
    if freeze is not None and freeze >= fit.epochs:
        raise OptionError(
            f"{where}: rounding.freeze_epoch is {freeze}, counted from 0, but the epochs end with "
            f"{fit.epochs - 1}."
        )


def _training(step: Step, changes: Any, where: str) -> configs.TrainConfig:
    if not isinstance(changes, Mapping):
        raise OptionError(f"{where}: train is a table of groups, but got {changes!r}.")
    fields = dict(changes)
    base = preset(str(fields.pop("preset"))) if "preset" in fields else step.train
    return configs.change(base, fields, where=where)


def _merged(group: Mapping[str, Any], value: Mapping[str, Any], name: str) -> dict[str, Any]:
    goals = PruneStep().target.GOALS
    anew = name == "target" and any(value.get(goal) is not None for goal in goals)
    kept = {field: old for field, old in group.items() if not (anew and field in goals)}
    return {**kept, **value}
