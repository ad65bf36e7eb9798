"""A report in words: the verdict, the best variant, and the compact table of the terminal.

The other forms take their words from here, so that terminal, Markdown and page say the same.
"""

from __future__ import annotations

import math

from converters.report.schema import SIMULATION, Latency, Proven, Repair, Report
from edgecnn.wording import counted

AGREEMENT = {
    "classify": "top1_agreement",
    "detect": "boxes_found",
    "detect_faces": "faces_matched",
    "embed": "within_0.05",
    "segment": "mask_iou",
    "tensors": "cosine",
}
"""Task -> the figure of `converters.proof.parity.summarize` that stands for all others."""
MAX_REASONS = 4
NOTHING = "-"


def way(proven: Proven) -> str:
    """How a variant was run: ``int8.tflite on litert``."""
    return f"{proven.file} on {proven.backend}"


def percent(share: float | None, digits: int = 2) -> str:
    """A share 0..1 in percent."""
    return NOTHING if share is None else f"{100 * share:.{digits}f} %"


def points(share: float | None) -> str:
    """A difference of shares in percentage points, with its sign: a drop is positive."""
    return NOTHING if share is None else f"{100 * share + 0.0:+.2f}"


def megabytes(size: int) -> str:
    """Bytes in MB (10^6)."""
    return f"{size / 1e6:.2f}" if size >= 100_000 else f"{size / 1e6:.3f}"


def milliseconds(value: float) -> str:
    """A latency in ms with three significant digits, or nearly so."""
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def figure(value: float | None) -> str:
    """Any figure in four significant digits; whole numbers whole."""
    if value is None:
        return NOTHING
    if math.isfinite(value) and value == int(value) and abs(value) < 1e9:
        return str(int(value))
    return f"{value:.4g}"


def is_reference(report: Report, proven: Proven) -> bool:
    """Whether this is what the others' task figures were compared with."""
    return way(proven) == report.reference


def is_simulated(report: Report) -> bool:
    """Whether the source was trained with quantization in mind, so that there is no float file."""
    return report.reference == SIMULATION


def first_word(report: Report) -> str:
    """What the file that latencies are compared with is."""
    return "first" if is_simulated(report) else "float"


def agreement(report: Report, proven: Proven) -> float | None:
    """The task's main figure of agreement, 0..1; 1 for the reference itself; None without one."""
    known = proven.agreement.get(AGREEMENT.get(report.task, ""))
    if known is None and not proven.agreement and is_reference(report, proven):
        return 1.0 if report.task in AGREEMENT else None
    return known


def accuracy(report: Report, proven: Proven) -> float | None:
    """What a variant is judged by, 0..1: the metric, or the agreement where there is none."""
    if any(one.metric is not None for one in report.proven):
        return proven.metric
    return agreement(report, proven)


def accuracy_name(report: Report) -> str:
    """What `accuracy` is."""
    if any(one.metric is not None for one in report.proven):
        return report.metric_name or "metric"
    return f"agreement with {'the simulation' if is_simulated(report) else 'float'}"


def best(report: Report) -> Proven | None:
    """The proven variant to use: the fastest, or the smallest where no latency was measured."""
    good = [one for one in report.proven if not one.failures]
    timed = [one for one in good if one.latency is not None]
    return min(timed or good, key=_cost, default=None)


def _cost(proven: Proven) -> tuple[float, int]:
    return (proven.latency.median_ms if proven.latency else 0.0, proven.bytes)


def failed_ways(report: Report) -> list[Proven]:
    """What keeps not every gate."""
    return [one for one in report.proven if one.failures]


def reasons(report: Report) -> list[str]:
    """Why it failed, one line each: broken gates, else what was warned of; empty when it passed."""
    broken = [f"{way(one)}: {line}" for one in report.proven for line in one.failures]
    return broken or ([] if report.passed else list(report.warnings))


def verdict(report: Report) -> str:
    """One sentence: passed or failed, and how much of it."""
    ways, files = len(report.proven), len({one.file for one in report.proven})
    failed = len(failed_ways(report))
    if report.passed:
        what = f"{counted(files, 'file')}, {counted(ways, 'way')} to run them, every gate is kept"
        lowered = sum(bool(one.lowered) for one in report.proven)
        return f"Passed: {what}{f' ({lowered} only because it was lowered)' if lowered else ''}."
    if failed:
        return (
            f"Failed: {failed} of {counted(ways, 'way')} to run it "
            f"{'breaks' if failed == 1 else 'break'} a gate, so no bundle was written."
        )
    return "Failed: no bundle was written."


def summary(report: Report) -> list[tuple[str, str]]:
    """What a manager reads: name and value of each fact, the most important first."""
    facts = [("Converted", _converted(report))]
    chosen = best(report)
    if chosen is None:
        return facts
    facts.append(
        ("Best variant" if report.passed else "Best that is proven", _why_best(report, chosen))
    )
    facts.append(("Size", _size(report, chosen)))
    judged = accuracy(report, chosen)
    if judged is not None:
        facts.append(("Accuracy", _accuracy(report, chosen, judged)))
    if chosen.latency is not None:
        facts.append(("Speed", _speed(report, chosen.latency)))
    facts.extend(_repaired(repair) for repair in report.repairs)
    return facts


def _repaired(repair: Repair) -> tuple[str, str]:
    word = "Repaired" if repair.final_score > repair.plain_score else "Not repaired"
    return word, (
        f"{repair.file}: {repair.score_name} {figure(repair.plain_score)} by the plain recipe, "
        f"{figure(repair.final_score)} in the end (float: {figure(repair.float_score)})"
    )


def _converted(report: Report) -> str:
    source = report.source
    size = "" if source.parameters is None else f", {source.parameters:,} parameters"
    shape = ""
    if report.input is not None:
        spec = report.input
        shape = f", input {spec.width} x {spec.height} {spec.color}"
    return f"{source.title} ({source.kind}{size}), task {report.task}{shape}"


def _why_best(report: Report, chosen: Proven) -> str:
    good = [one for one in report.proven if not one.failures]
    how = "fastest" if chosen.latency is not None else "smallest"
    return f"{way(chosen)}: the {how} of {len(good)} proven" if len(good) > 1 else way(chosen)


def _size(report: Report, chosen: Proven) -> str:
    text = f"{megabytes(chosen.bytes)} MB"
    full = [one.bytes for one in report.proven if one.precision == "float32"]
    if full and full[0] > 1.05 * chosen.bytes:
        text += f", {full[0] / chosen.bytes:.1f} times smaller than float32"
    return text


def _accuracy(report: Report, chosen: Proven, judged: float) -> str:
    text = f"{accuracy_name(report)} {percent(judged)}"
    if chosen.metric is not None and report.reference_metric is not None:
        lost = 100 * (report.reference_metric - chosen.metric)
        text += (
            f", {'simulation' if is_simulated(report) else 'float reference'} "
            f"{percent(report.reference_metric)} "
            f"({abs(lost):.2f} points {'lost' if lost >= 0 else 'gained'})"
        )
    used = report.validation or report.proof
    return text + (f", on {counted(used.used, 'input')}" if used is not None else "")


def _speed(report: Report, latency: Latency) -> str:
    return (
        f"{milliseconds(latency.median_ms)} ms a picture (median; p95 "
        f"{milliseconds(latency.p95_ms)}), "
        f"{latency.ratio:.2f} times the {first_word(report)} file's, "
        f"{counted(latency.threads, 'thread')}, on {report.machine}"
    )


def notes(report: Report) -> list[str]:
    """For the terminal, under `table`: the verdict, why it failed, then what `summary` says."""
    why = reasons(report)
    shown = [f"  {reason}" for reason in why[:MAX_REASONS]]
    if len(why) > MAX_REASONS:
        shown.append(f"  and {len(why) - MAX_REASONS} more")
    facts = [f"{name}: {value}" for name, value in summary(report)]
    warned = [f"Warning: {text}" for text in report.warnings if text not in why]
    return [verdict(report), *shown, *facts, *warned]


def table(report: Report) -> tuple[list[str], list[list[str]]]:
    """Column names and rows of the compact table: all that the terminal shows of the figures."""
    return header(report), rows(report)


def header(report: Report) -> list[str]:
    """Column names of `rows`; what was measured for no variant has no column."""
    return [name for name, used in _columns(report).items() if used]


def rows(report: Report) -> list[list[str]]:
    """The compact table: one row for each variant on each backend, in the report's order."""
    used = _columns(report)
    return [
        [cell for cell, name in zip(_row(report, one), used, strict=True) if used[name]]
        for one in report.proven
    ]


def _columns(report: Report) -> dict[str, bool]:
    timed = any(one.latency is not None for one in report.proven)
    judged = any(one.metric is not None for one in report.proven)
    agreed = any(agreement(report, one) is not None for one in report.proven)
    return {
        "file": True,
        "backend": True,
        "MB": True,
        "ms": timed,
        "relative": timed,
        report.metric_name or "metric": judged,
        "drop (points)": judged,
        "agreement": agreed,
        "gates": True,
    }


def _row(report: Report, one: Proven) -> list[str]:
    latency = one.latency
    return [
        one.file,
        one.backend,
        megabytes(one.bytes),
        NOTHING if latency is None else milliseconds(latency.median_ms),
        NOTHING if latency is None else f"{latency.ratio:.2f}",
        percent(one.metric),
        points(one.drop),
        "reference" if is_reference(report, one) else percent(agreement(report, one)),
        gate_word(one),
    ]


def gate_word(one: Proven) -> str:
    """``kept``, ``LOWERED`` or ``FAILED``."""
    return "FAILED" if one.failures else "LOWERED" if one.lowered else "kept"
