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
    rows: list[list[str]] = []
    for name in catalogue.names() if everything else models:
        checks, broken = _check(name, backend, precision)
        if broken is not None:
            failed += 1
            click.echo(f"{name}: {broken}", err=True)
        for check in checks:
            failed += bool(check.problems)
            if as_json:
                click.echo(json.dumps({"model": name, **_plain(check)}))
        rows += [_row(name, check) for check in checks]
    if not as_json:
        header = ["model", "file", "backend", "picture", "figures", ""]
        print_table("Golden answers", header, rows)
        passed = sum(row[-1] == "ok" for row in rows)
        click.echo(f"{passed} of {len(rows)} checks passed, {failed} failed.")
    if failed or not rows:
        if not rows and not failed:
            click.echo("Nothing was checked: no variant fits what was asked for.", err=True)
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


def _row(name: str, check: Check) -> list[str]:
    figures = ", ".join(
        f"{figure} {value:.3g}" for figure, value in check.figures.items() if figure in check.limits
    )
    verdict = "; ".join(check.problems) or "ok"
    return [name, check.variant.file, check.backend, check.image, figures, verdict]
