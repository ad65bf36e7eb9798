"""``edgecnn verify``: does every variant still answer as when the bundle was made?"""

from __future__ import annotations

import json

import click

from edgecnn.api import open_bundle
from edgecnn.cli.output import print_table
from edgecnn.errors import EdgeCNNError
from edgecnn.tasks.golden import Check, check_golden
from edgecnn.zoo import catalogue


@click.command()
@click.argument("models", nargs=-1, metavar="MODEL...")
@click.option("--all", "everything", is_flag=True, help="All bundles that are found by name.")
@click.option("--backend", metavar="NAME", help="Only this backend.")
@click.option("--precision", metavar="NAME", help="Only variants of this precision.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of a table.")
@click.pass_context
def verify(
    context: click.Context,
    models: tuple[str, ...],
    everything: bool,
    backend: str | None,
    precision: str | None,
    as_json: bool,
) -> None:
    """Check hashes and golden answers of bundles, on every variant and installed backend.

    MODEL is a bundle's name or path. Exit code 1 when anything differs by more than the bundle
    allows.
    """
    if everything == bool(models):
        raise click.UsageError("Name bundles, or say --all.")
    failed = 0
    checked = 0
    rows: list[list[str]] = []
    for name in catalogue.names() if everything else models:
        checks, broken = _check(name, backend, precision)
        if broken is not None:
            failed += 1
            click.echo(f"{name}: {broken}", err=True)
        failed += sum(bool(check.problems) for check in checks)
        checked += len(checks)
        if as_json:
            for check in checks:
                click.echo(json.dumps({"model": name, **_plain(check)}))
        rows += _rows(name, checks)
    if not as_json:
        header = ["model", "file", "backend", "pictures", "largest difference (allowed)", ""]
        print_table("Golden answers", header, rows)
        click.echo(f"{checked} answers checked, {failed} failed.")
    if not checked and not failed:
        click.echo("Nothing was checked: no variant fits what was asked for.", err=True)
    if failed or not checked:
        context.exit(1)


def _check(name: str, backend: str | None, precision: str | None) -> tuple[list[Check], str | None]:
    try:
        bundle = open_bundle(name)
        bundle.verify()
        return list(check_golden(bundle, backend=backend, precision=precision)), None
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
