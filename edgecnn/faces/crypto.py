"""Keys and ciphers of gallery files: scrypt, HMAC-SHA-256 and AES-256-GCM, nothing of our own.

A passphrase is turned into a *master key* by scrypt, which costs time and memory, so that guessing
is slow. From the master key follow, by HMAC with different labels, the key that wraps the file's
data key, and a *check value*. The check value says whether a passphrase is right without touching
the data; that is how a wrong passphrase is told from a damaged file. It makes guessing no cheaper:
each guess still costs one scrypt.

Reference: scrypt is RFC 7914; AES-GCM is NIST SP 800-38D. The default cost (2^17, 8, 1) is what
OWASP's password storage sheet advises: 128 MiB, and about half a second on a desktop core.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Any

from edgecnn.bundle.schema import Strict
from edgecnn.errors import DamagedError, OptionError
from edgecnn.optional import require

KEY_BYTES = 32
_SALT_BYTES = 16
_NONCE_BYTES = 12
_TAG_BYTES = 16
_LIMITS = {"log2_n": (10, 20), "r": (1, 16), "p": (1, 8)}
_WRAP_LABEL = b"edgecnn faces: wrapping key, version 1"
_CHECK_LABEL = b"edgecnn faces: check value, version 1"


class Scrypt(Strict, frozen=True, kw_only=True):
    """How a master key follows from a passphrase; stored with the file, so it can be raised later.

    Attributes:
        salt: Random bytes.
        log2_n: Cost in time and memory, as a power of two; memory is 128 * r * 2^log2_n bytes.
        r, p: Block size and parallelism.
    """

    salt: bytes
    log2_n: int = 17
    r: int = 8
    p: int = 1

    def __post_init__(self) -> None:
        for name, (low, high) in _LIMITS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise OptionError(f"scrypt's {name} must be {low} to {high}, but got {value}.")
        if len(self.salt) != _SALT_BYTES:
            raise OptionError(f"The salt must have {_SALT_BYTES} bytes, but got {len(self.salt)}.")

    @classmethod
    def new(cls, log2_n: int = 17) -> Scrypt:
        """A fresh salt."""
        return cls(salt=os.urandom(_SALT_BYTES), log2_n=log2_n)

    def master_key(self, passphrase: bytes) -> bytes:
        """32 bytes; takes long on purpose, so keep it off a thread that draws windows."""
        memory = 128 * self.r * (2**self.log2_n + self.p + 2)
        return hashlib.scrypt(
            passphrase,
            salt=self.salt,
            n=2**self.log2_n,
            r=self.r,
            p=self.p,
            maxmem=memory + 2**20,
            dklen=KEY_BYTES,
        )


def new_key() -> bytes:
    """A random key of 32 bytes."""
    return os.urandom(KEY_BYTES)


def wrapping_key(master: bytes) -> bytes:
    """The key under which a data key is wrapped."""
    return hmac.digest(master, _WRAP_LABEL, "sha256")


def check_value(master: bytes) -> bytes:
    """Tells whether a master key is the right one, without giving it away."""
    return hmac.digest(master, _CHECK_LABEL, "sha256")


def is_right(master: bytes, check: bytes) -> bool:
    """Whether a check value is that of a master key, in constant time."""
    return hmac.compare_digest(check_value(master), check)


def seal(key: bytes, content: bytes, bound_to: bytes) -> bytes:
    """Encrypt and authenticate.

    Args:
        key: 32 bytes. Draw a new one for each content: the nonce is random.
        content: Plain bytes.
        bound_to: Not encrypted, but what is opened later has to come with the same.

    Returns:
        Nonce, ciphertext and tag in one.

    Raises:
        MissingExtraError: The extra ``faces`` is not installed.
    """
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + bytes(_cipher(key).encrypt(nonce, content, bound_to))


def unseal(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """The content that `seal` got.

    Raises:
        DamagedError: Not one bit may differ, in ``sealed`` or in ``bound_to``.
        MissingExtraError: The extra ``faces`` is not installed.
    """
    if len(sealed) < _NONCE_BYTES + _TAG_BYTES:
        raise DamagedError(f"{len(sealed)} bytes are too few to be anything encrypted.")
    invalid = require("cryptography.exceptions", extra="faces").InvalidTag
    # A view: the content may be large, and a slice of bytes would copy it.
    nonce, rest = sealed[:_NONCE_BYTES], memoryview(sealed)[_NONCE_BYTES:]
    try:
        return bytes(_cipher(key).decrypt(nonce, rest, bound_to))
    except invalid as error:
        raise DamagedError("What is encrypted does not match its tag.") from error


def sealed_length(content_length: int) -> int:
    """How long `seal` makes a content."""
    return _NONCE_BYTES + content_length + _TAG_BYTES


def _cipher(key: bytes) -> Any:
    aead = require("cryptography.hazmat.primitives.ciphers.aead", extra="faces")
    return aead.AESGCM(key)
