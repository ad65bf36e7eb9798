"""``edgecnn faces enrol`` and ``enrol-folder``: people into the gallery."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgecnn.cli.faces_options import (
    FEW,
    days_of,
    embedder_option,
    gallery_options,
    load_faces,
    may_ask,
    open_or_prepare,
    print_json,
)
from edgecnn.cli.options import runtime_options
from edgecnn.cli.progress import progress_bar
from edgecnn.core.image import read_image
from edgecnn.errors import GalleryError, SourceError
from edgecnn.faces.enrolment import only_face
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.outcomes import Enrolled, NewFace
from edgecnn.tasks.faces import FacePipeline
from edgecnn.video.files import IMAGE_SUFFIXES
from edgecnn.wording import counted


def _enrolment_options(function: Any) -> Any:
    for option in reversed(
        (
            click.option("--consent", metavar="TEXT", help="Who agreed and how; kept encrypted."),
            click.option("--purpose", metavar="TEXT", help="What for; kept encrypted."),
            click.option(
                "--expires",
                callback=days_of,
                metavar="DAYS|DATE",
                help="From then on (30, or 2030-12-31) the person is not recognized any more.",
            ),
            click.option(
                "--keep-photos",
                is_flag=True,
                help="Keep the face of each photo, encrypted, to enrol it with another model.",
            ),
            click.option(
                "--keyring",
                is_flag=True,
                help="A new gallery: have the system keyring open it, not a passphrase.",
            ),
        )
    ):
        function = option(function)
    return function


@click.command()
@click.argument("name")
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...", type=click.Path())
@_enrolment_options
@embedder_option
@gallery_options
@runtime_options
@click.pass_context
def enrol(
    context: click.Context,
    /,
    name: str,
    photos: tuple[str, ...],
    consent: str | None,
    purpose: str | None,
    expires: int | None,
    keep_photos: bool,
    keyring: bool,
    embedder: str | None,
    gallery_path: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
    **settings: Any,
) -> None:
    """Enrol the person called NAME from photos that show nobody else.

    A photo that is not good enough is refused with the reason; the exit code is then 1. Photos of
    somebody enrolled already are added.
    """
    gallery_for = open_or_prepare(gallery_path, passphrase_file, keyring=keyring)
    with load_faces(embedder, quick_start=True, **settings) as pipeline:
        good, refused = _read(pipeline, photos, keep_photos)
        manifest = pipeline.embedder.bundle.manifest
    _say_refused(refused)
    if not good:
        raise GalleryError(f"No photo of {len(photos)} can be used; nobody was enrolled.")
    if consent is None and may_ask():
        question = "Who agreed and how (empty: not stated)"
        consent = click.prompt(question, default="", show_default=False, err=True)
    outcome = gallery_for(manifest).enrol(
        name, good, consent=consent or None, purpose=purpose, expires_in_days=expires
    )
    if as_json:
        print_json({**_plain(outcome), "refused": refused})
    else:
        click.echo(
            f"Enrolled {outcome.name}: {outcome.added} new, "
            f"{counted(outcome.templates, 'template')} in all."
        )
        _warn(outcome)
    if refused:
        context.exit(1)


@click.command("enrol-folder")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@_enrolment_options
@embedder_option
@gallery_options
@runtime_options
@click.pass_context
def enrol_folder(
    context: click.Context,
    /,
    folder: Path,
    consent: str | None,
    purpose: str | None,
    expires: int | None,
    keep_photos: bool,
    keyring: bool,
    embedder: str | None,
    gallery_path: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
    **settings: Any,
) -> None:
    """Enrol everybody from FOLDER, which has one folder a person, named as the person."""
    people = {
        entry.name: [
            str(file)
            for file in sorted(entry.iterdir())
            if file.suffix.lower() in IMAGE_SUFFIXES and not file.name.startswith(".")
        ]
        for entry in sorted(folder.iterdir())
        if entry.is_dir() and not entry.name.startswith(".")
    }
    if not people:
        raise GalleryError(f"{folder} has no folders: put the photos of each person into one.")
    gallery_for = open_or_prepare(gallery_path, passphrase_file, keyring=keyring)
    refused: list[dict[str, str]] = []
    outcomes: list[Enrolled] = []
    few = sum(map(len, people.values())) <= FEW
    with load_faces(embedder, quick_start=few, **settings) as pipeline, progress_bar() as progress:
        manifest = pipeline.embedder.bundle.manifest
        gallery: Gallery | None = None
        for number, (name, photos) in enumerate(people.items()):
            progress("enrolling", number / len(people))
            good, bad = _read(pipeline, tuple(photos), keep_photos)
            refused += bad
            if not good:
                refused.append({"photo": str(folder / name), "reason": "no photo can be used"})
                continue
            if gallery is None:
                gallery = gallery_for(manifest)
            outcomes.append(
                gallery.enrol(name, good, consent=consent, purpose=purpose, expires_in_days=expires)
            )
    _say_refused(refused)
    if as_json:
        print_json({"enrolled": [_plain(outcome) for outcome in outcomes], "refused": refused})
    else:
        for outcome in outcomes:
            _warn(outcome)
        added = sum(outcome.added for outcome in outcomes)
        click.echo(f"Enrolled {len(outcomes)} of {len(people)} people with {added} photos.")
    if refused:
        context.exit(1)


def _read(
    pipeline: FacePipeline, photos: tuple[str, ...], keep_photos: bool
) -> tuple[list[NewFace], list[dict[str, str]]]:
    """Faces that can be enrolled, and which photos cannot be used, and why."""
    good: list[NewFace] = []
    refused: list[dict[str, str]] = []
    for photo in photos:
        try:
            pixels = read_image(photo)
            faces = pipeline(pixels, "bgr")
            face, _ = only_face(
                pixels, faces, "bgr", keep_photo=keep_photos, confirm=pipeline.confirm
            )
            good.append(face)
        except (GalleryError, SourceError) as error:
            refused.append({"photo": photo, "reason": str(error)})
    return good, refused


def _say_refused(refused: list[dict[str, str]]) -> None:
    for item in refused:
        click.echo(f"Refused {item['photo']}: {item['reason']}", err=True)


def _warn(outcome: Enrolled) -> None:
    for name, distance in outcome.resembles:
        click.echo(
            f"Warning: {outcome.name} looks like {name} (distance {distance:.3f}). If they are one "
            "person: edgecnn faces merge",
            err=True,
        )
    for position in outcome.unlike:
        click.echo(
            f"Warning: new photo {position + 1} of {outcome.name} does not look like the others. "
            "Is it the same person?",
            err=True,
        )


def _plain(outcome: Enrolled) -> dict[str, Any]:
    return {
        "name": outcome.name,
        "added": outcome.added,
        "templates": outcome.templates,
        "resembles": [
            {"name": name, "distance": round(distance, 4)} for name, distance in outcome.resembles
        ],
        "unlike": list(outcome.unlike),
    }
