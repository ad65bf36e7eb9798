"""``edgecnn faces verify``: whether two photos show one person, or one shows who it is said to."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from edgecnn.cli.faces_options import (
    VARIABLE,
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
from edgecnn.cli.options import runtime_options
from edgecnn.core.image import read_image
from edgecnn.core.results import Embedding
from edgecnn.errors import GalleryError
from edgecnn.faces.impostors import find_table
from edgecnn.faces.place import default_gallery
from edgecnn.faces.policy import Rule, rule_for
from edgecnn.faces.store import read_file
from edgecnn.faces.unlocking import KeyringLock


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
    if b is not None and not Path(a).is_file() and Path(b).is_file():
        raise click.UsageError(
            f"{a!r} is no photo. To compare with an enrolled person: edgecnn faces verify {b} "
            f"--as {shlex.quote(a)}"
        )
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
    given = given_passphrase(passphrase_file, VARIABLE) is not None
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
