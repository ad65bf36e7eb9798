"""Whether a bundle is whole, answers right, and is its signer's: the findings in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgecnn.api import open_bundle
from edgecnn.bundle import signing
from edgecnn.tasks.golden import Check, check_golden
from edgecnn.wording import counted


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of a check.

    Attributes:
        good: Nothing is wrong.
        title: In one sentence.
        details: A line each.
    """

    good: bool
    title: str
    details: tuple[str, ...] = ()


Tell = Callable[[str], bool]
"""Told what is being done; gives False when the user wants it to end."""


def verify(name: str, tell: Tell) -> Finding:
    """Hashes, then golden answers on every variant and installed backend.

    Args:
        name: Of the bundle.
        tell: Told of each answer.

    Raises:
        EdgeCNNError: The bundle cannot be read, or a file is missing or altered; says which.
    """
    tell("Checking files")
    bundle = open_bundle(name)
    bundle.verify()
    count = len(bundle.manifest.files)
    whole = f"All {count} files are as the bundle says." if count > 1 else "Its file is right."
    if not bundle.manifest.golden:
        return Finding(
            True, whole, ("It holds no golden answers, so its answers are not checked.",)
        )
    checks: list[Check] = []
    for check in check_golden(bundle):
        checks.append(check)
        if not tell(f"{check.variant.file} on {check.backend}: {check.image}"):
            return Finding(False, f"Stopped after {len(checks)} answers.", _details(checks))
    wrong = sum(bool(check.problems) for check in checks)
    if wrong:
        title = f"{wrong} of {len(checks)} answers differ by more than the bundle allows."
    else:
        title = f"{whole} All {len(checks)} golden answers are right."
    return Finding(not wrong, title, _details(checks))


def check_signature(name: str, folder: Path, key: Path) -> Finding:
    """Hold a bundle against its signer's public key.

    Raises:
        EdgeCNNError: Not signed with it, altered, or the key cannot be used; says which.
    """
    signing.verify(folder, key)
    return Finding(True, f"The signature and every file of {name} are right.")


def _details(checks: list[Check]) -> tuple[str, ...]:
    """One line a variant and backend, then what is wrong."""
    groups: dict[tuple[str, str], list[Check]] = {}
    for check in checks:
        groups.setdefault((check.variant.file, check.backend), []).append(check)
    lines = []
    for (file, backend), group in groups.items():
        problems = [f"{one.image}: {problem}" for one in group for problem in one.problems]
        pictures = counted(len(group), "picture")
        lines.append(f"{file} on {backend}, {pictures}: {'right' if not problems else 'WRONG'}")
        lines += [f"    {problem}" for problem in problems]
    return tuple(lines)
