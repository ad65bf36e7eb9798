"""Options of ``run`` that concern people: whose faces they are, and which must not be seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from edgecnn.tasks.detect_faces import FaceDetector
from edgecnn.tasks.faces import FacePipeline

if TYPE_CHECKING:
    from edgecnn.faces.access import GalleryAccess
    from edgecnn.tasks.privacy import PrivacyFilter
    from edgecnn.video.answer import Answer

F = TypeVar("F", bound=Callable[..., Any])

FACES = "faces"
OWN = "own"


def face_options(function: F) -> F:
    """``--gallery`` to ``--privacy``."""
    for option in reversed(
        (
            click.option(
                "--gallery",
                metavar="FILE",
                help=f"With --model {FACES}: say who is known; '{OWN}' is your own gallery.",
            ),
            click.option(
                "--passphrase-file",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="Its first line opens the gallery; else as for 'edgecnn faces'.",
            ),
            click.option(
                "--names", is_flag=True, help="Names in words, pictures and JSON, not only 'known'."
            ),
            click.option(
                "--privacy",
                type=click.Choice(["unknown", "all", "off"]),
                help="Which faces are made unrecognizable in what is saved and served. Not given: "
                "the unknown in saved videos.",
            ),
        )
    ):
        function = option(function)
    return function


def open_access(
    models: tuple[str, ...], gallery: str | None, passphrase_file: Path | None, *, names: bool
) -> GalleryAccess | None:
    """The gallery that was asked for, opened; None without one.

    Raises:
        GalleryError: It cannot be opened.
    """
    if gallery is None:
        if names or passphrase_file is not None:
            raise click.UsageError("--names and --passphrase-file belong to --gallery FILE.")
        return None
    if FACES not in models:
        raise click.UsageError(f"--gallery needs --model {FACES}: it finds and embeds faces.")
    from edgecnn.cli.faces_options import open_gallery  # only who recognizes pays for it
    from edgecnn.faces.access import GalleryAccess

    return GalleryAccess(open_gallery(None if gallery == OWN else Path(gallery), passphrase_file))


class Sightings:
    """Who was recognized while ``run`` went on: for the audit log of the gallery.

    Args:
        access: The gallery.
    """

    def __init__(self, access: GalleryAccess) -> None:
        self._gallery = access.gallery
        self._people: dict[str, None] = {}
        self._faces = 0

    def add(self, answer: Answer) -> None:
        """Note the faces of an answer."""
        from edgecnn.faces.recognition import Recognition

        for result in answer.results.values():
            if isinstance(result, Recognition):
                self._faces += len(result)
                ids = (identity.person_id for identity in result.identities)
                self._people.update(dict.fromkeys(one for one in ids if one is not None))

    def record(self) -> None:
        """Write one line into the log, however it ended."""
        if self._gallery is not None:
            self._gallery.record("identify", tuple(self._people), self._faces)


def models_of_faces(tasks: dict[str, Any]) -> frozenset[str]:
    """Names of those tasks that find faces."""
    return frozenset(
        name for name, task in tasks.items() if isinstance(task, FaceDetector | FacePipeline)
    )


def choose_privacy(
    given: str | None, tasks: dict[str, Any], video: Path | None
) -> PrivacyFilter | None:
    """What hides faces in what is saved and served; None hides nothing.

    Args:
        given: ``--privacy``; None hides the unknown in a video that is saved.
        tasks: Loaded models by name.
        video: That is saved; None saves none.
    """
    finds = bool(models_of_faces(tasks))
    if given in ("unknown", "all") and not finds:
        raise click.UsageError(
            f"--privacy {given} needs a model that finds faces: add --model "
            f"{FacePipeline.parts[0]}."
        )
    if given == "off" or not finds or (given is None and video is None):
        return None
    from edgecnn.tasks.privacy import PrivacyFilter

    if given is None:
        click.echo(
            f"Unknown faces are made unrecognizable in {video} (--privacy off shows them).",
            err=True,
        )
    return PrivacyFilter("all" if given == "all" else "unknown")
