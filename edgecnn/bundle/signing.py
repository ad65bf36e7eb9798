"""Signed bundles: whose they are, and that nothing in them was altered since.

The signature (``bundle.sig``) is an Ed25519 signature of the exact bytes of ``bundle.json``, whose
table of files binds every other file by its SHA-256. So one signature covers the bundle, and what
was altered is found by name. A bundle means its signer's files and no others: a file that the
manifest does not list is refused as well.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from edgecnn.bundle import io
from edgecnn.bundle.keys import (
    MAX_SIGNATURE_BYTES,
    Key,
    Signature,
    decode_signature,
    is_signed_by,
    key_id,
    signer,
)
from edgecnn.bundle.paths import MANIFEST, SIGNATURE
from edgecnn.bundle.store import MAX_MANIFEST_BYTES, Store, open_store
from edgecnn.bundle.writing import replace_signature
from edgecnn.errors import BundleError
from edgecnn.wording import counted


def sign(
    path: str | os.PathLike[str], private_key: Key, *, passphrase: bytes | None = None
) -> Signature:
    """Sign a bundle on disk; an earlier signature is replaced.

    Args:
        path: Folder or ``.edge`` file. It has to be whole: every file as the manifest says.
        private_key: PEM, or the path of a PEM file.
        passphrase: Of an encrypted key.

    Returns:
        What was written into the bundle as ``bundle.sig``.

    Raises:
        BundleError: Not a bundle, altered, with extra files, or not writable.
        OptionError: The key cannot be used.
        MissingExtraError: The extra ``sign`` is not installed.
    """
    make = signer(private_key, passphrase)
    target = Path(path)
    store = open_store(target)
    text = store.read(MANIFEST, MAX_MANIFEST_BYTES)
    bundle = io.Bundle(io.parse_manifest(text, where=store.name), store)
    _refuse_extra_files(bundle)
    bundle.verify()
    content = make(text)
    replace_signature(target, content)
    return decode_signature(content, where=f"{store.name}: {SIGNATURE}")


def verify(path: str | os.PathLike[str], public_key: Key) -> io.Bundle:
    """Open a bundle of which every byte is as its signer left it.

    Args:
        path: Folder or ``.edge`` file.
        public_key: PEM, or the path of a PEM file.

    Returns:
        The bundle. Its manifest was made of the bytes that the signature covers, and `Bundle.read`
        checks each file against it again, so that nothing can be exchanged after this check.

    Raises:
        BundleError: Not signed, signed with another key, or altered; says which file.
        OptionError: The key cannot be used.
        MissingExtraError: The extra ``sign`` is not installed.
    """
    return verify_store(open_store(Path(path)), public_key)


def verify_store(store: Store, public_key: Key) -> io.Bundle:
    """`verify` for a bundle wherever it lies."""
    given = key_id(public_key)
    signature = read_signature(store)
    if signature is None:
        raise BundleError(
            f"{store.name} is not signed: it holds no {SIGNATURE}. Whoever made it signs it with: "
            f"edgecnn sign {Path(store.name).name} --key PRIVATE_KEY"
        )
    text = store.read(MANIFEST, MAX_MANIFEST_BYTES)
    digest = hashlib.sha256(text).hexdigest()
    if is_signed_by(public_key, text, signature.raw):
        if (signature.key_id, signature.manifest_sha256) != (given, digest):
            raise BundleError(f"{store.name}: {SIGNATURE} was altered, though it still fits.")
    elif signature.key_id != given:
        raise BundleError(
            f"{store.name} was signed with another key ({signature.key_id[:16]}...) than the one "
            f"given ({given[:16]}...)."
        )
    elif signature.manifest_sha256 != digest:
        raise BundleError(
            f"{store.name}: {MANIFEST} was altered or signed with another key: its signature does "
            "not fit. Get the bundle again from where it was made."
        )
    else:
        raise BundleError(
            f"{store.name}: the signature in {SIGNATURE} is damaged. {MANIFEST} seems to be as it "
            "was, but nothing proves it. Get the bundle again."
        )
    bundle = io.Bundle(io.parse_manifest(text, where=store.name), store)
    _refuse_extra_files(bundle)
    bundle.verify()
    return bundle


def read_signature(store: Store) -> Signature | None:
    """The signature of a bundle, not yet held against any key; None when it has none.

    Raises:
        BundleError: It is damaged.
    """
    if SIGNATURE not in store.names():
        return None
    content = store.read(SIGNATURE, MAX_SIGNATURE_BYTES)
    return decode_signature(content, where=f"{store.name}: {SIGNATURE}")


def _refuse_extra_files(bundle: io.Bundle) -> None:
    known = {MANIFEST, SIGNATURE, *bundle.manifest.files}
    extra = [name for name in bundle.store.names() if name not in known]
    if extra:
        shown = ", ".join(map(repr, extra[:5])) + (", ..." if len(extra) > 5 else "")
        raise BundleError(
            f"{bundle.store.name} holds {counted(len(extra), 'extra file')} that {MANIFEST} does "
            f"not list: {shown}. "
            "Remove what does not belong to the bundle."
        )
