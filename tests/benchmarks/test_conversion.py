"""A small part of `benchmarks/conversion.py`; the whole of it is run by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace as replaced

pytest.importorskip("tensorflow")
pytest.importorskip("keras")

from benchmarks import architectures, conversion, lite0
from converters.quiet import captured_output
from converters.report.schema import Report
from tests.helpers import fashion

SMALL: dict[str, Any] = {"side": 32, "alpha": 0.25, "classes": 10}


@pytest.fixture(scope="module")
def row() -> architectures.Row:
    (found,) = architectures.measure("MobileNet", heads=("softmax",), **SMALL)
    return found


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    folder = tmp_path_factory.mktemp("trained")
    file = fashion.train(folder / "tiny.keras")
    images, labels = fashion.held_out()
    report = conversion.convert_trained(
        file, folder / "tiny", fashion.seen()[:300], (images[:200], labels[:200])
    )
    return file, report


def test_an_architecture_keeps_the_aim_on_both_targets(row: architectures.Row) -> None:
    assert set(row.figures) == {"tflite", "openvino"}
    assert row.reached
    assert 0.1 < row.largest <= 1.0
    assert architectures.cells(row)[-1] == "yes"
    assert len(architectures.cells(row)) == len(architectures.HEADER)


def test_a_miss_is_printed_as_missed(row: architectures.Row) -> None:
    assert architectures.cells(replace(row, failures=("float32.max_error",)))[-1] == "**missed**"
    far = {name: replaced(one, max_abs=2e-4) for name, one in row.figures.items()}
    assert not replace(row, figures=far).reached


def test_settling_leaves_statistics_of_photographs_and_logits_that_spread() -> None:
    pictures = architectures.photographs(32)
    with captured_output():
        net = architectures.build("MobileNet", 32, "logits", alpha=0.25, classes=10)
        architectures.settle(net, pictures)
        answers = np.asarray(net(pictures, training=False))
    variances = [one for one in net.weights if one.path.endswith("moving_variance")]
    assert len(variances) == 27
    assert all(np.ptp(np.asarray(one)) > 0 for one in variances)
    assert 0.5 < answers.std() / architectures.LOGITS_DEVIATION < 2


def test_a_trained_net_gets_a_row_for_each_backend(trained: tuple[Path, Report]) -> None:
    _, report = trained
    rows = conversion.trained_rows("tiny", report, 0.85)
    assert [row[1] for row in rows] == ["litert", "openvino"]
    for row in rows:
        assert len(row) == len(conversion.TRAINED_HEADER)
        assert 60 < float(row[3]) <= 100


def test_a_net_that_learned_nothing_keeps_no_aim(trained: tuple[Path, Report]) -> None:
    _, report = trained
    assert {row[7] for row in conversion.trained_rows("tiny", report, 0.1)} == {"**missed**"}


def test_keras_itself_agrees_with_the_float_file(trained: tuple[Path, Report]) -> None:
    file, report = trained
    images, labels = fashion.held_out()
    own = conversion.keras_top1(file, images[:200], labels[:200])
    assert report.reference_metric == pytest.approx(own, abs=0.0051)


def test_stages_add_up_to_the_whole(trained: tuple[Path, Report]) -> None:
    *parts, (name, whole) = lite0.stages(trained[1], 100.0)
    assert (name, whole) == ("all", "100.0")
    assert sum(float(seconds) for _, seconds in parts) == pytest.approx(100.0, abs=0.5)
