"""A fresh environment, EDGECNN_BASE, that has the wheel and its base dependencies (.ci/run)."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PHOTOS = ROOT / "assets" / "images"
BASE = (ROOT / os.environ["EDGECNN_BASE"]).absolute() / "bin"


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment["XDG_CACHE_HOME"] = environment["XDG_DATA_HOME"] = str(folder / "home")
    return subprocess.run(
        [str(BASE / command[0]), *command[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def labels(folder: Path, photo: str, model: str) -> list[str]:
    result = run(folder, "edgecnn", "run", str(PHOTOS / photo), "--model", model, "--json", "-")
    assert result.returncode == 0, result.stderr
    (line,) = result.stdout.splitlines()
    found: list[str] = json.loads(line)["result"]["labels"]
    return found


def test_package_is_the_installed_one(tmp_path: Path) -> None:
    result = run(tmp_path, "python", "-c", "import edgecnn; print(edgecnn.__file__)")
    assert "site-packages" in result.stdout


def test_optional_packages_are_absent(tmp_path: Path) -> None:
    code = """
import importlib.util
for name in ("tensorflow", "keras", "openvino", "nncf", "PySide6", "cryptography", "scipy"):
    assert importlib.util.find_spec(name) is None, name
"""
    assert run(tmp_path, "python", "-c", code).stderr == ""


@pytest.mark.parametrize(
    ("photo", "model", "expected"),
    [
        ("coffee.jpg", "classify_efficientnet_lite0", "espresso"),
        ("portrait_obama.jpg", "detect_nanodet", "person"),
    ],
)
def test_command_answers_about_a_photo(
    photo: str, model: str, expected: str, tmp_path: Path
) -> None:
    assert labels(tmp_path, photo, model)[0] == expected


def test_same_answer_without_json_is_readable(tmp_path: Path) -> None:
    model = "classify_efficientnet_lite0"
    result = run(tmp_path, "edgecnn", "run", str(PHOTOS / "coffee.jpg"), "--model", model)
    assert result.returncode == 0, result.stderr
    assert "espresso" in result.stdout


def test_cold_start_is_short(tmp_path: Path) -> None:
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        labels(tmp_path, "coffee.jpg", "classify_efficientnet_lite0")
        seconds.append(time.perf_counter() - start)
    # The aim is 1.0 s on an idle machine (benchmarks/runtime.py); CI machines are shared.
    assert min(seconds) < 2.0


def test_missing_extra_names_the_command_to_type(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        *("edgecnn", "run", str(PHOTOS / "coffee.jpg"), "--backend", "openvino"),
        *("--model", "classify_efficientnet_lite0"),
    )
    assert result.returncode == 1
    assert "pip install 'edgecnn[openvino]'" in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
