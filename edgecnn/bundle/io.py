"""Reading and writing bundles.

A file of a bundle is handed out only after its size and SHA-256 were found right, so that nothing
altered or truncated reaches a native parser. How files get onto the disk is in
`edgecnn.bundle.writing`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edgecnn.bundle.check import check_manifest
from edgecnn.bundle.keys import MAX_SIGNATURE_BYTES, Key, Signer, signer
from edgecnn.bundle.paths import MANIFEST, SIGNATURE, check_path
from edgecnn.bundle.schema import SCHEMA_VERSION, FileEntry, Manifest, Variant
from edgecnn.bundle.store import MAX_MANIFEST_BYTES, Store, open_store
from edgecnn.bundle.writing import EDGE_SUFFIX, write_bundle
from edgecnn.errors import BundleError

__all__ = [
    "EDGE_SUFFIX",
    "Bundle",
    "export",
    "file_entries",
    "load",
    "parse_manifest",
    "save",
]


class _Version(msgspec.Struct):
    schema_version: int


# Made here and not at the first use: two threads that make them at once crash the interpreter.
_VERSION = msgspec.json.Decoder(_Version)
_MANIFEST = msgspec.json.Decoder(Manifest)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was opened: its manifest, and its files on request.

    Attributes:
        manifest: What ``bundle.json`` says.
        store: Where the files are.
    """

    manifest: Manifest
    store: Store

    def read(self, path: str) -> bytes:
        """Content of a file of the bundle, after its size and hash were checked.

        Raises:
            BundleError: Not a file of this bundle, missing, or altered.
        """
        if path not in self.manifest.files:
            raise BundleError(f"{self.store.name}: {path!r} is not a file of this bundle.")
        entry = self.manifest.files[path]
        size = self.store.size(path)
        if size != entry.bytes:
            raise BundleError(
                f"{self.store.name}: {path!r} has {size} bytes, but {MANIFEST} says {entry.bytes}. "
                "It is truncated or altered; copy the bundle again."
            )
        content = self.store.read(path)
        digest = hashlib.sha256(content).hexdigest()
        if digest != entry.sha256:
            raise BundleError(
                f"{self.store.name}: {path!r} was altered: its SHA-256 is {digest[:12]}..., but "
                f"{MANIFEST} says {entry.sha256[:12]}... Copy the bundle again."
            )
        return content

    def read_variant(self, variant: Variant) -> tuple[bytes, bytes]:
        """Model and weights (empty for a ``.tflite``) of a variant, both verified."""
        weights = self.read(variant.weights) if variant.weights is not None else b""
        return self.read(variant.file), weights

    def verify(self) -> None:
        """Check every file of the bundle; raises BundleError for the first that is wrong."""
        for path in self.manifest.files:
            self.read(path)


def parse_manifest(content: bytes, *, where: str) -> Manifest:
    """Decode and check ``bundle.json``.

    Raises:
        BundleError: Not JSON, a newer schema, a missing, unknown or senseless field.
    """
    try:
        version = _VERSION.decode(content).schema_version
        if version > SCHEMA_VERSION:
            raise BundleError(
                f"{where} uses bundle schema {version}; this edgecnn reads up to {SCHEMA_VERSION}. "
                "Update edgecnn: pip install -U edgecnn"
            )
        if version < 1:
            raise BundleError(f"{where}: schema_version must be 1 or more, but got {version}.")
        manifest = _MANIFEST.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"{where} is not a valid {MANIFEST}: {error}.") from error
    check_manifest(manifest, where=where)
    return manifest


def load(path: str | os.PathLike[str]) -> Bundle:
    """Open a bundle: a folder with ``bundle.json``, or an ``.edge`` file.

    Only the manifest is read; the other files are read, and verified, when they are needed.

    Raises:
        BundleError: Not a bundle, damaged, or made by a newer edgecnn.
    """
    store = open_store(Path(path))
    content = store.read(MANIFEST, MAX_MANIFEST_BYTES)
    return Bundle(parse_manifest(content, where=store.name), store)


def file_entries(files: Mapping[str, bytes]) -> dict[str, FileEntry]:
    """The ``files`` table of a manifest, sorted by path."""
    return {
        path: FileEntry(sha256=hashlib.sha256(files[path]).hexdigest(), bytes=len(files[path]))
        for path in sorted(files)
    }


def save(
    manifest: Manifest,
    files: Mapping[str, bytes],
    path: str | os.PathLike[str],
    *,
    force: bool = False,
    sign: Signer | Key | None = None,
) -> Path:
    """Write a bundle; its ``files`` table is made anew from ``files``.

    The same content gives the same bytes. What was at ``path`` stays until the new bundle is
    complete.

    Args:
        manifest: Everything but ``files``.
        files: Content by path inside the bundle, without ``bundle.json``.
        path: A folder to make, or a file that ends in ``.edge``.
        force: Replace a bundle that is there already; its signature goes with it.
        sign: Private Ed25519 key (PEM, or the path of a PEM file) that the bundle is signed with,
            or what `edgecnn.bundle.keys.signer` makes of one. The signature is written together
            with the bundle.

    Returns:
        ``path``.

    Raises:
        BundleError: The path exists and ``force`` is off, is something other than a bundle, or
            cannot be written; or the manifest names a file that ``files`` lacks.
        OptionError: The key cannot be used.
        MissingExtraError: Signing needs the extra ``sign``.
    """
    target = Path(path)
    complete = msgspec.structs.replace(manifest, files=file_entries(files))
    check_manifest(complete, where=str(target))
    for name in files:
        check_path(name, where=str(target))
    text = msgspec.json.format(msgspec.json.encode(complete), indent=1) + b"\n"
    signatures = {}
    if sign is not None:
        signatures[SIGNATURE] = (sign if callable(sign) else signer(sign))(text)
    return write_bundle(text, {**signatures, **files}, target, force=force)


def export(bundle: Bundle, path: str | os.PathLike[str], *, force: bool = False) -> Path:
    """Write a bundle again elsewhere, as a folder or an ``.edge`` file, with all files verified.

    The manifest keeps its bytes, and so its signature, if it has one, unless the bundle's manifest
    was changed since it was loaded.
    """
    target = Path(path)
    files = {name: bundle.read(name) for name in bundle.manifest.files}
    present = bundle.store.names()
    if MANIFEST in present:
        text = bundle.store.read(MANIFEST, MAX_MANIFEST_BYTES)
        if parse_manifest(text, where=bundle.store.name) == bundle.manifest:
            if SIGNATURE in present:
                files[SIGNATURE] = bundle.store.read(SIGNATURE, MAX_SIGNATURE_BYTES)
            return write_bundle(text, files, target, force=force)
    return save(bundle.manifest, files, target, force=force)
