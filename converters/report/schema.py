"""The conversion report as data: what ``report.json`` holds, and what the other forms show.

Every figure was measured in this conversion; what was not measured is None or absent.
"""

from __future__ import annotations

import msgspec

from edgecnn.bundle.schema import InputSpec, Precision

REPORT_VERSION = 1
SIMULATION = "the simulation that was trained"
"""`Report.reference` of a network that was trained with quantization in mind."""


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all parts of a report."""


class OutputFigures(Part, frozen=True, kw_only=True):
    """How far one output lies from the source's, over all proof inputs.

    Attributes:
        output: Name.
        max_abs: Largest absolute difference of a value.
        relative: ``max_abs`` over the largest absolute value of the source's output.
        cosine: Cosine between the two, all inputs flattened into one vector.
        snr_db: 10 log10 of the source's power over that of the difference; at most 200, which
            stands for equal.
    """

    output: str
    max_abs: float
    relative: float
    cosine: float
    snr_db: float


class Latency(Part, frozen=True, kw_only=True):
    """Of one inference, input filled, nothing decoded.

    Attributes:
        median_ms, p95_ms: In milliseconds.
        ratio: Median over that of the first variant on LiteRT (or of the first way measured).
        threads, compute: How it was run; the machine is in `Report.machine`.
    """

    median_ms: float
    p95_ms: float
    ratio: float
    threads: int
    compute: str = "f32"


class Proven(Part, frozen=True, kw_only=True):
    """One variant on one backend.

    Attributes:
        file: Path inside the bundle.
        format: ``tflite`` or ``openvino``.
        precision: Of the weights.
        backend: It was run on.
        bytes: Size of the file, and of its ``.bin``.
        outputs: Figures of each output against the source.
        agreement: Figures of `converters.proof.parity.summarize` against the float reference.
        metric: Task metric on the validation set; None without one.
        drop: Metric of the reference less this one; None without a validation set.
        latency: None when it was not measured.
        failures: Gates that are not kept, one line each; empty means proven.
        lowered: Gates that the caller lowered and that would not have been kept otherwise.
    """

    file: str
    format: str
    precision: Precision
    backend: str
    bytes: int
    outputs: tuple[OutputFigures, ...]
    agreement: dict[str, float] = {}
    metric: float | None = None
    drop: float | None = None
    latency: Latency | None = None
    failures: tuple[str, ...] = ()
    lowered: tuple[str, ...] = ()


class LayerError(Part, frozen=True, kw_only=True):
    """What quantization does to one layer's output, on calibration or proof inputs.

    Attributes:
        name: Of the layer as the quantizer of its format knows it; `Int8Plan.float_layers` takes
            it.
        kind: Operation, in the words of the format.
        rmse_over_scale: Root mean squared difference between the float network's values and the
            quantized network's, over the quantization step. About 0.29 (1/sqrt(12)) is rounding
            alone; above 0.7 the layer, or one before it, loses more than that.
        snr_db: Power of the float values over that of the difference.
        added_db: By how much ``snr_db`` is below that of the layer's worst input: noise that this
            layer adds itself.
    """

    name: str
    kind: str
    rmse_over_scale: float
    snr_db: float
    added_db: float


class Remedy(Part, frozen=True, kw_only=True):
    """Something that was tried because an int8 file fell short.

    Attributes:
        name: ``more calibration``, ``other ranges``, ``per channel``, ``even channels``,
            ``bias correction``, ``float layers``.
        what: In words, with numbers ("range by 99.99th percentile").
        score: What was judged after it, larger is better (`Repair.score_name`).
        seconds: What it took.
        kept: Whether it helped, so that what follows builds on it.
    """

    name: str
    what: str
    score: float
    seconds: float
    kept: bool


class Repair(Part, frozen=True, kw_only=True):
    """Where an int8 file of the plain recipe fell short, and what was done about it.

    Attributes:
        file: Path inside the bundle.
        score_name: What the scores are.
        float_score: Of the float reference.
        plain_score: Of the plain recipe.
        final_score: Of the file in the end.
        remedies: In the order in which they were tried.
        layers: Error of each layer of the plain file, in the order of computation.
        note: Why it ended: gates kept, budget spent, nothing left to try.
    """

    file: str
    score_name: str
    float_score: float
    plain_score: float
    final_score: float
    remedies: tuple[Remedy, ...]
    layers: tuple[LayerError, ...]
    note: str = ""


class Preprocessing(Part, frozen=True, kw_only=True):
    """Device preprocessing against the training code's, on the same image files.

    Attributes:
        reference: What stood for the training code, in words.
        pictures: How many files were compared.
        mean_levels: Mean absolute difference of the input tensors, in grey levels 0..255.
        worst_levels: The same of the worst picture.
        agreement: Share of pictures on which the source's first answer is the same on both
            tensors; None for tasks without one.
        likely_cause: What would explain a large difference ("colours swapped"); empty when small.
    """

    reference: str
    pictures: int
    mean_levels: float
    worst_levels: float
    agreement: float | None = None
    likely_cause: str = ""


class Inputs(Part, frozen=True, kw_only=True):
    """Where calibration, proof or validation inputs came from.

    Attributes:
        origin: In words: "folder photos (312 pictures)".
        used: How many were used.
        seed: Of the choice.
        warnings: What looked wrong with them.
    """

    origin: str
    used: int
    seed: int
    warnings: tuple[str, ...] = ()


class Confusion(Part, frozen=True, kw_only=True):
    """First answers of the float reference (rows) against those of an int8 variant (columns).

    Attributes:
        file, backend: The int8 variant.
        class_ids: Classes that either names, ascending; at most 30, those with most pictures.
        counts: One row a class.
    """

    file: str
    backend: str
    class_ids: tuple[int, ...]
    counts: tuple[tuple[int, ...], ...]


class Skipped(Part, frozen=True, kw_only=True):
    """Something that was asked for or possible and was not made, and why."""

    what: str
    reason: str


class Source(Part, frozen=True, kw_only=True):
    """What was converted.

    Attributes:
        kind, title, parameters: As `converters.sources.base.Source` has them.
        inputs, outputs: Name -> shape.
        note: How it was trained, where that decides its files; else empty.
    """

    kind: str
    title: str
    parameters: int | None
    inputs: dict[str, tuple[int, ...]]
    outputs: dict[str, tuple[int, ...]]
    note: str = ""


class Report(Part, frozen=True, kw_only=True):
    """A whole conversion.

    Attributes:
        passed: Every gate was kept (or lowered by name): a bundle was written.
        task: Name of a task.
        input: None for the task ``tensors``.
        reference: File and backend that task figures are compared with: the float file that was
            itself proven against the source; or `SIMULATION`.
        reference_metric: Its task metric; None without a validation set.
        metric_name: "top-1 accuracy", "mAP@[.50:.95]", "mIoU" ...; empty without a validation set.
        gates: Name -> bound that was in force ("int8.cosine": 0.98).
        machine: Processor in words that name no one; with ``features``, what decides int8 speed.
        versions: Tool -> version.
        seconds: Stage -> wall time.
        compared: How many of the proof inputs raw outputs were compared on; tasks use all of them.
        labels: Names of the classes.
    """

    version: int = REPORT_VERSION
    passed: bool
    name: str
    task: str
    source: Source
    input: InputSpec | None
    reference: str
    proven: tuple[Proven, ...]
    gates: dict[str, float]
    machine: str
    versions: dict[str, str]
    seconds: dict[str, float]
    metric_name: str = ""
    reference_metric: float | None = None
    calibration: Inputs | None = None
    proof: Inputs | None = None
    compared: int = 0
    validation: Inputs | None = None
    preprocessing: Preprocessing | None = None
    repairs: tuple[Repair, ...] = ()
    layers: dict[str, tuple[LayerError, ...]] = {}
    confusion: tuple[Confusion, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


def encode(report: Report) -> bytes:
    """As indented JSON. Figures have to be finite: JSON knows no infinity."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def decode(content: bytes) -> Report:
    """A report from its JSON; raises msgspec.ValidationError when it is none."""
    return msgspec.json.decode(content, type=Report)
