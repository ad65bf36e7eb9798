"""Command lines for conversion and optimization, and what came of them, in words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgecnn.errors import OptionError
from edgecnn.zoo.catalogue import user_folder
from gui.models.child import Progress
from gui.models.foreign import check_name

CONVERT_TASKS = ("classify", "detect", "detect_faces", "segment", "embed")
NEED_DESCRIPTION = ("detect", "detect_faces")
"""Tasks for which there is no plain decoder."""
PRECISIONS = ("float32", "float16", "int8")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertWish:
    """What the form of a conversion holds; empty texts are left out.

    Attributes:
        model: The network's file.
        name: Of the new model.
        task: Name of `edgecnn.registry.TASKS`.
        labels: File with the name of a class on each line.
        calibration: Folder of pictures, which int8 needs.
        validation: Folder of class folders, for the accuracy.
        precisions: Of `PRECISIONS`.
        describe: JSON file with input, decoder and outputs, which detection needs.
        licence, title, source, training_data, limits: What the bundle says of itself to people.
    """

    model: str
    name: str
    task: str = "classify"
    labels: str = ""
    calibration: str = ""
    validation: str = ""
    precisions: tuple[str, ...] = PRECISIONS
    describe: str = ""
    licence: str = ""
    title: str = ""
    source: str = ""
    training_data: str = ""
    limits: str = ""

    def arguments(self) -> list[str]:
        """For `edgecnn`.

        Raises:
            BundleError: The name cannot be used.
            OptionError: Something is missing.
        """
        if not self.precisions:
            raise OptionError("Choose at least one precision.")
        if not self.calibration and not self.validation:
            raise OptionError(
                "Choose a folder of pictures: conversion is proven on them, and int8 needs them."
            )
        if self.task in NEED_DESCRIPTION and not self.describe:
            raise OptionError(
                "Choose a description: how the outputs of a network for detection become boxes "
                "cannot be read off it. docs/convert.md says what the file holds."
            )
        out = user_folder() / check_name(self.name)
        given = ["convert", self.model, str(out), "--task", self.task, "--json"]
        for name in ("labels", "calibration", "validation", "describe"):
            if getattr(self, name):
                given += [f"--{name}", getattr(self, name)]
        for name in ("licence", "title", "source", "training_data", "limits"):
            if getattr(self, name):
                given += [f"--{name.replace('_', '-')}", getattr(self, name)]
        for precision in self.precisions:
            given += ["--precision", precision]
        return given


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizeWish:
    """What the form of an optimization holds.

    Attributes:
        model: Name of the bundle.
        name: Of the new model, which has the winner first.
        data: Folder of pictures.
        max_drop: What accuracy may lose, as a share; 0.01 is a point.
        pictures: At most so many.
    """

    model: str
    name: str
    data: str = ""
    max_drop: float = 0.01
    pictures: int = 100

    def arguments(self) -> list[str]:
        """For `edgecnn`.

        Raises:
            BundleError: The name cannot be used.
            OptionError: Something is missing.
        """
        if not self.data:
            raise OptionError("Choose a folder of pictures: accuracy is measured on them.")
        out = user_folder() / check_name(self.name)
        return [
            *("optimize", self.model, "--data", self.data, "--out", str(out), "--json"),
            *("--max-drop", str(self.max_drop), "--pictures", str(self.pictures)),
        ]


def report_of(verb: str, name: str, progress: Progress) -> str:
    """The report of finished work as Markdown; empty where there is none.

    Args:
        verb: ``convert`` or ``optimize``.
        name: Of the new model.
        progress: Of the process that ended.
    """
    if verb == "optimize":
        return _search_report(progress.output)
    folder = user_folder()
    for file in (folder / name / "report.md", folder / f"{name}-report" / "report.md"):
        if file.is_file() and (progress.code == 0) == (file.parent.name == name):
            return file.read_text("utf-8")
    return ""


def _search_report(output: str) -> str:
    """What `edgecnn optimize --json` printed, as a table."""
    try:
        found: dict[str, Any] = json.loads(output)
        rows = [_row(one) for one in found["candidates"]]
    except (ValueError, KeyError, TypeError):
        return ""
    title = f"**{_plain(found['reason'])}**"
    about = f"{_plain(found['accuracy_name'])} on {found['used']} of {_plain(found['data'])}"
    header = ("file", "backend", "threads", "ms", "MB", "accuracy", "why not")
    lines = [title, "", about, "", _line(header), _line(["---"] * len(header))]
    return "\n".join([*lines, *(_line(row) for row in rows)]) + "\n"


def _row(one: dict[str, Any]) -> list[str]:
    return [
        _plain(one["file"]),
        _plain(one["backend"]),
        str(one["threads"]),
        f"{one['latency_ms']:.3g}",
        f"{one['bytes'] / 1e6:.3g}",
        f"{100 * one['accuracy']:.1f} %",
        _plain("; ".join(one["excluded"])),
    ]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _plain(text: str) -> str:
    """Without what Markdown would take for its own."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#" else letter for letter in text)
