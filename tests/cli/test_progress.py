from __future__ import annotations

import json

import pytest

from edgecnn.cli.progress import VARIABLE, progress_bar
from gui.models.child import PROGRESS_VARIABLE


def test_programs_get_a_line_for_each_step(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, "json")
    with progress_bar() as tell:
        tell("reading", 0.0)
        tell("proving", 0.25)
    said = capsys.readouterr()
    assert said.out == ""
    lines = [json.loads(line) for line in said.err.splitlines()]
    assert lines == [
        {"progress": 0.0, "what": "reading"},
        {"progress": 0.25, "what": "proving"},
    ]


def test_nothing_is_written_where_nobody_looks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with progress_bar() as tell:
        tell("reading", 0.5)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


def test_the_app_asks_by_the_same_name() -> None:
    assert PROGRESS_VARIABLE == VARIABLE
