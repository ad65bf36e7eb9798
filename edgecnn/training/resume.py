"""The state of a run between two epochs, in one file, so that it is never half old and half new.

Weights, the optimizer's memory and the counters of random layers are arrays; everything else is
derived from the config, the epoch and the log.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import TrainingError
from edgecnn.training.averaging import Arrays, read, write
from edgecnn.training.config import TrainConfig, differences, to_dict
from edgecnn.training.run import ABOUT, CONFIG, STATE, RunFolder


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """After some epochs.

    Attributes:
        epochs: Done so far.
        history: A table an epoch.
        model: Values of the variables of the training form, in its order.
        optimizer: The same of the optimizer.
        total, count: Of `edgecnn.training.averaging.WeightAverage`.
    """

    epochs: int
    history: tuple[dict[str, float], ...]
    model: Arrays
    optimizer: Arrays
    total: Arrays = field(default_factory=list)
    count: int = 0


def save_state(folder: RunFolder, state: State) -> None:
    """Write ``state.npz``."""
    head = {"epochs": state.epochs, "history": state.history, "count": state.count}
    arrays: dict[str, NDArray[Any]] = {
        "head": np.frombuffer(msgspec.json.encode(head), np.uint8),
        **{f"model_{n:05d}": a for n, a in enumerate(state.model)},
        **{f"optimizer_{n:05d}": a for n, a in enumerate(state.optimizer)},
        **{f"total_{n:05d}": a for n, a in enumerate(state.total)},
    }
    with folder.replacing(STATE) as file, file.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def load_state(folder: RunFolder) -> State | None:
    """Read ``state.npz``; None when the run ended before its first epoch did.

    Raises:
        TrainingError: It is damaged.
    """
    file = folder.path / STATE
    if not file.exists():
        return None
    try:
        with np.load(file, allow_pickle=False) as arrays:
            head = msgspec.json.decode(arrays["head"].tobytes())
            return State(
                epochs=int(head["epochs"]),
                history=tuple(head["history"]),
                model=_list(arrays, "model"),
                optimizer=_list(arrays, "optimizer"),
                total=_list(arrays, "total"),
                count=int(head["count"]),
            )
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, msgspec.DecodeError) as error:
        raise TrainingError(
            f"{file} is damaged ({error}). Start again in another folder; best.keras and "
            "last.keras may still be used as --from."
        ) from error


def restore(variables: list[Any], values: Arrays, what: str) -> None:
    """Put saved values into variables.

    Raises:
        TrainingError: Other variables than those that were saved.
    """
    shapes = [tuple(variable.shape) for variable in variables]
    saved = [value.shape for value in values]
    if shapes != saved:
        raise TrainingError(
            f"The saved {what} has {len(saved)} arrays that do not fit the {len(shapes)} there are "
            "now: another version of Keras or of the net. Start again in another folder."
        )
    write(variables, values)


def check_same(folder: RunFolder, config: TrainConfig, about: Mapping[str, Any]) -> None:
    """Refuse to go on with another config, other pictures or another net.

    Raises:
        TrainingError: Something differs; the message lists what.
    """
    found = differences(folder.read_json(CONFIG), to_dict(config))
    before = folder.read_json(ABOUT)
    for part in ("net", "data", "versions"):
        found += [f"{part}.{line}" for line in differences(before.get(part, {}), about[part])]
    if found:
        raise TrainingError(
            f"{folder.path} was begun with something else, so going on would give neither result: "
            f"{'; '.join(found)}. Resume with what it was begun with, or choose another folder."
        )


def _list(arrays: Any, what: str) -> Arrays:
    return [arrays[name] for name in sorted(arrays.files) if name.startswith(f"{what}_")]


__all__ = ["State", "check_same", "load_state", "read", "restore", "save_state"]
