from __future__ import annotations

import pytest

from edgecnn.cli.output import print_facts, print_table

HEADER = ["file", "backend", "why"]
ROWS = [
    ["openvino/float32.xml", "openvino", "recorded for this processor"],
    ["int8.tflite", "", "the fastest of all that are proven here"],
]


def printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(columns))
    print_table("Variants", HEADER, ROWS)
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("columns", [20, 30, 40, 60, 80, 200])
def test_a_table_fits_the_terminal_and_keeps_short_words_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    lines = printed(capsys, monkeypatch, columns)
    assert max(map(len, lines)) <= columns
    text = "\n".join(lines)
    for word in ("Variants", "file", "backend", "openvino", "fastest", "processor"):
        assert word in text


def test_a_narrow_terminal_gets_a_paragraph_a_row(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line.rstrip() for line in printed(capsys, monkeypatch, 34)]
    assert lines[:3] == ["Variants", "file    openvino/float32.xml", "backend openvino"]
    assert "file int8.tflite" in lines
    wide = [line.rstrip() for line in printed(capsys, monkeypatch, 100)]
    assert any(line.startswith("┏") for line in wide)


def test_a_table_without_rows_and_facts_are_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    print_table("Nothing", HEADER, [])
    print_facts("Facts", {"Name": "two", "Source": "a net " * 20})
    out = capsys.readouterr().out
    assert "Nothing" in out
    assert max(map(len, out.splitlines())) <= 40
