"""What can be run in a tab: the bundles of its task, and each variant in figures."""

from __future__ import annotations

from dataclasses import dataclass

from edgecnn import api
from edgecnn.bundle.io import Bundle
from edgecnn.bundle.schema import Manifest, Variant
from edgecnn.errors import EdgeCNNError
from edgecnn.runtime.backend import Compute
from edgecnn.runtime.machine import this_machine
from edgecnn.runtime.memory import model_key, recall
from edgecnn.runtime.policy import candidates, get_backend
from edgecnn.runtime.threads import resolve_threads
from edgecnn.zoo.card import variant_bytes
from edgecnn.zoo.catalogue import names
from gui.state import ModelChoice

_AGREEMENT = {
    "top1_agreement": "same class",
    "boxes_matched": "same boxes",
    "faces_matched": "same faces",
    "mask_iou": "same mask",
}
"""The one figure of a variant's proof that says most, by task; shares 0..1."""

BACKEND_TITLES = {
    "litert": "LiteRT",
    "openvino": "OpenVINO",
    "tflite_runtime": "tflite-runtime",
}


def size_words(megabytes: float) -> str:
    """A size in MB (10^6 bytes), or in kB where it is small."""
    return f"{megabytes:.1f} MB" if megabytes >= 0.1 else f"{megabytes * 1000:.0f} kB"


@dataclass(frozen=True, slots=True)
class VariantCard:
    """One way to run a model.

    Attributes:
        megabytes: 10^6 bytes, weights included.
        accuracy: Published or measured figure, or agreement with the float model; may be empty.
        median_ms: What `edgecnn bench --remember` measured on this machine; None without.
        ratio: Recorded latency relative to LiteRT float on this class of machine; None without.
    """

    choice: ModelChoice
    megabytes: float
    accuracy: str
    median_ms: float | None
    ratio: float | None

    @property
    def title(self) -> str:
        """Precision, backend and arithmetic in short."""
        backend = self.choice.backend or ""
        words = [self.choice.precision or "", BACKEND_TITLES.get(backend, backend)]
        if self.choice.compute == "bf16":
            words.append("bfloat16")
        return " · ".join(words)

    @property
    def speed(self) -> str:
        """Speed in words; empty when nothing is known."""
        if self.median_ms is not None:
            return f"{self.median_ms:.1f} ms"
        return "" if self.ratio is None else f"{1 / self.ratio:.1f} times float's speed"


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One bundle: what it is, what may be done with it, and its variants."""

    name: str
    title: str
    detail: str
    licence: str
    labels: tuple[str, ...]
    variants: tuple[VariantCard, ...]

    @property
    def licence_words(self) -> str:
        """The licence, or that nobody knows it."""
        return "licence unknown" if self.licence in ("", "unknown") else self.licence

    @property
    def about(self) -> str:
        """Licence and what it is, in one line."""
        return " · ".join(part for part in (self.licence_words, self.detail) if part)


def models_for(task: str) -> list[ModelCard]:
    """Every readable bundle of a task, sorted by name. Reads manifests; call it off the GUI."""
    cards = []
    for name in names():
        try:
            bundle = api.open_bundle(name)
        except EdgeCNNError:
            continue  # a damaged bundle must not hide the others; `edgecnn verify` says what it has
        if bundle.manifest.task == task:
            cards.append(model_card(bundle))
    return cards


def model_card(bundle: Bundle) -> ModelCard:
    """A bundle in the figures of this machine."""
    manifest = bundle.manifest
    title, _, detail = manifest.title.partition(":")
    cards = [
        _variant_card(manifest, variant, backend, compute)
        for variant, backend in candidates(manifest)
        for compute in _computes(variant, backend)
    ]
    return ModelCard(
        name=manifest.name,
        title=title.strip(),
        detail=detail.strip(),
        licence=manifest.licence,
        labels=manifest.labels,
        variants=tuple(cards),
    )


def _computes(variant: Variant, backend: str) -> list[Compute]:
    """Arithmetic worth offering: bfloat16 where the processor has it and the file is float."""
    fast = "bf16" in this_machine().features and variant.precision in ("float32", "float16")
    both: tuple[Compute, ...] = get_backend(backend).computes
    return [compute for compute in both if compute == "f32" or fast]


def _variant_card(
    manifest: Manifest, variant: Variant, backend: str, compute: Compute
) -> VariantCard:
    machine = this_machine()
    threads = resolve_threads(None)
    measured = [
        entry.median_ms
        for entry in recall(machine.key, model_key(manifest, variant))
        if (entry.backend, entry.compute, entry.threads) == (backend, compute, threads)
    ]
    recorded = [
        speed.ratio
        for speed in variant.speed
        if (speed.backend, speed.compute, speed.machine) == (backend, compute, machine.kind)
    ]
    return VariantCard(
        choice=ModelChoice(manifest.name, variant.precision, backend, compute),
        megabytes=variant_bytes(variant, manifest) / 1e6,
        accuracy=_accuracy(manifest, variant),
        median_ms=measured[-1] if measured else None,
        ratio=recorded[0] if recorded else None,
    )


def _accuracy(manifest: Manifest, variant: Variant) -> str:
    """The figure that was published for this precision, else agreement with the float model."""
    family = "float32" if variant.precision == "float16" else variant.precision
    for metric in manifest.metrics:
        if metric.precision == family:
            name = metric.name.removesuffix(" %").removesuffix(" accuracy")
            percent = " %" if metric.name.endswith("%") else ""
            return f"{name} {metric.value:g}{percent}"
    for key, words in _AGREEMENT.items():
        if key in variant.agreement:
            return f"{words} {100 * variant.agreement[key]:.0f} %"
    return ""
