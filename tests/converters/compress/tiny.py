"""A recipe that takes seconds: LeNet-5 on 300 of the committed pictures."""

from __future__ import annotations

from typing import Any

from converters.compress.recipe import Recipe, make_recipe

TRAIN: dict[str, Any] = {
    "net": {"name": "lenet5"},
    "optimizer": {"name": "adam", "learning_rate": 0.003},
    "schedule": {"name": "constant"},
    "fit": {"epochs": 3, "batch_size": 20},
}
FINE: dict[str, Any] = {"data": {"augment": {"name": "none"}}, "fit": {"epochs": 1}}


def tables(**changes: Any) -> dict[str, Any]:
    """A whole recipe as it stands in a file; None leaves a part out."""
    whole: dict[str, Any] = {
        "name": "tiny_clothes",
        "data": {
            "name": "fashion_mnist:test",
            "test": "fashion_mnist:test",
            "limit": 300,
            "validation": 0.2,
            "test_limit": 190,
        },
        "teacher": {"train": TRAIN},
        "student": TRAIN,
        "prune": {
            "target": {"keep_macs": 0.6},
            "choice": {"score": "l2", "multiple_of": 2},
            "stages": 1,
            "train": FINE,
        },
        "quantize": {"teach": {"sources": ["teacher"]}, "train": FINE},
        "convert": {"rounds": 3, "max_drop": 0.05, "about": {"licence": "Apache-2.0"}},
    }
    whole |= changes
    return {name: part for name, part in whole.items() if part is not None}


def recipe(**changes: Any) -> Recipe:
    """The same, read."""
    return make_recipe(tables(**changes))
