"""``edgecnn faces identify`` and ``verify``: who it is, and whether two are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from edgecnn.cli.faces_options import (
    FEW,
    default_gallery,
    embedder_option,
    gallery_options,
    given_passphrase,
    load_faces,
    open_gallery,
    print_json,
    rate_option,
    say_rule,
    target_of,
)
from edgecnn.cli.faces_options import VARIABLE as PASSPHRASE_VARIABLE
from edgecnn.cli.options import runtime_options
from edgecnn.core.image import read_image
from edgecnn.core.results import Embedding
from edgecnn.errors import GalleryError
from edgecnn.faces.enrolment import assess
from edgecnn.faces.impostors import find_table
from edgecnn.faces.outcomes import Identity
from edgecnn.faces.policy import Rule, rule_for
from edgecnn.faces.store import read_file
from edgecnn.faces.unlocking import KeyringLock
from edgecnn.video.frame import Frame
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

    Low quality does not stop it; --json gives the numbers. What cannot be read is left out; the
    exit code is then 1.
    """
    gallery = open_gallery(gallery_path, passphrase_file)
    rule = gallery.rule(target_of(one_in))
    pictures: list[dict[str, Any]] = []
    seen: dict[str, None] = {}
    count = 0
    with (
        open_source(source, demo=assets_path() / "video/demo.mp4") as frames,
        load_faces(
            embedder, quick_start=(limit or frames.count or FEW + 1) <= FEW, **settings
        ) as find,
    ):
        said = ""
        for number, frame in enumerate(frames, start=1):
            faces = find(frame)
            found = gallery.match(faces.embeddings or (), rule)
            seen.update(dict.fromkeys(item.person_id for item in found if item.person_id))
            count += len(found)
            if as_json:
                pictures.append(_plain(frame, faces, found))
            else:
                lines = _lines(found)
                names = ", ".join(sorted(item.name or "unknown" for item in found))
                if frames.fps is None or names != said:
                    where = frame.source if frames.fps is None else f"{frame.timestamp_s:7.2f} s"
                    click.echo(f"{where}: {lines}")
                said = names
            if number == limit:
                break
        problems = [{"name": item.name, "reason": item.reason} for item in frames.problems]
    gallery.record("identify", tuple(seen), count)
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


@click.command()
@click.argument("a", metavar="PHOTO")
@click.argument("b", metavar="[PHOTO]", required=False)
@click.option("--as", "name", metavar="NAME", help="Compare with an enrolled person instead.")
@rate_option
@embedder_option
@gallery_options
@runtime_options
def verify(
    a: str,
    b: str | None,
    name: str | None,
    one_in: int | None,
    embedder: str | None,
    gallery_path: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
    **settings: Any,
) -> None:
    """Say whether two photos show the same person, or whether one shows an enrolled person.

    The calibration of a gallery is used when it can be opened without asking.
    """
    if (b is None) == (name is None):
        raise click.UsageError("Give two photos, or one photo and --as NAME.")
    target = target_of(one_in)
    with load_faces(embedder, quick_start=True, **settings) as pipeline:
        first = _embedding(pipeline, a)
        second = _embedding(pipeline, b) if b is not None else None
    if second is None:
        gallery = open_gallery(gallery_path, passphrase_file)
        rule = gallery.rule(target)
        same, distance = gallery.verify(name or "", first, rule)
    else:
        rule = _rule_without_asking(first.space, target, gallery_path, passphrase_file)
        distance = first.distance(second)
        same = distance < rule.threshold
    if as_json:
        print_json({"same": same, "distance": round(distance, 4), "rule": rule.to_dict()})
        return
    answer = "the same person" if same else "not the same person"
    click.echo(f"{answer} (distance {distance:.3f}, threshold {rule.threshold:.3f})")
    say_rule(rule)


def _rule_without_asking(
    space: str, target: float | None, gallery_path: Path | None, passphrase_file: Path | None
) -> Rule:
    path = gallery_path if gallery_path is not None else default_gallery()
    given = given_passphrase(passphrase_file, PASSPHRASE_VARIABLE) is not None
    if path.exists():
        by_keyring = isinstance(read_file(path).header.lock, KeyringLock)
        if given or by_keyring:
            gallery = open_gallery(path, passphrase_file)
            if gallery.contents.space == space:
                return gallery.rule(target)
    return rule_for(space, find_table(space), None, target)


def _embedding(pipeline: Any, photo: str) -> Embedding:
    pixels = read_image(photo)
    faces = pipeline(pixels, "bgr")
    if len(faces) != 1:
        what = "no face" if not len(faces) else f"{len(faces)} faces"
        raise GalleryError(f"{photo}: {what} found; comparing takes a photo of one person.")
    embedding: Embedding = faces.embeddings[0]
    return embedding


def _lines(found: list[Identity]) -> str:
    if not found:
        return "no face"
    parts = []
    for item in found:
        if item.name is None:
            near = f", nearest {item.distance:.3f}" if np.isfinite(item.distance) else ""
            parts.append(f"unknown{near}")
            continue
        margin = f", margin {item.margin:.3f}" if np.isfinite(item.margin) else ""
        rival = f", but {item.rival} as well" if item.rival else ""
        parts.append(f"{item.name} (distance {item.distance:.3f}{margin}{rival})")
    return "; ".join(parts)


def _plain(frame: Frame, faces: Any, found: list[Identity]) -> dict[str, Any]:
    return {
        "source": frame.source,
        "index": frame.index,
        "timestamp_s": round(frame.timestamp_s, 3),
        "size_wh": list(frame.size_wh),
        "faces": [
            {
                **identity.to_dict(),
                "box_xyxy": np.round(face.box_xyxy.astype(float), 2).tolist(),
                "score": round(face.score, 4),
                "quality": quality.to_dict(),
            }
            for identity, face, quality in zip(
                found, faces, assess(frame.pixels, faces, frame.color), strict=True
            )
        ],
    }
