"""``edgecnn verify``: does every variant still answer as when the bundle was made?"""

from __future__ import annotations

import json
from pathlib import Path

import click

from edgecnn.api import open_bundle
from edgecnn.cli.output import print_table
from edgecnn.errors import EdgeCNNError, MissingExtraError, OptionError
from edgecnn.tasks.golden import Check, check_golden
from edgecnn.zoo import catalogue


@click.command()
@click.argument("models", nargs=-1, metavar="MODEL...")
@click.option("--all", "everything", is_flag=True, help="All bundles that are found by name.")
@click.option("--backend", metavar="NAME", help="Only this backend.")
@click.option("--precision", metavar="NAME", help="Only variants of this precision.")
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    metavar="PUB",
    help="Public key (PEM) that the bundles have to be signed with.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of a table.")
@click.pass_context
def verify(
    context: click.Context,
    models: tuple[str, ...],
    everything: bool,
    backend: str | None,
    precision: str | None,
    key: Path | None,
    as_json: bool,
) -> None:
    """Check hashes and golden answers of bundles, on every variant and installed backend.

    MODEL is a bundle's name or path. With --key the signature is checked before anything else, and
    an altered, missing or extra file is named. Exit code 1 when anything is wrong, or differs by
    more than the bundle allows.
    """
    if everything == bool(models):
        raise click.UsageError("Name bundles, or say --all.")
    failed = 0
    checked = 0
    signed = 0
    rows: list[list[str]] = []
    for name in catalogue.names() if everything else models:
        checks, broken = _check(name, backend, precision, key)
        if broken is not None:
            failed += 1
            click.echo(f"{name}: {broken}", err=True)
        elif key is not None:
            signed += 1
            _say_signed(name, as_json)
        failed += sum(bool(check.problems) for check in checks)
        checked += len(checks)
        if as_json:
            for check in checks:
                click.echo(json.dumps({"model": name, **_plain(check)}))
        rows += _rows(name, checks)
    if not as_json:
        header = ["model", "file", "backend", "pictures", "largest difference (allowed)", ""]
        if rows:
            print_table("Golden answers", header, rows)
        click.echo(f"{checked} answers checked, {failed} failed.")
    if not checked and not failed and not signed:
        click.echo("Nothing was checked: no variant fits what was asked for.", err=True)
    if failed or (not checked and not signed):
        context.exit(1)


def _say_signed(name: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"model": name, "signature": "right"}))
    else:
        click.echo(f"{name}: the signature and every file are right.")


def _check(
    name: str, backend: str | None, precision: str | None, key: Path | None
) -> tuple[list[Check], str | None]:
    try:
        bundle = open_bundle(name, key=key)
        if key is None:
            bundle.verify()
        elif not bundle.manifest.golden:
            return [], None
        return list(check_golden(bundle, backend=backend, precision=precision)), None
    except (MissingExtraError, OptionError):
        raise  # wrong for every bundle: say it once
    except EdgeCNNError as error:
        return [], " ".join(str(error).split())


def _plain(check: Check) -> dict[str, object]:
    return {
        "file": check.variant.file,
        "backend": check.backend,
        "image": check.image,
        "figures": check.figures,
        "limits": check.limits,
        "problems": list(check.problems),
    }


def _rows(name: str, checks: list[Check]) -> list[list[str]]:
    """One row a variant and backend, with its worst picture; below it a row for each failure."""
    rows = []
    groups: dict[tuple[str, str], list[Check]] = {}
    for check in checks:
        groups.setdefault((check.variant.file, check.backend), []).append(check)
    for (file, backend), group in groups.items():
        limits = group[0].limits
        worst = ", ".join(
            f"{figure} {max(check.figures.get(figure, 0.0) for check in group):.2g} ({limit:g})"
            for figure, limit in limits.items()
        )
        good = not any(check.problems for check in group)
        rows.append([name, file, backend, str(len(group)), worst, "ok" if good else "FAILED"])
        rows += [
            ["", "", "", check.image, "; ".join(check.problems), ""]
            for check in group
            if check.problems
        ]
    return rows
