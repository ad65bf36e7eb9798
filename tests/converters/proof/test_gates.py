from __future__ import annotations

import math

import pytest

from converters.proof.gates import DEFAULTS, figures_of, gates_for, judge
from converters.report.schema import OutputFigures
from edgecnn.errors import OptionError


def output(**changes: float) -> OutputFigures:
    fields = {"max_abs": 1e-6, "relative": 1e-6, "cosine": 1.0, "snr_db": 100.0}
    return OutputFigures(output="scores", **(fields | changes))


def test_unknown_gates_are_refused_and_the_known_ones_listed() -> None:
    with pytest.raises(OptionError, match=r"int8\.cosin.*int8\.cosine"):
        gates_for({"int8.cosin": 0.9})


def test_a_drop_counts_for_every_precision_unless_a_gate_names_one() -> None:
    gates = gates_for({"int8.max_drop": 0.5}, max_drop=0.02)
    assert gates["float32.max_drop"] == gates["float16.max_drop"] == 0.02
    assert gates["int8.max_drop"] == 0.5


@pytest.mark.parametrize("drop", [-0.1, 1.5, math.nan])
def test_a_drop_that_is_no_share_is_refused(drop: float) -> None:
    with pytest.raises(OptionError, match="share of the metric"):
        gates_for({}, max_drop=drop)


def test_an_error_is_absolute_for_small_outputs_and_relative_for_large_ones() -> None:
    small = output(max_abs=1e-5, relative=1e-2)
    large = output(max_abs=1e-2, relative=1e-5)
    assert figures_of([small], {}, None)["max_error"] == 1e-5
    assert figures_of([large], {}, None)["max_error"] == 1e-5
    assert figures_of([small, output(max_abs=0.5, relative=0.5)], {}, None)["max_error"] == 0.5


def test_a_share_of_too_few_confident_pictures_is_no_evidence() -> None:
    few = {"top1_agreement_confident": 0.0, "pictures_confident": 3.0}
    many = {"top1_agreement_confident": 0.5, "pictures_confident": 300.0}
    assert "top1_agreement_confident" not in figures_of([], few, None)
    assert figures_of([], many, None)["top1_agreement_confident"] == 0.5


def test_what_is_not_kept_is_said_with_figure_and_bound() -> None:
    verdict = judge("float32", figures_of([output(max_abs=0.5, relative=0.5)], {}, None), DEFAULTS)
    assert verdict.failures == ("float32.max_error: 0.5, at most 0.0001 is demanded",)
    assert verdict.lowered == ()


def test_a_lowered_gate_is_kept_and_said() -> None:
    figures = figures_of([output(cosine=0.9)], {}, None)
    assert judge("int8", figures, DEFAULTS).failures
    verdict = judge("int8", figures, gates_for({"int8.cosine": 0.8}))
    assert verdict.failures == ()
    assert verdict.lowered == ("int8.cosine: 0.9, by default 0.98 is demanded",)


def test_nan_keeps_no_gate() -> None:
    figures = figures_of([output(cosine=math.nan, max_abs=math.nan, relative=math.nan)], {}, None)
    names = [line.partition(":")[0] for line in judge("float32", figures, DEFAULTS).failures]
    assert names == ["float32.cosine", "float32.max_error"]


def test_the_metric_may_drop_by_so_much_and_no_more() -> None:
    gates = gates_for({}, max_drop=0.01)
    assert not judge("int8", figures_of([output()], {}, 0.01), gates).failures
    assert judge("int8", figures_of([output()], {}, 0.0101), gates).failures
    assert not judge("int8", figures_of([output()], {}, -0.2), gates).failures
