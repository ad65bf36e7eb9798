"""``edgecnn faces calibrate``: a threshold with a false-match rate that the sample supports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgecnn.cli.faces_options import (
    gallery_options,
    open_gallery,
    print_json,
    rate_option,
    target_of,
)
from edgecnn.cli.output import print_table
from edgecnn.errors import GalleryError
from edgecnn.faces.calibrate import (
    TARGETS,
    at_least_one,
    in_words,
    misses_at,
    pairs_needed,
    people_needed,
)
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.match import own_distances


@click.command()
@rate_option
@gallery_options
def calibrate(
    one_in: int | None, gallery_path: Path | None, passphrase_file: Path | None, as_json: bool
) -> None:
    """Find the threshold for at most one false match in N, and keep it in the gallery.

    Without --one-in it shows which rates the people of the gallery support and what each costs in
    people who are not recognized. A rate that is not supported is refused.
    """
    gallery = open_gallery(gallery_path, passphrase_file)
    target = target_of(one_in)
    if target is not None:
        gallery.calibrate(target)
    rows = [_row(gallery, rate) for rate in ([target] if target is not None else TARGETS)]
    if as_json:
        print_json({"kept": target, "rates": rows})
        return
    print_table(
        "False matches at most" if target is None else "Calibrated",
        ["rate", "threshold", "95 % bound", "pairs", "not recognized", "strangers let in"],
        [_cells(row) for row in rows],
    )
    if target is None:
        click.echo(f"In use: {gallery.rule().words}")


def _row(gallery: Gallery, target: float) -> dict[str, Any]:
    """What a rate means for this gallery, or what it would take."""
    needed = pairs_needed(target)
    row: dict[str, Any] = {
        "target": target,
        "pairs_needed": needed,
        "people_needed": people_needed(needed),
    }
    try:
        rule = gallery.rule(target)
    except GalleryError as error:
        return {**row, "supported": False, "reason": str(error)}
    counts = [len(person.templates) for person in gallery.people]
    contents = gallery.contents
    own = own_distances(contents.matrix(), counts, contents.metric)
    bound = rule.upper_bound if rule.upper_bound is not None else target
    return {
        **row,
        "supported": True,
        **rule.to_dict(),
        "not_recognized": misses_at(rule.threshold, own).to_dict(),
        "stranger_matches_somebody": round(at_least_one(bound, len(gallery.people)), 6),
    }


def _cells(row: dict[str, Any]) -> list[str]:
    name = in_words(row["target"])
    if not row["supported"]:
        need = f"{row['pairs_needed']:,} needed ({row['people_needed']:,} people)"
        return [name, "", "", need, "", ""]
    missed = row["not_recognized"]
    share = "nobody has two photos"
    if missed["rate"] is not None:
        low, high = missed["interval"]
        share = f"{missed['missed']} of {missed['attempts']} (95 %: {low:.1%} to {high:.1%})"
    return [
        name,
        f"{row['threshold']:.3f}",
        f"{row['false_match_rate_upper_bound']:.5f}",
        str(row["basis"]),
        share,
        f"at most {_percent(row['stranger_matches_somebody'])}",
    ]


def _percent(share: float) -> str:
    """A share that is not zero never reads as zero."""
    return f"{share:.1%}" if share >= 0.001 else f"{100 * share:.1g}%"
