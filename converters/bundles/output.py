"""Writing what a conversion made: the whole bundle at once, or the report of why there is none."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from converters.bundles import pack
from converters.conversion import Finished
from converters.report import html, markdown
from converters.report import schema as report_schema
from converters.report.schema import Report
from edgecnn.bundle.io import EDGE_SUFFIX
from edgecnn.bundle.keys import Signer
from edgecnn.bundle.paths import MANIFEST, check_path
from edgecnn.errors import BundleError

REPORT = "report.json"


def check_output(target: Path, *, force: bool) -> None:
    """Find out before hours of work whether its result can be written.

    Raises:
        BundleError: There is something that may not be replaced, or no right to write.
    """
    check_path(target.stem, where=str(target))
    if target.is_dir() and any(target.iterdir()) and not (target / MANIFEST).exists():
        raise BundleError(
            f"{target} is a folder with other things in it; it is not replaced. Name a new one: "
            f"{target / 'model'}"
        )
    if target.exists() and not force:
        raise BundleError(f"{target} exists already. Choose another path, or replace it: --force")
    parent = target.absolute().parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise BundleError(
            f"Nothing can be written into {parent}: "
            f"{'no permission' if parent.is_dir() else 'it is no folder'}. Choose another output."
        )


def report_files(report: Report) -> dict[str, bytes]:
    """The three forms of a report, by file name."""
    return {
        REPORT: report_schema.encode(report),
        "report.md": markdown.markdown(report).encode(),
        "report.html": html.html(report).encode(),
    }


def write_bundle(
    finished: Finished,
    target: Path,
    extra: Mapping[str, bytes],
    *,
    sign: Signer | None,
    force: bool,
) -> None:
    """Write bundle, report, log and signature, all or nothing.

    Args:
        finished: A conversion that passed.
        target: Folder or ``.edge`` file.
        extra: Other files (the log), by path.
        sign: Signs the manifest; None leaves the bundle unsigned.
        force: Replace a bundle that is there.

    Raises:
        BundleError: It cannot be written; nothing was changed.
    """
    files = {**report_files(finished.report), **extra, **finished.extra}
    pack.write(finished.bundle, finished.golden, target, files, force=force, sign=sign)


def write_failure(report: Report, target: Path, extra: Mapping[str, bytes]) -> Path:
    """Leave the report of a failed conversion beside where its bundle would have been.

    Args:
        report: That did not pass.
        target: Where the bundle would have been.
        extra: Other files (the log), by name.

    Returns:
        The folder: ``NAME-report``. An earlier report there is replaced.

    Raises:
        BundleError: It cannot be written, or something else is there.
    """
    folder = target.with_name(f"{target.name.removesuffix(EDGE_SUFFIX)}-report")
    if folder.exists() and not (folder / REPORT).is_file():
        raise BundleError(f"{folder} is not the report of an earlier conversion; not replaced.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name, content in {**report_files(report), **extra}.items():
            (temporary / name).write_bytes(content)
        temporary.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        temporary.replace(folder)
    except OSError as error:
        raise BundleError(f"Cannot write {folder}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder
