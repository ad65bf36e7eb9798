"""What the verbs of ``edgecnn faces`` share: where the gallery is, what opens it, which rate."""

from __future__ import annotations

import datetime
import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

import edgecnn
from edgecnn.bundle.schema import Manifest
from edgecnn.errors import DamagedError, GalleryError, OptionError, PassphraseError
from edgecnn.faces.backups import FOLDER, find_backups
from edgecnn.faces.envelope import read_envelope
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.impostors import find_table
from edgecnn.faces.place import default_gallery
from edgecnn.faces.policy import Rule
from edgecnn.faces.store import read_file
from edgecnn.faces.unlocking import KeyringLock, Passphrase, Secret, SystemKeyring
from edgecnn.tasks.faces import FacePipeline

F = TypeVar("F", bound=Callable[..., Any])

VARIABLE = "EDGECNN_PASSPHRASE"
OTHER_VARIABLE = "EDGECNN_OTHER_PASSPHRASE"
FEW = 20
"""Up to so many photos, the model that opens fastest beats the one that runs fastest."""
_MAX_PASSPHRASE_BYTES = 1_024


def gallery_options(function: F) -> F:
    """``--gallery``, ``--passphrase-file`` and ``--json``."""
    for option in reversed(
        (
            click.option(
                "--gallery",
                "gallery_path",
                type=click.Path(dir_okay=False, path_type=Path),
                metavar="FILE",
                help="The encrypted file; in your own data folder by default.",
            ),
            click.option(
                "--passphrase-file",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help=f"Its first line opens the gallery; else {VARIABLE}, the keyring, a prompt.",
            ),
            click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else."),
        )
    ):
        function = option(function)
    return function


def other_passphrase_option(function: F) -> F:
    """``--other-passphrase-file``: of an export, or the next one of the gallery."""
    option = click.option(
        "--other-passphrase-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help=f"Its first line is the other passphrase; else {OTHER_VARIABLE}, or a prompt.",
    )
    return option(function)


def rate_option(function: F) -> F:
    """``--one-in``: the false-match rate."""
    option = click.option(
        "--one-in",
        type=click.IntRange(min=2),
        metavar="N",
        help="At most one false match in N comparisons (100, 1000, 10000), if that is supported.",
    )
    return option(function)


def embedder_option(function: F) -> F:
    """``--embedder``: another model than the zoo's."""
    option = click.option(
        "--embedder",
        metavar="NAME",
        help="Bundle of another face embedder, by name or path; galleries bind to its space.",
    )
    return option(function)


def days_of(_: click.Context, __: click.Parameter, given: str | None) -> int | None:
    """``--expires`` as days from today: a number of days, or a date to come.

    Raises:
        click.BadParameter: It is neither, or over already.
    """
    if given is None:
        return None
    try:
        if given.isdecimal():
            days = int(given)
        else:
            days = (datetime.date.fromisoformat(given) - datetime.date.today()).days
    except ValueError as error:
        raise click.BadParameter(
            f"{given!r} is neither a number of days nor a date like 2030-12-31."
        ) from error
    if days < 1:
        raise click.BadParameter(f"{given!r} is not after today.")
    return days


def load_faces(embedder: str | None, **settings: Any) -> FacePipeline:
    """Detector and embedder in one; the zoo's, or with another embedder."""
    pipeline: FacePipeline = edgecnn.load("faces", embedder=embedder, **settings)
    return pipeline


def open_gallery(path: Path | None, passphrase_file: Path | None) -> Gallery:
    """The gallery, opened.

    Raises:
        GalleryError: Not there, not opened by what was given, or damaged.
    """
    chosen = default_gallery() if path is None else path
    try:
        gallery = Gallery.open(chosen, existing_secret(chosen, passphrase_file))
    except DamagedError as error:
        raise DamagedError(f"{error} {_way_back(chosen, path)}") from error
    except GalleryError as error:
        _check_not_lost(chosen, path, error)
        raise
    gallery.table = find_table(gallery.contents.space)
    return gallery


def _check_not_lost(gallery: Path, given: Path | None, cause: Exception | None = None) -> None:
    """Refuse to take a gallery for one that was never made.

    Raises:
        GalleryError: It is missing, but backups of it are there.
    """
    if not gallery.exists() and find_backups(gallery):
        raise GalleryError(f"There is no gallery {gallery}. {_way_back(gallery, given)}") from cause


def _way_back(gallery: Path, given: Path | None) -> str:
    """What to type when a gallery is damaged or missing."""
    backups = find_backups(gallery)
    if not backups:
        return f"No backup lies in {gallery.parent / FOLDER}; put one of yours in its place."
    words = ["edgecnn", "faces", "restore", str(backups[0].path)]
    words += [] if given is None else ["--gallery", str(given)]
    newest = f"the newest of {len(backups)} backups" if len(backups) > 1 else "its backup"
    rest = (
        " (the damaged file is kept beside it)"
        if gallery.exists()
        else f" (for a new gallery, move {gallery.parent / FOLDER} away or name another --gallery)"
    )
    return (
        f"Put {newest} ({backups[0].made:%Y-%m-%d %H:%M}) in its place: {shlex.join(words)}{rest}"
    )


def open_or_prepare(
    path: Path | None, passphrase_file: Path | None, *, keyring: bool
) -> Callable[[Manifest], Gallery]:
    """The gallery, opened now; or what makes it once there is somebody to put into it.

    Whatever is wrong with a passphrase is said before models are loaded.
    """
    chosen = default_gallery() if path is None else path
    if chosen.exists():
        gallery = open_gallery(chosen, passphrase_file)
        return lambda manifest: gallery
    _check_not_lost(chosen, path)
    secret: Secret = SystemKeyring() if keyring else new_passphrase(passphrase_file, VARIABLE)

    def create(manifest: Manifest) -> Gallery:
        spec = manifest.embedding
        table = find_table(spec.space) if spec is not None else None
        return Gallery.create(chosen, secret, manifest, table)

    return create


def existing_secret(path: Path, passphrase_file: Path | None) -> Secret:
    """What opens an existing file: the first that is given, and no other after it.

    Raises:
        PassphraseError: Nothing is given and nobody can be asked.
    """
    given = given_passphrase(passphrase_file, VARIABLE)
    if given is not None:
        return given
    if isinstance(read_file(path).header.lock, KeyringLock):
        return SystemKeyring()
    return Passphrase(_prompt("Passphrase of the gallery", VARIABLE, confirm=False))


def file_secret(path: Path, passphrase_file: Path | None) -> Passphrase:
    """The passphrase of an exported file."""
    read_envelope(path.read_bytes(), str(path))  # whoever is asked should not be asked in vain
    given = given_passphrase(passphrase_file, OTHER_VARIABLE)
    return given or Passphrase(_prompt(f"Passphrase of {path.name}", OTHER_VARIABLE, confirm=False))


def new_passphrase(passphrase_file: Path | None, variable: str) -> Passphrase:
    """A passphrase for a new file, long enough; asked for twice when somebody can be asked."""
    given = given_passphrase(passphrase_file, variable)
    chosen = given or Passphrase(
        _prompt("New passphrase (without it nothing can be read again)", variable, confirm=True)
    )
    chosen.check_strength()
    return chosen


def given_passphrase(passphrase_file: Path | None, variable: str) -> Passphrase | None:
    """From a file or the environment; None when neither is given.

    Raises:
        OptionError: The file cannot be read, or what is given is empty.
    """
    if passphrase_file is not None:
        return Passphrase(_first_line(passphrase_file))
    if variable in os.environ:
        if not os.environ[variable]:
            raise OptionError(f"{variable} is set but empty. Unset it, or give the passphrase.")
        return Passphrase(os.environ[variable])
    return None


def target_of(one_in: int | None) -> float | None:
    """``--one-in`` as a rate."""
    return None if one_in is None else 1.0 / one_in


def say_rule(rule: Rule) -> None:
    """One line on standard error about what decided."""
    click.echo(f"Decided by: {rule.words}", err=True)


def print_json(content: Any) -> None:
    """The whole answer as one JSON document."""
    click.echo(json.dumps(content, ensure_ascii=False))


def may_ask() -> bool:
    """Whether somebody sits at a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _first_line(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            line = stream.readline(_MAX_PASSPHRASE_BYTES).rstrip(b"\r\n")
        text = line.decode("utf-8")
    except OSError as error:
        raise OptionError(f"Cannot read the passphrase file {file}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise OptionError(f"The first line of {file} is not UTF-8 text.") from error
    if not text:
        raise OptionError(f"The first line of {file} is empty; it should be the passphrase.")
    return text


def _prompt(words: str, variable: str, *, confirm: bool) -> str:
    if not may_ask():
        option = "--passphrase-file" if variable == VARIABLE else "--other-passphrase-file"
        raise PassphraseError(
            f"A passphrase is needed and there is no terminal to ask at: give {option} FILE or set "
            f"{variable}."
        )
    text: str = click.prompt(words, hide_input=True, confirmation_prompt=confirm, err=True)
    return text
