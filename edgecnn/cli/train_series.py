"""Several runs by ``edgecnn train``: cross-validation and the search for settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from edgecnn.cli.output import print_facts, print_table
from edgecnn.optional import require

F = TypeVar("F", bound=Callable[..., Any])
OPTIONS = (
    "folds",
    "repeats",
    "monte_carlo",
    "test_share",
    "leave_one_group_out",
    "search",
    "trials",
)
SHOWN_TRIALS = 10
_FIGURES = ("accuracy", "f1", "kappa", "loss")


def series_options(function: F) -> F:
    """Options of cross-validation and of the search."""
    for option in reversed(
        (
            click.option(
                "--folds",
                type=click.IntRange(min=2),
                metavar="N",
                help="Cross-validate; 5 and 10 are usual.",
            ),
            click.option(
                "--repeats",
                type=click.IntRange(min=1),
                metavar="N",
                help="Of --folds, parted anew each time.",
            ),
            click.option(
                "--monte-carlo",
                type=click.IntRange(min=2),
                metavar="N",
                help="Cross-validate on N random parts.",
            ),
            click.option(
                "--test-share",
                type=float,
                metavar="SHARE",
                help="Of --monte-carlo, between 0 and 1.  [default: 0.2]",
            ),
            click.option(
                "--leave-one-group-out", is_flag=True, help="Cross-validate, a fold a group."
            ),
            click.option(
                "--search",
                type=click.Path(dir_okay=False, path_type=Path),
                metavar="SPACE.toml",
                help="Try settings out of the ranges in this file.",
            ),
            click.option(
                "--trials",
                type=click.IntRange(min=1),
                metavar="N",
                help="Of --search.  [default: 20]",
            ),
        )
    ):
        function = option(function)
    return function


@dataclass(frozen=True, slots=True)
class Folds:
    """Cross-validation with a plan; None takes that of the folder."""

    plan: Any = None

    def run(self, config: Any, *, out: Path, **settings: Any) -> Any:
        """Train all folds."""
        module = require("edgecnn.training.cross_validation", extra="train")
        plan = module.read_plan(out) if self.plan is None else self.plan
        return module.cross_validate(config, out=out, plan=plan, **settings)

    def show(self, result: Any) -> None:
        """Print a table of folds, and what they say together."""
        header = ("fold", "learned from", "tested on", "best epoch", *_FIGURES)
        rows = [
            (
                fold.name,
                str(fold.trained_on),
                str(fold.tested_on),
                str(fold.best_epoch),
                *(f"{fold.figures[name]:.4f}" for name in _FIGURES),
            )
            for fold in result.folds
        ]
        print_table("By fold", header, rows)
        sums = []
        for name, one in result.statistics.items():
            spread = "" if one.deviation is None else f"{one.deviation:.4f}"
            low, high = ("", "") if one.interval is None else map("{:.4f}".format, one.interval)
            sums.append((name.replace("_", "-"), f"{one.mean:.4f}", spread, low, high))
        title = f"Over folds; 95 %: {result.method}"
        print_table(title, ("figure", "mean", "deviation", "95 % from", "to"), sums)
        click.echo(str(result.folder / "cross_validation.json"))


@dataclass(frozen=True, slots=True)
class Search:
    """A search in a space; None takes the space and the number of trials of the folder."""

    trials: int | None
    space: Any = None

    def run(self, config: Any, *, out: Path, **settings: Any) -> Any:
        """Make all trials."""
        module = require("edgecnn.training.search", extra="train")
        space = module.read_begun_space(out) if self.space is None else self.space
        return module.search(config, space, out=out, trials=self.trials, **settings)

    def show(self, result: Any) -> None:
        """Print the best trials, what mattered, and where the best config is."""
        names = list(result.best.values)
        header = ("trial", "ended", "accuracy", "epochs", *names)
        rows = [
            (
                str(one.number),
                {"complete": "done", "pruned": "cut short", "fail": "failed"}[one.state],
                "" if one.accuracy is None else f"{one.accuracy:.4f}",
                str(one.epochs),
                *(_short(one.values.get(name)) for name in names),
            )
            for one in result.trials[:SHOWN_TRIALS]
        ]
        print_table(f"The best of {len(result.trials)} trials", header, rows)
        if result.importance:
            facts = {name: f"{share:.0%}" for name, share in result.importance.items()}
            print_facts("Share of the differences in accuracy that it explains", facts)
        failed = [one for one in result.trials if one.error is not None]
        if failed:
            click.echo(
                f"{len(failed)} failed; trial {failed[0].number}: {failed[0].error}", err=True
            )
        click.echo(str(result.folder / "best.toml"))


def find_series(begun: Path | None, **given: Any) -> Folds | Search | None:
    """What is wanted besides a single run; what a folder holds that is gone on with, if nothing is.

    Args:
        begun: Folder that is gone on with.
        **given: The values of `OPTIONS`.
    """
    kinds = ("folds", "monte_carlo", "leave_one_group_out", "search")
    wanted = [name for name in kinds if given[name]]
    if len(wanted) > 1:
        names = " or ".join(f"--{name.replace('_', '-')}" for name in wanted)
        raise click.UsageError(f"Give {names}, not both.")
    kind = wanted[0] if wanted else None
    for name, owner in (("repeats", "folds"), ("test_share", "monte_carlo")):
        if given[name] is not None and kind != owner:
            flag = name.replace("_", "-")
            raise click.UsageError(f"--{flag} belongs to --{owner.replace('_', '-')}.")
    if kind is None and begun is not None:
        if (begun / "plan.json").exists():
            return Folds()
        if (begun / "search.json").exists():
            return Search(given["trials"])
    if given["trials"] and kind != "search":
        raise click.UsageError("--trials belongs to --search.")
    if kind == "search":
        space = require("edgecnn.training.search_space", extra="train").read_space(given["search"])
        return Search(given["trials"], space)
    return None if kind is None else Folds(_plan(kind, given))


def begun_config(out: Path) -> dict[str, Any]:
    """The config that a run, a cross-validation or a search was begun with."""
    runs = require("edgecnn.training.run", extra="train")
    folder = runs.RunFolder(out)
    for marker in ("plan.json", "search.json"):
        if (out / marker).exists():
            config: dict[str, Any] = folder.read_json(marker)["config"]
            return config
    whole: dict[str, Any] = folder.read_json("config.json")
    return whole


def _plan(kind: str, given: dict[str, Any]) -> Any:
    make = require("edgecnn.training.cross_validation", extra="train").make_plan
    if kind == "folds":
        return make(scheme="k_fold", folds=given["folds"], repeats=given["repeats"] or 1)
    if kind == "monte_carlo":
        share = given["test_share"]
        return make(
            scheme="monte_carlo", folds=given["monte_carlo"], test=0.2 if share is None else share
        )
    return make(scheme="leave_one_group_out")


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def to_json(result: Any) -> str:
    """The result of several runs, for programs."""
    content = {"folder": str(result.folder), **result.to_dict()}
    return msgspec.json.encode(content).decode()
