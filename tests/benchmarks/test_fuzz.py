"""A small part of `benchmarks/fuzz.py`; the whole of it is run by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import fuzz, mutations


@pytest.mark.parametrize(
    ("kind", "cases"),
    [("manifest", 60), ("folder", 30), ("edge", 30), ("bare_tflite", 6), ("bare_ir", 4)],
)
def test_damaged_input_is_refused_or_answered_and_nothing_else(kind: str, cases: int) -> None:
    outcomes = list(fuzz.run(fuzz.plan([kind], cases, seed=7_000)))
    assert len(outcomes) == cases
    assert [outcome for outcome in outcomes if outcome.finding] == []
    assert any(outcome.verdict == "refused" for outcome in outcomes)


def test_a_crash_and_a_wrong_exception_are_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(folder: object, random: object) -> None:
        raise KeyError("not ours")

    monkeypatch.setitem(fuzz.KINDS, "raises", raises)
    outcome = fuzz.run_case("raises", 1)
    assert outcome.finding
    assert "not ours" in outcome.detail


@pytest.mark.parametrize("mutate", mutations.BINARY)
def test_mutations_repeat_by_their_seed(mutate: object) -> None:
    content = bytes(range(256)) * 4
    once, again, other = (
        mutate(content, np.random.default_rng(seed))  # type: ignore[operator]
        for seed in (1, 1, 2)
    )
    assert once == again
    assert once != content or other != content
