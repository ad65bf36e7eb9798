"""``edgecnn faces identify``: whose face it is, or nobody's that is known."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from pathlib import Path
from typing import Any, cast

import click
import numpy as np

import edgecnn
from edgecnn.cli.describe import one_line
from edgecnn.cli.faces_options import (
    FEW,
    embedder_option,
    gallery_options,
    open_gallery,
    print_json,
    rate_option,
    say_rule,
    target_of,
)
from edgecnn.cli.options import runtime_options
from edgecnn.cli.run_faces import Sightings
from edgecnn.cli.service import Ending
from edgecnn.cli.streams import answers, open_frames
from edgecnn.cli.watch import Watch
from edgecnn.faces.access import GalleryAccess
from edgecnn.faces.recognition import Recognition, RecognizedFace
from edgecnn.video.answer import Answer
from edgecnn.video.pipeline import Pipeline


@click.command()
@click.argument("source")
@rate_option
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Stop after N frames.")
@embedder_option
@gallery_options
@runtime_options
@click.pass_context
def identify(
    context: click.Context,
    /,
    source: str,
    one_in: int | None,
    limit: int | None,
    embedder: str | None,
    gallery_path: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
    **settings: Any,
) -> None:
    """Say for each face in SOURCE who it is, or unknown.

    SOURCE is a photo, folder, pattern, video, camera, stream or demo.

    Low quality does not stop it; --json gives the numbers: one document, live one object a line.
    In a video faces are followed, and a name is shown after several good frames agree. What cannot
    be read is left out; the exit code is then 1.
    """
    # What goes wrong is said in words below; logs are for those who embed the library.
    logging.getLogger("edgecnn.video").addHandler(logging.NullHandler())
    access = GalleryAccess(open_gallery(gallery_path, passphrase_file), target_of(one_in))
    pictures: list[dict[str, Any]] = []
    with contextlib.ExitStack() as stack:
        ending = stack.enter_context(Ending())
        frames, recording = open_frames(stack, source, limit=limit)
        count = None if recording is None else recording.count
        few = recording is not None and (limit or count or FEW + 1) <= FEW
        recognize = edgecnn.load(
            "faces", gallery=access, embedder=embedder, quick_start=few, **settings
        )
        pipeline = Pipeline(frames, recognize, own_tasks=True)
        stack.callback(pipeline.stop)
        watch = Watch(pipeline, None)
        # What was seen goes into the audit log, however this ends.
        sightings = Sightings(access)
        stack.callback(sightings.record)
        stack.enter_context(pipeline)
        said = ""
        for answer in answers(pipeline, watch, ending, limit):
            watch.failures(answer)
            sightings.add(answer)
            if not answer.results:
                continue
            if not as_json:
                said = _say(answer, said, live=recording is None)
            elif recording is None:
                click.echo(json.dumps(_plain(answer), ensure_ascii=False))
            else:
                pictures.append(_plain(answer))
        problems = [{"name": one.name, "reason": one.reason} for one in frames.problems]
        problems += [{"name": one.name, "reason": one.reason} for one in pipeline.problems]
    _conclude(access, pictures, problems, as_json and recording is not None)
    if problems and recording is not None:
        context.exit(1)


def _conclude(
    access: GalleryAccess,
    pictures: list[dict[str, Any]],
    problems: list[dict[str, str]],
    document: bool,
) -> None:
    """The document of a file, or by what was decided."""
    gallery = access.gallery
    if gallery is None:
        return
    rule = gallery.rule(access.target)
    if not document:
        say_rule(rule)
        return
    strangers = gallery.strangers_let_in(rule)
    print_json(
        {
            "rule": rule.to_dict(),
            "stranger_matches_somebody": None if strangers is None else round(strangers, 6),
            "pictures": pictures,
            "left_out": problems,
        }
    )


def _plain(answer: Answer) -> dict[str, Any]:
    frame, result = answer.frame, cast("Recognition", answer.result)
    return {
        "source": frame.source,
        "index": frame.index,
        "timestamp_s": round(frame.timestamp_s, 3),
        "size_wh": list(frame.size_wh),
        **result.to_dict(names=True),
    }


def _say(answer: Answer, said: str, *, live: bool) -> str:
    """A line about a photo; about a frame of a video only when what is shown has changed."""
    frame, result = answer.frame, cast("Recognition", answer.result)
    if frame.still:
        click.echo(f"{frame.source}: {'; '.join(map(_words, result)) or 'no face'}")
        return said
    words = one_line(result) if len(result) else "no face"
    if words != said:
        when = time.strftime("%H:%M:%S") if live else f"{frame.timestamp_s:7.2f} s"
        click.echo(f"{when}: {words}")
    return words


def _words(face: RecognizedFace) -> str:
    if face.name is None:
        near = f", nearest {face.distance:.3f}" if np.isfinite(face.distance) else ""
        return f"unknown{near}"
    margin = f", margin {face.margin:.3f}" if np.isfinite(face.margin) else ""
    rival = None if face.identity is None else face.identity.rival
    also = f", but {rival} as well" if rival else ""
    return f"{face.name} (distance {face.distance:.3f}{margin}{also})"
