"""A file of a conversion together with its proof, and with its latency once that is measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from converters.bundles import pack
from converters.bundles.pack import Facts, ModelVariant
from converters.metadata.write import with_metadata
from converters.options import Progress
from converters.proof.evidence import Evidence, prove
from converters.report.schema import Latency, Proven
from edgecnn.bundle.schema import Speed
from edgecnn.runtime.machine import this_machine
from edgecnn.runtime.measure import Measured, measure, ways_to_run


@dataclass(frozen=True, slots=True)
class Made:
    """A file of a conversion.

    Attributes:
        variant: On its way into the bundle.
        proven: What was measured of it.
        answers: About the proof pictures, as `converters.proof.parity.kept` gives them.
    """

    variant: ModelVariant
    proven: Proven
    answers: list[Any]


def described(variant: ModelVariant, facts: Facts) -> ModelVariant:
    """A converted file with its metadata; the standards have none for arrays (``tensors``)."""
    return variant if facts.input is None else with_metadata(variant, facts)


def prove_file(variant: ModelVariant, facts: Facts, evidence: Evidence, progress: Progress) -> Made:
    """Give a converted file its metadata, and prove it as it will be shipped.

    Args:
        variant: On its first backend.
        facts: Of the bundle.
        evidence: With the reference's answers.
        progress: Told how far it is.
    """
    finished = described(variant, facts)
    bundle = pack.assemble(facts, [finished])
    entry = bundle.manifest.variants[0]
    return Made(finished, *prove(bundle, entry, entry.backends[0], evidence, progress))


def timed(facts: Facts, made: Sequence[Made], *, threads: int, rounds: int) -> list[Made]:
    """The same files with their latencies, all ways to run them timed in turns.

    Args:
        facts: Of the bundle.
        made: Everything that will be in it, the float reference first.
        threads: Of each engine.
        rounds: Timed runs of each way; 0 measures nothing.
    """
    if not rounds:
        return list(made)
    bundle = pack.assemble(facts, [one.variant for one in made])
    measured = measure(bundle, ways_to_run(bundle.manifest), threads=threads, rounds=rounds)
    return [_with_speed(one, measured) for one in made]


def _with_speed(made: Made, measured: Sequence[Measured]) -> Made:
    own = [row for row in measured if row.way.variant.file == made.variant.file]
    speeds = tuple(
        Speed(
            machine=this_machine().kind,
            backend=row.way.backend,
            compute=row.way.compute,
            ratio=round(row.ratio, 2),
        )
        for row in own
    )
    latency = next(
        Latency(
            median_ms=round(row.median_ms, 4),
            p95_ms=round(row.p95_ms, 4),
            ratio=round(row.ratio, 3),
            threads=row.threads,
        )
        for row in own
        if row.way.compute == "f32"
    )
    agreement = {name: round(value, 5) for name, value in made.proven.agreement.items()}
    return Made(
        dataclasses.replace(made.variant, speed=speeds, agreement=agreement),
        msgspec.structs.replace(made.proven, latency=latency),
        made.answers,
    )
