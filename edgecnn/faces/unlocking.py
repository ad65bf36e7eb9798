"""What opens a gallery: a passphrase, or a key that the system keyring keeps.

`Holder` is the opened form of either: it has the master key in memory, and wraps and unwraps data
keys without asking again. Its `repr` shows no key.
"""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from edgecnn.bundle.schema import Strict
from edgecnn.errors import DamagedError, OptionError, PassphraseError
from edgecnn.faces import crypto
from edgecnn.faces.crypto import Scrypt
from edgecnn.optional import require

SERVICE = "edgecnn faces"
_UNSAFE = ("keyrings.alt", "keyring.backends.fail", "keyring.backends.null")
_LEAST_LENGTH = 8


class PassphraseLock(Strict, frozen=True, kw_only=True, tag="passphrase"):
    """The data key of a file, wrapped under a passphrase."""

    kdf: Scrypt
    check: bytes
    wrapped: bytes


class KeyringLock(Strict, frozen=True, kw_only=True, tag="keyring"):
    """The data key of a file, wrapped under a random key in the system keyring.

    Attributes:
        account: Under which name the keyring keeps it; random.
    """

    account: str
    check: bytes
    wrapped: bytes


Lock = PassphraseLock | KeyringLock


@dataclass(frozen=True, slots=True)
class Passphrase:
    """A passphrase, as it was typed.

    Attributes:
        text: At least 8 characters. Normalized (NFC), so that accents count alike whatever
            keyboard they come from.
        log2_n: Cost of scrypt for a new file; an existing one says its own.
    """

    text: str = field(repr=False)
    log2_n: int = 17

    @property
    def raw(self) -> bytes:
        """What goes into scrypt."""
        return unicodedata.normalize("NFC", self.text).encode("utf-8")

    def check_strength(self) -> None:
        """Refuse what a few guesses would find, before a file is made with it.

        Raises:
            OptionError: Shorter than 8 characters.
        """
        if len(self.text) < _LEAST_LENGTH:
            raise OptionError(
                f"The passphrase has {len(self.text)} characters; at least {_LEAST_LENGTH} are "
                "needed. Four words that do not belong together are easy to keep in mind."
            )


@dataclass(frozen=True, slots=True)
class SystemKeyring:
    """The keyring of the desktop session (Secret Service, KWallet, macOS Keychain ...)."""


Secret = Passphrase | SystemKeyring


@dataclass(frozen=True, slots=True)
class Holder:
    """An opened secret.

    Attributes:
        master: Master key.
        kdf: How it follows from the passphrase; None when the keyring has it.
        account: Where the keyring has it; None for a passphrase.
    """

    master: bytes = field(repr=False)
    kdf: Scrypt | None = None
    account: str | None = None

    def lock(self, data_key: bytes, bound_to: bytes) -> Lock:
        """Wrap a data key."""
        wrapped = crypto.seal(crypto.wrapping_key(self.master), data_key, bound_to)
        check = crypto.check_value(self.master)
        if self.kdf is not None:
            return PassphraseLock(kdf=self.kdf, check=check, wrapped=wrapped)
        return KeyringLock(account=self.account or "", check=check, wrapped=wrapped)

    def opens(self, lock: Lock) -> bool:
        """Whether this is the secret of a lock."""
        return crypto.is_right(self.master, lock.check)

    def unlock(self, lock: Lock, bound_to: bytes) -> bytes:
        """The data key; the caller has made sure that this secret opens the lock.

        Raises:
            DamagedError: The wrapped key was altered.
        """
        key = crypto.unseal(crypto.wrapping_key(self.master), lock.wrapped, bound_to)
        if len(key) != crypto.KEY_BYTES:
            raise DamagedError(f"The data key has {len(key)} bytes.")
        return key


def new_holder(secret: Secret) -> Holder:
    """A secret for a new file, or for a change of secret.

    With the keyring, a random key is put there now.

    Raises:
        OptionError: The passphrase is too short.
        PassphraseError: There is no usable keyring.
    """
    if isinstance(secret, Passphrase):
        secret.check_strength()
        kdf = Scrypt.new(secret.log2_n)
        return Holder(kdf.master_key(secret.raw), kdf=kdf)
    account, master = os.urandom(16).hex(), crypto.new_key()
    keyring = _keyring()
    try:
        keyring.set_password(SERVICE, account, master.hex())
        kept = keyring.get_password(SERVICE, account)
    except keyring.errors.KeyringError as error:
        raise PassphraseError(_words("The system keyring takes no key", error)) from error
    if kept != master.hex():
        raise PassphraseError("The system keyring does not keep what it is given. Use a passphrase")
    return Holder(master, account=account)


def holder_of(lock: Lock, secret: Secret) -> Holder:
    """The secret that opens a lock.

    Raises:
        PassphraseError: The passphrase is wrong, of the other kind, or the keyring lacks the key.
    """
    if isinstance(lock, PassphraseLock):
        if not isinstance(secret, Passphrase):
            raise PassphraseError(
                "This gallery is opened by a passphrase, not by the system keyring: give it with "
                "--passphrase-file or EDGECNN_PASSPHRASE."
            )
        holder = Holder(lock.kdf.master_key(secret.raw), kdf=lock.kdf)
        wrong = "The passphrase is wrong (the file itself is not known to be damaged)."
    else:
        if not isinstance(secret, SystemKeyring):
            raise PassphraseError(
                "This gallery is opened by the system keyring, so a passphrase does not open it. "
                "Leave --passphrase-file and EDGECNN_PASSPHRASE away."
            )
        holder = Holder(_from_keyring(lock.account), account=lock.account)
        wrong = "The key in the system keyring is not the one of this gallery."
    if not holder.opens(lock):
        raise PassphraseError(wrong)
    return holder


def drop_from_keyring(account: str) -> bool:
    """Delete a key; whether it is certain that it is gone."""
    try:
        keyring = _keyring()
        if keyring.get_password(SERVICE, account) is not None:
            keyring.delete_password(SERVICE, account)
    except (PassphraseError, _keyring_errors()):
        return False
    return True


def _from_keyring(account: str) -> bytes:
    keyring = _keyring()
    try:
        kept = keyring.get_password(SERVICE, account)
    except keyring.errors.KeyringError as error:
        raise PassphraseError(_words("The system keyring does not answer", error)) from error
    if kept is None:
        raise PassphraseError(
            "The system keyring of this user and session does not have the key of this gallery. "
            "Log in as who made it, or restore a backup that has a passphrase."
        )
    try:
        return bytes.fromhex(kept)
    except ValueError as error:
        raise PassphraseError("What the system keyring has is not a key of ours.") from error


def _keyring() -> Any:
    """The module, when it has somewhere safe to keep keys."""
    keyring = require("keyring", extra="faces")
    backend = keyring.get_keyring()
    # A chain asks its members in order; the first one would get the key.
    members = getattr(backend, "backends", None) or [backend]
    name = type(members[0]).__module__
    if name.startswith(_UNSAFE):
        raise PassphraseError(
            f"There is no safe system keyring here (found {name}). Use a passphrase: "
            "--passphrase-file or EDGECNN_PASSPHRASE."
        )
    return keyring


def _keyring_errors() -> Any:
    return require("keyring.errors", extra="faces").KeyringError


def _words(what: str, error: Exception) -> str:
    return f"{what} ({type(error).__name__}). Use a passphrase: --passphrase-file."
