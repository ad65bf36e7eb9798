"""What a test of face recognition says, for people."""

from __future__ import annotations

import click

from edgecnn.cli.faces_measure import FaceTest
from edgecnn.cli.output import print_facts, print_table
from edgecnn.evaluation.bootstrap import Interval
from edgecnn.evaluation.groups import GroupReport
from edgecnn.evaluation.identification import IdentificationReport
from edgecnn.evaluation.verification_report import VerificationReport, rate_words


def print_test(test: FaceTest) -> None:
    """Print the figures of a test on standard output, each with what it rests on."""
    report, failures = test.verification, test.failures
    facts = {
        "people": f"{report.people:,}",
        "pairs of one person": f"{report.genuine_pairs:,}",
        "pairs of two people": f"{report.impostor_pairs:,} pictures, {report.people_pairs:,} "
        "different people",
        "distances": f"one person up to {report.farthest_genuine:.4f}, two people from "
        f"{report.nearest_impostor:.4f}",
        "equal error rate": _with(report.equal_error_rate, report.eer_interval),
    }
    if report.fold_accuracy is not None:
        mean, error = report.fold_accuracy
        facts["accuracy over folds"] = f"{mean:.4f} (standard error {error:.4f})"
    if failures.without_face or failures.unreadable:
        facts["left out"] = (
            f"{failures.without_face} pictures without a face, {failures.unreadable} unreadable: "
            f"{failures.genuine_lost} pairs of one person, {failures.impostor_lost} of two"
        )
    if failures.copies:
        facts["copies"] = f"{failures.copies} files are byte for byte another: remove them"
    print_facts(f"{test.name}: {test.pictures:,} pictures", facts)
    _print_points(report, test.share_compared)
    if test.identification is not None:
        _print_identification(test.identification)
    for attribute, groups in test.groups.items():
        _print_groups(attribute, groups)


def _print_points(report: VerificationReport, share: float) -> None:
    if report.points:
        rows = [
            (
                rate_words(point.far),
                _distance(point.threshold),
                _with(point.tar, point.tar_interval),
                f"{point.tar * share:.4f}",
                f"{point.observed_far:.6f}",
                f"{point.far_interval[1]:.6f}",
            )
            for point in report.points
        ]
        print_table(
            "One against one",
            ("strangers accepted", "threshold", "genuine accepted", "with failures", "observed",
             "95 % bound"),
            rows,
        )  # fmt: skip
    for refusal in report.refused[:1]:
        click.echo(f"Not claimed: {refusal.words} Stricter ones take more.")


def _print_identification(report: IdentificationReport) -> None:
    rows = [
        (f"rank {rank}", "", _with(rate, interval))
        for rank, (rate, interval) in report.ranks.items()
    ]
    rows += [
        (
            f"strangers named {rate_words(point.far)}",
            _distance(point.threshold),
            _with(point.dir, point.dir_interval),
        )
        for point in report.points
    ]
    title = f"One against {report.gallery:,} people, {report.probes:,} questions"
    print_table(title, ("", "threshold", "found"), rows)
    for refusal in report.refused[:1]:
        click.echo(
            f"Not claimed: strangers named {rate_words(refusal.far)} or less; that takes "
            f"{refusal.people_pairs_needed:,} strangers, here are {report.people:,}."
        )


def _print_groups(attribute: str, report: GroupReport) -> None:
    rows = [
        (
            group.group,
            f"{group.people:,}",
            f"{group.genuine_pairs:,}",
            _with(group.tar, group.tar_interval),
            f"{group.impostor_pairs:,}",
            _with(group.far, group.far_interval, digits=6),
        )
        for group in report.groups
    ]
    print_table(
        f"By {attribute}, at distance {report.threshold:.4f}",
        ("group", "people", "genuine", "accepted", "impostors", "accepted"),
        rows,
    )
    gap = _with(report.tar_gap, report.tar_gap_interval)
    ratio = "not known" if report.far_ratio is None else f"{report.far_ratio:.1f} times"
    click.echo(f"Largest gap in genuine pairs accepted: {gap}; in strangers accepted: {ratio}.")
    if report.left_out:
        click.echo(f"Without pairs of both kinds: {', '.join(report.left_out)}.")


def _with(value: float, interval: Interval | None, digits: int = 4) -> str:
    """A rate with its interval, or with the reason why there is none."""
    if interval is None:
        return f"{value:.{digits}f} (too few people for an interval)"
    return f"{value:.{digits}f} (95 %: {interval[0]:.{digits}f} to {interval[1]:.{digits}f})"


def _distance(threshold: float | None) -> str:
    return "none" if threshold is None else f"{threshold:.4f}"
