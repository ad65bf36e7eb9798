"""Where bundles are found by name: the user's own first, then those that came with edgecnn."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from edgecnn.bundle.paths import MANIFEST
from edgecnn.errors import BundleError, UnknownNameError

_PACKAGE = Path(__file__).resolve().parents[1]


def assets_path() -> Path:
    """The folder of what comes with edgecnn: in the wheel, or in a checkout.

    Raises:
        BundleError: This installation has none.
    """
    for folder in (_PACKAGE / "_assets", _PACKAGE.parent / "assets"):
        if folder.is_dir():
            return folder
    raise BundleError("This installation of edgecnn came without its assets. Install it again.")


def folders() -> tuple[Path, ...]:
    """Folders that hold bundles, in the order in which they are searched."""
    return (user_folder(), assets_path() / "zoo")


def user_folder() -> Path:
    """Where the user's own bundles are kept."""
    return Path(platformdirs.user_data_path("edgecnn")) / "zoo"


def names() -> list[str]:
    """Names of all bundles, sorted."""
    return sorted(
        {
            entry.name
            for folder in folders()
            if folder.is_dir()
            for entry in folder.iterdir()
            if (entry / MANIFEST).is_file()
        }
    )


def find(name: str) -> Path:
    """The folder of a bundle.

    Raises:
        UnknownNameError: No bundle of that name; lists those there are.
    """
    if name in names():
        return next(folder / name for folder in folders() if (folder / name / MANIFEST).is_file())
    known = ", ".join(names()) or "none"
    raise UnknownNameError(
        f"There is no bundle and no path {name!r}. Bundles: {known}. "
        "Write the path of a file with its folder: ./model.tflite"
    )
