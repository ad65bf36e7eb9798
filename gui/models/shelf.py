"""Every bundle that is found by name, in words, and how one of the user's own is deleted."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from edgecnn.bundle import io
from edgecnn.bundle.paths import MANIFEST
from edgecnn.bundle.signing import read_signature
from edgecnn.errors import BundleError, EdgeCNNError
from edgecnn.zoo.catalogue import find, names, user_folder
from gui.catalogue import ModelCard, VariantCard, model_card, size_words
from gui.tabs import TABS

_KEY_SHOWN = 16


_KINDS = {"embed": "Vectors", "tensors": "Tensors"}
"""What people read of tasks that no tab shows."""


@dataclass(frozen=True, slots=True)
class ShelfCard:
    """One bundle.

    Attributes:
        name: Under which it is found.
        folder: Where it lies.
        own: It is the user's and may be deleted; the others came with edgecnn.
        task: Name of `edgecnn.registry.TASKS`; empty when the bundle cannot be read.
        card: Its variants in figures; None when it cannot be read.
        facts: Title -> what the bundle says of itself.
        megabytes: All files together, 10^6 bytes.
        files: How many there are.
        has_golden: Whether there are answers to check it by.
        signature: In words.
        problem: Why it cannot be read; empty when it can.
    """

    name: str
    folder: Path
    own: bool
    task: str = ""
    card: ModelCard | None = None
    facts: tuple[tuple[str, str], ...] = ()
    megabytes: float = 0.0
    files: int = 0
    has_golden: bool = False
    signature: str = ""
    problem: str = ""

    @property
    def title(self) -> str:
        """What people call it."""
        return self.card.title if self.card is not None else self.name

    @property
    def tab(self) -> str | None:
        """Key of the tab that can run it; None where none can."""
        return next((key for key, tab in TABS.items() if tab.task == self.task), None)

    @property
    def fastest(self) -> VariantCard | None:
        """The variant with the shortest time that was measured on this machine."""
        variants = () if self.card is None else self.card.variants
        timed = [one for one in variants if one.median_ms is not None]
        return min(timed, key=lambda one: one.median_ms or 0.0, default=None)

    @property
    def line(self) -> str:
        """Task, size, licence and measured speed in one line."""
        if self.problem:
            return "cannot be read"
        tab = self.tab
        kind = TABS[tab].title if tab is not None else _KINDS.get(self.task, self.task)
        parts = [kind, size_words(self.megabytes)]
        parts.append(self.card.licence_words if self.card is not None else "")
        if self.fastest is not None:
            parts.append(self.fastest.speed)
        return " · ".join(part for part in parts if part)


def read_shelf() -> list[ShelfCard]:
    """All bundles, the user's own first, each part sorted by name. Reads files: not for the GUI."""
    cards = [read_card(name) for name in names()]
    return sorted(cards, key=lambda card: (not card.own, card.name))


def read_card(name: str) -> ShelfCard:
    """One bundle; what is wrong with it is in its ``problem``."""
    folder = find(name)
    own = folder.parent == user_folder()
    files, size = _on_disk(folder)
    try:
        bundle = io.load(folder)
        signed = _signature_words(bundle)
        card = model_card(bundle)
    except EdgeCNNError as error:
        return ShelfCard(name, folder, own, megabytes=size, files=files, problem=str(error))
    manifest = bundle.manifest
    facts = {
        "Licence": manifest.licence,
        "Source": manifest.source,
        "Paper": manifest.paper,
        "Training data": manifest.training_data,
        "Limits": manifest.limits,
        "Classes": _classes_words(manifest.labels),
    }
    return ShelfCard(
        name=name,
        folder=folder,
        own=own,
        task=manifest.task,
        card=card,
        facts=tuple((title, words) for title, words in facts.items() if words),
        megabytes=size,
        files=files,
        has_golden=bool(manifest.golden),
        signature=signed,
    )


def delete_model(name: str) -> Path:
    """Delete one of the user's own bundles.

    Returns:
        The folder that is gone.

    Raises:
        BundleError: It came with edgecnn, or cannot be deleted; then nothing was.
        UnknownNameError: There is none of that name.
    """
    folder = find(name)
    if folder.parent != user_folder():
        raise BundleError(f"{name} came with edgecnn and is not deleted; only your own models are.")
    aside = Path(tempfile.mkdtemp(prefix=".deleted-", dir=folder.parent))
    try:
        # One step takes it away whole: nobody ever reads half of a bundle.
        folder.rename(aside / folder.name)
    except OSError as error:
        raise BundleError(
            f"Cannot delete {folder}: {error.strerror}. Nothing was changed."
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def what_goes(card: ShelfCard) -> str:
    """What deleting destroys, in a sentence."""
    files = "its only file" if card.files == 1 else f"its {card.files} files"
    return f"Delete {card.title} ({card.name}) and {files}, {size_words(card.megabytes)}?"


def _on_disk(folder: Path) -> tuple[int, float]:
    sizes = [file.stat().st_size for file in folder.rglob("*") if file.is_file()]
    return len(sizes), sum(sizes) / 1e6


def _signature_words(bundle: io.Bundle) -> str:
    try:
        signature = read_signature(bundle.store)
    except BundleError as error:
        return f"Its signature is damaged: {error}"
    if signature is None:
        return f"Not signed; every file is still checked against {MANIFEST}."
    return f"Signed with key {signature.key_id[:_KEY_SHOWN]}…, not checked yet."


def _classes_words(labels: tuple[str, ...]) -> str:
    if not labels:
        return ""
    first = ", ".join(labels[:6])
    return f"{len(labels)}: {first}{', …' if len(labels) > 6 else ''}"
