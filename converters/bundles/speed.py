"""Relative speed of a bundle's variants, recorded in it so that a device can choose by it.

Building a bundle measures once; whatever else the machine did then stays in the figures. To measure
again when it is idle, in bundle.json and in the card, and change nothing else:

    python -m converters.bundles.speed assets/zoo/face_embed_dlib ...
"""

from __future__ import annotations

import platform
import sys
from collections import defaultdict
from pathlib import Path

import msgspec

from converters.bundles.card import SPEED_TABLE_STARTS, speed_table
from edgecnn.bundle import io
from edgecnn.bundle.io import Bundle
from edgecnn.bundle.schema import Speed
from edgecnn.runtime.machine import this_machine
from edgecnn.runtime.measure import measure, ways_to_run


def relative_speeds(
    bundle: Bundle, *, rounds: int = 60, threads: int = 1
) -> dict[str, tuple[Speed, ...]]:
    """`Variant.speed` of each file: latency over that of the first variant on LiteRT.

    Args:
        bundle: What to run; its first variant is the float one.
        rounds: How often each way to run it is timed.
        threads: For each engine.

    Returns:
        File -> one entry for each backend and arithmetic.
    """
    machine = this_machine().kind
    speeds: dict[str, list[Speed]] = defaultdict(list)
    ways = ways_to_run(bundle.manifest)
    for measured in measure(bundle, ways, threads=threads, rounds=rounds):
        speeds[measured.way.variant.file].append(
            Speed(
                machine=machine,
                backend=measured.way.backend,
                compute=measured.way.compute,
                ratio=round(measured.ratio, 2),
            )
        )
    return {file: tuple(found) for file, found in speeds.items()}


def describe_machine() -> str:
    """This machine in words that name no one."""
    machine = this_machine()
    features = ", ".join(sorted(machine.features)) or "no int8 instructions"
    name = platform.machine()
    article = "an" if name[:1].lower() in "aeix" else "a"  # an x86_64, an aarch64, a riscv64
    return f"{article} {name} processor ({features})"


def record_speeds(path: Path, *, rounds: int = 200) -> None:
    """Measure a bundle's variants and write the figures into it; model files stay as they are.

    Args:
        path: Folder or ``.edge`` file of the bundle.
        rounds: How often each way to run it is timed.

    Raises:
        BundleError: The bundle is damaged or cannot be written.
    """
    bundle = io.load(path)
    speeds = relative_speeds(bundle, rounds=rounds)
    manifest = msgspec.structs.replace(
        bundle.manifest,
        variants=tuple(
            msgspec.structs.replace(variant, speed=speeds.get(variant.file, ()))
            for variant in bundle.manifest.variants
        ),
    )
    files = {name: bundle.read(name) for name in bundle.manifest.files}
    before, _, _ = files["CARD.md"].decode().partition(SPEED_TABLE_STARTS)
    files["CARD.md"] = (before + speed_table(manifest, describe_machine()) + "\n").encode()
    io.save(manifest, files, path, force=True)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        record_speeds(Path(argument))
