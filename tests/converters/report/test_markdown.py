from __future__ import annotations

import pytest

from converters.report.markdown import escape, markdown
from tests.helpers.reports import LABELS, confusion, failed, full, minimal, proven

HOSTILE = "</td><script>alert(1)</script> | [x](http://x) `y`\n# z *w* <!--"


def test_the_first_ten_lines_say_what_was_converted_and_how_it_went() -> None:
    head = "\n".join(markdown(full()).splitlines()[:10])
    for words in ("passed", "376,074 parameters", "openvino/int8.xml", "0.43 MB", "90.95", "0.38"):
        assert words in head


def test_the_first_lines_of_a_failed_report_say_why() -> None:
    lines = markdown(failed()).splitlines()
    assert lines[0] == "# Conversion of fashion: failed"
    assert "Failed: 1 of 6 ways" in lines[2]
    assert "int8.max\\_drop: 0.034, at most 0.01 is demanded" in lines[4]


def test_empty_parts_do_not_appear() -> None:
    headings = [line for line in markdown(minimal()).splitlines() if line.startswith("## ")]
    assert headings == ["## Variants", "## Outputs", "## How it was made"]


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    report = full(labels=(HOSTILE, *LABELS[1:]), proven=(proven(HOSTILE + "int8.tflite"),))
    tables: list[list[str]] = [[]]
    for line in markdown(report).splitlines():
        if line.startswith("|"):
            tables[-1].append(line)
        elif tables[-1]:
            tables.append([])
    shapes = [{len(line.replace("\\|", "").split("|")) for line in table} for table in tables]
    assert len(shapes) > 5
    assert all(len(shape) <= 1 for shape in shapes)


def test_hostile_labels_stay_text() -> None:
    one = confusion(class_ids=(0, 1), counts=((9, 2), (0, 9)))
    text = markdown(full(labels=(HOSTILE, "b"), confusion=(one,), name=HOSTILE))
    assert "<script" not in text.replace("\\<", "")
    assert "[x](" not in text.replace("\\[", "")
    assert "\n# z" not in text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("int8_a.tflite", "int8\\_a.tflite"),
        ("a|b", "a\\|b"),
        ("1. one", "1\\. one"),
        ("- one", "\\- one"),
        ("AT&amp;T", "AT&amp;amp;T"),
        ("two\nlines", "two lines"),
        ("back\\slash", "back\\\\slash"),
    ],
)
def test_text_is_shown_as_it_is(text: str, escaped: str) -> None:
    assert escape(text) == escaped
