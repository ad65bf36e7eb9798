"""The verbs of ``edgecnn faces`` about files: export, import, backup, restore, passphrase."""

from __future__ import annotations

from pathlib import Path

import click

from edgecnn.cli.faces_options import (
    OTHER_VARIABLE,
    file_secret,
    gallery_options,
    given_passphrase,
    new_passphrase,
    open_gallery,
    other_passphrase_option,
    print_json,
)
from edgecnn.cli.faces_options import existing_secret as secret_of
from edgecnn.errors import GalleryError
from edgecnn.faces.backups import back_up, restore
from edgecnn.faces.exchange import export_my_data, export_people, import_people
from edgecnn.faces.place import default_gallery
from edgecnn.faces.unlocking import Secret, SystemKeyring


@click.command("export")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option(
    "--to", "target", required=True, type=click.Path(path_type=Path), help="File to write."
)
@other_passphrase_option
@gallery_options
def export_command(
    names: tuple[str, ...],
    target: Path,
    other_passphrase_file: Path | None,
    gallery_path: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Write people into an encrypted file of its own passphrase; everybody when none is named."""
    gallery = open_gallery(gallery_path, passphrase_file)
    secret = new_passphrase(other_passphrase_file, OTHER_VARIABLE)
    people = export_people(gallery, target, secret, names)
    if as_json:
        print_json({"people": people, "file": str(target)})
    else:
        click.echo(f"Wrote {target} (people: {people}). Forgetting somebody does not reach it.")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@other_passphrase_option
@gallery_options
def import_command(
    file: Path,
    other_passphrase_file: Path | None,
    gallery_path: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Take over the people of FILE, which `faces export` wrote."""
    gallery = open_gallery(gallery_path, passphrase_file)
    outcome = import_people(gallery, file, file_secret(file, other_passphrase_file))
    if as_json:
        print_json(
            {
                "added": list(outcome.added),
                "present": list(outcome.present),
                "forgotten": outcome.forgotten,
            }
        )
        return
    click.echo(f"Imported: {len(outcome.added)}; here already: {len(outcome.present)}.")
    if outcome.forgotten:
        click.echo(f"{outcome.forgotten} were forgotten here and stay so; enrol them anew.")


@click.command("export-my-data")
@click.argument("name")
@click.option("--to", "target", required=True, type=click.Path(path_type=Path), help="ZIP file.")
@gallery_options
def export_my_data_command(
    name: str,
    target: Path,
    gallery_path: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Write all that is stored about NAME, readable and NOT encrypted, for that person."""
    written = export_my_data(open_gallery(gallery_path, passphrase_file), name, target)
    if as_json:
        print_json({"file": str(written)})
    else:
        click.echo(f"Wrote {written}. It is not encrypted: hand it over and delete it.")


@click.command("backup")
@click.argument("target", required=False, type=click.Path(path_type=Path), metavar="[FILE]")
@gallery_options
def backup_command(
    target: Path | None, gallery_path: Path | None, passphrase_file: Path | None, as_json: bool
) -> None:
    """Copy the encrypted gallery to FILE, or into the folder of backups beside it."""
    written = back_up(open_gallery(gallery_path, passphrase_file), target)
    if as_json:
        print_json({"file": str(written)})
    else:
        click.echo(f"Wrote {written}; today's passphrase opens it.")


@click.command("restore")
@click.argument("backup", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Replace a gallery that is not damaged.")
@gallery_options
def restore_command(
    backup: Path,
    yes: bool,
    gallery_path: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Put BACKUP in the place of the gallery; people forgotten since stay forgotten."""
    path = default_gallery() if gallery_path is None else gallery_path
    outcome = restore(path, backup, secret_of(backup, passphrase_file), replace_sound=yes)
    if as_json:
        print_json(
            {
                "people": outcome.people,
                "left_out": outcome.left_out,
                "kept_aside": None if outcome.kept_aside is None else str(outcome.kept_aside),
                "forgotten_known": outcome.forgotten_known,
            }
        )
        return
    click.echo(f"Restored (people: {outcome.people}).")
    if outcome.left_out:
        click.echo(f"Left out, forgotten since: {outcome.left_out}.")
    if outcome.kept_aside is not None:
        click.echo(f"The damaged file is kept as {outcome.kept_aside}.")
    if not outcome.forgotten_known:
        click.echo(
            "Who was forgotten since could not be read from the gallery: check with edgecnn faces "
            "list, and forget again.",
            err=True,
        )


@click.command("passphrase")
@click.option("--keyring", is_flag=True, help="Have the system keyring open it from now on.")
@other_passphrase_option
@gallery_options
def passphrase_command(
    keyring: bool,
    other_passphrase_file: Path | None,
    gallery_path: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Change the passphrase. Backups and exports keep theirs."""
    if keyring and given_passphrase(other_passphrase_file, OTHER_VARIABLE) is not None:
        raise GalleryError("Give a new passphrase or --keyring, not both.")
    gallery = open_gallery(gallery_path, passphrase_file)
    secret: Secret = (
        SystemKeyring() if keyring else new_passphrase(other_passphrase_file, OTHER_VARIABLE)
    )
    gallery.change_secret(secret)
    backups = len(gallery.contents.backups)
    if as_json:
        print_json({"changed": True, "backups_with_the_old_one": backups})
        return
    click.echo("Changed.")
    if backups:
        words = "1 backup still opens" if backups == 1 else f"{backups} backups still open"
        click.echo(f"{words} with the old one.")
