from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from converters.inputs.tensors import open_tensors
from converters.sources.base import Port
from edgecnn.errors import OptionError

PORTS = (Port("a", (1, 3, 4), np.dtype(np.float32)), Port("ids", (1, 2), np.dtype(np.int32)))


def arrays(count: int = 120) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {"a": rng.normal(size=(count, 3, 4)), "ids": rng.integers(0, 9, (count, 2))}


def rows(count: int = 120, *, batched: bool = True) -> list[dict[str, np.ndarray]]:
    whole = arrays(count)
    cut = slice(None, None) if batched else 0
    return [{n: v[i : i + 1][cut] for n, v in whole.items()} for i in range(count)]


@pytest.mark.parametrize("form", ["dict", "list", "without batch axis", "generator", "function"])
def test_every_form_gives_the_same_inputs(form: str) -> None:
    forms: dict[str, Any] = {
        "dict": arrays(),
        "list": rows(),
        "without batch axis": rows(batched=False),
        "generator": iter(rows()),
        "function": lambda: iter(rows()),
    }
    opened = open_tensors(forms[form], PORTS)
    assert len(opened) == 120
    assert opened.warnings == ()
    fed = list(opened.feeds(7)())
    assert len(fed) == 7
    for index, feed in enumerate(fed):
        for port in PORTS:
            assert feed[port.name].shape == port.shape
            assert feed[port.name].dtype == port.dtype
            expected = arrays()[port.name][index : index + 1].astype(port.dtype)
            np.testing.assert_array_equal(feed[port.name], expected)


def test_one_array_is_enough_for_one_input() -> None:
    opened = open_tensors(arrays()["a"], PORTS[:1], limit=110, seed=1)
    assert len(opened) == 110
    row = int(opened.names[3][1:])
    np.testing.assert_allclose(opened.tensors(3)["a"][0], arrays()["a"][row], rtol=1e-6)
    with pytest.raises(OptionError, match="'a', 'ids'"):
        open_tensors(arrays()["a"], PORTS)


def test_a_batch_larger_than_one_takes_several_rows() -> None:
    port = Port("a", (4, 3), np.dtype(np.float32))
    values = np.arange(400 * 3).reshape(400, 3)
    opened = open_tensors({"a": values}, [port])
    assert len(opened) == 100
    np.testing.assert_array_equal(opened.tensors(1)["a"], values[4:8])
    with pytest.raises(OptionError, match="multiple of 4"):
        open_tensors({"a": values[:-1]}, [port])


def test_feeds_may_be_changed_without_harm() -> None:
    opened = open_tensors(arrays(), PORTS)
    opened.tensors(0)["a"][:] = 0
    assert opened.tensors(0)["a"].any()


def test_an_open_set_may_be_chosen_from() -> None:
    opened = open_tensors(open_tensors(arrays(200), PORTS), PORTS, limit=120)
    first, second = opened.split(0.5, 0)
    assert {*first.names, *second.names} == set(opened.names)
    assert opened.as_inputs(5).origin == "arrays (200 inputs)"


def changed(**values: np.ndarray) -> dict[str, np.ndarray]:
    return arrays() | values


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (changed(b=np.zeros(3)), "'a', 'ids', 'b'; the network's inputs are 'a', 'ids'"),
        ({"a": arrays()["a"]}, "has the names 'a'"),
        ({}, "has the names none;"),
        (changed(a=np.zeros((120, 4, 3))), r"shape \(120, 4, 3\); expected \(N, 3, 4\)"),
        (changed(a=np.full((120, 3, 4), np.nan)), "NaN"),
        (changed(a=np.full((120, 3, 4), 1e300)), "do not fit into float32"),
        (changed(a=arrays()["a"].astype(complex)), "complex128"),
        (changed(a=arrays()["a"].astype(object)), "object"),
        (changed(ids=arrays()["ids"] + 0.5), "float64; the input takes int32"),
        (changed(ids=arrays()["ids"] + 2**40), "do not fit into int32"),
        (changed(ids=arrays()["ids"][:100]), "different lengths"),
        ({n: v[:0] for n, v in arrays().items()}, "empty"),
        ([], "empty"),
        ([{"a": np.zeros((2, 2)), "ids": np.zeros(2, int)}], r"Item 0.*shape \(2, 2\)"),
        ([np.zeros((3, 4))], "Item 0 of the calibration set is ndarray"),
        ("folder", "but got str"),
    ],
)
def test_what_does_not_fit_is_an_error(what: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        open_tensors(what, PORTS)


def test_few_or_constant_inputs_are_warned_about() -> None:
    opened = open_tensors(changed(a=np.ones((120, 3, 4))), PORTS)
    assert opened.warnings == ("The calibration values of 'a' are the same everywhere.",)
    assert "Only 20" in open_tensors(rows(20), PORTS).warnings[0]
    assert "Only the first 110" in open_tensors(iter(rows()), PORTS, limit=110).warnings[0]
