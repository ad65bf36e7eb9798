"""What goes into the wheel, held against what is on disk."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import edgecnn

ROOT = Path(__file__).parents[2]
MEGABYTE = 1e6


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def pins(file: str) -> dict[str, str]:
    lines = (ROOT / file).read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_every_package_on_disk_is_listed() -> None:
    on_disk = {
        ".".join(init.parent.relative_to(ROOT).parts)
        for package in ("edgecnn", "converters", "gui")
        for init in (ROOT / package).rglob("__init__.py")
    }
    assert set(project()["tool"]["setuptools"]["packages"]) == on_disk | {"edgecnn._assets"}


def test_typed_marker_is_shipped_with_every_top_level_package() -> None:
    for package in ("edgecnn", "converters", "gui"):
        assert (ROOT / package / "py.typed").exists()
        assert "py.typed" in project()["tool"]["setuptools"]["package-data"][package]


def test_version_is_said_once() -> None:
    assert project()["project"]["version"] == edgecnn.__version__


def test_every_dependency_is_pinned() -> None:
    constraints = pins("constraints.txt")
    table = project()["project"]
    extras = table["optional-dependencies"]
    wanted = [*table["dependencies"]]
    for extra in ("openvino", "sign", "faces", "gui", "train", "dev", "package"):
        wanted += [name for name in extras[extra] if not name.startswith("edgecnn[")]
    for requirement in wanted:
        assert requirement.split(">=")[0] in constraints


def test_base_dependencies_hold_nothing_heavy() -> None:
    base = {requirement.split(">=")[0] for requirement in project()["project"]["dependencies"]}
    assert base == {
        "ai-edge-litert",
        "click",
        "msgspec",
        "numpy",
        "opencv-python-headless",
        "platformdirs",
        "psutil",
        "rich",
    }


def test_tflite_runtime_is_pinned_below_numpy_2() -> None:
    constraints = pins("constraints-tflite-runtime.txt")
    assert constraints["numpy"].startswith("1.")
    assert "tflite-runtime" in constraints


def test_assets_stay_small() -> None:
    files = [path for path in (ROOT / "assets").rglob("*") if path.is_file()]
    sizes = {path.relative_to(ROOT).as_posix(): path.stat().st_size for path in files}
    assert [name for name, size in sizes.items() if size > 12 * MEGABYTE] == []
    assert sum(sizes.values()) < 90 * MEGABYTE
