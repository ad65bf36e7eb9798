"""Structured pruning: remove whole channels, and get an ordinary smaller model.

Only this kind of pruning makes a network faster on LiteRT and OpenVINO; zeros spread over a kernel
(see `edgecnn.training.prune.magnitude`) only make its file smaller when it is compressed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from edgecnn.errors import OptionError
from edgecnn.training.prune.cutting import cut_model, kept_channels
from edgecnn.training.prune.graph import trace
from edgecnn.training.prune.ranking import Kept, Limits, Ranking
from edgecnn.training.prune.scores import Batches, Score, class_scores
from edgecnn.training.prune.spaces import Network

LATENCY_STEPS = 64
"""Parts of the ranking to which a latency target is met, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class MacsTarget:
    """Prune until at most this fraction of the multiply-adds is left.

    Attributes:
        fraction: Above 0, at most 1; 1 removes nothing.
    """

    fraction: float

    def __post_init__(self) -> None:
        if not 0 < self.fraction <= 1:
            raise OptionError(
                f"fraction is {self.fraction}; give the part of the multiply-adds that stays, "
                "above 0 and at most 1."
            )


@dataclass(frozen=True, slots=True)
class LatencyTarget:
    """Prune until a model runs within a time.

    Attributes:
        latency_ms: The time, above 0.
        measure: Gets a Keras model and returns milliseconds, for example by converting it and
            taking the median of some calls. It is asked about ten times; what varies between two
            calls with the same model is the accuracy to which the target is met.
        steps: It is met to one part in so many of the ranking; each doubling is one more model that
            is measured. 1 finds out whether it can be met at all.
    """

    latency_ms: float
    measure: Callable[[Any], float]
    steps: int = LATENCY_STEPS

    def __post_init__(self) -> None:
        if not self.latency_ms > 0:
            raise OptionError(f"latency_ms is {self.latency_ms}; give milliseconds above 0.")
        if self.steps < 1:
            raise OptionError(f"steps is {self.steps}; give 1 or more.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneOptions:
    """How channels are chosen.

    Attributes:
        score: What makes a channel important; see `edgecnn.training.prune.scores`.
        multiple_of: Channels of a layer stay a multiple of this where the net allows it.
        minimum: Smallest fraction of a layer's channels that stays, 0..1.
        exclude: Names of layers around which nothing is removed.
        batches: For ``score="taylor"``, pairs (samples, labels); some hundred samples are enough.
        loss: For ``score="taylor"``, a Keras loss or its name.
    """

    score: Score = "gamma"
    multiple_of: int = 8
    minimum: float = 0.1
    exclude: tuple[str, ...] = ()
    batches: Batches = ()
    loss: Any = "sparse_categorical_crossentropy"

    @property
    def limits(self) -> Limits:
        """What stays of a layer in any case."""
        return Limits(self.multiple_of, self.minimum)


@dataclass(frozen=True, slots=True)
class SpaceReport:
    """What was kept of layers that depend on each other.

    Attributes:
        layers: Names of the layers that make the channels.
        before, after: Channels that can be told apart: layers joined by an addition count once.
        fixed: Whether they could not be pruned (input, output, excluded layers).
    """

    layers: tuple[str, ...]
    before: int
    after: int
    fixed: bool


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What pruning did.

    Attributes:
        spaces: Kept channels by groups of layers that depend on each other.
        kept: By layer that makes channels, the sorted indices of those that stay.
        macs_before, macs_after: Multiply-adds for one picture.
        parameters_before, parameters_after: All weights.
        latency_ms: As measured for the pruned model; None for a target in multiply-adds.
    """

    spaces: tuple[SpaceReport, ...]
    kept: dict[str, tuple[int, ...]]
    macs_before: int
    macs_after: int
    parameters_before: int
    parameters_after: int
    latency_ms: float | None = None

    @property
    def macs_fraction(self) -> float:
        """Part of the multiply-adds that is left."""
        return self.macs_after / self.macs_before if self.macs_before else 1.0

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "macs_fraction": self.macs_fraction}


@dataclass(frozen=True, slots=True, eq=False)
class PruneResult:
    """A pruned model, not compiled, and what was done to it."""

    model: Any
    report: PruneReport


def count_macs(model: Any) -> int:
    """Multiply-adds of the convolutions and dense layers of a model, for one picture.

    Raises:
        OptionError: The model is no graph of layers, or has a layer that pruning does not know.
    """
    return Network(trace(model)).own.macs


def prune(
    model: Any, target: MacsTarget | LatencyTarget, options: PruneOptions | None = None
) -> PruneResult:
    """Remove the least important channels of a model until it meets a target.

    The accuracy of the result is to be restored by training it further; `prune_gradually` does
    both in turns. Where nothing has to be removed, weights and outputs are bit for bit the same.

    Reference:
        Fang et al., "DepGraph: Towards Any Structural Pruning", CVPR 2023; Molchanov et al.,
        "Importance Estimation for Neural Network Pruning", CVPR 2019 (one ranking over all layers).

    Args:
        model: A functional Keras model or a built Sequential with a fixed input size; models
            inside it are opened. It is not changed.
        target: What has to be reached.
        options: How channels are chosen; None for the defaults.

    Returns:
        An ordinary functional model with the same layer names, and a report.

    Raises:
        OptionError: A layer is not known or is shared (the message says what to do), an option
            cannot be used, or the target cannot be met; the message then holds the least possible.
    """
    options = options or PruneOptions()
    network = Network(trace(model), frozenset(options.exclude))
    if isinstance(target, MacsTarget) and target.fraction == 1:
        return _result(model, network, network.classes.ids >= 0)
    scores = class_scores(network, options.score, batches=options.batches, loss=options.loss)
    ranking = Ranking(network, scores, options.limits)
    if isinstance(target, MacsTarget):
        return _result(model, network, _within_macs(network, ranking, target))
    return _within_latency(model, network, ranking, target)


def _within_macs(network: Network, ranking: Ranking, target: MacsTarget) -> Kept:
    wanted = target.fraction * network.own.macs
    left_out = ranking.first(lambda count: ranking.macs(count) <= wanted)
    if left_out is None:
        least = ranking.macs(ranking.last)
        raise OptionError(
            f"The target of {target.fraction:.3g} of {network.own.macs:,} multiply-adds cannot be "
            f"met: the least is {least:,} ({least / network.own.macs:.3g}). Give a larger "
            "fraction, or lower minimum or multiple_of, or exclude fewer layers."
        )
    return ranking.filled(left_out, lambda kept: network.walk(network.widths(kept)).macs <= wanted)


def _within_latency(
    model: Any, network: Network, ranking: Ranking, target: LatencyTarget
) -> PruneResult:
    measured: dict[bytes, float] = {}

    def latency_ms(left_out: int) -> float:
        kept = ranking.choice(left_out)
        key = kept.tobytes()
        if key not in measured:
            measured[key] = float(target.measure(cut_model(network, kept)))
        return measured[key]

    left_out = ranking.first(
        lambda count: latency_ms(count) <= target.latency_ms,
        resolution=max(1, ranking.last // target.steps),
    )
    if left_out is None:
        raise OptionError(
            f"The target of {target.latency_ms:.3g} ms cannot be met: the smallest model that is "
            f"allowed takes {latency_ms(ranking.last):.3g} ms. Give more time, or lower minimum or "
            "multiple_of, or exclude fewer layers."
        )
    result = _result(model, network, ranking.choice(left_out))
    return replace(result, report=replace(result.report, latency_ms=latency_ms(left_out)))


def _result(model: Any, network: Network, kept: Kept) -> PruneResult:
    smaller = cut_model(network, kept)
    spaces = [
        SpaceReport(space.layers, len(space.classes), int(kept[space.classes].sum()), space.fixed)
        for space in network.spaces
    ]
    report = PruneReport(
        spaces=tuple(spaces),
        kept={
            name: tuple(int(index) for index in indices)
            for name, indices in kept_channels(network, kept).items()
        },
        macs_before=network.own.macs,
        macs_after=network.walk(network.widths(kept)).macs,
        parameters_before=model.count_params(),
        parameters_after=smaller.count_params(),
    )
    return PruneResult(smaller, report)


def cubic_plan(fraction: float, stages: int) -> tuple[float, ...]:
    """Fractions of the multiply-adds after each stage: much is removed first, little at the end.

    Reference:
        Zhu and Gupta, "To prune, or not to prune", ICLR workshop 2018, whose schedule for single
        weights this is, applied to multiply-adds.

    Args:
        fraction: After the last stage, above 0 and at most 1.
        stages: At least 1.

    Returns:
        ``stages`` falling numbers, the last of which is ``fraction``.

    Raises:
        OptionError: An argument is outside its range.
    """
    MacsTarget(fraction)
    if stages < 1:
        raise OptionError(f"stages is {stages}; give at least 1.")
    return tuple(
        fraction + (1 - fraction) * (1 - stage / stages) ** 3 for stage in range(1, stages + 1)
    )


def prune_gradually(
    model: Any,
    plan: Sequence[float],
    fine_tune: Callable[[Any, int], Any],
    options: PruneOptions | None = None,
) -> PruneResult:
    """Prune in stages and train after each of them, the last one as well.

    Args:
        model: As for `prune`; it is not changed, so it can be the teacher in ``fine_tune``.
        plan: Fraction of the multiply-adds of ``model`` after each stage, falling; see
            `cubic_plan`.
        fine_tune: Gets a pruned model, not compiled, and the number of the stage from 0. Trains it
            and returns the model to go on with; None means the one it got, trained in place.
        options: How channels are chosen. ``minimum`` counts from the channels that a stage begins
            with.

    Returns:
        The last model, and a report against the model at the beginning.

    Raises:
        OptionError: The plan is empty or rises, or as for `prune`.
    """
    fractions = [MacsTarget(fraction).fraction for fraction in plan]
    if not fractions or sorted(fractions, reverse=True) != fractions:
        raise OptionError(f"plan is {tuple(plan)}; give fractions of the multiply-adds that fall.")
    whole = _result(model, network := Network(trace(model)), network.classes.ids >= 0).report
    current, report = model, whole
    for stage, fraction in enumerate(fractions):
        goal = min(1.0, fraction * whole.macs_before / report.macs_after)
        step = prune(current, MacsTarget(goal), options)
        tuned = fine_tune(step.model, stage)
        current = step.model if tuned is None else tuned
        report = _joined(report, step.report)
    return PruneResult(current, report)


def _joined(first: PruneReport, second: PruneReport) -> PruneReport:
    """A report over two prunings, one after the other."""
    return replace(
        second,
        spaces=tuple(
            replace(after, before=before.before)
            for before, after in zip(first.spaces, second.spaces, strict=True)
        ),
        kept={
            name: tuple(first.kept[name][index] for index in indices)
            for name, indices in second.kept.items()
        },
        macs_before=first.macs_before,
        parameters_before=first.parameters_before,
    )
