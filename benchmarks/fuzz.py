"""Fuzzing `edgecnn.load` plus one call with damaged bundles and bare model files.

Every case must end in an answer or in an `EdgeCNNError`. Anything else is a finding: another
exception, a crash of the process, a hang. Cases run in worker processes, so that a crash is seen
and does not end the run; a finding is repeated by its kind and seed.

    python -m benchmarks.fuzz --cases 2000
    python -m benchmarks.fuzz --kind bare_tflite --seed 1234 --cases 1
"""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

import edgecnn
from benchmarks.mutations import damage, damage_json
from edgecnn.bundle import io
from edgecnn.bundle.paths import MANIFEST
from edgecnn.errors import EdgeCNNError
from edgecnn.runtime.bare import Description
from edgecnn.zoo.catalogue import find

SEED_BUNDLE = "face_detect_blazeface_short"
SEED_IR_BUNDLE = "classify_efficientnet_lite0"
CASE_TIMEOUT_S = 150.0
PICTURE = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)


@dataclass(frozen=True)
class Outcome:
    """How a case ended: ``answered``, ``refused``, or a finding."""

    kind: str
    seed: int
    verdict: str
    detail: str = ""

    @property
    def finding(self) -> bool:
        """Whether this must not happen."""
        return self.verdict not in {"answered", "refused"}


def _copy(name: str, folder: Path) -> Path:
    target = folder / name
    shutil.copytree(find(name), target)
    return target


def _describe(name: str, *, precision: str, file_format: str) -> tuple[io.Bundle, Description, str]:
    bundle = io.load(find(name))
    manifest = bundle.manifest
    variant = next(
        v for v in manifest.variants if (v.precision, v.format) == (precision, file_format)
    )
    description = Description(
        task=manifest.task,
        input=manifest.picture_input,
        decoder=manifest.decoder,
        labels=manifest.labels,
        outputs={spec.tensor: spec.name for spec in variant.outputs},
    )
    return bundle, description, variant.file


def _use(path: Path, description: Description | None = None) -> None:
    with edgecnn.load(path, description=description, backend=None, threads=1) as task:
        task(PICTURE, "bgr").to_dict()


def fuzz_manifest(folder: Path, random: np.random.Generator) -> None:
    """``bundle.json`` damaged as JSON."""
    path = _copy(SEED_BUNDLE, folder)
    manifest = path / MANIFEST
    manifest.write_bytes(damage_json(manifest.read_bytes(), random))
    _use(path)


def fuzz_folder(folder: Path, random: np.random.Generator) -> None:
    """Any file of a bundle folder damaged."""
    path = _copy(SEED_BUNDLE, folder)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    file = files[int(random.integers(len(files)))]
    file.write_bytes(damage(file.read_bytes(), random))
    _use(path)


def fuzz_edge(folder: Path, random: np.random.Generator) -> None:
    """An ``.edge`` file damaged, its zip directory more often than its large contents."""
    path = io.export(io.load(find(SEED_BUNDLE)), folder / "fuzzed.edge")
    content = path.read_bytes()
    tail = max(len(content) - 2048, 0)
    if random.random() < 0.7:
        content = content[:tail] + damage(content[tail:], random)
    else:
        content = damage(content, random)
    path.write_bytes(content)
    _use(path)


def fuzz_bare_tflite(folder: Path, random: np.random.Generator) -> None:
    """A bare ``.tflite`` damaged, mostly outside the weights."""
    bundle, description, file = _describe(SEED_BUNDLE, precision="float16", file_format="tflite")
    content = bundle.read(file)
    # The tables of a flatbuffer written by the converter stand at its two ends.
    edge = 24_000
    pick = random.random()
    if pick < 0.4:
        content = damage(content[:edge], random) + content[edge:]
    elif pick < 0.8:
        content = content[:-edge] + damage(content[-edge:], random)
    else:
        content = damage(content, random)
    (folder / "fuzzed.tflite").write_bytes(content)
    _use(folder / "fuzzed.tflite", description)


def fuzz_bare_ir(folder: Path, random: np.random.Generator) -> None:
    """A bare IR with its ``.xml`` or ``.bin`` damaged."""
    bundle, description, file = _describe(SEED_IR_BUNDLE, precision="int8", file_format="openvino")
    xml, weights = bundle.read(file), bundle.read(file.replace(".xml", ".bin"))
    if random.random() < 0.75:
        xml = damage(xml, random)
    else:
        weights = damage(weights, random)
    (folder / "fuzzed.xml").write_bytes(xml)
    (folder / "fuzzed.bin").write_bytes(weights)
    _use(folder / "fuzzed.xml", description)


KINDS: dict[str, Callable[[Path, np.random.Generator], None]] = {
    "manifest": fuzz_manifest,
    "folder": fuzz_folder,
    "edge": fuzz_edge,
    "bare_tflite": fuzz_bare_tflite,
    "bare_ir": fuzz_bare_ir,
}


def run_case(kind: str, seed: int) -> Outcome:
    """Run one case in this process."""
    with tempfile.TemporaryDirectory(prefix="edgecnn-fuzz-") as folder:
        try:
            KINDS[kind](Path(folder), np.random.default_rng(seed))
        except EdgeCNNError as error:
            return Outcome(kind, seed, "refused", type(error).__name__)
        except Exception:  # noqa: BLE001 (any other exception is what is looked for)
            return Outcome(kind, seed, "wrong exception", traceback.format_exc(limit=-3))
    return Outcome(kind, seed, "answered")


def _worker(pipe: Connection) -> None:
    while True:
        case = pipe.recv()
        if case is None:
            return
        pipe.send(run_case(*case))


def run(cases: list[tuple[str, int]]) -> Iterator[Outcome]:
    """Run cases in turn in a worker process, which is replaced when it dies or hangs."""
    context = multiprocessing.get_context("spawn")
    process = None
    for kind, seed in cases:
        if process is None:
            ours, theirs = context.Pipe()
            process = context.Process(target=_worker, args=(theirs,), daemon=True)
            process.start()
            theirs.close()
        ours.send((kind, seed))
        try:
            if ours.poll(CASE_TIMEOUT_S):
                yield ours.recv()
                continue
            yield Outcome(kind, seed, "hang", f"no answer within {CASE_TIMEOUT_S:.0f} s")
            process.kill()
        except EOFError:
            process.join()
            yield Outcome(kind, seed, "crash", f"exit code {process.exitcode}")
        process.join()
        process = None
    if process is not None:
        ours.send(None)
        process.join()


def plan(kinds: list[str], cases: int, seed: int) -> list[tuple[str, int]]:
    """Kinds in turn, seeds counted up."""
    return [(kinds[index % len(kinds)], seed + index) for index in range(cases)]


def main() -> int:
    """Run from the command line; exit code 1 when there is a finding."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=sorted(KINDS), action="append")
    arguments = parser.parse_args()
    kinds = arguments.kind or list(KINDS)
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    findings: list[Outcome] = []
    start_s = time.monotonic()
    for outcome in run(plan(kinds, arguments.cases, arguments.seed)):
        counts[outcome.kind, outcome.verdict] += 1
        if outcome.finding:
            findings.append(outcome)
            print(f"{outcome.kind} seed {outcome.seed}: {outcome.verdict}\n{outcome.detail}")
    print(f"\n{arguments.cases} cases in {time.monotonic() - start_s:.0f} s\n")
    print("| what was damaged | refused | answered | findings |\n|---|---|---|---|")
    for kind in kinds:
        refused, answered = counts[kind, "refused"], counts[kind, "answered"]
        total = sum(count for (name, _), count in counts.items() if name == kind)
        print(f"| {kind} | {refused} | {answered} | {total - refused - answered} |")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
