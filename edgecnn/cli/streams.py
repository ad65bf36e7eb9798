"""From a word on the command line to frames, and from a pipeline to its answers, one by one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import click

from edgecnn.cli.first_frames import FirstFrames
from edgecnn.cli.service import Ending
from edgecnn.cli.watch import Watch
from edgecnn.errors import SourceError
from edgecnn.video.answer import Answer
from edgecnn.video.live import LiveSource
from edgecnn.video.mailbox import MailboxClosedError
from edgecnn.video.opening import SYNTHETIC, is_live_word, open_live
from edgecnn.video.pipeline import Pipeline
from edgecnn.video.played import PlayedSource
from edgecnn.video.source import Source, open_source
from edgecnn.zoo.catalogue import assets_path

_LOOK_S = 0.25
"""How long a stream may be silent before states, figures and signals are looked at again."""


def open_frames(
    stack: contextlib.ExitStack,
    word: str,
    *,
    limit: int | None,
    fps: float | None = None,
    size_wh: tuple[int, int] | None = None,
    realtime: bool = False,
    mirror: bool = False,
) -> tuple[LiveSource, Source | None]:
    """What a word means, as a source of frames; files in batch mode also as what they are.

    Raises:
        SourceError: Nothing of that name.
    """
    demo = assets_path() / "video/demo.mp4"
    is_live = is_live_word(word)
    if is_live or word == SYNTHETIC or realtime:
        # The rate of a recording is its own; --fps thins it out instead.
        rate = fps if is_live else None
        return open_live(word, size_wh=size_wh, fps=rate, mirror=mirror, demo=demo), None
    if fps is not None or size_wh is not None:
        raise click.UsageError("--fps and --size need a camera or stream, or --realtime.")
    recording = stack.enter_context(FirstFrames(open_source(word, demo=demo), limit))
    played = PlayedSource(recording.name, lambda: recording, paced=False, live=False, mirror=mirror)
    played.count, played.fps = recording.count, recording.fps
    return played, recording


def answers(
    pipeline: Pipeline, watch: Watch, ending: Ending, limit: int | None
) -> Iterator[Answer]:
    """Answers until the source, a signal or the limit ends them; meanwhile looks around."""
    taken = 0
    while not ending.asked and taken != limit:
        watch.look()
        try:
            answer = pipeline.take(_LOOK_S)
        except MailboxClosedError:
            break
        except SourceError:
            watch.look()
            if taken or not pipeline.source.problems or pipeline.source.live:
                raise
            break  # that nothing could be read was said just now, with the reason of each
        if answer is not None:
            taken += 1
            yield answer
    watch.look()
