from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import edgecnn
from edgecnn.bundle import io, keys, signing
from edgecnn.bundle.paths import MANIFEST, SIGNATURE
from edgecnn.bundle.store import open_store
from edgecnn.errors import BundleError, OptionError
from tests.helpers.models import mean_color_bundle, save_mean_color

PRIVATE, PUBLIC = keys.generate_key()
OTHER_PRIVATE, OTHER_PUBLIC = keys.generate_key()


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    path = save_mean_color(tmp_path / "mean_color")
    signing.sign(path, PRIVATE)
    return path


@pytest.fixture(scope="module")
def module_signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = save_mean_color(tmp_path_factory.mktemp("signed") / "mean_color")
    signing.sign(path, PRIVATE)
    return path


@pytest.mark.parametrize("name", ["mean_color", "mean_color.edge"])
def test_a_signed_bundle_is_accepted_with_its_key_and_no_other(tmp_path: Path, name: str) -> None:
    path = save_mean_color(tmp_path / name)
    before = {file: open_store(path).read(file) for file in open_store(path).names()}
    signature = signing.sign(path, PRIVATE)
    bundle = signing.verify(path, PUBLIC)
    assert bundle.manifest == io.load(path).manifest
    assert signature.key_id == keys.key_id(PUBLIC)
    # Nothing but the signature was added, and nothing was changed.
    store = open_store(path)
    assert {file: store.read(file) for file in store.names() if file != SIGNATURE} == before
    with pytest.raises(BundleError, match="signed with another key"):
        signing.verify(path, OTHER_PUBLIC)


def test_a_model_is_loaded_only_when_its_signature_is_right(signed: Path, tmp_path: Path) -> None:
    with edgecnn.load(signed, key=PUBLIC, backend="litert") as model:
        assert model.info.name == "mean_color"
    with pytest.raises(BundleError, match="signed with another key"):
        edgecnn.load(signed, key=OTHER_PUBLIC)
    # A variant that is not the one to be run counts as well.
    _alter(signed / "openvino/float32.bin")
    with pytest.raises(BundleError, match=r"'openvino/float32\.bin' was altered"):
        edgecnn.load(signed, key=PUBLIC, backend="litert")
    edgecnn.load(signed, backend="litert").close()
    with pytest.raises(BundleError, match="not signed"):
        edgecnn.load("faces", key=PUBLIC)
    bare = tmp_path / "bare.tflite"
    bare.write_bytes((signed / "float32.tflite").read_bytes())
    with pytest.raises(BundleError, match="only bundles can be signed"):
        edgecnn.load(bare, key=PUBLIC)


def test_what_is_exchanged_after_the_check_is_noticed(signed: Path) -> None:
    bundle = signing.verify(signed, PUBLIC)
    _alter(signed / "int8.tflite")
    with pytest.raises(BundleError, match=r"'int8\.tflite' was altered"):
        bundle.read("int8.tflite")


def test_signing_again_replaces_the_signature(signed: Path) -> None:
    signing.sign(signed, OTHER_PRIVATE)
    signing.verify(signed, OTHER_PUBLIC)
    with pytest.raises(BundleError, match="signed with another key"):
        signing.verify(signed, PUBLIC)


def test_an_unsigned_bundle_is_told_from_a_wrongly_signed_one(tmp_path: Path) -> None:
    path = save_mean_color(tmp_path / "mean_color")
    with pytest.raises(BundleError, match=r"not signed: it holds no bundle\.sig.*edgecnn sign"):
        signing.verify(path, PUBLIC)
    assert signing.read_signature(open_store(path)) is None


def _alter(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def _damage_signature(path: Path) -> None:
    document = json.loads((path / SIGNATURE).read_text())
    raw = bytearray(base64.b64decode(document["signature"]))
    raw[10] ^= 1
    document["signature"] = base64.b64encode(raw).decode()
    content = msgspec.json.format(json.dumps(document).encode(), indent=1) + b"\n"
    (path / SIGNATURE).write_bytes(content)


def _edit_manifest(path: Path) -> None:
    text = (path / MANIFEST).read_text()
    (path / MANIFEST).write_text(text.replace("Mean colour", "Mean colors"))


def _link(path: Path) -> None:
    (path / "link.tflite").symlink_to(path / "int8.tflite")


ALTERATIONS: dict[str, tuple[Callable[[Path], object], str]] = {
    "model": (lambda p: _alter(p / "int8.tflite"), r"'int8\.tflite' was altered"),
    "weights": (lambda p: _alter(p / "openvino/float32.bin"), r"'openvino/float32\.bin' was alt"),
    "longer": (
        lambda p: (p / "int8.tflite").write_bytes((p / "int8.tflite").read_bytes() + b"x"),
        r"'int8\.tflite' has \d+ bytes",
    ),
    "missing": (lambda p: (p / "int8.tflite").unlink(), r"'int8\.tflite' is missing"),
    "extra": (lambda p: (p / "evil.so").write_bytes(b"x"), r"1 extra file .*'evil\.so'"),
    "hidden": (lambda p: (p / "openvino/.x").write_bytes(b""), r"1 extra file .*'openvino/\.x'"),
    "link": (_link, r"1 extra file .*'link\.tflite'"),
    "manifest": (_edit_manifest, r"bundle\.json was altered or signed with another key"),
    "blank": (
        lambda p: (p / MANIFEST).write_bytes((p / MANIFEST).read_bytes() + b" "),
        r"bundle\.json was altered or signed with another key",
    ),
    "no JSON": (
        lambda p: (p / MANIFEST).write_bytes(b"{"),
        r"bundle\.json was altered or signed with another key",
    ),
    "signature": (_damage_signature, r"signature in bundle\.sig is damaged"),
    "no signature": (lambda p: (p / SIGNATURE).write_bytes(b"{}"), r"bundle\.sig is damaged"),
    "empty": (lambda p: (p / SIGNATURE).write_bytes(b""), r"bundle\.sig is damaged"),
    "long": (lambda p: (p / SIGNATURE).write_bytes(b" " * 5000), r"bundle\.sig' has 5000 bytes"),
}


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_every_alteration_is_told_apart_by_name(signed: Path, alteration: str) -> None:
    alter, message = ALTERATIONS[alteration]
    alter(signed)
    with pytest.raises(BundleError, match=message):
        signing.verify(signed, PUBLIC)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("version", 2, "pip install -U edgecnn"),
        ("version", 0, "damaged or was altered"),
        ("algorithm", "none", "damaged or was altered"),
        ("key_id", "0" * 64, "altered, though it still fits"),
        ("manifest_sha256", "0" * 64, "altered, though it still fits"),
        ("signature", "AAAA", "3 bytes instead of 64"),
        ("signature", "!", "damaged"),
        ("more", 1, "unknown field"),
    ],
)
def test_every_field_of_the_signature_counts(
    signed: Path, field: str, value: object, message: str
) -> None:
    document = json.loads((signed / SIGNATURE).read_text()) | {field: value}
    content = msgspec.json.format(json.dumps(document).encode(), indent=1) + b"\n"
    (signed / SIGNATURE).write_bytes(content)
    with pytest.raises(BundleError, match=message):
        signing.verify(signed, PUBLIC)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_byte_of_any_file_can_be_flipped_unseen(
    module_signed: Path, tmp_path: Path, data: st.DataObject
) -> None:
    names = [MANIFEST, SIGNATURE, *io.load(module_signed).manifest.files]
    name = data.draw(st.sampled_from(names), "file")
    content = bytearray((module_signed / name).read_bytes())
    position = data.draw(st.integers(0, len(content) - 1), "position")
    content[position] ^= data.draw(st.integers(1, 255), "bits")
    copy = tmp_path / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(module_signed, copy)
    (copy / name).write_bytes(bytes(content))
    with pytest.raises(BundleError) as caught:
        signing.verify(copy, PUBLIC)
    # A flipped key id says "another key", which names no file: nobody can tell whose it was.
    assert name in str(caught.value) or (
        name == SIGNATURE and "signed with another key" in str(caught.value)
    )


def test_every_byte_of_the_signature_counts(signed: Path) -> None:
    content = (signed / SIGNATURE).read_bytes()
    for position in range(len(content)):
        for bits in (0x01, 0x20, 0x2A):  # another digit, another case, a line break for a blank
            flipped = bytearray(content)
            flipped[position] ^= bits
            (signed / SIGNATURE).write_bytes(bytes(flipped))
            with pytest.raises(BundleError):
                signing.verify(signed, PUBLIC)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_flipped_byte_of_an_edge_file_is_refused_or_changes_no_content(
    module_signed: Path, tmp_path: Path, data: st.DataObject
) -> None:
    """A zip has bytes that no content hangs on, such as the time of day of an entry."""
    packed = tmp_path / "packed.edge"
    original = signing.verify(io.export(io.load(module_signed), packed, force=True), PUBLIC)
    files = {name: original.read(name) for name in original.manifest.files}
    content = bytearray(packed.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    packed.write_bytes(bytes(content))
    try:
        bundle = signing.verify(packed, PUBLIC)
    except BundleError:
        return
    assert bundle.manifest == original.manifest
    assert {name: bundle.read(name) for name in bundle.manifest.files} == files


def test_an_extra_entry_of_an_edge_file_is_refused(tmp_path: Path) -> None:
    path = save_mean_color(tmp_path / "x.edge")
    signing.sign(path, PRIVATE)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("setup.py", b"import os")
    with pytest.raises(BundleError, match=r"1 extra file .*'setup\.py'"):
        signing.verify(path, PUBLIC)


def test_a_bundle_that_is_not_whole_is_not_signed(tmp_path: Path) -> None:
    path = save_mean_color(tmp_path / "mean_color")
    _alter(path / "int8.tflite")
    with pytest.raises(BundleError, match=r"'int8\.tflite' was altered"):
        signing.sign(path, PRIVATE)
    other = save_mean_color(tmp_path / "other")
    (other / "notes.txt").write_text("to do")
    with pytest.raises(BundleError, match="extra file"):
        signing.sign(other, PRIVATE)
    assert not (path / SIGNATURE).exists()
    assert not (other / SIGNATURE).exists()


@pytest.mark.parametrize("name", ["a", "a.edge"])
@pytest.mark.parametrize("form", ["PEM", "path", "function"])
def test_a_bundle_can_be_saved_signed(tmp_path: Path, name: str, form: str) -> None:
    manifest, files = mean_color_bundle()
    (tmp_path / "key").write_bytes(PRIVATE)
    key = {"PEM": PRIVATE, "path": tmp_path / "key", "function": keys.signer(PRIVATE)}[form]
    path = io.save(manifest, files, tmp_path / name, sign=key)
    signing.verify(path, PUBLIC)
    # The same content and key give the same bytes.
    again = io.save(manifest, files, tmp_path / f"again_{name}", sign=key)
    assert open_store(again).read(SIGNATURE) == open_store(path).read(SIGNATURE)


def test_a_key_that_cannot_be_used_leaves_no_bundle(tmp_path: Path) -> None:
    manifest, files = mean_color_bundle()
    with pytest.raises(OptionError, match="is a public key"):
        io.save(manifest, files, tmp_path / "x", sign=PUBLIC)
    assert list(tmp_path.iterdir()) == []


def test_export_keeps_the_signature_of_an_unchanged_manifest_only(
    tmp_path: Path, signed: Path
) -> None:
    # As another version of edgecnn might have written it: other bytes, the same content.
    text = json.dumps(json.loads((signed / MANIFEST).read_text()))
    (signed / MANIFEST).write_text(text)
    signing.sign(signed, PRIVATE)
    bundle = io.load(signed)
    packed = io.export(bundle, tmp_path / "packed.edge")
    signing.verify(packed, PUBLIC)
    signing.verify(io.export(io.load(packed), tmp_path / "again"), PUBLIC)
    changed = io.Bundle(msgspec.structs.replace(bundle.manifest, title="New"), bundle.store)
    assert SIGNATURE not in open_store(io.export(changed, tmp_path / "changed")).names()


def test_saving_over_a_signed_bundle_drops_its_signature(signed: Path) -> None:
    manifest, files = mean_color_bundle(title="New title")
    io.save(manifest, files, signed, force=True)
    with pytest.raises(BundleError, match="not signed"):
        signing.verify(signed, PUBLIC)


def test_a_signature_cannot_be_listed_among_the_files(tmp_path: Path) -> None:
    manifest, files = mean_color_bundle()
    for name in (SIGNATURE, MANIFEST):
        with pytest.raises(BundleError, match="cannot be listed"):
            io.save(manifest, files | {name: b""}, tmp_path / "x")


def test_an_encrypted_key_needs_its_passphrase(tmp_path: Path) -> None:
    private, public = keys.generate_key(b"correct horse")
    assert b"ENCRYPTED" in private
    path = save_mean_color(tmp_path / "mean_color")
    signing.sign(path, private, passphrase=b"correct horse")
    signing.verify(path, public)
    for passphrase, message in (
        (None, "is encrypted: give its passphrase"),
        (b"wrong", "the passphrase is wrong"),
    ):
        with pytest.raises(OptionError, match=message):
            signing.sign(path, private, passphrase=passphrase)
    with pytest.raises(OptionError, match="is not encrypted"):
        signing.sign(path, PRIVATE, passphrase=b"x")
    with pytest.raises(OptionError, match="passphrase is empty"):
        keys.generate_key(b"")


def test_keys_that_are_none_are_refused(signed: Path, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for wrong, message in (
        (private, "another kind than Ed25519"),
        (b"nonsense", "cannot be read as a private key"),
        (PRIVATE[:60], "cannot be read as a private key"),
        (tmp_path / "nowhere", "Cannot read the key"),
    ):
        with pytest.raises(OptionError, match=message):
            signing.sign(signed, wrong)
    for wrong, message in (
        (public, "another kind than Ed25519"),
        (b"nonsense", "cannot be read as a public key"),
        (PRIVATE, "is a private key.*keep the private key where bundles are made"),
    ):
        with pytest.raises(OptionError, match=message):
            signing.verify(signed, wrong)
    signing.verify(signed, PUBLIC)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_keys_and_signatures_are_those_of_openssl(tmp_path: Path) -> None:
    def openssl(*arguments: str) -> str:
        run = subprocess.run(
            ["openssl", *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        assert run.returncode == 0, run.stderr
        return run.stdout

    openssl("genpkey", "-algorithm", "ed25519", "-out", "key.pem")
    openssl("pkey", "-in", "key.pem", "-pubout", "-out", "key.pub")
    path = save_mean_color(tmp_path / "mean_color")
    signature = signing.sign(path, tmp_path / "key.pem")
    signing.verify(path, tmp_path / "key.pub")
    (tmp_path / "raw").write_bytes(signature.raw)
    check = ["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "key.pub", "-sigfile", "raw"]
    assert "Success" in openssl(*check, "-in", "mean_color/bundle.json")


def test_a_failed_signing_changes_nothing(
    signed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = io.export(io.load(signed), tmp_path / "packed.edge")
    before = (signed / SIGNATURE).read_bytes(), packed.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for path in (signed, packed):
        with pytest.raises(BundleError, match=r"No space left on device.*Nothing was changed"):
            signing.sign(path, OTHER_PRIVATE)
    assert ((signed / SIGNATURE).read_bytes(), packed.read_bytes()) == before
    signing.verify(signed, PUBLIC)


def test_without_the_extra_the_command_that_installs_it_is_named(signed: Path) -> None:
    code = (
        "import sys; sys.modules['cryptography'] = None\n"
        "import edgecnn\nfrom edgecnn.bundle import signing\n"
        f"edgecnn.load({str(signed)!r}).close()\n"
        f"signing.verify({str(signed)!r}, b'x')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "MissingExtraError" in run.stderr
    assert "pip install 'edgecnn[sign]'" in run.stderr
