"""What a search found: trials in order, what mattered, a picture, and the config of the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgecnn.errors import TrainingError
from edgecnn.optional import require
from edgecnn.training import curves
from edgecnn.training.config import TrainConfig, to_dict
from edgecnn.training.run import RESULT, RunFolder
from edgecnn.training.search_space import Space, with_values
from edgecnn.training.toml_text import to_toml

BEST_CONFIG, TRIALS = "best.toml", "trials.png"
LEAST_TRIALS = 10
"""With fewer that ran to their end nothing can be said about what mattered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """One trial.

    Attributes:
        number: From 1.
        state: ``complete``, ``pruned`` (cut short) or ``fail``.
        accuracy: Of its best epoch on the held-back pictures; None where there was none.
        values: What it was given, by name.
        epochs: So many were done.
        error: Why it failed.
    """

    number: int
    state: str
    accuracy: float | None
    values: dict[str, Any]
    epochs: int
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """What a search ended with.

    Attributes:
        folder: Of the search.
        config: Of the best trial, with which ``best.toml`` is filled.
        trials: The best first; those that were cut short behind, failed ones last.
        importance: Name -> share of the variance of accuracy that it explains, the largest first;
            empty with too few trials.
    """

    folder: Path
    config: TrainConfig
    trials: tuple[TrialResult, ...]
    importance: dict[str, float]

    @property
    def best(self) -> TrialResult:
        """The trial with the highest accuracy."""
        return self.trials[0]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists."""
        return {
            "best": self.best.number,
            "accuracy": self.best.accuracy,
            "trials": [asdict(one) for one in self.trials],
            "importance": self.importance,
        }


def report_search(
    folder: RunFolder, config: TrainConfig, space: Space, study: Any, trials: Sequence[TrialResult]
) -> SearchResult:
    """Write what was found into the folder.

    Args:
        folder: Of the search.
        config: What was not searched.
        space: What was.
        study: Of Optuna.
        trials: All that have ended.

    Raises:
        TrainingError: None of them was trained to its end.
    """
    ranked = sorted(trials, key=_rank)
    if not ranked or ranked[0].state != "complete":
        reasons = list(dict.fromkeys(one.error for one in ranked if one.error))
        raise TrainingError(
            f"None of {len(ranked)} trials was trained to its end. {' '.join(reasons[:2])} Narrow "
            "the space, then start again in another folder."
        )
    result = SearchResult(
        folder=folder.path,
        config=with_values(config, ranked[0].values),
        trials=tuple(ranked),
        importance=_importance(space, study, ranked, config.fit.seed),
    )
    comment = (
        f"The best of {len(ranked)} trials: {ranked[0].accuracy:.4f} of the held-back pictures.\n"
        "It was chosen by these, so judge it on others."
    )
    with folder.replacing(BEST_CONFIG) as file:
        file.write_text(to_toml(to_dict(result.config), comment=comment), encoding="utf-8")
    with folder.replacing(TRIALS) as file:
        draw_trials(result, space, file)
    folder.write_json(RESULT, result.to_dict())
    return result


def draw_trials(result: SearchResult, space: Space, file: Path) -> None:
    """Accuracy over trials with the best so far, and over each thing that was changed.

    Args:
        result: What was found.
        space: Says which scales are logarithmic.
        file: A ``.png``.
    """
    shown = sorted((t for t in result.trials if t.accuracy is not None), key=lambda t: t.number)
    columns = min(1 + len(space.parameters), 3)
    rows = -(-(1 + len(space.parameters)) // columns)
    figure = curves.new_figure(4.0 * columns, 3.0 * rows)
    axes = figure.add_subplot(rows, columns, 1)
    full = [trial for trial in shown if trial.state == "complete"]
    best = np.maximum.accumulate([trial.accuracy or 0.0 for trial in full])
    axes.step([trial.number for trial in full], best, where="post", color="tab:orange")
    _scatter(axes, shown, [trial.number for trial in shown])
    axes.set_xlabel("trial")
    axes.set_ylabel("accuracy, held back")
    axes.legend(["best so far", "to the end", "cut short"], fontsize=7)
    for place, (name, parameter) in enumerate(space.parameters.items(), start=2):
        axes = figure.add_subplot(rows, columns, place)
        if parameter.kind == "choice":
            values = [float(parameter.values.index(trial.values[name])) for trial in shown]
            axes.set_xticks(range(len(parameter.values)), [str(one) for one in parameter.values])
        else:
            values = [trial.values[name] for trial in shown]
        if parameter.kind == "log":
            axes.set_xscale("log")
        _scatter(axes, shown, values)
        share = result.importance.get(name)
        axes.set_xlabel(name if share is None else f"{name} ({share:.0%})")
    figure.savefig(file)


def _scatter(axes: Any, trials: Sequence[TrialResult], values: Sequence[float]) -> None:
    for state, look in (("complete", {"marker": "o"}), ("pruned", {"marker": "x", "alpha": 0.5})):
        chosen = [n for n, trial in enumerate(trials) if trial.state == state]
        x, y = [values[n] for n in chosen], [trials[n].accuracy for n in chosen]
        axes.scatter(x, y, s=18, color="tab:blue" if state == "complete" else "tab:gray", **look)
    axes.grid(alpha=0.3)


def _rank(trial: TrialResult) -> tuple[int, float, int]:
    order = ("complete", "pruned", "fail").index(trial.state)
    return order, -(trial.accuracy or 0.0), trial.number


def _importance(
    space: Space, study: Any, trials: Sequence[TrialResult], seed: int
) -> dict[str, float]:
    full = [trial for trial in trials if trial.state == "complete"]
    if len(full) < LEAST_TRIALS or len({trial.accuracy for trial in full}) < 2:
        return {}
    optuna = require("optuna", extra="train")
    found = optuna.importance.get_param_importances(
        study,
        evaluator=optuna.importance.FanovaImportanceEvaluator(seed=seed),
        params=list(space.parameters),
    )
    return {name: float(share) for name, share in found.items()}
