"""What a bundle is, in the few words that fit a list or a picker."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from edgecnn.bundle.io import Bundle
from edgecnn.bundle.schema import Manifest, Variant


@dataclass(frozen=True, slots=True)
class VariantSummary:
    """One variant: its size in MB (10^6 bytes, weights included) and measured agreement."""

    file: str
    precision: str
    megabytes: float
    backends: tuple[str, ...]
    agreement: dict[str, float]


@dataclass(frozen=True, slots=True)
class Summary:
    """A bundle in short.

    Attributes:
        figure: The first published or measured figure, with its data set; may be empty.
    """

    name: str
    title: str
    task: str
    licence: str
    figure: str
    variants: tuple[VariantSummary, ...]

    def variants_line(self) -> str:
        """Precision, format and size of each variant in one line."""
        return ", ".join(
            f"{v.precision}{' IR' if v.file.endswith('.xml') else ''} {v.megabytes:.1f}"
            for v in self.variants
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self)


def summary(bundle: Bundle) -> Summary:
    """A bundle in short."""
    manifest = bundle.manifest
    return Summary(
        name=manifest.name,
        title=manifest.title,
        task=manifest.task,
        licence=manifest.licence,
        figure=_figure(manifest),
        variants=tuple(_variant(variant, manifest) for variant in manifest.variants),
    )


def variant_bytes(variant: Variant, manifest: Manifest) -> int:
    """Size of a variant's files in bytes, weights included."""
    files = [variant.file, *([variant.weights] if variant.weights is not None else [])]
    return sum(manifest.files[file].bytes for file in files)


def _figure(manifest: Manifest) -> str:
    if not manifest.metrics:
        return ""
    first = manifest.metrics[0]
    return f"{first.name} {first.value:g} ({first.dataset}, {first.origin})"


def _variant(variant: Variant, manifest: Manifest) -> VariantSummary:
    return VariantSummary(
        file=variant.file,
        precision=variant.precision,
        megabytes=round(variant_bytes(variant, manifest) / 1e6, 2),
        backends=variant.backends,
        agreement=dict(variant.agreement),
    )
