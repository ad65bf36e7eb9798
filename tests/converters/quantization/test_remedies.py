"""Repair: what is tried, in which order, what it costs, and that it heals a bad layer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("nncf")
pytest.importorskip("openvino")


from converters.quantization.neighbours import operations_of, with_neighbours
from converters.quantization.plan import Int8Plan
from converters.quantization.remedies import Judgement, Repaired, repair
from converters.quantization.tflite import quantize_tflite
from converters.quantization.trace import Trace
from converters.sources import open_source
from converters.sources.base import Source, Target
from edgecnn.errors import ConversionError
from edgecnn.runtime.backends.openvino import shared_core
from tests.helpers.quantized_nets import image_feeds, net_with_a_bad_layer, passes

FEEDS = image_feeds(40)
PROOF = image_feeds(8, seed=9)


class Clock:
    """Goes on by a second at each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


@pytest.fixture(scope="module")
def source() -> Any:
    with open_source(net_with_a_bad_layer(activation="relu6")) as opened:
        yield opened


@pytest.fixture(scope="module")
def exact(source: Source) -> np.ndarray:
    return np.concatenate([source.answer(feed)["answer"] for feed in PROOF])


def answers(model: Any) -> np.ndarray:
    if isinstance(model, bytes):
        trace = Trace(model)
        found = []
        for feed in PROOF:
            trace.run(feed)
            found.append(trace.answers()["answer"])
        return np.concatenate(found)
    compiled = shared_core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.concatenate([compiled(feed)["answer"].copy() for feed in PROOF])


def snr_db(exact: np.ndarray, model: Any) -> float:
    return float(10 * np.log10(np.sum(exact**2) / np.sum((answers(model) - exact) ** 2)))


def mended(
    source: Source,
    exact: np.ndarray,
    *,
    target: Target = "tflite",
    enough_db: float = 30.0,
    budget_s: float = 1e6,
    plan: Int8Plan | None = None,
) -> Repaired:
    def judge(model: Any) -> Judgement:
        score = snr_db(exact, model)
        return Judgement(kept=score >= enough_db, score=score)

    return repair(
        target,
        source.tflite() if target == "tflite" else source.openvino(),
        lambda samples: passes(FEEDS[:samples]),
        judge,
        plan or Int8Plan(samples=20),
        available_samples=len(FEEDS),
        budget_s=budget_s,
        clock=Clock(),
    )


@pytest.mark.parametrize("target", ["tflite", "openvino"])
def test_float_layers_heal_a_bad_layer(source: Source, exact: np.ndarray, target: Target) -> None:
    result = mended(source, exact, target=target)
    assert result.plain.score < 20
    assert result.judgement.kept
    assert snr_db(exact, result.model) == pytest.approx(result.judgement.score)
    assert result.note == "every gate is kept"
    assert 1 <= len(result.plan.float_layers) <= 3
    assert result.remedies[-1].name == "float layers"
    assert result.layers


def test_remedies_come_in_order_and_only_those_that_help_are_kept(
    source: Source, exact: np.ndarray
) -> None:
    result = mended(source, exact, plan=Int8Plan(samples=20, per_channel=False))
    names = list(dict.fromkeys(remedy.name for remedy in result.remedies))
    assert names == [
        "more calibration",
        "other ranges",
        "per channel",
        "even channels",
        "bias correction",
        "float layers",
    ]
    best = result.plain.score
    for remedy in result.remedies[: names.index("float layers")]:
        assert remedy.kept == (remedy.score > best)
        best = max(best, remedy.score)
        assert remedy.seconds > 0


def test_no_layer_in_float_is_needless(source: Source, exact: np.ndarray) -> None:
    result = mended(source, exact)
    for name in result.plan.float_layers:
        fewer = tuple(other for other in result.plan.float_layers if other != name)
        plan = replace(result.plan, float_layers=fewer)
        model = quantize_tflite(source.tflite(), passes(FEEDS[: plan.samples]), plan)
        assert snr_db(exact, model) < 30


def test_nothing_is_tried_when_the_plain_file_is_good_enough(
    source: Source, exact: np.ndarray
) -> None:
    result = mended(source, exact, enough_db=-1000.0)
    assert result.remedies == ()
    assert result.judgement == result.plain
    assert result.plan == Int8Plan(samples=20)


def test_a_spent_budget_ends_it_with_the_best_so_far(source: Source, exact: np.ndarray) -> None:
    result = mended(source, exact, budget_s=12.0)
    assert 0 < len(result.remedies) < 5
    assert "budget of 12 s" in result.note
    assert result.judgement.score >= result.plain.score


def test_without_budget_only_the_plain_file_is_made(source: Source, exact: np.ndarray) -> None:
    result = mended(source, exact, budget_s=0.0)
    assert result.remedies == ()
    assert result.judgement == result.plain


def test_what_cannot_be_reached_stops_before_most_layers_are_in_float(
    source: Source, exact: np.ndarray
) -> None:
    result = mended(source, exact, enough_db=1000.0)
    assert result.note.startswith("nothing is left to try")
    assert not result.judgement.kept
    assert result.judgement.score == max(remedy.score for remedy in result.remedies)
    assert 2 * len(result.plan.float_layers) <= len(result.layers)


def test_a_judge_that_never_likes_a_change_gets_the_plain_file(source: Source) -> None:
    seen: list[bytes] = []

    def judge(model: bytes) -> Judgement:
        seen.append(model)
        return Judgement(kept=False, score=-float(len(seen)))

    result = repair(
        "tflite",
        source.tflite(),
        lambda samples: passes(FEEDS[:samples]),
        judge,
        Int8Plan(samples=20),
        available_samples=20,
        budget_s=1e6,
        clock=Clock(),
    )
    assert result.model == seen[0]
    assert not any(remedy.kept for remedy in result.remedies)
    assert "more calibration" not in {remedy.name for remedy in result.remedies}


def test_a_first_plan_that_cannot_be_followed_is_an_error(source: Source) -> None:
    with pytest.raises(ConversionError, match="'none'"):
        repair(
            "tflite",
            source.tflite(),
            lambda samples: passes(FEEDS[:samples]),
            lambda model: Judgement(kept=True, score=1.0),
            Int8Plan(float_layers=("none",)),
            available_samples=20,
            budget_s=1e6,
            clock=Clock(),
        )


def test_neighbours_are_those_that_write_and_read(source: Source) -> None:
    operations = operations_of(source.tflite())
    names = [operation.name for operation in operations]
    assert with_neighbours(operations, [names[2]]) == tuple(names[1:4])
    assert with_neighbours(operations, [names[0]]) == tuple(names[:2])
    assert with_neighbours(operations, [names[2]], 2) == tuple(names[:5])


def test_neighbours_are_found_in_openvino_as_well(source: Source) -> None:
    operations = operations_of(source.openvino())
    names = [operation.name for operation in operations]
    convolution = next(each.name for each in operations if each.kind == "Convolution")
    place = names.index(convolution)
    found = with_neighbours(operations, [convolution])
    assert found == tuple(names[max(place - 1, 0) : place + 2])
