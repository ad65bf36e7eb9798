"""What lies in the wheel and the sdist of EDGECNN_DIST (run by .ci/run)."""

from __future__ import annotations

import os
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DIST = Path(os.environ["EDGECNN_DIST"])


def names_in_wheel() -> set[str]:
    (wheel,) = DIST.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def names_in_sdist() -> set[str]:
    (sdist,) = DIST.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        return {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}


def on_disk(folder: str, patterns: Iterable[str]) -> set[str]:
    files = (path for pattern in patterns for path in (ROOT / folder).rglob(pattern))
    return {path.relative_to(ROOT).as_posix() for path in files if path.is_file()}


def test_wheel_carries_every_asset_as_part_of_the_package() -> None:
    assets = {name.replace("assets/", "edgecnn/_assets/", 1) for name in on_disk("assets", ["*"])}
    assert assets
    assert assets - names_in_wheel() == set()


def test_wheel_carries_every_module_and_marker() -> None:
    modules = on_disk("edgecnn", ["*.py", "py.typed"]) | on_disk("converters", ["*.py", "py.typed"])
    modules |= on_disk("gui", ["*.py", "py.typed"])
    assert modules - names_in_wheel() == set()


def test_wheel_carries_nothing_else() -> None:
    tops = {name.split("/")[0] for name in names_in_wheel()}
    ours = {top for top in tops if not top.endswith(".dist-info")}
    assert ours == {"edgecnn", "converters", "gui"}


def test_wheel_carries_the_licence_and_the_command() -> None:
    (wheel,) = DIST.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (licence,) = [n for n in archive.namelist() if n.endswith("dist-info/licenses/LICENSE")]
        (entry_points,) = [n for n in archive.namelist() if n.endswith("entry_points.txt")]
        assert b"Apache License" in archive.read(licence)
        assert b"edgecnn = edgecnn.cli:main" in archive.read(entry_points)


@pytest.mark.parametrize("name", ["pyproject.toml", "README.md", "LICENSE"])
def test_sdist_carries_what_a_build_reads(name: str) -> None:
    assert name in names_in_sdist()


def test_sdist_carries_every_module_and_asset() -> None:
    wanted = on_disk("assets", ["*"]) | on_disk("edgecnn", ["*.py", "py.typed"])
    assert wanted - names_in_sdist() == set()
