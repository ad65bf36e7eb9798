"""The verb ``quantize``, and that its net goes on to ``evaluate``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("tensorflow")

from edgecnn.data import fashion_mnist
from tests.helpers import fashion
from tests.helpers.command import edgecnn_command
from tests.training.steps import tiny


@pytest.fixture(autouse=True)
def _committed_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fashion_mnist.ENVIRONMENT, str(fashion.FOLDER))
    tiny.draw_nothing(monkeypatch)


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quantize")
    return tiny.save(tiny.net(side=28, classes=10, filters=8), folder / "net.keras")


def test_a_net_learns_integers_and_is_judged_like_any_other(net: Path) -> None:
    out = net.parent / "out"
    said = edgecnn_command(
        "quantize", net, "--data", "fashion_mnist:test", "--limit", "200", "--weights", "int4",
        "--epochs", "1", "--batch-size", "50", "--equalize", "--test", "fashion_mnist:test",
        "--out", out,
    )  # fmt: skip
    assert said.code == 0, said.err
    for word in (
        "float",
        "int4 weights",
        "Rounded without training",
        "its channels evened",
        "last epoch, 1",
        "2,000 pictures",
    ):
        assert word in said.out
    assert said.out.rstrip().endswith("best.keras")
    result = json.loads((out / "result.json").read_text())
    judged = edgecnn_command(
        "evaluate", out / "best.keras", "--data", "fashion_mnist:test", "--json"
    )
    assert judged.code == 0, judged.err
    figures = json.loads(judged.out)["figures"]
    assert figures["accuracy"] == pytest.approx(result["after"]["accuracy"])
    again = edgecnn_command("quantize", "--out", out, "--resume", "--json")
    assert json.loads(again.out)["after"] == result["after"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("quantize", "--out", "OUT"), 2, "Give MODEL"),
        (("quantize", "NET", "--out", "OUT"), 2, "CONFIG or --data"),
        (("quantize", "NET", "--data", "digits", "--out", "OUT", "--weights", "int2"), 2, "int2"),
        (("quantize", "NET", "--data", "digits", "--out", "OUT"), 1, "(28, 28, 1)"),
        (
            ("quantize", "NET", "--data", "fashion_mnist:test", "--out", "OUT", "--epochs", "2",
             "--freeze-epoch", "2"),
            1,
            "the epochs end with 1",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_quantized_is_said_in_a_line(
    arguments: tuple[str, ...], code: int, said: str, net: Path, tmp_path: Path
) -> None:
    places = {"OUT": tmp_path / "out", "NET": net}
    answer = edgecnn_command(*(places.get(one, one) for one in arguments))
    assert answer.code == code
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert not (tmp_path / "out").exists()
