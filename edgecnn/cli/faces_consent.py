"""``edgecnn faces consent``: what a person agreed to, and until when, written down anew."""

from __future__ import annotations

from pathlib import Path

import click

from edgecnn.cli.faces_options import days_of, gallery_options, open_gallery, print_json
from edgecnn.faces.consent import change_consent


@click.command()
@click.argument("name")
@click.option(
    "--consent", "statement", metavar="TEXT", help='Who agreed and how; "" takes it back.'
)
@click.option("--purpose", metavar="TEXT", help='What for; "" for not stated.')
@click.option(
    "--expires",
    callback=days_of,
    metavar="DAYS|DATE",
    help="From then on (30 from today, or 2030-12-31) the person is not recognized any more.",
)
@click.option("--no-end", is_flag=True, help="Recognized for as long as the person is enrolled.")
@gallery_options
def consent(
    name: str,
    statement: str | None,
    purpose: str | None,
    expires: int | None,
    no_end: bool,
    gallery_path: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Change what NAME agreed to, what for and until when; what is not given stays."""
    if statement is None and purpose is None and expires is None and not no_end:
        raise click.UsageError("Give --consent, --purpose, --expires or --no-end.")
    if expires is not None and no_end:
        raise click.UsageError("Give --expires or --no-end, not both.")
    person = change_consent(
        open_gallery(gallery_path, passphrase_file),
        name,
        statement=statement,
        purpose=purpose,
        expires_in_days=expires,
        no_end=no_end,
    )
    if as_json:
        print_json(
            {
                "name": person.name,
                "consent": person.consent.statement,
                "purpose": person.consent.purpose,
                "expires_utc": person.expires_utc,
            }
        )
        return
    click.echo(f"Consent of {person.name}: {person.consent.statement or 'not stated'}")
    click.echo(f"Purpose: {person.consent.purpose or 'not stated'}")
    click.echo(f"Recognized until: {(person.expires_utc or 'no end')[:10]}")
