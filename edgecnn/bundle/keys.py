"""Ed25519 keys and signatures of bytes (RFC 8032), through the optional package ``cryptography``.

Keys are PEM files: private ones in PKCS #8, public ones as SubjectPublicKeyInfo, which is what
``openssl genpkey -algorithm ed25519`` and ``openssl pkey -pubout`` write as well.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from edgecnn.bundle.schema import Strict
from edgecnn.errors import BundleError, OptionError
from edgecnn.optional import require

Signer = Callable[[bytes], bytes]
"""From the exact bytes of ``bundle.json`` to the content of ``bundle.sig``."""
Key = bytes | str | os.PathLike[str]
"""PEM, or the path of a PEM file."""

SIGNATURE_VERSION = 1
ALGORITHM = "ed25519"
MAX_SIGNATURE_BYTES = 4_096
_MAX_KEY_BYTES = 16_384
_SIGNATURE_LENGTH = 64
_HOW_TO_MAKE = "Make a pair with: edgecnn keygen PATH"


class Signature(Strict, frozen=True, kw_only=True):
    """The content of ``bundle.sig``.

    Attributes:
        key_id: SHA-256 (hex) of the 32 bytes of the public key.
        manifest_sha256: SHA-256 (hex) of what was signed. It proves nothing; it tells a damaged
            signature from an altered manifest.
        signature: Base64 of the 64 bytes.
    """

    version: int = SIGNATURE_VERSION
    algorithm: str = ALGORITHM
    key_id: str
    manifest_sha256: str
    signature: str

    @property
    def raw(self) -> bytes:
        """The 64 bytes; raises ValueError when there are none."""
        raw = base64.b64decode(self.signature, validate=True)
        if len(raw) != _SIGNATURE_LENGTH:
            raise ValueError(f"{len(raw)} bytes instead of {_SIGNATURE_LENGTH}")
        return raw


def encode_signature(signature: Signature) -> bytes:
    """As JSON; there is one way to write each signature."""
    return msgspec.json.format(msgspec.json.encode(signature), indent=1) + b"\n"


def decode_signature(content: bytes, *, where: str) -> Signature:
    """A signature from the content of ``bundle.sig``.

    Raises:
        BundleError: Damaged, of a newer kind, or written in another way than ours, so that no byte
            of it can be altered unseen.
    """
    try:
        signature = msgspec.json.decode(content, type=Signature)
        if signature.version > SIGNATURE_VERSION:
            raise BundleError(
                f"{where} has version {signature.version}; this edgecnn reads up to "
                f"{SIGNATURE_VERSION}. Update edgecnn: pip install -U edgecnn"
            )
        raw = signature.raw
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise BundleError(f"{where} is damaged, so nothing is proven: {error}.") from error
    again = msgspec.structs.replace(signature, signature=base64.b64encode(raw).decode())
    known = signature.version == SIGNATURE_VERSION and signature.algorithm == ALGORITHM
    if not known or encode_signature(again) != content:
        raise BundleError(f"{where} is damaged or was altered, so nothing is proven.")
    return signature


def generate_key(passphrase: bytes | None = None) -> tuple[bytes, bytes]:
    """A new pair of keys.

    Args:
        passphrase: Encrypts the private key; None leaves it plain.

    Returns:
        Private key (PKCS #8 PEM) and public key (PEM).

    Raises:
        OptionError: An empty passphrase.
        MissingExtraError: The extra ``sign`` is not installed.
    """
    if passphrase == b"":
        raise OptionError("The passphrase is empty. Leave it away for a key without one.")
    formats = _serialization()
    private = _ed25519().Ed25519PrivateKey.generate()
    protection = (
        formats.NoEncryption()
        if passphrase is None
        else formats.BestAvailableEncryption(passphrase)
    )
    pem = private.private_bytes(
        formats.Encoding.PEM, formats.PrivateFormat.PKCS8, encryption_algorithm=protection
    )
    public = private.public_key().public_bytes(
        formats.Encoding.PEM, formats.PublicFormat.SubjectPublicKeyInfo
    )
    return bytes(pem), bytes(public)


def signer(private_key: Key, passphrase: bytes | None = None) -> Signer:
    """A function that signs manifests; the key is read and checked now.

    Args:
        private_key: PEM, or the path of a PEM file.
        passphrase: Of an encrypted key.

    Raises:
        OptionError: Not a private Ed25519 key, or the passphrase does not open it.
        MissingExtraError: The extra ``sign`` is not installed.
    """
    key = _load_private(private_key, passphrase)
    name = _key_id(key.public_key())

    def sign(manifest: bytes) -> bytes:
        return encode_signature(
            Signature(
                key_id=name,
                manifest_sha256=hashlib.sha256(manifest).hexdigest(),
                signature=base64.b64encode(key.sign(manifest)).decode(),
            )
        )

    return sign


def key_id(public_key: Key) -> str:
    """SHA-256 (hex) of a public key's 32 bytes; raises as `is_signed_by`."""
    return _key_id(_load_public(public_key))


def is_signed_by(public_key: Key, content: bytes, signature: bytes) -> bool:
    """Whether a signature of bytes was made with the private key of this public one.

    Args:
        public_key: PEM, or the path of a PEM file.
        content: What was signed.
        signature: 64 bytes.

    Raises:
        OptionError: Not a public Ed25519 key.
        MissingExtraError: The extra ``sign`` is not installed.
    """
    key = _load_public(public_key)
    try:
        key.verify(signature, content)
    except _exceptions().InvalidSignature:
        return False
    return True


def _key_id(public: Any) -> str:
    formats = _serialization()
    raw = public.public_bytes(formats.Encoding.Raw, formats.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()


def _load_private(key: Key, passphrase: bytes | None) -> Any:
    pem, where = _pem(key)
    if b"PUBLIC KEY" in pem:
        raise OptionError(f"{where} is a public key; signing takes the private one.")
    if passphrase is None and b"ENCRYPTED" in pem:
        raise OptionError(
            f"{where} is encrypted: give its passphrase (edgecnn sign --passphrase-file)."
        )
    try:
        loaded = _serialization().load_pem_private_key(pem, passphrase)
    except TypeError as error:
        raise OptionError(f"{where} is not encrypted; leave the passphrase away.") from error
    except (ValueError, _exceptions().UnsupportedAlgorithm) as error:
        reason = "the passphrase is wrong, or it is damaged" if passphrase else "it is damaged"
        raise OptionError(
            f"{where} cannot be read as a private key in PKCS #8 PEM: {reason}. {_HOW_TO_MAKE}"
        ) from error
    if not isinstance(loaded, _ed25519().Ed25519PrivateKey):
        raise OptionError(f"{where} is a key of another kind than Ed25519. {_HOW_TO_MAKE}")
    return loaded


def _load_public(key: Key) -> Any:
    pem, where = _pem(key)
    if b"PRIVATE KEY" in pem:
        raise OptionError(
            f"{where} is a private key. Verifying takes the public one (PATH.pub): keep the "
            "private key where bundles are made."
        )
    try:
        loaded = _serialization().load_pem_public_key(pem)
    except (ValueError, _exceptions().UnsupportedAlgorithm) as error:
        raise OptionError(
            f"{where} cannot be read as a public key in PEM. {_HOW_TO_MAKE}"
        ) from error
    if not isinstance(loaded, _ed25519().Ed25519PublicKey):
        raise OptionError(f"{where} is a key of another kind than Ed25519. {_HOW_TO_MAKE}")
    return loaded


def _pem(key: Key) -> tuple[bytes, str]:
    """Content, and words for messages that give nothing of it away."""
    if isinstance(key, bytes):
        return key, "The key"
    path = Path(key)
    try:
        with path.open("rb") as stream:
            return stream.read(_MAX_KEY_BYTES), str(path)
    except OSError as error:
        raise OptionError(f"Cannot read the key {path}: {error.strerror}.") from error


def _serialization() -> Any:
    return require("cryptography.hazmat.primitives.serialization", extra="sign")


def _ed25519() -> Any:
    return require("cryptography.hazmat.primitives.asymmetric.ed25519", extra="sign")


def _exceptions() -> Any:
    return require("cryptography.exceptions", extra="sign")
