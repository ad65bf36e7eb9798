"""Getting a bundle onto the disk: all of it or nothing.

Everything goes to a temporary neighbour first, which takes the target's place when it is complete.
Whatever interrupts, a full disk or Ctrl-C, what was there before stays.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from edgecnn.bundle.paths import MANIFEST, SIGNATURE
from edgecnn.bundle.store import open_store
from edgecnn.errors import BundleError

EDGE_SUFFIX = ".edge"
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def write_bundle(
    manifest: bytes, files: Mapping[str, bytes], target: Path, *, force: bool = False
) -> Path:
    """Write the bytes of a manifest and of all other files.

    Args:
        manifest: Content of ``bundle.json``, checked by the caller.
        files: Content of everything else by path, the signature included.
        target: A folder to make, or a file that ends in ``.edge``.
        force: Replace a bundle that is there already.

    Returns:
        ``target``.

    Raises:
        BundleError: It exists and ``force`` is off, is something other than a bundle, or cannot be
            written.
    """
    _refuse_or_allow(target, force=force)
    everything = _in_order(manifest, files)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.suffix == EDGE_SUFFIX:
            _replace_file(target, lambda stream: _write_zip(everything, stream))
        else:
            _replace_folder(target, everything)
    except OSError as error:
        raise BundleError(
            f"Cannot write the bundle {target}: {error.strerror or error}. Nothing was changed."
        ) from error
    return target


def replace_signature(path: Path, signature: bytes) -> None:
    """Put ``bundle.sig`` into a bundle on disk; everything else keeps its bytes.

    Args:
        path: Folder, or ``.edge`` file.
        signature: Content.

    Raises:
        BundleError: It cannot be written; nothing was changed.
    """
    try:
        if path.is_dir():
            _replace_file(path / SIGNATURE, lambda stream: stream.write(signature))
        else:
            store = open_store(path)
            files = {name: store.read(name) for name in store.names() if name != SIGNATURE}
            text = files.pop(MANIFEST)
            everything = _in_order(text, {**files, SIGNATURE: signature})
            _replace_file(path, lambda stream: _write_zip(everything, stream))
    except OSError as error:
        raise BundleError(
            f"Cannot write the signature of {path}: {error.strerror or error}. Nothing was changed."
        ) from error


def _in_order(manifest: bytes, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {MANIFEST: manifest, **{name: files[name] for name in sorted(files)}}


def _refuse_or_allow(target: Path, *, force: bool) -> None:
    if not target.exists():
        return
    if target.is_dir() and any(target.iterdir()) and not (target / MANIFEST).exists():
        raise BundleError(f"{target} is a folder with other things in it; it is not replaced.")
    if not force:
        raise BundleError(f"{target} exists already. Choose another path, or replace it: --force")


def _replace_file(target: Path, write: Callable[[IO[bytes]], object]) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _write_zip(everything: Mapping[str, bytes], stream: IO[bytes]) -> None:
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for path, content in everything.items():
            info = zipfile.ZipInfo(path, _ZIP_TIME)
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)


def _replace_folder(target: Path, everything: Mapping[str, bytes]) -> None:
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    aside = temporary.with_name(temporary.name + ".old")
    try:
        for path, content in everything.items():
            file = temporary / path
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        temporary.chmod(0o755)
        try:
            if target.exists():
                # A folder cannot be replaced in one step: move the old one aside, then drop it.
                target.rename(aside)
            temporary.rename(target)
        except BaseException:
            if aside.exists() and not target.exists():
                aside.rename(target)
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if target.exists():
            shutil.rmtree(aside, ignore_errors=True)
