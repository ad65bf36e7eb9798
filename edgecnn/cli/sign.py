"""``edgecnn keygen`` and ``edgecnn sign``: a pair of keys, and a bundle signed with it."""

from __future__ import annotations

import os
from pathlib import Path

import click

from edgecnn.bundle import keys, signing
from edgecnn.errors import OptionError

PUBLIC_SUFFIX = ".pub"

_passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File whose first line is the passphrase of the private key.",
)


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@_passphrase_option
def keygen(path: Path, passphrase_file: Path | None) -> None:
    """Make a pair of Ed25519 keys: the private one in PATH, the public one in PATH.pub.

    Both are PEM files. Keep PATH secret, where bundles are made; give PATH.pub to whoever is to
    check them. Nothing is ever overwritten.
    """
    public_path = path.with_name(path.name + PUBLIC_SUFFIX)
    for target in (path, public_path):
        if target.exists() or target.is_symlink():
            raise OptionError(f"{target} exists already and is not replaced. Choose another path.")
    private, public = keys.generate_key(_passphrase(passphrase_file))
    _create(path, private, mode=0o600)
    try:
        _create(public_path, public, mode=0o644)
    except BaseException:
        path.unlink()
        raise
    click.echo(f"Private key: {path} (keep it secret)")
    click.echo(f"Public key: {public_path}, id {keys.key_id(public)[:16]}...")


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--key",
    required=True,
    type=click.Path(path_type=Path),
    metavar="KEY",
    help="Private key (PEM), from edgecnn keygen or openssl genpkey -algorithm ed25519.",
)
@_passphrase_option
def sign(bundle: Path, key: Path, passphrase_file: Path | None) -> None:
    """Sign BUNDLE, a folder or .edge file, by writing bundle.sig into it.

    Its files are checked first; an earlier signature is replaced. The signature covers bundle.json
    byte for byte, and through its table of hashes every other file.
    """
    signature = signing.sign(bundle, key, passphrase=_passphrase(passphrase_file))
    click.echo(f"Signed {bundle} with key {signature.key_id[:16]}...")
    click.echo(f"Whoever has the public key checks it with: edgecnn verify {bundle} --key PUBLIC")


def _passphrase(file: Path | None) -> bytes | None:
    """The first line of a file; raises OptionError when it is empty or cannot be read."""
    if file is None:
        return None
    try:
        with file.open("rb") as stream:
            line = stream.readline(1_024).rstrip(b"\r\n")
    except OSError as error:
        raise OptionError(f"Cannot read the passphrase file {file}: {error.strerror}.") from error
    if not line:
        raise OptionError(f"The first line of {file} is empty; it should be the passphrase.")
    return line


def _create(path: Path, content: bytes, *, mode: int) -> None:
    """Write a new file; others never see it with more permissions than ``mode``."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        except BaseException:
            path.unlink()
            raise
    except OSError as error:
        raise OptionError(f"Cannot write {path}: {error.strerror}.") from error
