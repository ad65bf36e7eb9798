"""CARD.md of a converted bundle: what is known about the model, and what was measured."""

from __future__ import annotations

from converters.report.schema import Proven, Report
from edgecnn.bundle.schema import Manifest


def result_card(manifest: Manifest, report: Report) -> bytes:
    """The card as UTF-8 Markdown; what nobody said stands there as not said.

    Args:
        manifest: Of the finished bundle.
        report: Of the conversion, passed.
    """
    facts = {
        "Task": manifest.task,
        "Licence": manifest.licence,
        "Source": manifest.source,
        "Paper": manifest.paper,
        "Precision": report.source.note,
        "Training data": manifest.training_data or "not said",
        "Classes": str(len(manifest.labels)) if manifest.labels else "",
    }
    parts = [
        f"# {manifest.title}",
        "\n".join(f"- **{name}**: {value}" for name, value in facts.items() if value),
        f"## Limits\n\n{manifest.limits or 'Not said by whoever converted it.'}",
        "## Bias\n\nNot measured by the conversion.",
        f"## Variants\n\n{_proof(report)}\n\n{_table(report)}",
    ]
    return ("\n\n".join(parts) + "\n").encode()


def _proof(report: Report) -> str:
    words = f"Proven against the source ({report.source.kind})"
    if report.proof is not None:
        words += f" on {report.proof.used} inputs of {report.proof.origin}"
    if report.validation is not None:
        words += f"; {report.metric_name} on {report.validation.used} of {report.validation.origin}"
    return f"{words}. Everything that was measured is in `report.md`."


def _table(report: Report) -> str:
    head = ["file", "kB", "backend", report.metric_name or "cosine", "latency, relative"]
    rows = [head, ["---"] * len(head)]
    for proven in report.proven:
        latency = f"{proven.latency.ratio:.2f}" if proven.latency else "-"
        size = f"{proven.bytes / 1e3:.1f}"
        rows.append([f"`{proven.file}`", size, proven.backend, _figure(proven), latency])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _figure(proven: Proven) -> str:
    if proven.metric is not None:
        return f"{proven.metric:.4f}"
    return f"{min(one.cosine for one in proven.outputs):.5f}"
