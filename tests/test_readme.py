"""The code of README.md and docs/ runs as it stands, and prints what it promises.

Python blocks of a document run one after the other in one process, commands one by one, all in a
folder that looks like a checkout (``assets/`` is there). See `tests.helpers.documents`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.documents import Block, blocks_of, commands_of, python_script, shows

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
BLOCKS = [block for document in DOCUMENTS for block in blocks_of(document)]
PYTHON = [
    document
    for document in DOCUMENTS
    if any(b.language == "python" and not b.excused for b in BLOCKS if b.document == document)
]
SHELL = [block for block in BLOCKS if block.language in ("console", "bash") and not block.excused]


def name_of(item: Path | Block) -> str:
    if isinstance(item, Path):
        return item.name
    return f"{item.document.name}:{item.line}"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """An empty folder in which the paths of the documents (assets/...) lead to the real files."""
    for name in ("assets", "examples", "benchmarks"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {
        **os.environ,
        "PATH": path,
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "100",
        "EDGECNN_FASHION_MNIST": str(ROOT / "tests" / "data" / "fashion_mnist"),
    }
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240
    )


@pytest.mark.parametrize("document", PYTHON, ids=name_of)
def test_python_blocks_run(document: Path, checkout: Path) -> None:
    blocks = [block for block in blocks_of(document) if block.language == "python"]
    script = checkout / document.name
    script.write_text(python_script([block for block in blocks if not block.excused]))
    result = run([sys.executable, str(script)], checkout)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("block", SHELL, ids=name_of)
def test_commands_run_and_print_what_is_promised(block: Block, checkout: Path) -> None:
    for command in commands_of(block):
        assert command.text.startswith(("edgecnn ", "python ")), (
            f"{block.document.name}:{command.line}: only edgecnn and python are run here; put "
            "'<!-- not run: REASON -->' above the block"
        )
        result = run(["bash", "-c", command.text], checkout)
        assert result.returncode == 0, f"{command.text}\n{result.stdout}{result.stderr}"
        for line in command.shown:
            assert shows(line, result.stdout + result.stderr), (
                f"{command.text}\npromised: {line}\nprinted:\n{result.stdout}{result.stderr}"
            )


def test_readme_has_code_that_runs() -> None:
    readme = ROOT / "README.md"
    assert readme in PYTHON
    assert any(block.document == readme for block in SHELL)
