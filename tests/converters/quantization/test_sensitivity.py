"""Ranking layers by what reaches the answers."""

from __future__ import annotations

import pytest

pytest.importorskip("tensorflow")

from converters.quantization.plan import Int8Plan
from converters.quantization.sensitivity import rank_tflite
from converters.quantization.trace import Trace
from converters.sources import open_source
from tests.helpers.quantized_nets import image_feeds, net_with_a_bad_layer, passes

FEEDS = passes(image_feeds(20))


@pytest.fixture(scope="module")
def float32() -> bytes:
    with open_source(net_with_a_bad_layer()) as source:
        return source.tflite()


def test_the_layer_that_heals_most_comes_first(float32: bytes) -> None:
    names = [operation.name for operation in Trace(float32).operations]
    ranked = rank_tflite(float32, FEEDS, Int8Plan(), names[::-1], reach=1, is_late=lambda: False)
    assert sorted(ranked) == sorted(names)
    # Only with both sides of the bad tensor in float is the harm gone.
    assert {ranked[0], ranked[1]} == {name for name in names if "bad" in name or "after" in name}


def test_layers_that_heal_alike_stay_in_the_order_given(float32: bytes) -> None:
    # So far around, each of the first five takes the bad tensor with it.
    names = [operation.name for operation in Trace(float32).operations]
    for given in (names, names[::-1]):
        ranked = rank_tflite(float32, FEEDS, Int8Plan(), given, reach=3, is_late=lambda: False)
        assert ranked[:5] == [name for name in given if name in names[:5]]


def test_without_time_the_order_stays(float32: bytes) -> None:
    names = [operation.name for operation in Trace(float32).operations]
    assert rank_tflite(float32, FEEDS, Int8Plan(), names, reach=1, is_late=lambda: True) == names
