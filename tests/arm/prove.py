"""Steps of the proof on an emulated Raspberry Pi; run by run.sh, inside the emulator.

Usage: ``prove.py STEP``. Each step is a process of its own, so that its peak memory is its own
(the emulator's share included).
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import pkgutil
import platform
import resource
import sys
import time
from pathlib import Path
from typing import Any

import edgecnn
from edgecnn.bundle.io import load
from edgecnn.bundle.schema import Manifest, Variant
from edgecnn.cli import main as edgecnn_command
from edgecnn.registry import ZOO_RECIPES
from edgecnn.runtime.policy import choose
from edgecnn.zoo import catalogue

ASSETS = Path(edgecnn.__file__).parent / "_assets"
PHOTOS = ASSETS / "images"
TRAINING_COLUMN = ("data", "explain", "nets", "training")
ABSENT = ("tensorflow", "keras", "openvino", "PySide6", "nncf", "cryptography")


def litert_variants(manifest: Manifest) -> list[Variant]:
    """Variants that LiteRT runs."""
    return [variant for variant in manifest.variants if "litert" in variant.backends]


def command(*arguments: str) -> str:
    """What ``edgecnn ARGUMENTS`` prints on standard output; ends the step when it fails."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        status = edgecnn_command(list(arguments))
    if status != 0:
        print(printed.getvalue())
        sys.exit(f"edgecnn {' '.join(arguments)}: exit status {status}")
    return printed.getvalue()


def labels(photo: str, model: str) -> list[str]:
    """Labels that ``edgecnn run`` gives a photo, best first; prints them with their scores."""
    line = command("run", str(PHOTOS / photo), "--model", model, "--json", "-")
    result: dict[str, Any] = json.loads(line)["result"]
    found: list[str] = result["labels"]
    print(f"{photo}:", ", ".join(f"{a} {b}" for a, b in zip(found, result["scores"], strict=True)))
    return found


def prove_imports() -> None:
    """Every module of the device column imports, and brings nothing that a Pi does not have."""
    assert platform.machine() == "aarch64", platform.machine()
    names = ["edgecnn"]
    names += [
        found.name
        for found in pkgutil.walk_packages(edgecnn.__path__, "edgecnn.")
        if found.name.split(".")[1] not in (*TRAINING_COLUMN, "_assets", "__main__")
    ]
    for name in names:
        importlib.import_module(name)
    loaded = [name for name in ABSENT if name in sys.modules]
    assert not loaded, loaded
    print(f"{len(names)} modules of the device column import")


def prove_doctor() -> None:
    """The doctor knows the machine and chooses LiteRT int8 wherever there is such a variant."""
    print(command("doctor"))
    for name in catalogue.names():
        manifest = load(catalogue.find(name)).manifest
        choice = choose(manifest)
        assert choice.backend == "litert", f"{name}: {choice}"
        precisions = {variant.precision for variant in litert_variants(manifest)}
        if "int8" in precisions:
            assert choice.variant.precision == "int8", f"{name}: {choice}"


def prove_classify() -> None:
    """The command answers about photographs as it does on x86."""
    cats = {"tabby", "tiger cat", "Egyptian cat"}
    for photo, expected in (("coffee.jpg", {"espresso"}), ("cat_chelsea.jpg", cats)):
        assert labels(photo, "classify_efficientnet_lite0")[0] in expected


def prove_detect() -> None:
    """Objects are found on photographs."""
    for photo, expected in (("portrait_obama.jpg", "person"), ("wine.jpg", "wine glass")):
        assert expected in labels(photo, "detect_nanodet")


def prove_faces() -> None:
    """Two photographs of a man are close, another man's is far: detector and embedder together."""
    with edgecnn.load("faces") as faces:
        face = {
            name: faces(PHOTOS / f"portrait_{name}.jpg").embeddings[0]
            for name in ("obama", "obama2", "biden")
        }
        same = faces.embedder.distance(face["obama"], face["obama2"])
        other = faces.embedder.distance(face["obama"], face["biden"])
    print(f"distance of the same man {same:.2f}, of another {other:.2f}")
    assert same < 0.45, same
    assert other > 0.7, other


def prove_verify() -> None:
    """``edgecnn verify --all`` passes, and leaves no LiteRT variant of any bundle out."""
    checks = [json.loads(line) for line in command("verify", "--all", "--json").splitlines()]
    for check in checks:
        print(f"{check['model']}/{check['file']} on {check['backend']}: {check['figures']}")
    checked = {(check["model"], check["file"]) for check in checks if check["backend"] == "litert"}
    wanted = {
        (name, variant.file)
        for name in catalogue.names()
        for variant in litert_variants(load(catalogue.find(name)).manifest)
    }
    assert checked == wanted, wanted - checked
    assert {name for name, _ in wanted} == set(ZOO_RECIPES), wanted
    print(f"{len(checks)} golden answers of {len(wanted)} LiteRT variants within tolerance")


STEPS = {
    "imports": prove_imports,
    "doctor": prove_doctor,
    "classify": prove_classify,
    "detect": prove_detect,
    "faces": prove_faces,
    "verify": prove_verify,
}


def main() -> None:
    """Run the named step; report time and peak memory."""
    STEPS[sys.argv[1]]()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = time.process_time()
    print(f"   [{sys.argv[1]}: {seconds:.1f} s processor time, peak memory {peak_mb:.0f} MB]")


if __name__ == "__main__":
    main()
