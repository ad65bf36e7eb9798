"""CARD.md of a bundle: what the model is, whose it is, where it fails, and what was measured.

Reference: Mitchell et al., "Model Cards for Model Reporting", arXiv:1810.03993.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgecnn.bundle.schema import Manifest, PublishedMetric, Speed
from edgecnn.zoo.card import variant_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CardText:
    """What only a person can say; Markdown paragraphs.

    Attributes:
        summary: What it answers, about what pictures.
        bias: On whom or what it works less well, as far as known; say so when it was not measured.
        how_made: From the source files to this bundle.
        proof: Which pictures the agreement was measured on.
        reproducible: What a second build gives byte for byte, and what not and why.
        licence_note: Whose licence covers what, with the address of its text.
    """

    summary: str
    bias: str
    how_made: str
    proof: str
    reproducible: str
    licence_note: str


def write_card(
    manifest: Manifest,
    text: CardText,
    *,
    parity: Mapping[tuple[str, str], Mapping[str, float]],
    machine: str,
) -> bytes:
    """The card as UTF-8 Markdown.

    Args:
        manifest: Of the finished bundle.
        text: See `CardText`.
        parity: (file, backend) -> figures, from `converters.proof.parity.measure_parity`.
        machine: The machine that the speeds were measured on, in words.
    """
    parts = [
        f"# {manifest.title}",
        text.summary,
        _facts(manifest, text),
        f"## Limits\n\n{manifest.limits}",
        f"## Bias\n\n{text.bias}",
        f"## How it was made\n\n{text.how_made}\n\n{text.reproducible}",
        f"## Variants\n\n{text.proof}\n\n{_agreement_table(manifest, parity)}",
        f"{speed_table(manifest, machine)}",
    ]
    if manifest.metrics:
        parts.insert(3, f"## Accuracy\n\n{_metrics_table(manifest.metrics)}")
    return ("\n\n".join(part.strip() for part in parts if part.strip()) + "\n").encode()


def _facts(manifest: Manifest, text: CardText) -> str:
    rows = [
        ("Task", manifest.task),
        ("Licence", f"{manifest.licence}. {text.licence_note}"),
        ("Source", manifest.source),
        ("Paper", manifest.paper),
        ("Training data", manifest.training_data),
        ("Input", _input(manifest)),
        ("Classes", str(len(manifest.labels)) if manifest.labels else ""),
    ]
    return "\n".join(f"- **{name}**: {value}" for name, value in rows if value)


def _input(manifest: Manifest) -> str:
    spec = manifest.picture_input
    return (
        f"{spec.width} x {spec.height} {spec.color.upper()}, {spec.resize}, "
        f"(pixel - {_numbers(spec.mean)}) / {_numbers(spec.std)}"
    )


def _numbers(values: Sequence[float]) -> str:
    if len(set(values)) == 1:
        return f"{values[0]:g}"
    return "[" + ", ".join(f"{value:g}" for value in values) + "]"


def _metrics_table(metrics: Sequence[PublishedMetric]) -> str:
    rows = [
        [m.name, f"{m.value:g}", m.dataset, m.precision, f"{m.origin}: {m.source}"] for m in metrics
    ]
    return _table(["metric", "value", "data", "precision", "where from"], rows)


def _agreement_table(
    manifest: Manifest, parity: Mapping[tuple[str, str], Mapping[str, float]]
) -> str:
    names = list(dict.fromkeys(name for figures in parity.values() for name in figures))
    rows, elsewhere = [], []
    for variant in manifest.variants:
        size = f"{variant_bytes(variant, manifest) / 1e6:.2f}"
        for backend in variant.backends:
            figures = parity.get((variant.file, backend))
            if figures is None:
                elsewhere.append(backend)
                continue
            cells = [_figure(name, figures.get(name)) for name in names]
            rows.append([f"`{variant.file}`", size, backend, *cells])
    table = _table(["file", "MB", "backend", *(name.replace("_", " ") for name in names)], rows)
    if elsewhere:
        table += (
            f"\n\nNot measured here: {', '.join(dict.fromkeys(elsewhere))}, which needs an "
            "environment of its own; `edgecnn verify` proves the golden answers in it."
        )
    return table


SPEED_TABLE_STARTS = "Latency of one inference over"


def speed_table(manifest: Manifest, machine: str) -> str:
    """The last part of a card: the recorded latencies, with what they were measured on."""
    rows = [
        [f"`{variant.file}`", speed.backend, speed.compute, f"{speed.ratio:.2f}"]
        for variant in manifest.variants
        for speed in _by_ratio(variant.speed)
    ]
    if not rows:
        return ""
    return (
        f"{SPEED_TABLE_STARTS} that of the same network as float32 `.tflite` on LiteRT, "
        f"one thread, medians of interleaved runs on {machine} (smaller is faster):\n\n"
        + _table(["file", "backend", "arithmetic", "ratio"], rows)
    )


def _by_ratio(speeds: Sequence[Speed]) -> list[Speed]:
    return sorted(speeds, key=lambda speed: speed.ratio)


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if name in _COUNTS else f"{value:.4f}"


_COUNTS = frozenset({"pictures", "pictures_confident", "boxes", "faces"})


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
