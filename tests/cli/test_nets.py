"""``edgecnn nets``: tables for people, JSON for programs, errors in a line."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("keras")

from edgecnn.registry import NETS
from tests.helpers.command import edgecnn_command


def test_list_names_every_net_with_its_figures() -> None:
    said = edgecnn_command("nets", "list")
    assert said.code == 0
    assert all(name in said.out for name in NETS)
    assert "138,357,544" in said.out
    cards = json.loads(edgecnn_command("nets", "list", "--json").out)
    assert [card["name"] for card in cards] == list(NETS)
    assert cards[0]["parameters"] == 61_706
    assert cards[0]["input_shape"] == [32, 32, 1]


def test_show_prints_the_layers() -> None:
    said = edgecnn_command("nets", "show", "lenet5")
    assert said.code == 0
    assert "61,706 parameters" in said.out
    assert "16 x 16" in said.out


def test_show_takes_size_classes_and_width() -> None:
    options = ("--input", "28x28x1", "--classes", "7", "--width", "0.5", "--stem", "small")
    said = edgecnn_command("nets", "show", "mobilenet_v1", *options, "--json")
    found = json.loads(said.out)
    assert found["input_shape"] == [28, 28, 1]
    rows = {row["name"]: row for row in found["layers"]}
    assert rows["stem_conv"]["output_shape"] == [28, 28, 16]
    assert rows["logits"]["output_shape"] == [7]
    assert found["totals"]["macs"] == sum(row["macs"] for row in rows.values())


def test_show_takes_what_a_net_has_of_its_own() -> None:
    shown = ("nets", "show", "shufflenet_v1", "--json")
    plain = json.loads(edgecnn_command(*shown, "--set", "groups=3").out)
    more = json.loads(edgecnn_command(*shown, "--set", "groups=8").out)
    assert plain["totals"] == json.loads(edgecnn_command(*shown).out)["totals"]
    assert plain["totals"]["parameters"] != more["totals"]["parameters"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["lenet5", "--input", "8x8x1"], 1, "at least 12 pixels"),
        (["lenet5", "--input", "28"], 2, "like 28x28x1"),
        (["lenet6"], 1, "Known: alexnet"),
        (["lenet5", "--classes", "0"], 1, "num_classes is 0"),
        (["lenet5", "--set", "groups=2"], 1, "has no option groups"),
        (["shufflenet_v1", "--set", "groups=many"], 1, "groups"),
        (["vgg11", "--set", "batch_norm=no"], 1, "true or false, but got 'no'"),
        (["lenet5", "--set", "width=2"], 2, "not for width"),
    ],
)
def test_wrong_wishes_are_told_in_a_line(arguments: list[str], code: int, message: str) -> None:
    said = edgecnn_command("nets", "show", *arguments)
    assert (said.code, said.out) == (code, "")
    assert message in said.err
