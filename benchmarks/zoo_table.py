"""The README's table of the zoo, made from the bundles themselves.

Agreement and relative speed were measured when each bundle was built (`edgecnn zoo build`) and are
recorded in it; the card of each bundle says on what.

    python -m benchmarks.zoo_table
"""

from __future__ import annotations

import sys

from benchmarks.timing import table
from edgecnn.bundle import io
from edgecnn.bundle.schema import Manifest, Variant
from edgecnn.zoo import catalogue
from edgecnn.zoo.card import variant_bytes

MACHINE = "x86-vnni"
FIGURES = {
    "top1_agreement_confident": "same first class, where float is above 0.3",
    "boxes_found": "boxes found again",
    "faces_matched": "faces found again",
    "within_0.05": "within 0.05 of the float vector",
    "mask_iou": "IoU of the masks",
}
"""The figure that stands for each task's agreement with the float reference."""


def _agreement(variant: Variant) -> str:
    name = next((figure for figure in FIGURES if figure in variant.agreement), None)
    return "" if name is None else f"{variant.agreement[name]:.1%} {FIGURES[name]}"


def _speeds(variant: Variant) -> str:
    return ", ".join(
        f"{speed.backend}{' bf16' if speed.compute == 'bf16' else ''} {speed.ratio:.2f}"
        for speed in variant.speed
        if speed.machine == MACHINE
    )


def _row(manifest: Manifest, variant: Variant, *, first: bool) -> list[str]:
    name = f"[`{manifest.name}`](assets/zoo/{manifest.name}/CARD.md)" if first else ""
    kind = f"{variant.precision} {'IR' if variant.format == 'openvino' else 'TFLite'}"
    size = f"{variant_bytes(variant, manifest) / 1e6:.1f}"
    return [name, kind, size, _agreement(variant), _speeds(variant)]


def main() -> int:
    """Print the table."""
    rows = []
    for name in catalogue.names():
        manifest = io.load(catalogue.find(name)).manifest
        rows += [
            _row(manifest, variant, first=index == 0)
            for index, variant in enumerate(manifest.variants)
        ]
    print(table(["bundle", "variant", "MB", "agreement", "time, relative"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
