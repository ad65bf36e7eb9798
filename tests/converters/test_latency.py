"""Milliseconds of Keras models; no test here depends on how many they are."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

pytest.importorskip("tensorflow")

from converters import latency
from converters.latency import LatencyMeter
from edgecnn.errors import BackendError, UnknownNameError
from edgecnn.runtime.policy import get_backend
from tests.training.steps import tiny


@pytest.mark.parametrize("backend", ["litert", "openvino"])
def test_a_net_takes_some_time_on_each_backend(backend: str) -> None:
    meter = LatencyMeter(backend, rounds=3)
    assert meter(tiny.net()) > 0
    assert meter(tiny.net(filters=4)) > 0
    meter.close()
    meter.close()


def test_others_are_timed_in_turns_with_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine slows down from call to call; the ratio of neighbours hardly shows it."""
    slowing = itertools.count()
    costs: dict[int, float] = {}

    def time_once(engine: Any) -> float:
        cost = costs.setdefault(id(engine), 4.0 if not costs else 1.0)
        return cost * (1000 + next(slowing))

    monkeypatch.setattr(latency, "_time_once", time_once)
    meter = LatencyMeter("litert", rounds=21)
    first_ms = meter(tiny.net())
    assert first_ms == pytest.approx(4.0 * 1015)
    assert meter(tiny.net(filters=4)) == pytest.approx(first_ms / 4, rel=2e-3)
    meter.close()


def test_a_backend_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownNameError, match="litert"):
        LatencyMeter("onnx")
    monkeypatch.setattr(type(get_backend("openvino")), "missing", lambda self: "pip install it")
    with pytest.raises(BackendError, match="pip install"):
        LatencyMeter("openvino")
