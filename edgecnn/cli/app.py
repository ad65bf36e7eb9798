"""``edgecnn app``: the window, or where none can be seen, the tasks at work on the demo clip.

Without a display it prints what was found and how fast, and writes a contact sheet. The last line
on standard output is then ``picture: PATH``.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np

import edgecnn
from edgecnn.cli import desktop_entry
from edgecnn.cli.contact_sheet import Column, contact_sheet
from edgecnn.cli.describe import names_found
from edgecnn.cli.output import print_table
from edgecnn.core.image import Pixels
from edgecnn.errors import EdgeCNNError, MissingExtraError, SourceError
from edgecnn.optional import require
from edgecnn.runtime.machine import this_machine
from edgecnn.tasks.options import ClassifyOptions
from edgecnn.video.frame import Frame
from edgecnn.video.source import DEMO, open_source
from edgecnn.video.writer import write_image
from edgecnn.wording import counted
from edgecnn.zoo.catalogue import assets_path

MODELS = {
    "Classify": "classify_efficientnet_lite0",
    "Detect": "detect_nanodet",
    "Faces": "face_detect_blazeface_full",
}
SHEET_ROWS = 5
_DISPLAY_S = 2.0


@dataclass
class _Seen:
    """What one task said over the clip."""

    found: Counter[str] = field(default_factory=Counter)
    total_ms: list[float] = field(default_factory=list)
    pictures: list[Pixels] = field(default_factory=list)

    def take(self, frame: Frame, task: Any, *, keep: bool) -> None:
        """Answer about a frame, count what was found, keep the annotated picture if asked."""
        result = task(frame)
        self.found.update(set(names_found(result)))
        self.total_ms.append(task.timing.total_ms)
        if keep:
            self.pictures.append(edgecnn.draw(frame, result, "bgr"))


@click.command()
@click.option("--source", default=DEMO, show_default=True, help="A video, picture or folder.")
@click.option(
    "--picture",
    type=click.Path(path_type=Path),
    default=Path("out/edgecnn.png"),
    show_default=True,
    help="Where the contact sheet goes.",
)
@click.option(
    "--screenshot",
    type=click.Path(path_type=Path),
    help="Save a picture of the window and quit; needs no display.",
)
@click.option(
    "--after",
    type=click.FloatRange(0, 3600),
    default=3.0,
    show_default=True,
    metavar="SECONDS",
    help="When --screenshot is taken.",
)
@click.option(
    "--install-desktop-entry",
    "entry",
    flag_value="install",
    help="Put edgecnn into the menu of your desktop, and open nothing.",
)
@click.option(
    "--remove-desktop-entry", "entry", flag_value="remove", help="Take it out of there again."
)
@click.pass_context
def app(
    context: click.Context,
    source: str,
    picture: Path,
    screenshot: Path | None,
    after: float,
    entry: str | None,
) -> None:
    """Open the window: classification, detection, faces and people, live.

    Without a display, or with --picture, shows the tasks at work on the demo clip or another
    source instead: prints what was found and writes a sheet of annotated pictures. What cannot be
    read is reported and left out; the exit code is then 1. Nothing leaves the machine.
    """
    if entry is not None:
        _change_entry(entry)
        return
    given = {name for name in ("source", "picture") if _is_given(context, name)}
    if screenshot is not None or (_has_display() and "picture" not in given):
        if screenshot is not None and not _has_display():
            os.environ["QT_QPA_PLATFORM"] = "offscreen"
        if screenshot is not None or importlib.util.find_spec("PySide6") is not None:
            window = _window()
            word = source if "source" in given else None
            code: int = window.run(word, screenshot=screenshot, after_s=after)
            if screenshot is not None:
                click.echo(f"picture: {screenshot}")
            context.exit(code)
        click.echo("For the window, type: pip install 'edgecnn[gui]'", err=True)
    _show_tasks(context, source, picture)


def _window() -> Any:
    """The module that opens the window.

    Raises:
        EdgeCNNError: The extra is not installed, or a library of the system is missing.
    """
    try:
        return require("gui.app", extra="gui")
    except MissingExtraError:
        raise
    except ImportError as error:
        raise EdgeCNNError(
            f"The window needs a system library that is missing ({error}). On Debian and Ubuntu "
            "type: sudo apt-get install libegl1 libgl1 libglib2.0-0 libfontconfig1 libdbus-1-3 "
            "libxkbcommon0"
        ) from error


def _change_entry(what: str) -> None:
    """Put the app into the desktop's menu, or take it out."""
    if what == "install":
        for file in desktop_entry.install():
            click.echo(f"wrote {file}")
        click.echo("To undo this, type: edgecnn app --remove-desktop-entry")
        return
    gone = desktop_entry.remove()
    for file in gone:
        click.echo(f"removed {file}")
    if not gone:
        click.echo("There was no desktop entry of edgecnn.")


def _is_given(context: click.Context, name: str) -> bool:
    """Whether an option stands on the command line."""
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _has_display() -> bool:
    """Whether a window could be seen: a screen, and no platform that draws into memory."""
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    if platform.partition(":")[0] in ("offscreen", "minimal"):
        return False
    if sys.platform in ("darwin", "win32"):
        return True
    wayland, x11 = os.environ.get("WAYLAND_DISPLAY"), os.environ.get("DISPLAY")
    if wayland:
        return (Path(os.environ.get("XDG_RUNTIME_DIR", "/run")) / wayland).exists()
    return bool(x11) and _answers(str(x11))


def _answers(display: str) -> bool:
    """Whether an X server listens: Qt aborts the process when a display is named and none does."""
    host, _, rest = display.rpartition(":")
    number = rest.partition(".")[0]
    if not number.isdecimal():
        return False
    try:
        if host in ("", "unix"):
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(_DISPLAY_S)
                line.connect(f"/tmp/.X11-unix/X{number}")
        else:
            with socket.create_connection((host, 6000 + int(number)), timeout=_DISPLAY_S):
                pass
    except OSError:
        return False
    return True


def _show_tasks(context: click.Context, source: str, picture: Path) -> None:
    """The tasks at work, without a window."""
    with contextlib.ExitStack() as stack:
        frames = stack.enter_context(open_source(source, demo=assets_path() / "video/demo.mp4"))
        tasks = {title: stack.enter_context(edgecnn.load(name)) for title, name in MODELS.items()}
        tasks["Classify"].options = ClassifyOptions(top_k=3)
        seen = {title: _Seen() for title in tasks}
        due = _rows_to_show(frames.count)
        count = 0
        for frame in frames:
            # The frame that was meant for a row may be unreadable: the next one takes its place,
            # and the first is kept in case that no other comes.
            keep = count == 0 or (bool(due) and frame.index >= due[0])
            due = [index for index in due if index > frame.index]
            for title, task in tasks.items():
                seen[title].take(frame, task, keep=keep)
            count += 1
        for problem in frames.problems:
            click.echo(f"Left out: {problem}", err=True)
        if count == 0:
            raise SourceError(f"Nothing in {frames.name} could be read.")
        infos = {title: task.info for title, task in tasks.items()}
    print_table(
        f"{counted(count, 'frame')} of {frames.name} on {this_machine().cpu}",
        ["task", "model", "runs as", "median ms", "found, in frames"],
        [
            [
                title,
                infos[title].name,
                f"{infos[title].precision} on {infos[title].backend}",
                f"{np.median(seen[title].total_ms):.1f}",
                _counts(seen[title].found),
            ]
            for title in tasks
        ],
    )
    for title, info in infos.items():
        click.echo(f"{title}: {info.precision} on {info.backend}, because: {info.reason}")
    columns = [
        Column(
            title,
            f"{info.title}, {info.precision} on {info.backend}",
            seen[title].pictures[-SHEET_ROWS:],
        )
        for title, info in infos.items()
    ]
    detail = f"{this_machine().cpu}, all on this machine"
    write_image(picture, contact_sheet(f"edgecnn {edgecnn.__version__}", detail, columns))
    click.echo(f"picture: {picture}")
    if frames.problems:
        context.exit(1)


def _rows_to_show(count: int | None) -> list[int]:
    """Indices of the frames in the sheet: the middles of equal parts of the source."""
    if count is None:
        return [0]
    rows = min(SHEET_ROWS, count)
    return [int((row + 0.5) * count / rows) for row in range(rows)]


def _counts(found: Counter[str]) -> str:
    """The most frequent names, each with the number of frames it was seen in."""
    most = ", ".join(f"{name} {count}" for name, count in found.most_common(6))
    return most or "nothing"
