"""What a recipe ends with: a row a step, a row a file, and the way to the bundle."""

from __future__ import annotations

import msgspec

from converters.report.text import milliseconds, percent


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of ``summary.json``."""


class StepRow(_Part, frozen=True):
    """The net after one step.

    Attributes:
        step: ``teacher``, ``student``, ``pruned`` or ``quantized``.
        accuracy: On the held-back pictures, the same for all steps, 0..1.
        test_accuracy: On the test pictures; None where there are none.
        parameters: Weights and biases.
        macs: Multiply-adds for one picture; None where a layer's arithmetic is not known.
        file_bytes: Of its ``.tflite``: float32, int8 for ``quantized``. None: a teacher of several
            nets, or a bundle.
        gzip_bytes: The same, compressed.
        latency_ms: Backend -> median of one inference; all rows took turns.
    """

    step: str
    accuracy: float
    test_accuracy: float | None
    parameters: int | None
    macs: int | None
    file_bytes: int | None = None
    gzip_bytes: int | None = None
    latency_ms: dict[str, float] = {}


class FileRow(_Part, frozen=True):
    """One file of the bundle on one backend.

    Attributes:
        file, backend, bytes: As in the conversion's report.
        accuracy: On the test pictures, else on those that were held back.
        agreement: Share of pictures with the decision of the reference.
    """

    file: str
    backend: str
    bytes: int
    accuracy: float | None
    agreement: float | None


class Summary(_Part, frozen=True):
    """A whole recipe.

    Attributes:
        name: Of the bundle.
        bundle: Its folder.
        steps: In their order.
        files: Of the bundle.
        pictures: Learned from, held back and tested on: name -> how many.
        tested_on: Which pictures ``test_accuracy`` is about; empty where there are none.
        reference: What ``agreement`` is with.
        machine: That times were measured on, in words; ``threads`` of it.
    """

    name: str
    bundle: str
    steps: tuple[StepRow, ...]
    files: tuple[FileRow, ...]
    pictures: dict[str, int]
    tested_on: str
    reference: str
    machine: str
    threads: int


HEADER = (
    "",
    "held back",
    "test",
    "parameters",
    "MACs",
    "kB",
    "kB gzip",
    "LiteRT ms",
    "OpenVINO ms",
)


def table(summary: Summary) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Column names, and a row a step; columns that would hold nothing are left out."""
    rows = [_cells(row) for row in summary.steps]
    used = [column == 0 or any(row[column] != "-" for row in rows) for column in range(len(HEADER))]
    return _some(HEADER, used), [_some(row, used) for row in rows]


def file_lines(summary: Summary) -> list[str]:
    """A line a file."""
    return [
        f"{row.file} on {row.backend}: {row.bytes / 1e3:.1f} kB, accuracy "
        f"{percent(row.accuracy)}, {percent(row.agreement)} of the decisions of {summary.reference}"
        for row in summary.files
    ]


def markdown(summary: Summary) -> str:
    """The table for a card, with what its columns mean."""
    head, rows = table(summary)
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    counts = summary.pictures
    text = f"Accuracy on {counts['held back']:,} pictures that were held back from training"
    if summary.tested_on:
        text += f", and on {counts['test']:,} test pictures ({summary.tested_on}), looked at once"
    text += "."
    if any(row.file_bytes for row in summary.steps):
        text += " Sizes are those of the `.tflite`: float32, int8 where it is quantized."
    if any(row.latency_ms for row in summary.steps):
        threads = f"{summary.threads} thread" + ("s" if summary.threads > 1 else "")
        text += f" Times are medians of interleaved runs, {threads}, on {summary.machine}."
    return "\n".join(lines) + "\n\n" + text


def _cells(row: StepRow) -> tuple[str, ...]:
    return (
        row.step,
        percent(row.accuracy),
        percent(row.test_accuracy),
        _count(row.parameters),
        _count(row.macs),
        _kilobytes(row.file_bytes),
        _kilobytes(row.gzip_bytes),
        _time(row.latency_ms.get("litert")),
        _time(row.latency_ms.get("openvino")),
    )


def _some(cells: tuple[str, ...], used: list[bool]) -> tuple[str, ...]:
    return tuple(cell for cell, is_used in zip(cells, used, strict=True) if is_used)


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _kilobytes(value: int | None) -> str:
    return "-" if value is None else f"{value / 1e3:.1f}"


def _time(value: float | None) -> str:
    return "-" if value is None else milliseconds(value)
