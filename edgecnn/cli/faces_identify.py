"""``edgecnn faces identify``: whose face it is, or nobody's that is known."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import click

from edgecnn.cli.faces_looking import Looker, Seen
from edgecnn.cli.faces_options import (
    FEW,
    embedder_option,
    gallery_options,
    load_faces,
    open_gallery,
    print_json,
    rate_option,
    say_rule,
    target_of,
)
from edgecnn.cli.options import runtime_options
from edgecnn.video.source import open_source
from edgecnn.zoo.catalogue import assets_path


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
    """Say for each face in SOURCE (photo, folder, pattern, video, demo) who it is, or unknown.

    Low quality does not stop it; --json gives the numbers. In a video faces are followed, and a
    name is shown after several good frames agree. What cannot be read is left out; the exit code is
    then 1.
    """
    gallery = open_gallery(gallery_path, passphrase_file)
    rule = gallery.rule(target_of(one_in))
    pictures: list[dict[str, Any]] = []
    people: dict[str, None] = {}
    count = 0
    with contextlib.ExitStack() as stack:
        frames = stack.enter_context(open_source(source, demo=assets_path() / "video/demo.mp4"))
        few = (limit or frames.count or FEW + 1) <= FEW
        find = stack.enter_context(load_faces(embedder, quick_start=few, **settings))
        look = Looker(gallery, rule, video=frames.fps is not None)
        # What was seen goes into the audit log, however this ends.
        stack.callback(lambda: gallery.record("identify", tuple(people), count))
        said = ""
        for number, frame in enumerate(frames, start=1):
            seen = look(frame, find(frame))
            people.update(dict.fromkeys(i.person_id for i in seen.identities if i.person_id))
            count += len(seen.identities)
            if as_json:
                pictures.append(seen.to_dict())
            else:
                said = _say(seen, said)
            if number == limit:
                break
        problems = [{"name": item.name, "reason": item.reason} for item in frames.problems]
    for problem in problems:
        click.echo(f"Left out {problem['name']}: {problem['reason']}", err=True)
    if as_json:
        strangers = gallery.strangers_let_in(rule)
        print_json(
            {
                "rule": rule.to_dict(),
                "stranger_matches_somebody": None if strangers is None else round(strangers, 6),
                "pictures": pictures,
                "left_out": problems,
            }
        )
    else:
        say_rule(rule)
    if problems:
        context.exit(1)


def _say(seen: Seen, said: str) -> str:
    """A line about a photo; about a frame of a video only when what is shown has changed."""
    if seen.verdicts is None:
        click.echo(f"{seen.frame.source}: {seen.words}")
        return said
    if seen.words != said:
        click.echo(f"{seen.frame.timestamp_s:7.2f} s: {seen.words}")
    return seen.words
