from __future__ import annotations

import os
import warnings

import pytest

from converters.quiet import captured_output


def test_what_native_code_writes_is_kept_from_the_terminal(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with captured_output() as text:
        os.write(1, b"from a library\n")
        os.write(2, b"and its errors\n")
        assert text().splitlines() == ["from a library", "and its errors"]
    os.write(1, b"after\n")
    captured = capfd.readouterr()
    assert captured.out == "after\n"
    assert captured.err == ""


def test_the_terminal_is_back_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), captured_output():
        raise KeyError("x")
    os.write(2, b"heard\n")
    assert capfd.readouterr().err == "heard\n"


def test_warnings_of_tools_are_dropped() -> None:
    with captured_output():
        warnings.warn("deprecated", stacklevel=1)
