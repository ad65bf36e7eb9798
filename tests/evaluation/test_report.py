from __future__ import annotations

import json

import numpy as np
import pytest

from edgecnn.errors import OptionError
from edgecnn.evaluation.report import MetricReport, by_label, wilson_interval


def test_interval_is_that_of_the_textbook() -> None:
    # Worked example: 81 of 263, 95 % score interval 0.2553 to 0.3662 (Newcombe 1998, table I).
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(20, 20)[1] == 1.0
    assert wilson_interval(0, 20)[0] == 0.0
    low, high = wilson_interval(9000, 10_000)
    assert high - low < 0.012


@pytest.mark.parametrize(("hits", "count"), [(0, 0), (3, 2), (-1, 5)])
def test_no_share_is_an_error(hits: int, count: int) -> None:
    with pytest.raises(OptionError, match="no share"):
        wilson_interval(hits, count)


def test_report_names_the_worst_classes() -> None:
    per_class = by_label(np.array([0.9, np.nan, 0.2]), ("cat", "dog", "bee"))
    assert per_class == {"cat": 0.9, "bee": 0.2}
    report = MetricReport(
        name="accuracy", value=0.5, count=20, interval=(0.3, 0.7), per_class=per_class
    )
    assert report.worst(1) == [("bee", 0.2)]
    text = report.to_text()
    assert "accuracy: 0.5000 (95 %: 0.3000 to 0.7000) on 20 pictures" in text
    assert "lowest: bee 0.2000, cat 0.9000" in text
    assert json.loads(json.dumps(report.to_dict()))["per_class"]["bee"] == 0.2


def test_unnamed_classes_go_by_number() -> None:
    assert by_label(np.array([0.5, 1.0]), ()) == {"0": 0.5, "1": 1.0}
