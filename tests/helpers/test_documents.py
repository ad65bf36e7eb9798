from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.documents import blocks_of, commands_of, python_script, shows

DOCUMENT = """\
# Title

```python
a = 1
```

<!-- not run: installs -->
```bash
pip install thing
```

```console
$ edgecnn run \\
    photo.jpg
espresso 0.96
$ edgecnn doctor
```
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "page.md"
    path.write_text(DOCUMENT)
    return path


def test_blocks_know_language_line_and_excuse(document: Path) -> None:
    blocks = blocks_of(document)
    assert [(b.language, b.line, b.excused) for b in blocks] == [
        ("python", 4, False),
        ("bash", 9, True),
        ("console", 13, False),
    ]


def test_unclosed_block_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("```python\n")
    with pytest.raises(ValueError, match="line 1 never ends"):
        blocks_of(path)


def test_script_keeps_the_line_numbers_of_the_document(document: Path) -> None:
    script = python_script(blocks_of(document)[:1])
    assert script.splitlines()[3] == DOCUMENT.splitlines()[3] == "a = 1"


def test_commands_are_joined_and_keep_their_output(document: Path) -> None:
    first, second = commands_of(blocks_of(document)[2])
    assert first.text == "edgecnn run photo.jpg"
    assert first.shown == ("espresso 0.96",)
    assert second.text == "edgecnn doctor"
    assert second.shown == ()


@pytest.mark.parametrize(
    ("shown", "output", "expected"),
    [
        ("espresso 0.96", "noise\n  espresso   0.94  \n", True),
        ("espresso 0.96", "cup 0.96\n", False),
        ("espresso", "espresso 0.96\n", False),
        ("took ... ms", "took about 12 ms\n", True),
        ("1,000 pictures", "17 pictures\n", True),
        ("(a|b)", "a\n", False),
    ],
)
def test_shown_lines_match_up_to_numbers_and_blanks(
    shown: str, output: str, expected: bool
) -> None:
    assert shows(shown, output) is expected
