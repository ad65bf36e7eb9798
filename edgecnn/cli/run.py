"""``edgecnn run``: answers about a picture, a folder, a video or the demo clip."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click

import edgecnn
from edgecnn.cli.describe import one_line
from edgecnn.cli.options import runtime_options
from edgecnn.cli.saving import Saver
from edgecnn.core.results import Result
from edgecnn.runtime.backend import Compute
from edgecnn.tasks.base import Timing
from edgecnn.tasks.options import ClassifyOptions, DetectOptions, FaceOptions
from edgecnn.video.frame import Frame
from edgecnn.video.source import Source, open_source
from edgecnn.zoo.catalogue import assets_path

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
@click.option("--score-threshold", type=click.FloatRange(0, 1), help="Least score of an object.")
@click.pass_context
def run(
    context: click.Context,
    source: str,
    models: tuple[str, ...],
    backend: str | None,
    precision: str | None,
    compute: Compute | None,
    threads: int | None,
    json_to: str | None,
    save: Path | None,
    limit: int | None,
    top_k: int | None,
    score_threshold: float | None,
) -> None:
    """Answer about SOURCE: a picture, a folder, a pattern like 'photos/*.jpg', a video, or demo.

    What cannot be read is reported and left out; the exit code is then 1.
    """
    with contextlib.ExitStack() as stack:
        frames = stack.enter_context(open_source(source, demo=assets_path() / "video/demo.mp4"))
        tasks = {
            name: stack.enter_context(
                edgecnn.load(
                    name,
                    backend=backend,
                    precision=precision,
                    compute=compute,
                    threads=threads,
                    quick_start=(limit or frames.count or FEW + 1) <= FEW,
                )
            )
            for name in models
        }
        for task in tasks.values():
            _set_options(task, top_k, score_threshold)
        sink = stack.enter_context(_json_sink(json_to))
        saver = stack.enter_context(Saver(save, frames)) if save is not None else None
        talks = json_to != "-"
        said: dict[str, str] = {}
        reported = 0
        for frame in _with_progress(frames, limit, shown=not (talks and sys.stdout.isatty())):
            reported = _report(frames, reported)
            annotated = frame.pixels
            for name, task in tasks.items():
                result = task(frame)
                if sink is not None:
                    sink.write(json.dumps(_record(frame, name, result, task.timing)) + "\n")
                if talks:
                    _say(frame, frames, name if len(tasks) > 1 else "", result, said)
                if saver is not None:
                    annotated = edgecnn.draw(annotated, result, "bgr")
            if saver is not None:
                saver.write(frame, annotated)
        if _report(frames, reported):
            context.exit(1)


def _set_options(task: Any, top_k: int | None, score_threshold: float | None) -> None:
    """Hand the options to those tasks that have them; at least the task's kind must fit."""
    if isinstance(task.options, ClassifyOptions) and top_k is not None:
        task.options = ClassifyOptions(top_k=top_k)
    if score_threshold is None:
        return
    if isinstance(task.options, DetectOptions):
        task.options = DetectOptions(score_threshold=score_threshold)
    elif isinstance(task.options, FaceOptions):
        task.options = FaceOptions(score_threshold=score_threshold)


def _report(source: Source, reported: int) -> int:
    """Say what could not be read since the last time; returns how much has been said by now."""
    for problem in source.problems[reported:]:
        click.echo(f"Left out {problem.name}: {problem.reason}", err=True)
    return len(source.problems)


@contextlib.contextmanager
def _json_sink(json_to: str | None) -> Iterator[IO[str] | None]:
    if json_to is None:
        yield None
    elif json_to == "-":
        yield sys.stdout
        sys.stdout.flush()
    else:
        with Path(json_to).open("w", encoding="utf-8") as stream:
            yield stream


def _record(frame: Frame, model: str, result: Result, timing: Timing | None) -> dict[str, Any]:
    times = {} if timing is None else {
        stage.removesuffix("_ms"): round(getattr(timing, stage), 3) for stage in timing.__slots__
    }  # fmt: skip
    return {
        "source": frame.source,
        "index": frame.index,
        "timestamp_s": round(frame.timestamp_s, 3),
        "size_wh": list(frame.size_wh),
        "model": model,
        "result": result.to_dict(),
        "timing_ms": times,
    }


def _say(frame: Frame, source: Source, model: str, result: Result, said: dict[str, str]) -> None:
    """A line about a frame; in a video only when what is seen has changed."""
    line = one_line(result)
    if source.fps is not None:
        kinds = ", ".join(sorted({word.rpartition(" ")[0] for word in line.split(", ")}))
        if said.get(model) == kinds:
            return
        said[model] = kinds
    where = frame.source if source.fps is None else f"{frame.timestamp_s:7.2f} s"
    click.echo(f"{where}{f' {model}' if model else ''}: {line}")


def _with_progress(source: Source, limit: int | None, *, shown: bool) -> Iterator[Frame]:
    """The frames, at most ``limit``, with a bar on standard error where a person watches it."""
    total = source.count
    if limit is not None:
        total = limit if total is None else min(total, limit)
    watched = shown and sys.stderr.isatty() and (total is None or total > 1)
    with contextlib.ExitStack() as stack:
        advance = stack.enter_context(_bar(total)) if watched else None
        for taken, frame in enumerate(source, start=1):
            yield frame
            if advance is not None:
                advance()
            if taken == limit:
                break


@contextlib.contextmanager
def _bar(total: int | None) -> Iterator[Any]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        job = progress.add_task("frames", total=total)
        yield lambda: progress.advance(job)
