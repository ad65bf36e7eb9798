"""What a report says of int8: which layers lose, what helped, and which answers changed."""

from __future__ import annotations

from collections.abc import Sequence

from converters.report.schema import Confusion, LayerError, Repair, Report
from converters.report.section import Section, Table
from converters.report.text import figure, percent
from edgecnn.wording import counted

WORST_LAYERS = 10
WORST_PAIRS = 10
MAX_CLASSES = 30
"""A confusion matrix holds no more; see `converters.report.schema.Confusion`."""
ROUNDING = 0.29
"""RMSE over the quantization step that rounding alone gives: 1 / sqrt(12)."""
LOSING = 0.7
"""Above this a layer, or one before it, loses more than rounding explains."""


def worst_layers(layers: Sequence[LayerError], count: int = WORST_LAYERS) -> list[LayerError]:
    """Those with the largest error, the worst first."""
    return sorted(layers, key=lambda layer: -layer.rmse_over_scale)[:count]


def layer_name(name: str) -> str:
    """The name of a layer for people: TFLite strings together all that was merged into it."""
    parts = [part for part in name.split(";") if part.strip()]
    if len(parts) < 2:
        return name
    return f"{parts[0]} and {len(parts) - 1} merged"


def label(report: Report, class_id: int) -> str:
    """Name of a class; its number where it has none."""
    named = 0 <= class_id < len(report.labels)
    return report.labels[class_id] if named else f"class {class_id}"


def repair_section(index: int, repair: Repair) -> Section:
    """What an int8 file lost, and what each remedy gave back."""
    lost = repair.float_score - repair.plain_score
    won = repair.final_score - repair.plain_score
    text = [
        f"{repair.score_name}: {figure(repair.float_score)} in float, "
        f"{figure(repair.plain_score)} by the plain recipe, "
        f"{figure(repair.final_score)} in the end"
        + (f": {percent(won / lost, 0)} of the loss was won back." if lost > 0 else ".")
    ]
    if repair.note:
        text.append(f"It ended because: {repair.note}")
    tables = []
    if repair.remedies:
        rows = tuple(
            (r.name, r.what, figure(r.score), f"{r.seconds:.1f}", "yes" if r.kept else "no")
            for r in repair.remedies
        )
        head = ("remedy", "what was done", "score after it", "seconds", "kept")
        tables.append(Table(head=head, rows=rows, caption="Remedies, in the order of trying."))
    if repair.layers:
        tables.append(_layer_table(repair.layers))
    return Section(
        key=f"repair-{index}",
        title=f"What int8 lost, and remedies: {repair.file}",
        text=tuple(text),
        tables=tuple(tables),
    )


def layers_section(index: int, file: str, layers: tuple[LayerError, ...]) -> Section:
    """The worst layers of a file that needed no repair."""
    return Section(
        key=f"layers-{index}", title=f"Error of each layer: {file}", tables=(_layer_table(layers),)
    )


def _layer_table(layers: Sequence[LayerError]) -> Table:
    worst = worst_layers(layers)
    losing = sum(layer.rmse_over_scale > LOSING for layer in layers)
    rows = tuple(
        (
            str(rank),
            layer_name(layer.name),
            layer.kind,
            f"{layer.rmse_over_scale:.2f}",
            f"{layer.snr_db:.1f}",
            f"{layer.added_db:.1f}",
        )
        for rank, layer in enumerate(worst, start=1)
    )
    caption = (
        f"The worst of {counted(len(layers), 'layer')} ({losing} above {LOSING}; rounding alone "
        f"gives {ROUNDING}). Added: noise beyond that of the layer's inputs."
    )
    if any(";" in layer.name for layer in worst):
        caption += " Names in full are in report.json."
    return Table(
        head=("", "layer", "kind", "rmse / scale", "SNR dB", "added dB"),
        rows=rows,
        caption=caption,
        marked=frozenset(n for n, layer in enumerate(worst) if layer.rmse_over_scale > LOSING),
    )


def confused_pairs(one: Confusion) -> list[tuple[int, int, int]]:
    """(class in float, class in int8, pictures) where they differ, the most frequent first."""
    pairs = [
        (one.class_ids[row], one.class_ids[column], count)
        for row, counts in enumerate(one.counts)
        for column, count in enumerate(counts)
        if row != column and count
    ]
    return sorted(pairs, key=lambda pair: (-pair[2], pair[0], pair[1]))


def confusion_section(index: int, one: Confusion, report: Report) -> Section:
    """Which answers differ between float and int8, the most frequent pairs first."""
    pairs = confused_pairs(one)
    total = sum(map(sum, one.counts))
    differ = sum(count for _, _, count in pairs)
    whose = f" of the {MAX_CLASSES} classes shown" if len(one.class_ids) == MAX_CLASSES else ""
    tables = []
    if pairs:
        rows = tuple(
            (label(report, row), label(report, column), str(count))
            for row, column, count in pairs[:WORST_PAIRS]
        )
        caption = "Where they differ most." if len(pairs) > WORST_PAIRS else ""
        tables.append(
            Table(head=("float says", "int8 says", "pictures"), rows=rows, caption=caption)
        )
    return Section(
        key=f"confusion-{index}",
        title=f"Float against int8: {one.file} on {one.backend}",
        text=(f"The first answers differ on {differ} of {counted(total, 'picture')}{whose}.",),
        tables=tuple(tables),
    )
