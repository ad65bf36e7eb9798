from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgecnn.evaluation.det_plot import draw_det, draw_roc, probit, supported_from
from edgecnn.evaluation.pairs import ScoredPairs, index_pairs
from edgecnn.evaluation.verification_report import VerificationReport, judge_pairs

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def report() -> VerificationReport:
    rng = np.random.default_rng(0)
    identities = np.repeat(np.arange(30), 4)
    first, second = index_pairs(identities)
    same = identities[first] == identities[second]
    distances = rng.normal(0, 1, len(same)) + np.where(same, 0.0, 3.0)
    people = tuple(str(n) for n in range(30))
    pairs = ScoredPairs(distances, identities[first], identities[second], people)
    return judge_pairs(pairs, replicates=100)


@pytest.mark.parametrize("draw", [draw_det, draw_roc])
def test_plots_are_pictures_with_a_curve(
    draw: object, report: VerificationReport, tmp_path: Path
) -> None:
    assert callable(draw)
    draw(report, tmp_path / "plot.png", "a test")
    pixels = cv2.imread(str(tmp_path / "plot.png"))
    blue, _, red = (pixels[..., n].astype(int) for n in range(3))
    assert (blue - red > 100).sum() > 300  # the curve
    assert (red - blue > 100).sum() > 20  # the points
    assert [file.name for file in tmp_path.iterdir()] == ["plot.png"]


def test_axes_make_normal_scores_a_straight_line(report: VerificationReport) -> None:
    """Two normal distributions three deviations apart: probits of both errors add up to -3."""
    inside = (report.curve.far > 0.01) & (report.curve.far < 0.5) & (report.curve.tar < 0.99)
    total = probit(report.curve.far[inside]) + probit(1 - report.curve.tar[inside])
    assert np.abs(total + 3).max() < 0.5


def test_probit_by_hand() -> None:
    found = probit(np.array([0.5, 0.975, 0.025, 0.0, 1.0]))
    assert found[:3] == pytest.approx([0.0, 1.95996, -1.95996], abs=1e-4)
    assert np.isfinite(found).all()


def test_support_ends_where_the_rule_of_three_says(report: VerificationReport) -> None:
    assert report.people_pairs == 435
    assert supported_from(report) == pytest.approx(3 / 435, rel=0.01)
