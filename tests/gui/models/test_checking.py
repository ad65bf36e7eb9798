from __future__ import annotations

from pathlib import Path

import pytest

from edgecnn.bundle import keys, signing
from edgecnn.errors import BundleError
from gui.models.checking import check_signature, verify


def test_golden_answers_are_told_in_words() -> None:
    told: list[str] = []

    def tell(words: str) -> bool:
        told.append(words)
        return True

    finding = verify("face_detect_blazeface_short", tell)
    assert finding.good
    assert "golden answers are right" in finding.title
    assert any("litert" in line and line.endswith("right") for line in finding.details)
    assert len(told) > 1


def test_a_bundle_without_golden_answers_is_checked_as_far_as_it_goes(own: Path) -> None:
    finding = verify(own.name, lambda words: True)
    assert finding.good
    assert "as the bundle says" in finding.title
    assert "no golden answers" in finding.details[0]


def test_an_altered_file_is_named(own: Path) -> None:
    file = own / "int8.tflite"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(BundleError, match=r"int8\.tflite"):
        verify(own.name, lambda words: True)


def test_it_stops_when_it_is_asked_to() -> None:
    finding = verify("face_detect_blazeface_short", lambda words: words == "Checking files")
    assert not finding.good
    assert finding.title == "Stopped after 1 answers."


def test_the_signature_is_held_against_a_key(own: Path, tmp_path: Path) -> None:
    private, public = keys.generate_key(None)
    key = tmp_path / "me.pub"
    key.write_bytes(public)
    with pytest.raises(BundleError, match="not signed"):
        check_signature(own.name, own, key)
    signing.sign(own, private)
    assert check_signature(own.name, own, key).good
