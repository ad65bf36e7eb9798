"""Which paths a bundle may name: relative, inside the bundle, portable."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from edgecnn.errors import BundleError

MANIFEST = "bundle.json"
SIGNATURE = "bundle.sig"
"""Of the exact bytes of `MANIFEST`; optional. Neither is in the manifest's table of files."""

_PORTABLE = re.compile(r"[A-Za-z0-9._ +()-]+")
_MAX_LENGTH = 200


def check_path(path: str, *, where: str) -> str:
    """Return ``path`` when it is a plain relative POSIX path that stays inside the bundle.

    Raises:
        BundleError: Absolute, with ``..``, backslashes, drive letters, control characters or empty
            parts, or too long.
    """
    parts = path.split("/")
    portable = all(_PORTABLE.fullmatch(part) and part not in {".", ".."} for part in parts)
    if not portable or PurePosixPath(path).is_absolute() or len(path) > _MAX_LENGTH:
        raise BundleError(
            f"{where}: the path {path[:_MAX_LENGTH]!r} is not allowed. Expected a relative path "
            "inside the bundle made of letters, digits and ._ +()- with '/' between folders."
        )
    return path
