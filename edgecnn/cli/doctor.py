"""``edgecnn doctor``: what is installed, what this machine is, what would be chosen, and why."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

import edgecnn
from edgecnn.bundle import io
from edgecnn.cli.output import print_facts, print_table
from edgecnn.errors import EdgeCNNError
from edgecnn.runtime.machine import Machine, this_machine
from edgecnn.runtime.memory import memory_file
from edgecnn.runtime.policy import backend_names, choose, get_backend
from edgecnn.runtime.threads import resolve_threads
from edgecnn.video.cameras.listing import CameraInfo, list_cameras
from edgecnn.zoo import catalogue

EXTRAS = {
    "openvino": "openvino",
    "sign": "cryptography",
    "convert": "tensorflow",
    "train": "keras",
}
"""Extra -> the module by which its presence is seen."""

_LINUX = sys.platform == "linux"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Say what is installed, what would be chosen for each model, and why.

    Exit code 1 when something is wrong that needs mending.
    """
    machine = this_machine()
    backends = _backends()
    choices = [_choice(name) for name in catalogue.names()]
    cameras = list_cameras()
    warnings = _warnings(backends)
    if as_json:
        report = {
            "edgecnn": edgecnn.__version__,
            "python": platform.python_version(),
            "platform": platform.platform(),
            "machine": asdict(machine) | {"features": sorted(machine.features)},
            "backends": backends,
            "choices": choices,
            "cameras": [asdict(camera) for camera in cameras],
            "warnings": warnings,
        }
        click.echo(json.dumps(report))
    else:
        _print(machine, backends, choices, cameras, warnings)
    if warnings:
        context.exit(1)


def _backends() -> list[dict[str, Any]]:
    found = []
    for name in backend_names():
        backend = get_backend(name)
        missing = backend.missing()
        version = backend.version() if missing is None else None
        found.append({"name": name, "version": version, "missing": missing})
    return found


def _choice(name: str) -> dict[str, Any]:
    try:
        manifest = io.load(catalogue.find(name)).manifest
        choice = choose(manifest)
    except EdgeCNNError as error:
        return {"model": name, "error": " ".join(str(error).split())}
    return {
        "model": name,
        "file": choice.variant.file,
        "precision": choice.variant.precision,
        "backend": choice.backend,
        "threads": choice.threads,
        "reason": choice.reason,
    }


def _warnings(backends: list[dict[str, Any]]) -> list[str]:
    warnings = []
    opencvs = [name for name in _OPENCVS if _version(name) is not None]
    if len(opencvs) > 1:
        others = " ".join(name for name in opencvs if name != "opencv-python-headless")
        warnings.append(
            f"{' and '.join(opencvs)} are installed into the same folder and overwrite each other. "
            f"Mend it with: pip uninstall -y {' '.join(opencvs)} && "
            f"pip install opencv-python-headless   (needed by somebody else: {others})"
        )
    if all(entry["missing"] for entry in backends):
        warnings.append("No backend is installed, so no model can run: pip install ai-edge-litert")
    if not catalogue.names():
        warnings.append("No bundles were found. Install edgecnn again.")
    return warnings


_OPENCVS = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _print(
    machine: Machine,
    backends: list[dict[str, Any]],
    choices: list[dict[str, Any]],
    cameras: list[CameraInfo],
    warnings: list[str],
) -> None:
    opencv = ", ".join(f"{name} {_version(name)}" for name in _OPENCVS if _version(name))
    print_facts(
        "Machine",
        {
            "edgecnn": f"{edgecnn.__version__} in {Path(edgecnn.__file__).parent}",
            "Python": f"{platform.python_version()} ({sys.executable})",
            "System": platform.platform(),
            "Processor": f"{machine.cpu}, {machine.kind}",
            "Cores": f"{machine.cores} physical, {os.cpu_count()} logical",
            "Features": " ".join(sorted(machine.features)) or "none that matter here",
            "Threads": f"{resolve_threads(None)} for inference, when not said otherwise",
            "OpenCV": opencv or "not found",
            "Own bundles": str(catalogue.user_folder()),
            "Measurements": str(memory_file()),
        },
    )
    print_table(
        "Backends",
        ["backend", "version", ""],
        [[b["name"], b["version"] or "-", b["missing"] or "ready"] for b in backends],
    )
    print_table(
        "What would be chosen",
        ["model", "file", "backend", "threads", "why"],
        [
            [c["model"], "-", "-", "-", c["error"]]
            if "error" in c
            else [c["model"], c["file"], c["backend"], str(c["threads"]), c["reason"]]
            for c in choices
        ],
    )
    if cameras:
        print_table(
            "Cameras",
            ["number", "name", "device", "id that stays the same"],
            [[str(camera.index), camera.name, camera.path, camera.id] for camera in cameras],
        )
    else:
        click.echo(f"No camera is connected{'' if _LINUX else ', or it is not listed here'}.")
    absent = [extra for extra, module in EXTRAS.items() if importlib.util.find_spec(module) is None]
    for extra in absent:
        click.echo(f"Optional part not installed: pip install 'edgecnn[{extra}]'")
    for warning in warnings:
        click.echo(f"Warning: {warning}", err=True)
    if not warnings:
        click.echo("Nothing is wrong.")
