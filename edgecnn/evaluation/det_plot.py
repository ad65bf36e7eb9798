"""Error rates as pictures: DET with axes on which normal scores give straight lines, and ROC.

The part of the curve that the sample cannot support is dotted: left of it a single pair of people
more or less moves the curve.

Reference: A. Martin, G. Doddington, T. Kamm, M. Ordowski and M. Przybocki, "The DET Curve in
Assessment of Detection Task Performance", Eurospeech 1997.
"""

from __future__ import annotations

import io
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.evaluation.binomial import CONFIDENCE
from edgecnn.evaluation.verification_report import VerificationReport
from edgecnn.optional import require

_TICKS = (0.00001, 0.0001, 0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95)
_MOST = 0.99
"""The ends of the curve, where everybody or nobody is accepted, say nothing."""
_SMALLEST = 1e-6


def draw_det(report: VerificationReport, file: Path, title: str = "") -> None:
    """False accepts against false rejects, both on probit axes.

    Args:
        report: From `judge_pairs`.
        file: A ``.png`` to write.
        title: Above it.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    figure, axes = _figure(title)
    far, frr = report.curve.far, 1.0 - report.curve.tar
    x_edge, y_edge = 0.5 / report.impostor_pairs, 0.5 / report.genuine_pairs
    x, y = probit(np.clip(far, x_edge, _MOST)), probit(np.clip(frr, y_edge, _MOST))
    _draw(axes, x, y, float(probit(np.array([supported_from(report)]))[0]))
    both = probit(np.array([max(x_edge, y_edge, 1e-4), 0.5]))
    axes.plot(both, both, color="0.7", linewidth=1, zorder=0)
    middle = probit(np.clip(np.array([report.equal_error_rate]), max(x_edge, y_edge), 0.5))
    axes.plot(middle, middle, "o", color="tab:red", label=f"EER {report.equal_error_rate:.2%}")
    for axis, edge in ((axes.xaxis, x_edge), (axes.yaxis, y_edge)):
        ticks = [tick for tick in _TICKS if tick >= edge]
        axis.set_ticks(probit(np.array(ticks)), [f"{100 * tick:.4g}" for tick in ticks])
    axes.set_xlabel("strangers accepted (FAR), %")
    axes.set_ylabel("genuine pairs refused (1 - TAR), %")
    axes.legend()
    _save(figure, file)


def draw_roc(report: VerificationReport, file: Path, title: str = "") -> None:
    """True accepts against false accepts, these on a logarithmic axis; arguments as above."""
    figure, axes = _figure(title)
    edge = 0.5 / report.impostor_pairs
    _draw(axes, np.maximum(report.curve.far, edge), report.curve.tar, supported_from(report))
    for point in report.points:
        if point.tar_interval is not None:
            axes.plot([point.far] * 2, point.tar_interval, color="tab:red", linewidth=2)
        axes.plot(point.far, point.tar, "o", color="tab:red")
    axes.set_xscale("log")
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("strangers accepted (FAR)")
    axes.set_ylabel("genuine pairs accepted (TAR)")
    axes.legend(loc="lower right")
    _save(figure, file)


def probit(rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where a standard normal variable has so much below it; 0.5 is at 0.

    Args:
        rates: 0..1; 0 and 1 lie infinitely far and are drawn in to a millionth.
    """
    normal = NormalDist()
    inside = np.clip(rates, _SMALLEST, 1 - _SMALLEST)
    return np.array([normal.inv_cdf(float(rate)) for rate in inside], np.float64)


def supported_from(report: VerificationReport) -> float:
    """The smallest false accept rate that the pairs of people support."""
    return float(1.0 - (1.0 - CONFIDENCE) ** (1.0 / max(report.people_pairs, 1)))


def _draw(axes: Any, x: NDArray[np.float64], y: NDArray[np.float64], supported: float) -> None:
    inside = x >= supported
    axes.step(x, y, where="post", color="tab:blue", linewidth=1, linestyle=":")
    axes.step(x[inside], y[inside], where="post", color="tab:blue", label="supported by the sample")
    axes.axvline(supported, color="0.6", linewidth=1, linestyle="--")
    axes.grid(alpha=0.3)


def _figure(title: str) -> tuple[Any, Any]:
    require("matplotlib", extra="train")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0, 5.4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title)
    return figure, axes


def _save(figure: Any, file: Path) -> None:
    """All of the picture or nothing: it is drawn in memory first."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    file.write_bytes(drawn.getvalue())
