"""``edgecnn run``: answers about a camera, a stream, a picture, a folder, a video or the demo."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import edgecnn
from edgecnn.cli.live_options import live_options
from edgecnn.cli.options import runtime_options
from edgecnn.cli.outputs import Outputs
from edgecnn.cli.records import Teller, json_sink
from edgecnn.cli.run_faces import (
    FACES,
    Sightings,
    choose_privacy,
    face_options,
    models_of_faces,
    open_access,
)
from edgecnn.cli.saving import LiveSaver, Saver, keep_source
from edgecnn.cli.service import Ending
from edgecnn.cli.streams import answers, open_frames
from edgecnn.cli.task_options import set_options
from edgecnn.cli.watch import Watch
from edgecnn.video.pipeline import Pipeline

if TYPE_CHECKING:
    from edgecnn.cli.preview import Preview
    from edgecnn.faces.access import GalleryAccess

FEW = 20
"""Up to so many pictures, the model that opens fastest beats the one that runs fastest."""


@click.command()
@click.argument("source")
@click.option(
    "--model",
    "models",
    metavar="NAME",
    required=True,
    multiple=True,
    help="Bundle by name or path; may be given several times.",
)
@runtime_options
@click.option("--json", "json_to", metavar="FILE", help="One JSON object a frame; - is stdout.")
@click.option("--save", type=click.Path(path_type=Path), help="Annotated picture, folder or .mp4.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Stop after N frames.")
@click.option("--top-k", type=click.IntRange(min=1), metavar="N", help="Classes to give.")
@click.option(
    "--score-threshold",
    type=click.FloatRange(0, 1),
    metavar="SCORE",
    help="Least score of an object.",
)
@live_options
@face_options
@click.pass_context
def run(
    context: click.Context,
    /,
    source: str,
    models: tuple[str, ...],
    json_to: str | None,
    save: Path | None,
    limit: int | None,
    fps: float | None,
    **chosen: Any,
) -> None:
    """Answer about SOURCE: a camera, a stream, a picture, a folder, a video, or demo.

    A camera is its number, its path or 'picamera'; a stream an address like rtsp://host/path;
    pictures a pattern like 'photos/*.jpg' too. Live, the newest frame is answered and those there
    is no time for are dropped; of files, every frame is answered. SIGTERM ends it in good order.

    What cannot be read is reported and left out; of files, the exit code is then 1.
    """
    # What goes wrong is said in words below; logs are for those who embed the library.
    logging.getLogger("edgecnn.video").addHandler(logging.NullHandler())
    keep_source(source, save, json_to)
    with contextlib.ExitStack() as stack:
        access = open_access(
            models, chosen["gallery"], chosen["passphrase_file"], names=chosen["names"]
        )
        ending = stack.enter_context(Ending())
        frames, recording = open_frames(
            stack,
            source,
            limit=limit,
            fps=fps,
            size_wh=chosen["size_wh"],
            realtime=chosen["realtime"],
            mirror=chosen["mirror"],
        )
        live = recording is None
        count = None if recording is None else recording.count
        quick = not live and (limit or count or FEW + 1) <= FEW
        with contextlib.ExitStack() as loaded:
            tasks = {
                name: loaded.enter_context(_load(name, quick, access, chosen)) for name in models
            }
            follow = set_options(
                tasks,
                top_k=chosen["top_k"],
                score_threshold=chosen["score_threshold"],
                follow=chosen["track"] or chosen["smooth"],
            )
            pipeline = Pipeline(
                frames,
                tasks,
                track=follow,
                smooth=chosen["smooth"],
                max_fps=fps if frames.live else None,
                own_tasks=True,
            )
            # The pipeline's from now on: it does not wait for ever for a model that hangs.
            loaded.pop_all()
        stack.callback(pipeline.stop)
        watch = Watch(pipeline, chosen["metrics_s"])
        out = Outputs(live, stack.enter_context(json_sink(json_to, flush=live)))
        out.names = chosen["names"]
        moving = recording is None or recording.fps is not None
        out.privacy = choose_privacy(chosen["privacy"], tasks, save if moving else None)
        out.hides_view = chosen["privacy"] is not None
        out.face_models = models_of_faces(tasks)
        if json_to != "-":
            out.teller = Teller(moving=moving, live=live, several=len(tasks) > 1)
        if save is not None:
            out.saver = (
                LiveSaver(save, frames, fps) if recording is None else Saver(save, recording)
            )
            stack.enter_context(out.saver)
        if chosen["serve"] is not None:
            out.preview = stack.enter_context(_preview(chosen["serve"], watch))
        if access is not None:
            out.sightings = Sightings(access)
            stack.callback(out.sightings.record)
        hidden = live or (json_to != "-" and sys.stdout.isatty())
        advance = stack.enter_context(_bar(_least(limit, count), hidden=hidden))
        stack.enter_context(pipeline)
        for answer in answers(pipeline, watch, ending, limit):
            watch.failures(answer)
            out.give(answer)
            advance()
        if (watch.left_out > 0 and not live) or (out.saver is not None and out.saver.failed):
            context.exit(1)


def _load(name: str, quick: bool, access: GalleryAccess | None, chosen: dict[str, Any]) -> Any:
    return edgecnn.load(
        name,
        gallery=access if name == FACES else None,
        backend=chosen["backend"],
        precision=chosen["precision"],
        compute=chosen["compute"],
        threads=chosen["threads"],
        quick_start=quick,
    )


@contextlib.contextmanager
def _preview(address: tuple[str, int], watch: Watch) -> Iterator[Preview]:
    from edgecnn.cli.preview import Preview  # a web server: only who asks for it

    with Preview(*address, watch.name, watch.facts) as preview:
        click.echo(f"Look at {preview.address}", err=True)
        yield preview


def _least(*counts: int | None) -> int | None:
    """The smallest of those that are known."""
    return min((count for count in counts if count is not None), default=None)


@contextlib.contextmanager
def _bar(total: int | None, *, hidden: bool) -> Iterator[Callable[[], object]]:
    """A bar on standard error where a person watches it; yields what moves it on by a frame."""
    if hidden or not sys.stderr.isatty() or total is None or total == 1:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        job = progress.add_task("frames", total=total)
        yield lambda: progress.advance(job)
