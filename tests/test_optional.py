from __future__ import annotations

import subprocess
import sys

import pytest

from edgecnn.errors import MissingExtraError
from edgecnn.optional import REPORTS_USE, require


def test_what_is_missing_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(MissingExtraError, match=r"pip install 'edgecnn\[faces\]'"):
        require("no_such_module_anywhere", extra="faces")


def test_a_packed_program_says_that_it_was_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(MissingExtraError, match=r"left out of this package.*edgecnn\[train\]"):
        require("no_such_module_anywhere", extra="train")


def test_nothing_that_is_imported_reports_to_anybody() -> None:
    pytest.importorskip("openvino")
    program = (
        "import socket, sys\n"
        "def refuse(*_):\n"
        "    raise AssertionError('it looks for the network')\n"
        "socket.getaddrinfo = socket.socket.connect = refuse\n"
        "from edgecnn.optional import require\n"
        "require('openvino', extra='openvino')\n"
        f"print([name for name in sys.modules if name.startswith({REPORTS_USE + '.'!r})])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "[]"
