"""Code blocks of Markdown documents, and how to run them as a reader would.

A block whose fence is preceded by ``<!-- not run: REASON -->`` is left alone. ``console`` blocks
hold commands after ``$ `` and, below each, the output that the reader is promised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

NOT_RUN = re.compile(r"<!-- not run: .+ -->")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block.

    Attributes:
        document: File that holds it.
        line: Line number (from 1) of its first line of content.
        language: Word after the fence.
        text: Content.
        excused: A marker says that it is not run.
    """

    document: Path
    line: int
    language: str
    text: str
    excused: bool


@dataclass(frozen=True, slots=True)
class Command:
    """A command line of a ``console`` or ``bash`` block, and the output shown below it."""

    line: int
    text: str
    shown: tuple[str, ...]


def blocks_of(document: Path) -> list[Block]:
    """All fenced blocks of a document, in order."""
    found: list[Block] = []
    lines = document.read_text(encoding="utf-8").splitlines()
    start = None
    for index, line in enumerate(lines):
        if not line.startswith("```"):
            continue
        if start is None:
            start = index
            continue
        before = [text.strip() for text in lines[:start] if text.strip()]
        excused = bool(before) and NOT_RUN.fullmatch(before[-1]) is not None
        text = "\n".join(lines[start + 1 : index]) + "\n"
        found.append(Block(document, start + 2, lines[start][3:].strip(), text, excused))
        start = None
    if start is not None:
        raise ValueError(f"{document}: the block that opens on line {start + 1} never ends")
    return found


def python_script(blocks: list[Block]) -> str:
    """One script of Python blocks, every line at the line number it has in the document."""
    script: list[str] = []
    for block in blocks:
        script += [""] * (block.line - 1 - len(script))
        script += block.text.splitlines()
    return "\n".join(script) + "\n"


def commands_of(block: Block) -> list[Command]:
    """Command lines of a block, a trailing backslash joining it with the next line.

    In ``console`` blocks commands follow ``$ `` and other lines are output; in ``bash`` blocks
    every line that is neither empty nor a comment is a command.
    """
    commands: list[Command] = []
    joined = re.sub(r"\s*\\\n\s*", " ", block.text)
    prompt = block.language == "console"
    for offset, line in enumerate(joined.splitlines()):
        if prompt and not line.startswith("$ "):
            if line.strip():
                last = commands.pop()
                commands.append(Command(last.line, last.text, (*last.shown, line.rstrip())))
        elif line.strip() and not line.startswith("#"):
            commands.append(Command(block.line + offset, line.removeprefix("$ "), ()))
    return commands


def shows(shown: str, output: str) -> bool:
    """Whether a promised line is among the lines of an output.

    Numbers may differ (they are measurements), blanks may be fewer or more, and ``...`` stands
    for any text.
    """
    pieces = []
    for piece in shown.split("..."):
        words = [NUMBER.sub("#", word) for word in piece.split()]
        pieces.append(r"\s+".join(re.escape(word) for word in words).replace(r"\#", NUMBER.pattern))
    wanted = re.compile(r"\s*" + ".*".join(pieces) + r"\s*")
    return any(wanted.fullmatch(line) for line in output.splitlines())
