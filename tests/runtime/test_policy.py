from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edgecnn.bundle.io import file_entries
from edgecnn.bundle.schema import Manifest, Preferred, Speed, Variant
from edgecnn.errors import BackendError, OptionError, UnknownNameError
from edgecnn.runtime.machine import Machine, this_machine
from edgecnn.runtime.memory import Measurement, memory_file, model_key, recall, remember
from edgecnn.runtime.policy import candidates, choose
from tests.helpers.models import mean_color_bundle

PI = Machine("arm64", "Cortex-A72", 4, frozenset())
VNNI = Machine("x86", "a desktop", 8, frozenset({"avx2", "vnni"}))
OLD = Machine("x86", "an old desktop", 4, frozenset({"avx2"}))


def _with_everything(speed: tuple[Speed, ...] = ()) -> Manifest:
    """float16 and int8 TFLite and int8 IR: what most bundles of the zoo have."""
    manifest, files = mean_color_bundle()
    first, int8, ir = manifest.variants
    return msgspec.structs.replace(
        manifest,
        files=file_entries(files),
        variants=(
            msgspec.structs.replace(first, precision="float16"),
            int8,
            msgspec.structs.replace(ir, precision="int8", speed=speed),
        ),
    )


def _only(*names: str) -> Callable[[str], str | None]:
    return lambda name: None if name in names else f"{name} is not installed"


ALL = _only("litert", "openvino")


@pytest.mark.parametrize(
    ("machine", "installed", "expected"),
    [
        (PI, ALL, ("int8.tflite", "litert", "Arm: LiteRT has int8 kernels")),
        (VNNI, ALL, ("openvino/float32.xml", "openvino", "x86 with VNNI: int8 is fastest")),
        (VNNI, _only("litert"), ("int8.tflite", "litert", "x86 with VNNI")),
        (OLD, ALL, ("float32.tflite", "openvino", "int8 may saturate, so float")),
        (OLD, _only("litert"), ("float32.tflite", "litert", "int8 may saturate, so float")),
        (VNNI, _only("tflite_runtime"), ("float32.tflite", "tflite_runtime", "float: the fastest")),
        (PI, _only("litert", "tflite_runtime"), ("int8.tflite", "litert", "Arm")),
    ],
)
def test_rules_decide_where_nothing_was_measured(
    machine: Machine, installed: Any, expected: tuple[str, str, str]
) -> None:
    choice = choose(_with_everything(), machine=machine, missing=installed, threads=1)
    assert (choice.variant.file, choice.backend) == expected[:2]
    assert expected[2] in choice.reason


def test_recorded_speeds_come_before_rules() -> None:
    manifest = _with_everything()
    variants: list[Variant] = []
    for variant, ratio in zip(manifest.variants, (1.0, 0.4, 0.7), strict=True):
        backend = variant.backends[0]
        speed = Speed(machine="x86-vnni", backend=backend, ratio=ratio)
        variants.append(msgspec.structs.replace(variant, speed=(speed,)))
    recorded = msgspec.structs.replace(manifest, variants=tuple(variants))
    choice = choose(recorded, machine=VNNI, missing=ALL)
    assert choice.variant.file == "int8.tflite"
    assert "recorded for x86-vnni at 0.40" in choice.reason
    # A record of one kind of machine says nothing about another.
    assert "saturate" in choose(recorded, machine=OLD, missing=ALL).reason


def test_measurements_of_this_machine_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    manifest = _with_everything()
    for variant, backend, ms in (
        (manifest.variants[0], "litert", 2.0),
        (manifest.variants[0], "openvino", 1.5),
        (manifest.variants[1], "litert", 4.0),
    ):
        measured = Measurement(backend=backend, compute="f32", threads=1, median_ms=ms)
        remember(VNNI.key, model_key(manifest, variant), measured)
    choice = choose(manifest, machine=VNNI, missing=ALL, threads=1)
    assert (choice.variant.file, choice.backend) == ("float32.tflite", "openvino")
    assert "fastest of 3 measured on this machine (1.50 ms)" in choice.reason
    # Neither on another machine, nor with another number of threads.
    assert "measured on" not in choose(manifest, machine=PI, missing=ALL, threads=1).reason
    assert "measured on" not in choose(manifest, machine=VNNI, missing=ALL, threads=2).reason


def _preferring(**changes: Any) -> Manifest:
    entry: dict[str, Any] = {
        "machine": "x86-vnni",
        "file": "float32.tflite",
        "backend": "openvino",
        "threads": 2,
        "reason": "2.1 ms, top-1 down 0.2 points",
    }
    return msgspec.structs.replace(_with_everything(), preferred=(Preferred(**entry | changes),))


def test_what_was_picked_for_this_class_of_machine_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    manifest = _preferring()
    for variant, backend in ((manifest.variants[0], "litert"), (manifest.variants[1], "litert")):
        measured = Measurement(backend=backend, compute="f32", threads=2, median_ms=0.1)
        remember(VNNI.key, model_key(manifest, variant), measured)
    for threads in (None, 2):
        choice = choose(manifest, machine=VNNI, missing=ALL, threads=threads)
        assert (choice.variant.file, choice.backend) == ("float32.tflite", "openvino")
        assert (choice.threads, choice.compute) == (2, "f32")
        assert choice.reason == (
            "picked by edgecnn optimize for x86-vnni: 2.1 ms, top-1 down 0.2 points"
        )


@pytest.mark.parametrize(
    "named",
    [
        {"backend": "litert"},
        {"precision": "int8"},
        {"compute": "f32"},
        {"quick_start": True},
        {"threads": 1},
        {"machine": PI},
        {"missing": _only("litert")},
    ],
)
def test_a_pick_steps_back_where_it_was_not_meant(named: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"machine": VNNI, "missing": ALL} | named
    choice = choose(_preferring(), **arguments)
    assert choice == choose(_with_everything(), **arguments)
    assert "optimize" not in choice.reason


@pytest.mark.parametrize(
    "changes",
    [
        {"threads": 64},  # more than that desktop has
        {"compute": "bf16"},  # which it does not compute in
        {"backend": "somebody_elses"},
        {"file": "gone.tflite"},
        {"machine": "x86"},
    ],
)
def test_a_pick_that_cannot_be_followed_is_passed_over(changes: dict[str, Any]) -> None:
    choice = choose(_preferring(**changes), machine=VNNI, missing=ALL)
    assert choice.backend == "openvino"
    assert choice.reason == "x86 with VNNI: int8 is fastest"


def test_of_several_picks_the_first_that_fits_is_taken() -> None:
    one = _preferring().preferred[0]
    several = tuple(
        msgspec.structs.replace(one, threads=threads, file=file)
        for threads, file in ((64, "float32.tflite"), (1, "int8.tflite"), (2, "float32.tflite"))
    )
    several = tuple(msgspec.structs.replace(pick, backend="litert") for pick in several)
    manifest = msgspec.structs.replace(_with_everything(), preferred=several)
    assert choose(manifest, machine=VNNI, missing=ALL).variant.file == "int8.tflite"
    assert choose(manifest, machine=VNNI, missing=ALL, threads=2).variant.file == "float32.tflite"


def test_a_new_measurement_replaces_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for ms in (3.0, 2.0):
        remember("m", "model", Measurement(backend="b", compute="f32", threads=1, median_ms=ms))
    assert [entry.median_ms for entry in recall("m", "model")] == [2.0]
    memory_file().write_text("{ damaged")
    assert recall("m", "model") == ()


def test_for_a_few_pictures_the_engine_that_opens_fastest_is_chosen() -> None:
    manifest = _with_everything()
    choice = choose(manifest, machine=VNNI, missing=ALL, quick_start=True)
    assert (choice.variant.file, choice.backend) == ("int8.tflite", "litert")
    assert "opens fastest" in choice.reason
    assert choose(manifest, machine=VNNI, missing=ALL).backend == "openvino"
    # It never stands in the way: not where LiteRT is missing, nor against what is named.
    alone = choose(manifest, machine=VNNI, missing=_only("openvino"), quick_start=True)
    assert alone.backend == "openvino"
    named = choose(manifest, backend="openvino", machine=VNNI, missing=ALL, quick_start=True)
    assert named.backend == "openvino"


def test_what_is_named_is_obeyed() -> None:
    manifest = _with_everything()
    choice = choose(manifest, backend="litert", precision="float16", machine=PI, missing=ALL)
    assert (choice.variant.file, choice.backend) == ("float32.tflite", "litert")
    assert "as asked for" in choice.reason


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"precision": "int4w"}, OptionError, "has no int4w variant. It has: float16, int8"),
        ({"compute": "f64"}, OptionError, "f32 or bf16"),
        ({"threads": 0}, OptionError, "from 1 to"),
        ({"threads": True}, OptionError, "from 1 to"),
        ({"threads": 10_000}, OptionError, "cores of this machine"),
        ({"backend": "litert", "compute": "bf16"}, BackendError, "does not compute in bf16"),
        ({"backend": "tflite_runtime"}, BackendError, "is not installed"),
    ],
)
def test_what_cannot_be_had_is_refused(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        choose(_with_everything(), machine=VNNI, missing=ALL, **arguments)


def test_a_backend_that_is_not_installed_is_explained() -> None:
    with pytest.raises(BackendError, match="litert: litert is not installed"):
        choose(_with_everything(), machine=VNNI, missing=_only())
    with pytest.raises(UnknownNameError, match="Known: litert"):
        choose(_with_everything(), backend="abacus")


def test_a_bundle_without_a_variant_for_the_backend_names_those_it_has() -> None:
    manifest = _with_everything()
    only_ir = msgspec.structs.replace(manifest, variants=manifest.variants[2:])
    with pytest.raises(BackendError, match="proven on: openvino"):
        choose(only_ir, backend="litert", missing=ALL)


def test_candidates_are_what_was_proven_and_is_installed() -> None:
    pairs = [(variant.file, name) for variant, name in candidates(_with_everything())]
    assert ("float32.tflite", "litert") in pairs
    assert all(name != "tflite_runtime" for _, name in pairs)


def test_this_machine_has_a_stable_key() -> None:
    machine = this_machine()
    assert machine.key == replace(machine).key
    assert machine.cores >= 1
    assert VNNI.kind == "x86-vnni"
    assert (OLD.kind, PI.kind) == ("x86", "arm64")
