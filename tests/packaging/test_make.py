"""The Makefile and the scripts of .ci: they say what to do when something is missing."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = [
    *(file for file in (ROOT / ".ci").iterdir() if file.suffix == "" and file.is_file()),
    ROOT / "tests" / "arm" / "run.sh",
    ROOT / "packaging" / "check_in_debian.sh",
]


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_script_is_executable_and_parses(script: Path) -> None:
    assert script.stat().st_mode & stat.S_IXUSR
    assert run("bash", "-n", str(script)).stderr == ""


def test_help_names_the_targets() -> None:
    printed = run("make", "help").stdout
    for target in ("app", "test", "lint", "type", "bench", "test-arm", "clean"):
        assert f"make {target} " in printed


def test_make_prints_nothing_of_its_own() -> None:
    printed = run("make", "help").stdout.splitlines()
    assert [line for line in printed if not line.startswith("make ")] == []


def test_old_python_is_refused_with_what_to_type(tmp_path: Path) -> None:
    result = run(".ci/venv", str(tmp_path / "venv"), "constraints.txt", PYTHON="no-such-python")
    assert result.returncode == 1
    assert "needs Python 3.11 or newer" in result.stderr
    assert "make PYTHON=" in result.stderr


def test_who_is_not_root_is_told_the_one_line_to_type(tmp_path: Path) -> None:
    fake = tmp_path / "bin"
    fake.mkdir()
    for name, script in (("id", "echo 1000"), ("apt-get", "exit 1")):
        (fake / name).write_text(f"#!/bin/sh\n{script}\n")
        (fake / name).chmod(0o755)
    result = run(".ci/apt", "libgl1", PATH=f"{fake}:{os.environ['PATH']}")
    assert result.returncode == 1
    assert "    sudo apt-get install -y libgl1\n" in result.stderr


def test_missing_library_is_traced_to_its_package(tmp_path: Path) -> None:
    folder = tmp_path / "venv" / "bin"
    folder.mkdir(parents=True)
    (folder / "python").write_text(
        "#!/bin/sh\necho 'ImportError: libGL.so.1: cannot open shared object file' >&2\nexit 1\n"
    )
    (folder / "python").chmod(0o755)
    fake = tmp_path / "bin"
    fake.mkdir()
    for name, script in (("id", "echo 1000"), ("apt-get", "exit 1")):
        (fake / name).write_text(f"#!/bin/sh\n{script}\n")
        (fake / name).chmod(0o755)
    path = f"{fake}:{os.environ['PATH']}"
    result = run(".ci/system", str(tmp_path / "venv"), "cv2", PATH=path)
    assert result.returncode == 1
    assert "sudo apt-get install -y libgl1" in result.stderr


def test_modules_that_import_need_nothing(tmp_path: Path) -> None:
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "python").symlink_to(shutil.which(sys.executable) or sys.executable)
    result = run(".ci/system", str(tmp_path), "json", "zipfile")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""


def test_emulated_pi_is_skipped_with_a_reason_where_root_is_not_to_be_had(tmp_path: Path) -> None:
    for name, script in (("id", 'test "$1" = -un && echo pat || echo 1000'), ("sudo", "exit 1")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    result = run("tests/arm/run.sh", sys.executable, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert result.returncode == 77
    assert "needs root" in result.stderr


def test_proof_of_the_package_is_skipped_with_a_reason_where_root_is_not_to_be_had(
    tmp_path: Path,
) -> None:
    for name, script in (("id", 'test "$1" = -un && echo pat || echo 1000'), ("sudo", "exit 1")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "edgecnn").write_text("#!/bin/sh\n")
    (tmp_path / "edgecnn").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    result = run("packaging/check_in_debian.sh", str(tmp_path), PATH=path)
    assert result.returncode == 77
    assert "needs root" in result.stderr


def test_proof_of_the_package_says_how_it_is_made(tmp_path: Path) -> None:
    result = run("packaging/check_in_debian.sh", str(tmp_path / "none"))
    assert result.returncode == 1
    assert "make package" in result.stderr
