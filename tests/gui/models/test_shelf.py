from __future__ import annotations

from pathlib import Path

import pytest

from edgecnn.bundle import io, keys, signing
from edgecnn.errors import BundleError, UnknownNameError
from edgecnn.zoo.catalogue import names
from gui.catalogue import size_words
from gui.models.shelf import delete_model, read_card, read_shelf, what_goes


def test_every_bundle_is_listed_with_size_licence_and_task(own: Path) -> None:
    shelf = read_shelf()
    assert sorted(card.name for card in shelf) == names()
    assert [card.name for card in shelf if card.own] == [own.name]
    assert shelf[0].own
    for card in shelf:
        assert not card.problem
        assert card.megabytes > 0
        assert card.card is not None
        assert card.card.licence in card.line
        assert size_words(card.megabytes) in card.line


def test_the_tab_that_runs_a_model_is_known(own: Path) -> None:
    assert read_card(own.name).tab == "classify"
    assert read_card("face_detect_blazeface_full").tab == "faces"
    assert read_card("face_embed_dlib").tab is None


def test_a_damaged_bundle_is_listed_with_what_it_has_and_hides_no_other(own: Path) -> None:
    (own / "bundle.json").write_text("{", "utf-8")
    shelf = {card.name: card for card in read_shelf()}
    assert "not a valid bundle.json" in shelf[own.name].problem
    assert shelf[own.name].line == "cannot be read"
    assert len(shelf) == len(names())


def test_the_signature_is_told_in_words(own: Path) -> None:
    assert read_card(own.name).signature.startswith("Not signed")
    private, public = keys.generate_key(None)
    signing.sign(own, private)
    assert keys.key_id(public)[:16] in read_card(own.name).signature
    (own / "bundle.sig").write_bytes(b"nothing")
    assert "damaged" in read_card(own.name).signature


def test_deleting_takes_away_the_folder_and_nothing_else(own: Path, home: Path) -> None:
    manifest = io.load(own).manifest
    io.export(io.load(own), home / "other")
    assert what_goes(read_card(own.name)).startswith(f"Delete {manifest.title} ({own.name}) and ")
    assert f"its {len(manifest.files) + 1} files" in what_goes(read_card(own.name))
    assert delete_model(own.name) == own
    assert [entry.name for entry in home.iterdir()] == ["other"]


def test_what_came_with_edgecnn_is_never_deleted(home: Path) -> None:
    folder = read_card("detect_nanodet").folder
    with pytest.raises(BundleError, match="came with edgecnn"):
        delete_model("detect_nanodet")
    assert (folder / "bundle.json").is_file()
    with pytest.raises(UnknownNameError):
        delete_model("nobody")


def test_a_folder_that_cannot_be_moved_stays_whole(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise OSError(13, "Permission denied")

    before = sorted(own.rglob("*"))
    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(BundleError, match="Nothing was changed"):
        delete_model(own.name)
    assert sorted(own.rglob("*")) == before
    assert [entry.name for entry in own.parent.iterdir()] == [own.name]
