"""Named thresholds that a converted file has to keep, by the precision of its weights.

A gate is called ``PRECISION.FIGURE``. Figures that start with ``max_`` are upper bounds, all others
lower bounds:

- ``max_error``: largest difference of an output value from the source's, absolute where the
  output's values stay within 1, else over its largest value.
- ``cosine``: least cosine of an output with the source's.
- ``max_drop``: what the task metric may lose against the float reference on the validation set.
- Agreement of the whole task with the float reference, as `converters.proof.parity.summarize` has
  it: ``top1_agreement_confident``, ``boxes_found``, ``faces_matched``, ``mask_iou``.

Files of a network that was trained with quantization in mind are held against what it computed in
training, so more is demanded of them: the group ``qat`` takes the place of ``int8``, and the first
answers about all pictures count (``top1_agreement``), not only those that it is sure of.

A figure that was not measured keeps no gate and breaks none: without a validation set there is no
``max_drop``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from converters.report.schema import OutputFigures
from edgecnn.errors import OptionError

MIN_CONFIDENT = 20
"""On fewer pictures that the reference is sure of, their share says nothing."""
MIN_DECISIONS = 200
"""On fewer pictures one answer alone, decided by a tie, would break the gate of all answers."""

_TASK_FIGURES = ("top1_agreement_confident", "boxes_found", "faces_matched", "mask_iou")
_BOUNDS = {
    # precision: (max_error, cosine, max_drop, agreement of the task)
    "float32": (1e-4, 0.99999, 0.001, 0.999),
    "float16": (0.03, 0.999, 0.002, 0.99),
    "int8": (None, 0.98, 0.01, 0.95),
    "int4w": (None, 0.95, 0.02, 0.9),
}


def _table() -> dict[str, float]:
    gates: dict[str, float] = {}
    for precision, (error, cosine, drop, agreement) in _BOUNDS.items():
        if error is not None:
            gates[f"{precision}.max_error"] = error
        gates |= {f"{precision}.cosine": cosine, f"{precision}.max_drop": drop}
        gates |= {f"{precision}.{figure}": agreement for figure in _TASK_FIGURES}
    gates |= {"qat.cosine": 0.99, "qat.max_drop": 0.01, "qat.top1_agreement": 0.995}
    gates |= {f"qat.{figure}": 0.98 for figure in _TASK_FIGURES}
    return gates


DEFAULTS: Mapping[str, float] = _table()
"""Name -> bound."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gates say about one variant on one backend.

    Attributes:
        failures: One line for each gate that is not kept.
        lowered: One line for each that is kept only because it was lowered.
    """

    failures: tuple[str, ...]
    lowered: tuple[str, ...]


def gates_for(changes: Mapping[str, float], max_drop: float | None = None) -> dict[str, float]:
    """All gates with a caller's changes.

    Args:
        changes: Gate name -> bound.
        max_drop: For every precision, unless ``changes`` names it.

    Raises:
        OptionError: No such gate; lists the known ones. Or a bound that is no number.
    """
    unknown = sorted(set(changes) - set(DEFAULTS))
    if unknown:
        raise OptionError(
            f"Unknown gates: {', '.join(unknown)}. Known: {', '.join(sorted(DEFAULTS))}."
        )
    gates = dict(DEFAULTS)
    if max_drop is not None:
        if not 0 <= max_drop <= 1:
            raise OptionError(
                f"max_drop is a share of the metric, 0..1 (0.01 is one point of accuracy), but "
                f"got {max_drop!r}."
            )
        gates |= {name: max_drop for name in gates if name.endswith(".max_drop")}
    for name, bound in changes.items():
        if not bound == bound:
            raise OptionError(f"The gate {name} needs a number, but got {bound!r}.")
    return gates | dict(changes)


def in_force(gates: Mapping[str, float], group: str | None) -> dict[str, float]:
    """The gates that files are held against.

    Args:
        gates: From `gates_for`.
        group: `Evidence.group`; None leaves those of all precisions.
    """
    return {name: bound for name, bound in gates.items() if _belongs(name, group)}


def _belongs(gate: str, group: str | None) -> bool:
    own = gate.partition(".")[0]
    return own == group if group is not None else own in _BOUNDS


def figures_of(
    outputs: Sequence[OutputFigures], agreement: Mapping[str, float], drop: float | None
) -> dict[str, float]:
    """What was measured, under the names of gates.

    Args:
        outputs: Of every output against the source.
        agreement: From `converters.proof.parity.summarize`; empty for a reference compared with
            itself.
        drop: Of the task metric; None without one.
    """
    figures: dict[str, float] = {}
    if outputs:
        figures["cosine"] = min(one.cosine for one in outputs)
        figures["max_error"] = max(min(one.max_abs, one.relative) for one in outputs)
    figures |= {name: agreement[name] for name in _TASK_FIGURES if name in agreement}
    if "top1_agreement" in agreement and agreement["pictures"] >= MIN_DECISIONS:
        figures["top1_agreement"] = agreement["top1_agreement"]
    if agreement.get("pictures_confident", MIN_CONFIDENT) < MIN_CONFIDENT:
        figures.pop("top1_agreement_confident", None)
    for counted, figure in (("boxes", "boxes_found"), ("faces", "faces_matched")):
        if agreement.get(counted) == 0:
            figures.pop(figure, None)
    if drop is not None:
        figures["max_drop"] = drop
    return figures


def judge(precision: str, figures: Mapping[str, float], gates: Mapping[str, float]) -> Verdict:
    """Hold figures against the gates of a precision.

    Args:
        precision: Of the variant's weights, or `Evidence.group`.
        figures: From `figures_of`.
        gates: From `gates_for`.
    """
    failures, lowered = [], []
    for name, value in figures.items():
        gate = f"{precision}.{name}"
        if gate not in gates:
            continue
        if not _keeps(name, value, gates[gate]):
            bound = "at most" if _is_upper(name) else "at least"
            failures.append(f"{gate}: {value:.4g}, {bound} {gates[gate]:.4g} is demanded")
        elif not _keeps(name, value, DEFAULTS[gate]):
            lowered.append(f"{gate}: {value:.4g}, by default {DEFAULTS[gate]:.4g} is demanded")
    return Verdict(tuple(failures), tuple(lowered))


def _is_upper(figure: str) -> bool:
    return figure.startswith("max_")


def _keeps(figure: str, value: float, bound: float) -> bool:
    """NaN keeps no gate."""
    return value <= bound if _is_upper(figure) else value >= bound
