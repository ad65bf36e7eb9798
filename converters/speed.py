"""Relative speed of a bundle's variants, recorded in it so that a device can choose by it."""

from __future__ import annotations

from collections import defaultdict

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
