"""``edgecnn faces list``, ``rename``, ``merge``, ``forget`` and ``log``."""

from __future__ import annotations

from pathlib import Path

import click

from edgecnn.cli.faces_options import gallery_options, may_ask, open_gallery, print_json
from edgecnn.cli.output import print_table
from edgecnn.errors import GalleryError
from edgecnn.faces import records
from edgecnn.faces.forget import Forgotten, forget, forget_expired


@click.command("list")
@gallery_options
def list_people(gallery_path: Path | None, passphrase_file: Path | None, as_json: bool) -> None:
    """List who is enrolled, with consent and expiry."""
    gallery = open_gallery(gallery_path, passphrase_file)
    now = records.now_utc()
    rows = [
        {
            "name": person.name,
            "templates": len(person.templates),
            "photos_kept": sum(template.photo is not None for template in person.templates),
            "enrolled_utc": person.enrolled_utc,
            "expires_utc": person.expires_utc,
            "expired": person.expired(now),
            "consent": person.consent.statement,
            "purpose": person.consent.purpose,
        }
        for person in gallery.people
    ]
    if as_json:
        print_json({"embedding_space": gallery.contents.space, "people": rows})
        return
    if not rows:
        click.echo("Nobody is enrolled.")
        return
    print_table(
        "Enrolled",
        ["name", "templates", "photos", "since", "until", "consent", "purpose"],
        [
            [
                str(row["name"]),
                str(row["templates"]),
                str(row["photos_kept"]),
                str(row["enrolled_utc"])[:10],
                "over" if row["expired"] else str(row["expires_utc"] or "")[:10],
                str(row["consent"] or "not stated"),
                str(row["purpose"] or "not stated"),
            ]
            for row in rows
        ],
    )
    if any(row["expired"] for row in rows):
        click.echo("Whose time is over is not recognized; remove them: edgecnn faces forget "
                   "--expired --yes", err=True)  # fmt: skip


@click.command()
@click.argument("name")
@click.argument("new_name")
@gallery_options
def rename(
    name: str,
    new_name: str,
    gallery_path: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Give the person called NAME another name."""
    kept = open_gallery(gallery_path, passphrase_file).rename(name, new_name)
    if as_json:
        print_json({"name": kept})
    else:
        click.echo(f"Renamed to {kept}.")


@click.command()
@click.argument("name")
@click.argument("other")
@gallery_options
def merge(
    name: str, other: str, gallery_path: Path | None, passphrase_file: Path | None, as_json: bool
) -> None:
    """Give all templates of OTHER to NAME: both are one person."""
    templates = open_gallery(gallery_path, passphrase_file).merge(name, other)
    if as_json:
        print_json({"name": name, "templates": templates})
    else:
        click.echo(f"{name} has {templates} templates now.")


@click.command("forget")
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("--expired", is_flag=True, help="Everybody whose time is over.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@gallery_options
@click.pass_context
def forget_people(
    context: click.Context,
    /,
    names: tuple[str, ...],
    expired: bool,
    yes: bool,
    gallery_path: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Delete people with templates, photos and all backups that edgecnn made, and prove it."""
    if bool(names) == expired:
        raise click.UsageError("Give names, or --expired.")
    if not yes and not may_ask():
        raise click.UsageError("There is no terminal to ask at: confirm with --yes.")
    gallery = open_gallery(gallery_path, passphrase_file)
    for name in names:
        records.find_person(gallery.contents, name)
    who = ", ".join(names) or "everybody whose time is over"
    question = f"Forget {who} and delete all backups of the gallery?"
    if not yes and not click.confirm(question, err=True):
        click.echo("Nobody was forgotten.", err=True)
        context.exit(1)
    report = forget_expired(gallery) if expired else forget(gallery, names)
    if report is None:
        if as_json:
            print_json({"people": 0})
        else:
            click.echo("Nobody's time is over.")
        return
    if as_json:
        print_json(report.to_dict())
    else:
        _print(report)
    if not report.proven:
        context.exit(1)


@click.command("log")
@gallery_options
def show_log(gallery_path: Path | None, passphrase_file: Path | None, as_json: bool) -> None:
    """Print the audit log: what was done, when, to which identifiers."""
    gallery = open_gallery(gallery_path, passphrase_file)
    entries = gallery.contents.audit
    if as_json:
        print_json(
            [
                {"at_utc": e.at_utc, "action": e.action, "people": list(e.people), "count": e.count}
                for e in entries
            ]
        )
        return
    print_table(
        "Audit log",
        ["when", "what", "count", "whom"],
        [[e.at_utc, e.action, str(e.count), ", ".join(i[:18] for i in e.people)] for e in entries],
    )


def _print(report: Forgotten) -> None:
    click.echo(
        f"Forgotten: people {report.people}, templates {report.templates}, photos {report.photos}."
    )
    for path in report.backups_deleted:
        click.echo(f"Deleted backup {path}")
    for file in report.proof:
        if not file.decrypted:
            state = "NOT PROVEN, it could not be decrypted"
        elif file.traces:
            state = f"NOT PROVEN, it still holds: {', '.join(file.traces)}"
        else:
            state = f"decrypted and searched for {report.searched} traces, none found"
        click.echo(f"{file.path}: {state}")
    for note in report.notes:
        click.echo(f"Note: {note}")
    click.echo("Out of reach of edgecnn:")
    for words in report.out_of_reach:
        click.echo(f"  - {words}")
    if not report.proven:
        raise GalleryError("It is not proven that nothing is left; see above.")
