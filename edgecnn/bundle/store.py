"""Where a bundle's bytes come from: a folder, or a stored ``.edge`` zip of it."""

from __future__ import annotations

import os
import shlex
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from edgecnn.bundle.paths import MANIFEST, check_path
from edgecnn.errors import BundleError

TRAINED = frozenset({".keras", ".h5", ".hdf5", ".onnx"})
"""What `edgecnn convert` takes, and people take for a model that runs."""

MAX_FILES = 1_000
MAX_FILE_BYTES = 2**30
MAX_MANIFEST_BYTES = 8 * 2**20


class Store(Protocol):
    """Read access to the files of a bundle."""

    name: str

    def names(self) -> tuple[str, ...]:
        """Paths of everything that lies in it but folders, listed in the manifest or not, sorted.

        Raises:
            BundleError: More than `MAX_FILES`, or it cannot be listed.
        """

    def size(self, path: str) -> int:
        """Size of a file in bytes; raises BundleError when it is not there."""

    def read(self, path: str, limit: int = MAX_FILE_BYTES) -> bytes:
        """Content of a file; raises BundleError when it is missing or larger than ``limit``."""


def _check_size(where: str, size: int, limit: int) -> None:
    if size > limit:
        raise BundleError(
            f"{where} has {size} bytes, more than the {limit} that are accepted. "
            "It is not a file for a small device, or it is damaged."
        )


class FolderStore:
    """A bundle as a folder. Symbolic links are refused: they lead out of what was hashed."""

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        self._folder = folder

    def names(self) -> tuple[str, ...]:
        """Paths of all files, and of links and the like, which are no part of any bundle."""
        found: list[str] = []
        pending = [self._folder]
        while pending:
            folder = pending.pop()
            try:
                entries = list(folder.iterdir())
            except OSError as error:
                raise BundleError(f"{folder} cannot be listed ({error.strerror}).") from error
            for entry in entries:
                if entry.is_dir() and not entry.is_symlink():
                    pending.append(entry)
                else:
                    found.append(entry.relative_to(self._folder).as_posix())
            if len(found) + len(pending) > MAX_FILES:
                raise BundleError(f"{self.name} holds more than the {MAX_FILES} files accepted.")
        return tuple(sorted(found))

    def _regular(self, path: str) -> Path:
        file = self._folder
        for part in check_path(path, where=self.name).split("/"):
            file = file / part
            if file.is_symlink():
                raise BundleError(
                    f"{self.name}: {path!r} leads over a symbolic link. Put the file itself there."
                )
        return file

    def size(self, path: str) -> int:
        """Size of a file in bytes."""
        try:
            status = self._regular(path).stat()
        except OSError as error:
            raise BundleError(
                f"{self.name}: the file {path!r} is missing or cannot be read "
                f"({error.strerror}). Copy the whole bundle again."
            ) from error
        if not stat.S_ISREG(status.st_mode):
            raise BundleError(f"{self.name}: {path!r} is not a regular file.")
        return status.st_size

    def read(self, path: str, limit: int = MAX_FILE_BYTES) -> bytes:
        """Content of a file."""
        _check_size(f"{self.name}: {path!r}", self.size(path), limit)
        try:
            return self._regular(path).read_bytes()
        except OSError as error:
            raise BundleError(f"{self.name}: cannot read {path!r} ({error.strerror}).") from error


class ZipStore:
    """A bundle as an ``.edge`` file: a zip whose entries are stored, never compressed.

    Stored entries cannot expand, so that the size of the file bounds what is read.
    """

    def __init__(self, file: Path) -> None:
        self.name = str(file)
        self._file = file
        self._entries: dict[str, zipfile.ZipInfo] = {}
        with self._open() as archive:
            infos = archive.infolist()
            if len(infos) > MAX_FILES:
                raise BundleError(
                    f"{file} has {len(infos)} entries, more than the {MAX_FILES} accepted."
                )
            for info in infos:
                self._admit(info)

    def _open(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self._file)
        except (OSError, zipfile.BadZipFile, ValueError, EOFError, NotImplementedError) as error:
            raise BundleError(
                f"{self._file} is not an .edge bundle, or it is damaged ({error})."
            ) from error

    def _admit(self, info: zipfile.ZipInfo) -> None:
        if info.filename.endswith("/"):
            return  # a folder; `ZipInfo.is_dir` itself fails on an empty name
        check_path(info.filename, where=self.name)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in {0, stat.S_IFREG}:
            raise BundleError(f"{self.name}: {info.filename!r} is a link or device, not a file.")
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise BundleError(
                f"{self.name}: {info.filename!r} is compressed. An .edge file is a zip without "
                "compression (zip -0)."
            )
        if info.filename in self._entries:
            raise BundleError(f"{self.name} holds {info.filename!r} twice.")
        self._entries[info.filename] = info

    def names(self) -> tuple[str, ...]:
        """Paths of all entries but folders."""
        return tuple(sorted(self._entries))

    def size(self, path: str) -> int:
        """Size of a file in bytes."""
        check_path(path, where=self.name)
        if path not in self._entries:
            raise BundleError(f"{self.name}: the file {path!r} is missing. Copy the bundle again.")
        return self._entries[path].file_size

    def read(self, path: str, limit: int = MAX_FILE_BYTES) -> bytes:
        """Content of a file."""
        _check_size(f"{self.name}: {path!r}", self.size(path), limit)
        with self._open() as archive:
            try:
                return archive.read(self._entries[path])
            except (OSError, zipfile.BadZipFile, EOFError, ValueError, RuntimeError) as error:
                raise BundleError(f"{self.name}: {path!r} is damaged ({error}).") from error


class MemoryStore:
    """A bundle that was put together in memory."""

    def __init__(self, name: str, files: Mapping[str, bytes]) -> None:
        self.name = name
        self._files = dict(files)

    def names(self) -> tuple[str, ...]:
        """Paths of all files."""
        return tuple(sorted(self._files))

    def size(self, path: str) -> int:
        """Size of a file in bytes."""
        return len(self.read(path))

    def read(self, path: str, limit: int = MAX_FILE_BYTES) -> bytes:
        """Content of a file."""
        if path not in self._files:
            raise BundleError(f"{self.name}: the file {path!r} is missing.")
        _check_size(f"{self.name}: {path!r}", len(self._files[path]), limit)
        return self._files[path]


def open_store(path: Path) -> Store:
    """The store for a path: a folder that holds ``bundle.json``, or an ``.edge`` file.

    Raises:
        BundleError: Neither of the two.
    """
    trained = path / "best.keras" if path.is_dir() else path
    if trained.suffix.lower() in TRAINED and trained.exists() and not (path / MANIFEST).exists():
        raise BundleError(
            f"{path} is a trained network, not a bundle yet. Convert it first: "
            f"edgecnn convert {shlex.quote(str(path))} OUT"
        )
    if path.is_dir():
        if not (path / MANIFEST).exists():
            inner = path / "bundle"  # of the work folder of `edgecnn compress`
            if (inner / MANIFEST).exists():
                raise BundleError(f"The folder {path} is not a bundle, but holds one: {inner}")
            raise BundleError(
                f"The folder {path} holds no {MANIFEST}, so it is not a bundle. Known bundles are "
                "listed by: edgecnn zoo list"
            )
        return FolderStore(path)
    if not path.exists():
        raise BundleError(f"There is no file or folder {path}. Check the path.")
    if not os.access(path, os.R_OK):
        raise BundleError(f"{path} may not be read by this user. Check its permissions.")
    if path.stat().st_size == 0:
        raise BundleError(f"{path} is empty (0 bytes). Copy it again.")
    _check_size(str(path), path.stat().st_size, 2 * MAX_FILE_BYTES)
    return ZipStore(path)
