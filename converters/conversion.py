"""The steps of one conversion, in the order of its report."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from converters.bundles import pack
from converters.bundles.files import BACKENDS, FloatForms
from converters.bundles.made import Made, described, prove_file, timed
from converters.bundles.pack import Facts
from converters.bundles.result_card import result_card
from converters.bundles.speed import describe_machine
from converters.int8_file import make_int8
from converters.interface import (
    InputChanges,
    check_labels,
    decoder_spec,
    embedding_spec,
    input_spec,
    output_names,
)
from converters.options import ConvertOptions, Progress
from converters.proof.confusion import confusion
from converters.proof.evidence import Evidence, as_reference, prove
from converters.proof.gates import in_force
from converters.proof.golden import (
    GoldenFiles,
    array_items,
    choose,
    make_golden,
    picture_items,
)
from converters.proof.inputs import Gathered, gather, known_labels
from converters.proof.preprocessing import compare_preprocessing, problems
from converters.proof.simulation import GATES, as_simulation
from converters.report.schema import (
    SIMULATION,
    Confusion,
    LayerError,
    Preprocessing,
    Repair,
    Report,
    Skipped,
)
from converters.report.schema import Source as SourceFacts
from converters.report.text import way
from converters.report.versions import versions
from converters.sources.base import QUANTIZED, Source, Target
from edgecnn.bundle.io import Bundle
from edgecnn.bundle.schema import Golden, InputSpec, Precision
from edgecnn.errors import ConversionError, OptionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What was asked for, checked.

    Attributes:
        targets, precisions: In the order of the tables in `converters.bundles.files`.
        gates: Name -> bound.
        base: Of the reference that task figures are compared with.
    """

    task: str
    input: InputChanges
    labels: tuple[str, ...]
    targets: tuple[Target, ...]
    precisions: tuple[Precision, ...]
    gates: dict[str, float]
    base: Precision = "float32"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What came of a conversion.

    Attributes:
        report: Passed or not.
        bundle: In memory, without golden answers and report; senseless when it did not pass.
        golden: For the manifest.
        extra: Card and golden pictures, by path.
        problems: What failed beside the gates of files, one line each.
    """

    report: Report
    bundle: Bundle
    golden: tuple[Golden, ...]
    extra: dict[str, bytes]
    problems: tuple[str, ...]


_NOT_FOR_MEDIAPIPE = (
    "MediaPipe takes one mean and one standard deviation for all channels, and will refuse these "
    ".tflite files; converters.forms.uniform_input moves the difference into the network."
)


def _differs_by_channel(spec: InputSpec) -> bool:
    return len(set(spec.mean)) > 1 or len(set(spec.std)) > 1


@dataclass(slots=True)
class _Notes:
    """What the report collects on the way."""

    seconds: dict[str, float] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    layers: dict[str, tuple[LayerError, ...]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


class Conversion:
    """One conversion; `run` does it.

    Args:
        source: Opened.
        wishes: What was asked for.
        options: With ``about.name`` set.
        progress: Told what is being done.
    """

    def __init__(
        self, source: Source, wishes: Wishes, options: ConvertOptions, progress: Progress
    ) -> None:
        self._source = source
        self._wishes = wishes
        self._options = options
        self._progress = progress
        self._notes = _Notes()

    def run(self, calibration: Any, validation: Any) -> Finished:
        """Make, prove, mend and measure every file.

        Args:
            calibration: As `converters.convert.convert` takes it.
            validation: The same.
        """
        self._leave_out_the_impossible()
        self._check_calibration(calibration)
        spec = input_spec(self._source, self._wishes.input, self._wishes.task)
        if self._wishes.task == "classify" and not self._wishes.labels:
            labels = known_labels(validation, calibration)
            self._wishes = dataclasses.replace(self._wishes, labels=labels)
        with self._stage("reading pictures"):
            gathered = gather(
                self._source,
                spec,
                self._wishes.task,
                self._wishes.labels,
                calibration,
                validation,
                self._options.proof,
            )
        with self._stage("asking the source"):
            facts, names, answers = self._describe(spec, gathered)
        evidence = Evidence(
            inputs=gathered.named_inputs(),
            answers=answers,
            pictures=gathered.proof,
            validation=gathered.validation,
            gates=self._wishes.gates,
            group=GATES if self._source.simulates else None,
        )
        if spec is not None and "tflite" in self._wishes.targets and _differs_by_channel(spec):
            self._notes.warnings.append(_NOT_FOR_MEDIAPIPE)
        forms = FloatForms(self._source, names)
        reference, evidence = self._reference(forms, facts, evidence)
        made = self._files(forms, facts, gathered, reference, evidence)
        with self._stage("preprocessing"):
            compared = self._preprocessing(spec, gathered)
        return self._finish(facts, gathered, evidence, reference, made, compared)

    def _leave_out_the_impossible(self) -> None:
        """Targets and precisions that the source has no way to; raises when nothing is left."""
        source, wishes = self._source, self._wishes
        base: Precision = source.precision if source.precision in QUANTIZED else "float32"
        targets = []
        for target in wishes.targets:
            reason = source.refuses(target)
            if reason is None:
                targets.append(target)
            else:
                self._notes.skipped.append(Skipped(what=target, reason=reason))
        precisions = wishes.precisions
        if source.simulates and base not in precisions:
            raise ConversionError(f"{source.lacks(precisions[0])}, or ask for {base}.")
        if base in QUANTIZED:
            self._notes.skipped += [
                Skipped(what=name, reason=reason)
                for name in precisions
                if (reason := source.lacks(name)) is not None
            ]
            precisions = (base,)
        if not targets:
            reasons = " ".join(one.reason for one in self._notes.skipped)
            raise ConversionError(f"Nothing can be made of {source.title}. {reasons}")
        self._wishes = dataclasses.replace(
            wishes, targets=tuple(targets), precisions=precisions, base=base
        )

    def _check_calibration(self, calibration: Any) -> None:
        # What is rounded already has its ranges.
        if (
            calibration is None
            and "int8" in self._wishes.precisions
            and self._wishes.base != "int8"
        ):
            raise OptionError(
                "int8 needs to see what the network will see: pass calibration=, a folder or an "
                "array of about 300 pictures (on the command line --calibration FOLDER); or leave "
                "int8 out of precisions= (--precision float32 --precision float16)."
            )

    def _describe(
        self, spec: InputSpec | None, gathered: Gathered
    ) -> tuple[Facts, dict[str, str], list[dict[str, Any]]]:
        """What the bundle says, output names, and the source's own answers under them."""
        task, signature, about = self._wishes.task, self._options.signature, self._options.about
        raw = []
        for number, feeds in enumerate(gathered.inputs):
            raw.append(self._source.answer(feeds))
            self._progress("asking the source", (number + 1) / len(gathered.inputs))
        self._refuse_nan(raw)
        names = output_names(self._source, task, signature, raw)
        name = str(about.name)
        facts = Facts(
            name=name,
            title=about.title or name,
            task=task,
            licence=about.licence,
            source=about.source or f"{self._source.kind} model {self._source.title}",
            input=spec,
            decoder=decoder_spec(task, signature, names),
            labels=check_labels(self._wishes.labels, task, names, self._source),
            paper=about.paper,
            training_data=about.training_data,
            limits=about.limits,
            embedding=embedding_spec(task, signature, name, raw),
        )
        answers = [{names[key]: value for key, value in one.items()} for one in raw]
        return facts, names, answers

    def _refuse_nan(self, raw: Sequence[dict[str, Any]]) -> None:
        broken = sorted(
            {name for one in raw for name, value in one.items() if not np.isfinite(value).all()}
        )
        if broken:
            raise ConversionError(
                f"{self._source.title} itself gives NaN or infinity in {', '.join(broken)} for "
                "real inputs, so there is nothing to compare with. Check its weights and `input=`."
            )

    def _reference(
        self, forms: FloatForms, facts: Facts, evidence: Evidence
    ) -> tuple[Made | None, Evidence]:
        """The float file of the first target, proven, and its answers as further evidence.

        A network that simulates integers has no such file: its own answers are the evidence.
        """
        target = self._wishes.targets[0]
        base = self._wishes.base
        if self._source.simulates:
            if evidence.pictures is None:
                return None, evidence
            with self._stage("asking the simulation"):
                bundle = pack.assemble(facts, [forms.variant(target, base)])
                names = forms.names
                return None, as_simulation(evidence, bundle, self._source, names, self._progress)
        with self._stage(f"{target} {base}"):
            variant = described(forms.variant(target, base), facts)
            bundle = pack.assemble(facts, [variant])
            entry, backend = bundle.manifest.variants[0], BACKENDS[target]
            complete = as_reference(evidence, bundle, entry, backend, self._progress)
            # Its own answers need no comparison with themselves.
            proven, _ = prove(bundle, entry, backend, evidence, self._progress)
        metric = complete.reference_metric
        proven = msgspec.structs.replace(
            proven, metric=metric, drop=None if metric is None else 0.0
        )
        return Made(variant, proven, list(complete.expected)), complete

    def _files(
        self,
        forms: FloatForms,
        facts: Facts,
        gathered: Gathered,
        reference: Made | None,
        evidence: Evidence,
    ) -> list[Made]:
        """Every file that was asked for, the float ones first."""
        made = []
        for precision in self._wishes.precisions:
            for target in self._wishes.targets:
                if precision == "int4w" and target == "openvino":
                    continue
                first = precision == self._wishes.base and target == self._wishes.targets[0]
                if first and reference is not None:
                    made.append(reference)
                    continue
                with self._stage(f"{target} {precision}"):
                    try:
                        made.append(self._file(target, precision, forms, gathered, facts, evidence))
                    except ConversionError as error:
                        if precision != "int4w":
                            raise
                        self._notes.skipped.append(Skipped(what="int4w", reason=str(error)))
        return made

    def _file(
        self,
        target: Target,
        precision: Precision,
        forms: FloatForms,
        gathered: Gathered,
        facts: Facts,
        evidence: Evidence,
    ) -> Made:
        if precision != "int8" or self._source.simulates:
            variant = forms.variant(target, precision)
            return prove_file(variant, facts, evidence, self._progress)
        mended = make_int8(
            target, forms, gathered, facts, evidence, self._options.int8, self._progress
        )
        self._notes.layers[mended.made.variant.file] = mended.layers
        if mended.repair is not None:
            self._notes.repairs.append(mended.repair)
        return mended.made

    def _preprocessing(self, spec: InputSpec | None, gathered: Gathered) -> Preprocessing | None:
        training = self._options.proof.preprocess
        if spec is None or not gathered.files:
            return None
        return compare_preprocessing(self._source, spec, gathered.files, training)

    def _finish(
        self,
        facts: Facts,
        gathered: Gathered,
        evidence: Evidence,
        reference: Made | None,
        made: list[Made],
        compared: Preprocessing | None,
    ) -> Finished:
        """Latency, golden pictures, card and report."""
        proof = self._options.proof
        asked = proof.preprocess is not None
        other = problems(compared) if compared is not None and asked else ()
        shown = made if reference is None or reference in made else [reference, *made]
        passed = not other and not any(one.proven.failures for one in shown)
        golden = GoldenFiles((), {})
        if passed:
            with self._stage("latency"):
                made = timed(facts, made, threads=proof.threads, rounds=proof.rounds)
            with self._stage("golden pictures"):
                golden = self._golden(facts, gathered, evidence, made)
        bundle = pack.assemble(facts, [one.variant for one in made], golden.files)
        report = Report(
            passed=passed,
            name=facts.name,
            task=facts.task,
            source=SourceFacts(
                kind=self._source.kind,
                title=self._source.title,
                parameters=self._source.parameters,
                note=self._source.note,
                inputs={port.name: port.shape for port in self._source.inputs},
                outputs={port.name: port.shape for port in self._source.outputs},
            ),
            input=facts.input,
            reference=SIMULATION if reference is None else way(reference.proven),
            proven=tuple(one.proven for one in (made if passed else shown)),
            gates=in_force(self._wishes.gates, evidence.group),
            machine=describe_machine(),
            versions=versions(),
            seconds={name: round(value, 2) for name, value in self._notes.seconds.items()},
            metric_name=evidence.validation.metric_name if evidence.validation else "",
            reference_metric=evidence.reference_metric,
            calibration=gathered.calibration_inputs(self._options.int8.plan.samples),
            proof=gathered.proof_inputs,
            compared=len(gathered.inputs),
            validation=gathered.validation_inputs,
            preprocessing=compared,
            repairs=tuple(self._notes.repairs),
            layers=self._notes.layers,
            confusion=self._confusions(facts.task, evidence, made),
            skipped=tuple(self._notes.skipped),
            warnings=(*self._notes.warnings, *other, *gathered.warnings),
            labels=facts.labels,
        )
        card = {"CARD.md": result_card(bundle.manifest, report)} if passed else {}
        return Finished(
            report=report, bundle=bundle, golden=golden.golden, extra=card, problems=other
        )

    def _golden(
        self, facts: Facts, gathered: Gathered, evidence: Evidence, made: list[Made]
    ) -> GoldenFiles:
        bundle = pack.assemble(facts, [one.variant for one in made])
        if gathered.proof is None:
            return make_golden(bundle, array_items(gathered.inputs))
        answers = [one.answers for one in made if one.answers]
        chosen = choose(facts.task, evidence.expected, answers)
        if not chosen:
            self._notes.warnings.append(
                "No picture has an answer that all variants agree on, so the bundle has no golden "
                "answers and `edgecnn verify` can check its hashes only."
            )
            return GoldenFiles((), {})
        return make_golden(bundle, picture_items(gathered.proof, chosen))

    @staticmethod
    def _confusions(task: str, evidence: Evidence, made: Sequence[Made]) -> tuple[Confusion, ...]:
        if task != "classify" or not evidence.expected:
            return ()
        return tuple(
            confusion(one.proven, evidence.expected, one.answers)
            for one in made
            if one.answers and one.variant.precision == "int8"
        )

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        self._progress(name, 0.0)
        start_s = time.perf_counter()
        try:
            yield
        finally:
            spent = self._notes.seconds
            spent[name] = spent.get(name, 0.0) + time.perf_counter() - start_s
