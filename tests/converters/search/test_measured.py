from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from converters.options import no_progress
from converters.search.measured import read_measured, time_here
from edgecnn.bundle import io
from edgecnn.bundle.io import Bundle
from edgecnn.errors import OptionError
from edgecnn.runtime.machine import this_machine
from edgecnn.runtime.measure import ways_to_run
from tests.helpers.command import edgecnn_command
from tests.helpers.models import save_mean_color

KEY = ("int8.tflite", "litert", "f32")


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return io.load(save_mean_color(tmp_path / "mean_color"))


def write_bench(bundle: Bundle, path: Path, /, threads: int = 1, **changes: Any) -> Path:
    """As ``edgecnn bench --json`` of a small board would have it."""
    row = {
        "file": KEY[0],
        "precision": "int8",
        "backend": KEY[1],
        "compute": KEY[2],
        "threads": threads,
        "median_ms": 20.0 / threads,
        "p95_ms": 25.0,
        "ratio": 0.5,
        "sha256": bundle.manifest.files[KEY[0]].sha256,
    }
    top = {name: changes.pop(name) for name in ("model", "machine") if name in changes}
    machine = {"cpu": "Cortex-A72", "kind": "arm64", "cores": 4}
    document = {"model": "mean_color", "machine": machine, **top, "measured": [row | changes]}
    path.write_text(json.dumps(document))
    return path


def test_every_way_is_timed_with_every_number_of_threads(bundle: Bundle) -> None:
    ways = ways_to_run(bundle.manifest)
    found = time_here(bundle, ways, threads=[1], rounds=3, progress=no_progress)
    assert found.machine == this_machine().kind
    assert set(found.of) == {(w.variant.file, w.backend, w.compute, 1) for w in ways}
    assert all(0 < median <= p95 for median, p95 in found.of.values())


def test_what_bench_prints_can_be_read(bundle: Bundle, tmp_path: Path) -> None:
    said = edgecnn_command("bench", tmp_path / "mean_color", "--rounds", "2", "--json")
    (tmp_path / "bench.json").write_text(said.out)
    found = read_measured([tmp_path / "bench.json"], bundle.manifest, None)
    assert (found.machine, found.cpu) == (this_machine().kind, this_machine().cpu)
    assert len(found.of) == len(ways_to_run(bundle.manifest))


def test_several_files_of_one_machine_are_put_together(bundle: Bundle, tmp_path: Path) -> None:
    files = [write_bench(bundle, tmp_path / f"{n}.json", threads=n) for n in (1, 4)]
    found = read_measured(files, bundle.manifest, None)
    assert found.of == {(*KEY, 1): (20.0, 25.0), (*KEY, 4): (5.0, 25.0)}
    assert read_measured(files, bundle.manifest, [4]).of == {(*KEY, 4): (5.0, 25.0)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "another"}, "measured 'another', but the bundle is 'mean_color'"),
        ({"sha256": "0" * 64}, "another build"),
        ({"file": "int9.tflite"}, "another build"),
        ({"median_ms": 0.0}, "impossible latency"),
        ({"median_ms": "fast"}, "no output of `edgecnn bench"),
    ],
)
def test_figures_of_something_else_are_refused(
    bundle: Bundle, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    file = write_bench(bundle, tmp_path / "bench.json", **changes)
    with pytest.raises(OptionError, match=message):
        read_measured([file], bundle.manifest, None)


def test_two_machines_are_not_mixed(bundle: Bundle, tmp_path: Path) -> None:
    one = write_bench(bundle, tmp_path / "1.json")
    other = write_bench(bundle, tmp_path / "2.json", machine={"cpu": "x", "kind": "x86"})
    with pytest.raises(OptionError, match=r"Cortex-A72 \(arm64\) and x \(x86\)"):
        read_measured([one, other], bundle.manifest, None)


def test_a_file_that_is_missing_or_no_json_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="Cannot read"):
        read_measured([tmp_path / "none.json"], bundle.manifest, None)
    (tmp_path / "b.json").write_bytes(b"\xff{")
    with pytest.raises(OptionError, match="no output of"):
        read_measured([tmp_path / "b.json"], bundle.manifest, None)


def test_threads_that_were_not_measured_are_an_error(bundle: Bundle, tmp_path: Path) -> None:
    file = write_bench(bundle, tmp_path / "bench.json")
    with pytest.raises(OptionError, match=r"Nothing was measured with \[2\] threads"):
        read_measured([file], bundle.manifest, [2])
