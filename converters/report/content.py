"""What a report says, in order, as sections of plain text and tables: one content, two forms.

Nothing here is escaped; `markdown` and `html` do that for what they write. A part of the report
that is empty gives no section.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from converters.report.int8 import confusion_section, layers_section, repair_section
from converters.report.schema import (
    Inputs,
    LayerError,
    OutputFigures,
    Preprocessing,
    Proven,
    Report,
)
from converters.report.section import Section, Table
from converters.report.text import (
    NOTHING,
    agreement,
    first_word,
    gate_word,
    is_reference,
    is_simulated,
    megabytes,
    milliseconds,
    percent,
    points,
    way,
)
from edgecnn.wording import counted


def sections(report: Report) -> list[Section]:
    """All sections of a report, the most telling first."""
    return [
        *_variants(report),
        *_gates(report),
        *_outputs(report),
        *(repair_section(index, repair) for index, repair in enumerate(report.repairs)),
        *(
            layers_section(index, file, layers)
            for index, (file, layers) in enumerate(unrepaired_layers(report))
        ),
        *(confusion_section(index, one, report) for index, one in enumerate(report.confusion)),
        *_preprocessing(report.preprocessing),
        *_inputs(report),
        *_skipped(report),
        *_about(report),
    ]


def unrepaired_layers(report: Report) -> list[tuple[str, tuple[LayerError, ...]]]:
    """Layer errors of files that no repair tells of already."""
    told = {repair.file for repair in report.repairs if repair.layers}
    return [(file, found) for file, found in report.layers.items() if found and file not in told]


def _variants(report: Report) -> Iterator[Section]:
    if not report.proven:
        return
    timed = any(one.latency is not None for one in report.proven)
    judged = any(one.metric is not None for one in report.proven)
    agreed = any(agreement(report, one) is not None for one in report.proven)
    columns = [
        ("file", [one.file for one in report.proven]),
        ("backend", [one.backend for one in report.proven]),
        ("MB", [megabytes(one.bytes) for one in report.proven]),
    ]
    if timed:
        times = [one.latency for one in report.proven]
        columns += [
            ("relative latency", [NOTHING if t is None else f"{t.ratio:.2f}" for t in times]),
            ("median ms", [NOTHING if t is None else milliseconds(t.median_ms) for t in times]),
            ("p95 ms", [NOTHING if t is None else milliseconds(t.p95_ms) for t in times]),
        ]
    if judged:
        columns += [
            (report.metric_name or "metric", [percent(one.metric) for one in report.proven]),
            ("drop, points", [points(one.drop) for one in report.proven]),
        ]
    if agreed:
        columns.append(("agreement", [_agreement(report, one) for one in report.proven]))
    columns.append(("gates", [gate_word(one) for one in report.proven]))
    rows = tuple(zip(*(cells for _, cells in columns), strict=True))
    marked = frozenset(n for n, one in enumerate(report.proven) if one.failures)
    text = []
    if timed:
        ways = {(t.threads, t.compute) for t in times if t is not None}
        how = "; ".join(f"{counted(n, 'thread')}, {compute}" for n, compute in sorted(ways))
        text.append(
            f"Latency of one inference ({how}) on {report.machine}; all took turns. The ratios "
            f"are to the {first_word(report)} file and carry further than the milliseconds."
        )
    if agreed:
        text.append(
            f"Agreement is the {AGREEMENT_WORDS[report.task]}, compared with {report.reference}."
        )
    table = Table(head=tuple(name for name, _ in columns), rows=rows, marked=marked)
    yield Section(key="variants", title="Variants", text=tuple(text), tables=(table,))


AGREEMENT_WORDS = {
    "classify": "share of pictures with the same first answer",
    "detect": "share of objects that are found again",
    "detect_faces": "share of faces that are found again",
    "embed": "share of embeddings within a distance of 0.05",
    "segment": "mean overlap of the masks",
    "tensors": "least cosine of an output",
}
"""What `converters.report.text.AGREEMENT` means, by task."""


def _agreement(report: Report, one: Proven) -> str:
    return "reference" if is_reference(report, one) else percent(agreement(report, one))


def _gates(report: Report) -> Iterator[Section]:
    failures = [f"{way(one)}: {line}" for one in report.proven for line in one.failures]
    lowered = [f"{way(one)}: {line}" for one in report.proven for line in one.lowered]
    used = {"qat"} if is_simulated(report) else {one.precision for one in report.proven}
    named = [gate.partition(".") for gate in report.gates]
    precisions = [name for name in dict.fromkeys(part[0] for part in named) if name in used]
    figures = dict.fromkeys(part[2] for part in named if part[0] in used)
    measured = {
        name
        for one in report.proven
        for name in (*one.agreement, "max_drop" if one.drop is not None else "", *OUTPUT_GATES)
    }
    rows = tuple(
        (name, *(_bound(report.gates.get(f"{precision}.{name}")) for precision in precisions))
        for name in figures
        if name in measured
    )
    tables = []
    for title, found in (("not kept", failures), ("kept only because it was lowered", lowered)):
        if found:
            bad = frozenset(range(len(found))) if found is failures else frozenset()
            lines = tuple((line,) for line in found)
            tables.append(Table(head=(title,), rows=lines, marked=bad))
    if rows:
        tables.append(
            Table(
                head=("gate", *precisions),
                rows=rows,
                caption="Bounds in force: what begins with max_ at most, all else at least.",
            )
        )
    if tables:
        yield Section(key="gates", title="Gates", tables=tuple(tables))


def _bound(value: float | None) -> str:
    return NOTHING if value is None else f"{value:g}"


OUTPUT_GATES = ("cosine", "max_error")


def _outputs(report: Report) -> Iterator[Section]:
    """The worst output of each variant, and all of them where there are several."""
    shown = [one for one in report.proven if one.outputs]
    if not shown:
        return
    worst = tuple(
        (one.file, one.backend, *_output(min(one.outputs, key=lambda output: output.snr_db)))
        for one in shown
    )
    head = ("file", "backend", "output", "max abs error", "relative", "cosine", "SNR dB")
    several = any(len(one.outputs) > 1 for one in shown)
    tables = [Table(head=head, rows=worst, caption="The worst output of each." if several else "")]
    if several:
        rows = tuple(
            (one.file, one.backend, *_output(output)) for one in shown for output in one.outputs
        )
        tables.append(Table(head=head, rows=rows, caption="All outputs."))
    text = "How far the raw outputs lie from the source's own answers"
    if report.compared:
        text += f", on {counted(report.compared, 'input')}"
    yield Section(key="outputs", title="Outputs", text=(text + ".",), tables=tuple(tables))


def _output(one: OutputFigures) -> tuple[str, ...]:
    return (
        one.output,
        f"{one.max_abs:.2g}",
        f"{one.relative:.2g}",
        f"{one.cosine:.6f}",
        f"{one.snr_db:.1f}",
    )


def _preprocessing(one: Preprocessing | None) -> Iterator[Section]:
    if one is None:
        return
    text = [
        f"The device's preprocessing against {one.reference}, on "
        f"{counted(one.pictures, 'picture')}: {one.mean_levels:.2f} grey levels (of 255) apart on "
        f"average, {one.worst_levels:.2f} in the worst picture."
    ]
    if one.agreement is not None:
        text.append(f"The source's first answer is the same on {percent(one.agreement)} of them.")
    warnings = (f"Likely cause: {one.likely_cause}",) if one.likely_cause else ()
    yield Section(key="preprocessing", title="Preprocessing", text=tuple(text), warnings=warnings)


def _inputs(report: Report) -> Iterator[Section]:
    given: list[tuple[str, Inputs]] = [
        (name, one)
        for name, one in (
            ("calibration", report.calibration),
            ("proof", report.proof),
            ("validation", report.validation),
        )
        if one is not None
    ]
    if given:
        rows = tuple((name, one.origin, str(one.used), str(one.seed)) for name, one in given)
        warnings = tuple(f"{name}: {text}" for name, one in given for text in one.warnings)
        table = Table(head=("for", "from", "used", "seed"), rows=rows)
        yield Section(key="inputs", title="Data", warnings=warnings, tables=(table,))


def _skipped(report: Report) -> Iterator[Section]:
    if report.skipped:
        rows = tuple((one.what, one.reason) for one in report.skipped)
        table = Table(head=("not made", "why"), rows=rows)
        yield Section(key="skipped", title="Not made", tables=(table,))


def _about(report: Report) -> Iterator[Section]:
    source = report.source
    tensors = tuple(
        (kind, name, _shape(shape))
        for kind, ports in (("input", source.inputs), ("output", source.outputs))
        for name, shape in ports.items()
    )
    tables = [
        Table(head=("tensor", "name", "shape"), rows=tensors, caption="Tensors of the source.")
    ]
    for head, facts in (
        (("tool", "version"), report.versions.items()),
        (("stage", "seconds"), ((name, f"{s:.1f}") for name, s in report.seconds.items())),
    ):
        tables.append(Table(head=head, rows=tuple(facts)))
    yield Section(
        key="about",
        title="How it was made",
        text=tuple(filter(None, (source.note, f"Machine: {report.machine}.", *_fed(report)))),
        tables=tuple(table for table in tables if table.rows),
    )


def _fed(report: Report) -> Iterator[str]:
    spec = report.input
    if spec is not None:
        yield (
            f"Pictures are fed as {spec.width} x {spec.height} {spec.color} ({spec.resize}), "
            f"(pixel - {list(spec.mean)}) / {list(spec.std)}, {spec.layout}."
        )


def _shape(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
