from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import msgspec
import pytest

from edgecnn.bundle import io
from edgecnn.bundle.paths import SIGNATURE
from edgecnn.bundle.schema import Preferred
from tests.helpers.command import edgecnn_command
from tests.helpers.tensor_models import save_product_and_sum


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    assert edgecnn_command("keygen", path).code == 0
    return path


@pytest.fixture
def arrays_bundle(tmp_path: Path) -> Path:
    """A bundle with golden answers; the one of pictures has none."""
    return save_product_and_sum(tmp_path / "product_and_sum")


def test_keygen_writes_a_pair_that_only_its_owner_can_read(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        said = edgecnn_command("keygen", tmp_path / "key")
    finally:
        os.umask(before)
    assert said.code == 0
    assert "keep it secret" in said.out
    private, public = tmp_path / "key", tmp_path / "key.pub"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(public.stat().st_mode) == 0o644
    assert private.read_text().startswith("-----BEGIN PRIVATE KEY-----")
    assert public.read_text().startswith("-----BEGIN PUBLIC KEY-----")


@pytest.mark.parametrize("there", ["key", "key.pub"])
def test_keygen_never_overwrites(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("precious")
    said = edgecnn_command("keygen", tmp_path / "key")
    assert said.code == 1
    assert f"{there} exists already and is not replaced" in said.err
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "precious"


def test_keygen_leaves_no_half_of_a_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = edgecnn_command("keygen", tmp_path / "nowhere" / "key")
    assert said.code == 1
    assert "Cannot write" in said.err
    count = 0

    def full_at_the_second(descriptor: int) -> None:
        nonlocal count
        count += 1
        if count == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_at_the_second)
    said = edgecnn_command("keygen", tmp_path / "key")
    assert said.code == 1
    assert "No space left on device" in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_is_signed_and_verified(arrays_bundle: Path, key: Path) -> None:
    signed = edgecnn_command("sign", arrays_bundle, "--key", key)
    assert signed.code == 0, signed.err
    verified = edgecnn_command("verify", arrays_bundle, "--key", f"{key}.pub")
    assert verified.code == 0, verified.err
    assert "the signature and every file are right" in verified.out
    assert "answers checked, 0 failed" in verified.out
    shown = edgecnn_command("inspect", arrays_bundle)
    assert "not checked; check with: edgecnn verify --key" in shown.out
    plain = json.loads(edgecnn_command("inspect", arrays_bundle, "--json").out)
    assert len(plain["signed_with"]) == 64
    lines = edgecnn_command("verify", arrays_bundle, "--key", f"{key}.pub", "--json").out
    assert json.loads(lines.splitlines()[0])["signature"] == "right"


def test_an_altered_bundle_is_refused_by_the_name_of_the_file(
    arrays_bundle: Path, key: Path
) -> None:
    edgecnn_command("sign", arrays_bundle, "--key", key)
    file = arrays_bundle / "int8.tflite"
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    said = edgecnn_command("verify", arrays_bundle, "--key", f"{key}.pub")
    assert said.code == 1
    assert "'int8.tflite' was altered" in said.err
    assert "0 answers checked, 1 failed" in said.out


def test_a_damaged_manifest_is_reported_as_altered_not_as_bad_json(
    arrays_bundle: Path, key: Path
) -> None:
    edgecnn_command("sign", arrays_bundle, "--key", key)
    (arrays_bundle / "bundle.json").write_text("{")
    said = edgecnn_command("verify", arrays_bundle, "--key", f"{key}.pub")
    assert said.code == 1
    assert "bundle.json was altered or signed with another key" in said.err


def test_a_bundle_without_golden_answers_is_verified_by_its_signature(
    bundle: Path, key: Path
) -> None:
    assert edgecnn_command("verify", bundle).code == 1
    edgecnn_command("sign", bundle, "--key", key)
    said = edgecnn_command("verify", bundle, "--key", f"{key}.pub")
    assert said.code == 0, said.err


def test_unsigned_bundles_and_wrong_keys_fail_in_one_line(
    bundle: Path, key: Path, tmp_path: Path
) -> None:
    unsigned = edgecnn_command("verify", bundle, "--key", f"{key}.pub")
    assert (unsigned.code, "is not signed" in unsigned.err) == (1, True)
    wrong = edgecnn_command("verify", bundle, "--key", key)
    assert (wrong.code, "is a private key" in wrong.err) == (1, True)
    nowhere = edgecnn_command("sign", bundle, "--key", tmp_path / "nowhere")
    assert (nowhere.code, "Cannot read the key" in nowhere.err) == (1, True)
    assert nowhere.err.count("\n") == 1
    assert edgecnn_command("sign", bundle).code == 2


def test_a_private_key_may_have_a_passphrase(bundle: Path, tmp_path: Path) -> None:
    words, empty = tmp_path / "words", tmp_path / "empty"
    words.write_text("correct horse\nsecond line\n")
    empty.write_text("\n")
    key = tmp_path / "key"
    assert edgecnn_command("keygen", key, "--passphrase-file", words).code == 0
    assert "ENCRYPTED" in key.read_text()
    refused = edgecnn_command("sign", bundle, "--key", key)
    assert (refused.code, "--passphrase-file" in refused.err) == (1, True)
    assert edgecnn_command("sign", bundle, "--key", key, "--passphrase-file", words).code == 0
    assert edgecnn_command("verify", bundle, "--key", f"{key}.pub").code == 0
    for file, message in ((empty, "is empty"), (tmp_path / "none", "Cannot read the passphrase")):
        said = edgecnn_command("keygen", tmp_path / "other", "--passphrase-file", file)
        assert (said.code, message in said.err) == (1, True)


def test_inspect_reports_a_damaged_signature_and_shows_what_was_picked(
    bundle: Path, key: Path
) -> None:
    opened = io.load(bundle)
    picked = Preferred(
        machine="arm64", file="int8.tflite", backend="litert", threads=4, reason="Fast enough."
    )
    manifest = msgspec.structs.replace(opened.manifest, preferred=(picked,))
    files = {name: opened.read(name) for name in opened.manifest.files}
    io.save(manifest, files, bundle, force=True, sign=key)
    assert (
        "arm64: int8.tflite on litert, 4 threads, f32. Fast"
        in edgecnn_command("inspect", bundle).out
    )
    (bundle / SIGNATURE).write_text("{}")
    said = edgecnn_command("inspect", bundle)
    assert (said.code, "bundle.sig is damaged" in said.err) == (1, True)
    assert "4 of 4 have the right size" in said.out
