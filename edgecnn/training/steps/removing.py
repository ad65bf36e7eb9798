"""What a stage of pruning takes away: channels, or single weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import keras
import msgspec
import numpy as np

from edgecnn.errors import OptionError
from edgecnn.training.learner import gives_probabilities
from edgecnn.training.prune import (
    LatencyTarget,
    MacsTarget,
    MagnitudePruning,
    NMSparsity,
    PolynomialSchedule,
    PruneOptions,
    PruneReport,
    count_macs,
    cubic_plan,
    prune,
    sparsity,
)
from edgecnn.training.steps.config import PruneStep
from edgecnn.training.steps.data import StepData

Measure = Callable[[keras.Model], float]
"""Milliseconds that a Keras model takes for a picture."""
TAYLOR_BATCH = 64
PLANNING_STEPS = 8
"""A target of time is planned to one part in so many; each doubling is one more measured net."""
NEVER = 2**62
"""A training step that is not reached: masks stay as they are at the beginning of a stage."""


class Removal(Protocol):
    """One way to make a net smaller.

    Attributes:
        plan: What was found out before the first stage; written down, so that a resumed step goes
            on with the same.
        stages: How many.
    """

    plan: dict[str, Any]
    stages: int

    def make_plan(self) -> None:
        """Find the plan.

        Raises:
            OptionError: The target cannot be met.
        """
        ...

    def remove(self, model: keras.Model, stage: int) -> tuple[keras.Model, dict[str, Any]]:
        """A new, smaller net, and what was done; ``stage`` counts from 0."""
        ...

    def callbacks(self, stage: int) -> list[Any]:
        """What has to watch the training after that stage."""
        ...


def removal_of(
    step: PruneStep, net: keras.Model, data: StepData, measure: Measure | None
) -> Removal:
    """The way that a step names.

    Raises:
        OptionError: A layer that pruning does not know, or nobody who measures time.
    """
    if step.target.is_sparse:
        return WeightRemoval(step, net)
    return ChannelRemoval(step, net, data, measure)


class ChannelRemoval:
    """Whole channels go: to a share of the multiply-adds, at last perhaps to a time.

    Args:
        step: Target and choice.
        net: At the beginning.
        data: For scores from gradients.
        measure: For targets of time.
    """

    def __init__(
        self, step: PruneStep, net: keras.Model, data: StepData, measure: Measure | None
    ) -> None:
        self.step, self.net, self.data, self.measure = step, net, data, measure
        self.stages = step.stages
        self.plan: dict[str, Any] = {}
        self.macs = count_macs(net)
        if step.target.is_measured and measure is None:
            raise OptionError(
                f"A target of time on {step.target.backend} needs somebody who measures it; give "
                "measure, or a target in multiply-adds (target.keep_macs)."
            )

    def make_plan(self) -> None:
        """Shares of the multiply-adds after each stage, and the time if that is the target."""
        target = self.step.target
        # Whether a target can be met does not depend on the score.
        plain = replace(self._options(self.net), score="l2", batches=())
        if target.keep_macs is not None:
            goal = target.keep_macs
            prune(self.net, MacsTarget(goal), plain)
        else:
            measure = self._measure()
            before_ms = measure(self.net)
            wanted_ms = self._wanted_ms(before_ms)
            if wanted_ms >= before_ms and target.latency_ms is not None:
                raise OptionError(
                    f"The net takes {before_ms:.3g} ms on {target.backend} already, which is "
                    f"within the target of {wanted_ms:.3g} ms; there is nothing to prune."
                )
            # The last stage is measured to the end; the share before it may be a rough one.
            steps = 1 if self.stages == 1 else PLANNING_STEPS
            rough = LatencyTarget(wanted_ms, measure, steps)
            report = prune(self.net, rough, plain).report
            goal = report.macs_fraction
            self.plan |= {"before_ms": before_ms, "latency_ms": wanted_ms}
        self.plan["macs"] = list(cubic_plan(goal, self.stages))

    def remove(self, model: keras.Model, stage: int) -> tuple[keras.Model, dict[str, Any]]:
        """Prune to the share of this stage, in the last one to the time if that is the target."""
        target: MacsTarget | LatencyTarget
        if self.step.target.is_measured and stage == self.stages - 1:
            # Measured anew: the machine may be busier now than when the plan was made.
            before_ms = self._measure()(self.net)
            target = LatencyTarget(self._wanted_ms(before_ms), self._measure())
        else:
            share = self.plan["macs"][stage] * self.macs / count_macs(model)
            target = MacsTarget(min(1.0, share))
        result = prune(model, target, self._options(model))
        return result.model, _told(result.report)

    def callbacks(self, stage: int) -> list[Any]:
        """None: a pruned net is an ordinary one."""
        return []

    def _wanted_ms(self, before_ms: float) -> float:
        target = self.step.target
        return target.latency_ms or (target.keep_latency or 1.0) * before_ms

    def _measure(self) -> Measure:
        if self.measure is None:
            raise OptionError("A target of time needs somebody who measures it.")
        return self.measure

    def _options(self, model: keras.Model) -> PruneOptions:
        choice = self.step.choice
        options = PruneOptions(
            score=choice.score,
            multiple_of=choice.multiple_of,
            minimum=choice.minimum,
            exclude=choice.exclude,
        )
        if choice.score != "taylor":
            return options
        some = self.data.some(choice.pictures, self.step.train.fit.seed)
        pixels = np.asarray(some.images, np.float32)
        return replace(
            options,
            batches=[
                (pixels[start : start + TAYLOR_BATCH], some.labels[start : start + TAYLOR_BATCH])
                for start in range(0, len(some), TAYLOR_BATCH)
            ],
            loss=keras.losses.SparseCategoricalCrossentropy(
                from_logits=not gives_probabilities(model)
            ),
        )


class WeightRemoval:
    """Single weights become zero and stay zero: the smallest, or all but n of m neighbours.

    Args:
        step: Target and choice.
        net: At the beginning.
    """

    def __init__(self, step: PruneStep, net: keras.Model) -> None:
        self.step, self.net = step, net
        self.stages = step.stages if step.target.sparsity is not None else 1
        self.plan: dict[str, Any] = {}

    def make_plan(self) -> None:
        """Shares of zeros after each stage."""
        wanted = self.step.target.sparsity
        if wanted is not None:
            # Zhu and Gupta's schedule, a stage at a time: what stays falls as channels do.
            self.plan["sparsity"] = [1.0 - kept for kept in cubic_plan(1.0 - wanted, self.stages)]
        self._zeroed(self.net, 0)

    def remove(self, model: keras.Model, stage: int) -> tuple[keras.Model, dict[str, Any]]:
        """A copy with more zeros."""
        sparse = self._zeroed(model, stage)
        return sparse, {"zeros": sparsity(sparse)}

    def callbacks(self, stage: int) -> list[Any]:
        """Keeps the zeros: its masks come from the weights, in which they are the smallest."""
        return [self._masks(stage, self._regressors())]

    def _zeroed(self, model: keras.Model, stage: int) -> keras.Model:
        copy = keras.models.clone_model(model)
        copy.set_weights(model.get_weights())
        masks = self._masks(stage)
        masks.set_model(copy)
        masks.on_train_begin()
        return copy

    def _masks(self, stage: int, more: tuple[str, ...] = ()) -> MagnitudePruning | NMSparsity:
        exclude = (*self.step.choice.exclude, *more)
        if self.step.target.n_of_m is not None:
            return NMSparsity(*self.step.target.n_of_m, exclude=exclude)
        share = self.plan["sparsity"][stage]
        schedule = PolynomialSchedule(initial=share, final=share, end_step=NEVER, every=NEVER)
        return MagnitudePruning(schedule, exclude)

    def _regressors(self) -> tuple[str, ...]:
        """Layers that a lesson adds, which are no part of the net."""
        return tuple(f"regressor_{n}" for n in range(len(self.step.teach.features)))


def _told(report: PruneReport) -> dict[str, Any]:
    """What a stage did as plain tables, without the indices of channels."""
    told = {name: value for name, value in report.to_dict().items() if name != "kept"}
    return msgspec.json.decode(msgspec.json.encode(told), type=dict[str, Any])
