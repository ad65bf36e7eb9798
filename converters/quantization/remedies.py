"""What to do when an int8 file loses too much: remedies in a fixed order, as long as there is time.

The order goes from what costs nothing at run time to what does: more calibration, other ranges, one
scale a channel, even channels, bias correction, and at last layers in float, as few as suffice. A
remedy that helps is kept and the next one builds on it; one that does not is taken back. What is
good enough is the caller's affair: a `Judge` looks at each network that is made.

Reference: Nagel et al., "A White Paper on Neural Network Quantization", arXiv:2106.08295, section
3.6 (the order of checks when post-training quantization falls short).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from converters.options import Progress, no_progress
from converters.quantization.even_channels import can_even
from converters.quantization.layers import layer_errors_openvino, layer_errors_tflite
from converters.quantization.neighbours import operations_of, with_neighbours
from converters.quantization.noise import worst
from converters.quantization.openvino import quantize_openvino
from converters.quantization.plan import Int8Plan
from converters.quantization.sensitivity import rank_tflite
from converters.quantization.tflite import float_form, quantize_tflite
from converters.report.schema import LayerError, Remedy
from converters.sources.base import Feeds, Target
from edgecnn.errors import ConversionError

Change = tuple[str, str, Int8Plan]
"""Name of a remedy, what it does in words, and the plan with it."""

_TRACED = 32
"""Inputs by which layers are compared."""
_MORE = 4
"""Times as many calibration inputs, at most."""
_PATIENCE = 4
"""So many groups of layers in float may gain nothing before the layers are looked at anew."""
_REACH = 3
"""Steps to the neighbours that are kept in float as well; a layer normalisation is so long."""
_MATTERS = 0.02
"""Share of the loss that a remedy has to bring back."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge says of a network.

    Attributes:
        kept: It keeps every gate: no further remedy is needed.
        score: Larger is better.
    """

    kept: bool
    score: float


Judge = Callable[[Any], Judgement]
"""Looks at an int8 network: bytes of a ``.tflite``, or an ``openvino.Model``."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """The best network that was found.

    Attributes:
        model: Bytes of a ``.tflite``, or an ``openvino.Model``.
        plan: By which it was made.
        judgement: On it.
        plain: Judgement on the network of the first plan.
        remedies: Everything that was tried, in order.
        layers: Errors of the layers of the first plan's network, in order of computation.
        note: Why it ended.
    """

    model: Any
    plan: Int8Plan
    judgement: Judgement
    plain: Judgement
    remedies: tuple[Remedy, ...]
    layers: tuple[LayerError, ...]
    note: str


def repair(
    target: Target,
    float_model: Any,
    feeds_of: Callable[[int], Feeds],
    judge: Judge,
    plan: Int8Plan,
    *,
    available_samples: int,
    budget_s: float,
    clock: Callable[[], float],
    progress: Progress = no_progress,
    float_score: float | None = None,
) -> Repaired:
    """Try remedies until a judge is content.

    Args:
        target: What is made.
        float_model: Bytes of a float32 ``.tflite``, or a float ``openvino.Model``.
        feeds_of: Gives that many calibration inputs.
        judge: Looks at each network.
        plan: The first one; remedies start from it.
        available_samples: How many calibration inputs there are.
        budget_s: Seconds. No remedy is started after them; the one that runs is finished.
        clock: Gives seconds, ``time.monotonic``.
        progress: Told what is being tried, and the share of the budget that is spent.
        float_score: The judge's score of the float network. With it a remedy has to bring back a
            fiftieth of the loss to be kept; less is chance, and what builds on chance goes astray.

    Returns:
        The best network, never worse than that of the first plan.

    Raises:
        ConversionError: The first plan itself cannot be followed.
    """
    return _Search(
        target, float_model, feeds_of, judge, plan, available_samples, budget_s, clock, progress,
        float_score,
    ).run()  # fmt: skip


class _Search:
    def __init__(
        self,
        target: Target,
        float_model: Any,
        feeds_of: Callable[[int], Feeds],
        judge: Judge,
        plan: Int8Plan,
        available_samples: int,
        budget_s: float,
        clock: Callable[[], float],
        progress: Progress,
        float_score: float | None,
    ) -> None:
        self._target: Target = target
        self._float_model = float_model
        self._feeds_of = feeds_of
        self._judge = judge
        self._plan = plan
        self._asked_for = plan.float_layers
        self._available = available_samples
        self._budget_s = budget_s
        self._float_score = float_score
        self._clock = clock
        self._progress = progress
        self._began = clock()
        self._tried: list[Remedy] = []
        self._all_layers: tuple[LayerError, ...] = ()
        self._least = 0.0
        self._even: dict[int, bytes] = {}

    def run(self) -> Repaired:
        self._model = self._made(self._plan)
        self._judgement = plain = self._judge(self._model)
        if self._float_score is not None:
            self._least = max(_MATTERS * (self._float_score - plain.score), 0.0)
        layers = self._all_layers = self._layers()
        note = "every gate is kept" if plain.kept else self._remedy()
        return Repaired(
            self._model, self._plan, self._judgement, plain, tuple(self._tried), layers, note
        )

    def _remedy(self) -> str:
        for change in self._cheap():
            if self._is_late():
                return self._late()
            self._try(*change)
            if self._judgement.kept:
                return "every gate is kept"
        return self._float_layers()

    def _cheap(self) -> Iterator[Change]:
        """Remedies that cost nothing at run time; each starts from the best plan so far."""
        plan = self._plan
        more = min(self._available, _MORE * plan.samples)
        if more > plan.samples:
            what = f"{more} inputs instead of {plan.samples}"
            yield "more calibration", what, replace(plan, samples=more)
        for ranges in ("mse", "percentile", "minmax"):
            if ranges != plan.ranges:
                what = f"ranges by {_RANGES[ranges]}"
                yield "other ranges", what, replace(self._plan, ranges=ranges)
        if not plan.per_channel and self._target == "tflite":
            what = "one scale for each output channel"
            yield "per channel", what, replace(self._plan, per_channel=True)
        if not plan.even_channels and self._target == "tflite" and can_even(self._float_model):
            what = "channels of an activation with alike ranges"
            yield "even channels", what, replace(self._plan, even_channels=True)
        for how in ("fast", "accurate"):
            if how != plan.bias_correction:
                what = _CORRECTIONS[how]
                yield "bias correction", what, replace(self._plan, bias_correction=how)

    def _float_layers(self) -> str:
        """Keep 1, 2, 4 ... of the worst layers in float, and look anew at what that leaves."""
        while True:
            before = self._plan
            note = self._float_round(before)
            if self._judgement.kept or self._plan == before or self._is_late():
                return note

    def _float_round(self, base: Int8Plan) -> str:
        """Add layers to those in float as long as more of them help; drop what is needless."""
        layers = self._layers()
        ranked = self._ranked([layer.name for layer in worst(layers, len(layers))])
        seen, idle = set[tuple[str, ...]](), 0
        for chosen in self._groups(ranked):
            if self._is_late():
                return self._late()
            if idle == _PATIENCE:
                break
            if 2 * len({*base.float_layers, *chosen}) > len(self._all_layers) or chosen in seen:
                continue
            seen.add(chosen)
            best = self._judgement.score
            self._try_float(base, chosen)
            if self._judgement.kept:
                self._drop_needless()
                return "every gate is kept"
            idle = 0 if self._judgement.score > best else idle + 1
        return "nothing is left to try that leaves half of the layers in 8 bits"

    def _groups(self, ranked: list[str]) -> Iterator[tuple[str, ...]]:
        """The 1, 2, 4 ... first layers, with their neighbours near and far.

        NNCF rounds what goes into an operation, so that one alone in float makes sense there.
        """
        operations = operations_of(self._float_model)
        reaches = (1, _REACH) if self._target == "tflite" else (0, _REACH)
        count = 1
        while count < 2 * len(ranked):
            for reach in reaches:
                yield with_neighbours(operations, ranked[:count], reach)
            count *= 2

    def _drop_needless(self) -> None:
        """Put layers back into 8 bits one by one, the last first, where the judge allows."""
        base = replace(self._plan, float_layers=self._asked_for)
        chosen = tuple(name for name in self._plan.float_layers if name not in self._asked_for)
        for name in reversed(chosen):
            fewer = tuple(other for other in chosen if other != name)
            if not fewer or self._is_late():
                return
            if self._try_float(base, fewer).kept:
                chosen = fewer

    def _ranked(self, names: list[str]) -> list[str]:
        """By what reaches the answers, where a try is cheap; NNCF takes seconds for each.

        A third of the time that is left, at most, goes into it.
        """
        if self._target == "openvino":
            return names
        began = self._clock()
        end = began + (self._began + self._budget_s - began) / 3.0
        return rank_tflite(
            self._float_form(self._plan),
            self._feeds_of(self._plan.samples),
            replace(self._plan, even_channels=False),
            names,
            reach=_REACH,
            is_late=lambda: self._clock() >= end,
            progress=self._progress,
        )

    def _try_float(self, base: Int8Plan, names: tuple[str, ...]) -> Judgement:
        layers = tuple(dict.fromkeys((*base.float_layers, *names)))
        shown = ", ".join(names[:4]) + (" ..." if len(names) > 4 else "")
        what = f"{len(layers)} in float: {shown}"
        return self._try("float layers", what, replace(base, float_layers=layers))

    def _try(self, name: str, what: str, plan: Int8Plan) -> Judgement:
        """Follow a plan; its network is kept if it is better, or good enough with less in float."""
        began = self._clock()
        self._progress(f"{name}: {what}", min((began - self._began) / self._budget_s, 1.0))
        try:
            model = self._made(plan)
            judgement = self._judge(model)
        except ConversionError as error:
            what = f"{what}; impossible: {str(error).splitlines()[0]}"
            model, judgement = None, Judgement(kept=False, score=self._judgement.score)
        leaner = len(plan.float_layers) < len(self._plan.float_layers)
        if self._judgement.kept:
            better = judgement.kept and leaner
        else:
            better = judgement.kept or judgement.score > self._judgement.score + self._least
        if better and model is not None:
            self._model, self._plan, self._judgement = model, plan, judgement
        seconds = self._clock() - began
        self._tried.append(
            Remedy(name=name, what=what, score=judgement.score, seconds=seconds, kept=better)
        )
        return judgement

    def _made(self, plan: Int8Plan) -> Any:
        feeds = self._feeds_of(plan.samples)
        if self._target == "tflite":
            rest = replace(plan, even_channels=False)
            return quantize_tflite(self._float_form(plan), feeds, rest)
        return quantize_openvino(self._float_model, feeds, plan)

    def _layers(self) -> tuple[LayerError, ...]:
        compare = layer_errors_tflite if self._target == "tflite" else layer_errors_openvino
        exact = self._float_form(self._plan)
        return compare(exact, self._model, self._feeds_of(_TRACED), _TRACED)

    def _float_form(self, plan: Int8Plan) -> Any:
        """What a plan rounds; channels are evened once for all plans with as many inputs."""
        if self._target != "tflite" or not plan.even_channels:
            return self._float_model
        if plan.samples not in self._even:
            feeds = self._feeds_of(plan.samples)
            self._even[plan.samples] = float_form(self._float_model, feeds, plan)
        return self._even[plan.samples]

    def _is_late(self) -> bool:
        return self._clock() - self._began >= self._budget_s

    def _late(self) -> str:
        return f"the budget of {self._budget_s:g} s is spent"


_RANGES = {
    "minmax": "all that calibration saw",
    "percentile": "the 99.99th percentile",
    "mse": "the least squared error",
}
_CORRECTIONS = {
    "fast": "shifts of channel means taken off the biases, in one pass",
    "accurate": "shifts of channel means taken off the biases, layer by layer",
}
