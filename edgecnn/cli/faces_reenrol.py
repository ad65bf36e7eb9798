"""``edgecnn faces re-enrol``: another embedder, from the photographs that were kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np

from edgecnn.cli.faces_options import (
    FEW,
    embedder_option,
    gallery_options,
    load_faces,
    open_gallery,
    print_json,
)
from edgecnn.cli.options import runtime_options
from edgecnn.core.results import Embedding
from edgecnn.faces.impostors import find_table
from edgecnn.faces.reenrol import re_enrol


@click.command("re-enrol")
@click.option("--yes", is_flag=True, help="Let people go who have no usable photograph.")
@embedder_option
@gallery_options
@runtime_options
def re_enrol_command(
    yes: bool,
    embedder: str | None,
    gallery_path: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
    **settings: Any,
) -> None:
    """Make all templates anew with another embedder, from photos kept with --keep-photos."""
    gallery = open_gallery(gallery_path, passphrase_file)
    photos = sum(t.photo is not None for person in gallery.people for t in person.templates)
    with load_faces(embedder, quick_start=photos <= FEW, **settings) as pipeline:

        def embed(photo: bytes) -> Embedding | None:
            pixels = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
            if pixels is None:
                return None
            faces = pipeline(np.asarray(pixels, np.uint8), "bgr")
            return faces.embeddings[0] if faces.embeddings else None

        manifest = pipeline.embedder.bundle.manifest
        outcome = re_enrol(gallery, manifest, embed, drop=yes)
    gallery.table = find_table(gallery.contents.space)
    if as_json:
        print_json(
            {
                "embedding_space": gallery.contents.space,
                "templates": outcome.templates,
                "dropped": outcome.dropped,
                "lost": list(outcome.lost),
            }
        )
        return
    click.echo(
        f"{outcome.templates} templates of {gallery.contents.space!r} now; {outcome.dropped} had "
        "no usable photo."
    )
    for name in outcome.lost:
        click.echo(f"Not enrolled any more: {name}", err=True)
