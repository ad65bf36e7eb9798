"""Size and time of the net after each step, as a file on both backends.

All files take turns in one process, so that whatever else the machine does slows all alike.
"""

from __future__ import annotations

import dataclasses
import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from converters.bundles import pack
from converters.bundles.files import BACKENDS, TARGETS, FloatForms
from converters.bundles.pack import Facts, ModelVariant
from converters.interface import decoder_spec, input_spec
from converters.options import Signature
from converters.sources import open_source
from converters.sources.base import Target
from edgecnn.bundle.schema import InputSpec
from edgecnn.runtime.measure import Way, measure

OUTPUT = "probabilities"


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one net.

    Attributes:
        file_bytes: Of its ``.tflite``: float32, or int8 where it was quantized.
        gzip_bytes: The same, compressed.
        latency_ms: Backend -> median of one inference in milliseconds; empty when not measured.
    """

    file_bytes: int
    gzip_bytes: int
    latency_ms: dict[str, float] = field(default_factory=dict)


def measure_costs(
    models: Mapping[str, Path], targets: tuple[Target, ...], *, rounds: int, threads: int
) -> dict[str, Cost]:
    """Convert nets and time them in turns.

    Args:
        models: Name -> ``.keras`` file.
        targets: Time is measured on the backends of these.
        rounds: Timed runs of each; 0 measures no time.
        threads: Of each engine.

    Raises:
        ConversionError: A net cannot be converted.
    """
    variants: list[ModelVariant] = []
    spec: InputSpec | None = None
    for name, file in models.items():
        with open_source(str(file)) as source:
            forms = FloatForms(source, {source.outputs[0].name: OUTPUT})
            precision = source.precision
            spec = input_spec(source, None, "classify")
            # Sizes are those of the .tflite, whether that is a target or not.
            for target in TARGETS:
                if target != "tflite" and target not in targets:
                    continue
                made = forms.variant(target, precision)
                variants.append(dataclasses.replace(made, file=f"{name}/{made.file}"))
    tflites = {one.file.partition("/")[0]: one.model for one in variants if one.format == "tflite"}
    times = _times(variants, spec, targets, rounds=rounds, threads=threads)
    return {
        name: Cost(len(content), len(gzip.compress(content, mtime=0)), times.get(name, {}))
        for name, content in tflites.items()
    }


def _times(
    variants: list[ModelVariant],
    spec: InputSpec | None,
    targets: tuple[Target, ...],
    *,
    rounds: int,
    threads: int,
) -> dict[str, dict[str, float]]:
    if not rounds:
        return {}
    outputs = {OUTPUT: OUTPUT}
    facts = Facts(
        name="costs",
        title="costs",
        task="classify",
        licence="unknown",
        source="",
        input=spec,
        decoder=decoder_spec("classify", Signature(), outputs),
    )
    bundle = pack.assemble(facts, variants)
    backends = {BACKENDS[target] for target in targets}
    ways = [
        Way(variant, variant.backends[0], "f32")
        for variant in bundle.manifest.variants
        if variant.backends[0] in backends
    ]
    found: dict[str, dict[str, float]] = {}
    for one in measure(bundle, ways, threads=threads, rounds=rounds):
        name = one.way.variant.file.partition("/")[0]
        found.setdefault(name, {})[one.way.backend] = round(one.median_ms, 4)
    return found
