from __future__ import annotations

import os
import warnings
from pathlib import Path

import pytest

from converters.quiet import captured_output, log_to


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


def test_a_log_keeps_what_was_captured_under_a_heading_each(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "conversion.log"
    with captured_output("before"):
        os.write(1, b"not this\n")
    with log_to(log):
        with captured_output("first step"):
            os.write(1, b"one\n")
            os.write(2, b"two\n")
        with captured_output("silent step"):
            pass
        with captured_output("second step"):
            os.write(1, b"three\n")
    with captured_output("after"):
        os.write(1, b"nor this\n")
    assert log.read_text() == "== first step\none\ntwo\n\n== second step\nthree\n\n"
    assert capfd.readouterr() == ("", "")


def test_nested_logs_and_captures_lose_nothing(tmp_path: Path) -> None:
    outer, inner = tmp_path / "outer.log", tmp_path / "inner.log"
    with log_to(outer), captured_output("whole"):
        os.write(1, b"begin\n")
        with log_to(inner), captured_output("part") as text:
            os.write(1, b"middle\n")
            assert text() == "middle\n"
        os.write(1, b"end\n")
    assert outer.read_text() == "== part\nmiddle\n\n== whole\nbegin\nend\n\n"
    assert inner.read_text() == "== part\nmiddle\n\n"


def test_what_was_written_before_an_error_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "conversion.log"
    with pytest.raises(KeyError), log_to(log), captured_output("failing"):  # noqa: PT012
        os.write(2, b"the reason\n")
        raise KeyError("x")
    assert "the reason" in log.read_text()
    with captured_output():
        os.write(2, b"later\n")
    assert "later" not in log.read_text()


def test_a_log_that_cannot_be_written_does_not_hide_the_error(tmp_path: Path) -> None:
    with (  # noqa: PT012
        pytest.raises(KeyError),
        log_to(tmp_path / "no folder" / "x.log"),
        captured_output(),
    ):
        os.write(1, b"text\n")
        raise KeyError("x")
