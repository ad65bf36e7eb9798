"""The gallery file, byte by byte: a readable header, and everything else encrypted.

    magic (8) | version (2) | length of the header (4) | SHA-256 of the header (32)
    header (JSON) | nonce (12), ciphertext, tag (16)

Everything up to the ciphertext is what the ciphertext is bound to, so altering any byte is noticed.
The hash is no protection: it tells a damaged header from a wrong passphrase. The header holds
random identifiers, how the key is derived and its wrapped form; nothing about any person, not even
how many there are (the length of the file gives a rough idea).

Every write draws a new data key, so no key ever encrypts two contents, and an old copy of the file
is not opened by the new data key.
"""

from __future__ import annotations

import hashlib
import os
import struct
from dataclasses import dataclass

import msgspec

from edgecnn.bundle.schema import Strict
from edgecnn.errors import DamagedError, OptionError, PassphraseError
from edgecnn.faces import crypto
from edgecnn.faces.unlocking import Holder, Lock, Secret, holder_of

MAGIC = b"EDGEFACE"
VERSION = 1
MAX_BYTES = 2**31
_PREAMBLE = struct.Struct(">8sHI32s")
_MAX_HEADER_BYTES = 65_536


class Header(Strict, frozen=True, kw_only=True):
    """What is readable of a gallery file.

    Attributes:
        gallery_id: Random; the same for a gallery, its backups and its later states.
        state_id: Random; another after each write.
        lock: How the data key is wrapped.
        sealed_bytes: Length of what follows the header.
        retired: Keys in the system keyring that were replaced and have to be deleted.
    """

    gallery_id: str
    state_id: str
    lock: Lock
    sealed_bytes: int
    retired: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Envelope:
    """A gallery file in memory, still closed.

    Attributes:
        header: What is readable.
        bound: Everything before the ciphertext, as it stood in the file.
        sealed: The rest.
        where: For messages.
    """

    header: Header
    bound: bytes
    sealed: bytes
    where: str

    def open(self, secret: Secret) -> tuple[bytes, Holder]:
        """The content, and the opened secret.

        Raises:
            PassphraseError: The secret is not that of this file.
            DamagedError: It is, but the file was damaged or altered.
        """
        try:
            holder = holder_of(self.header.lock, secret)
        except PassphraseError as error:
            raise PassphraseError(f"{self.where}: {error}") from error
        return self.open_with(holder), holder

    def open_with(self, holder: Holder) -> bytes:
        """The content, for a secret that opens this file.

        Raises:
            DamagedError: The file was damaged or altered.
        """
        try:
            data_key = holder.unlock(self.header.lock, _wrap_context(self.header.gallery_id))
            return crypto.unseal(data_key, self.sealed, self.bound)
        except DamagedError as error:
            raise DamagedError(
                f"{self.where} was damaged or altered: {error} The passphrase is right."
            ) from error


def new_gallery_id() -> str:
    """A random identifier of a gallery."""
    return os.urandom(16).hex()


def seal_envelope(
    content: bytes, holder: Holder, gallery_id: str, retired: tuple[str, ...] = ()
) -> tuple[bytes, str]:
    """The bytes of a file, under a new data key.

    Returns:
        The file, and its ``state_id``.
    """
    data_key, state_id = crypto.new_key(), os.urandom(16).hex()
    header = Header(
        gallery_id=gallery_id,
        state_id=state_id,
        lock=holder.lock(data_key, _wrap_context(gallery_id)),
        sealed_bytes=crypto.sealed_length(len(content)),
        retired=retired,
    )
    text = msgspec.json.encode(header)
    preamble = _PREAMBLE.pack(MAGIC, VERSION, len(text), hashlib.sha256(text).digest())
    bound = preamble + text
    return bound + crypto.seal(data_key, content, bound), state_id


def read_envelope(content: bytes, where: str) -> Envelope:
    """Take a file apart without a key.

    Args:
        content: The whole file.
        where: For messages.

    Raises:
        DamagedError: No gallery file, a newer one, cut off, or its header is damaged.
    """
    if len(content) < _PREAMBLE.size or content[: len(MAGIC)] != MAGIC:
        raise DamagedError(
            f"{where} is not a gallery file of edgecnn, or its beginning is damaged "
            f"({len(content)} bytes)."
        )
    _, version, length, digest = _PREAMBLE.unpack_from(content)
    end = _PREAMBLE.size + length
    text = content[_PREAMBLE.size : end]
    if version != VERSION:
        raise DamagedError(
            f"{where} says it has version {version}; this edgecnn reads {VERSION}. It is damaged "
            "or was made by a newer one: pip install -U edgecnn"
        )
    if length > _MAX_HEADER_BYTES or hashlib.sha256(text).digest() != digest:
        raise DamagedError(f"The header of {where} is damaged.")
    try:
        header = msgspec.json.decode(text, type=Header)
    except (msgspec.DecodeError, OptionError, UnicodeDecodeError) as error:
        raise DamagedError(f"The header of {where} is not understood: {error}") from error
    sealed = content[end:]
    if len(sealed) != header.sealed_bytes:
        raise DamagedError(
            f"{where} was cut off or extended: {len(sealed)} bytes follow the header, "
            f"{header.sealed_bytes} were written."
        )
    return Envelope(header, content[:end], sealed, where)


def _wrap_context(gallery_id: str) -> bytes:
    return b"edgecnn faces data key of " + gallery_id.encode("ascii", "backslashreplace")
