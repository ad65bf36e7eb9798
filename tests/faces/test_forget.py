"""After forgetting, nothing that edgecnn owns says that somebody was ever there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from edgecnn.errors import GalleryError, OptionError, PassphraseError
from edgecnn.faces import forget as forgetting
from edgecnn.faces import records
from edgecnn.faces.backups import back_up, find_backups, restore
from edgecnn.faces.exchange import export_my_data, export_people, import_people
from edgecnn.faces.forget import forget, forget_expired
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.outcomes import NewFace
from edgecnn.faces.store import Store
from edgecnn.faces.unlocking import Passphrase, SystemKeyring
from tests.faces.people import (
    OTHER_SECRET,
    PHOTO,
    SECRET,
    embedder,
    faces_of,
    make_gallery,
    make_table_of,
    probe,
    vectors_of,
)
from tests.faces.test_store import FakeKeyring

pytest.importorskip("cryptography")


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    made = make_gallery(tmp_path, "Ada", "Grace")
    made.enrol("Ada", faces_of(0, 1, PHOTO), consent="signed", purpose="door")
    made.identify([probe(0)])
    return made


def decrypted(path: Path, secret=SECRET) -> bytes:
    return Store.open(path, secret).content


def test_person_templates_photos_and_identifier_are_gone(gallery, tmp_path):
    ada = gallery.people[0]
    templates = [row.tobytes() for row in gallery.contents.matrix()[:3]]
    report = forget(gallery, ["ada"])
    assert (report.people, report.templates, report.photos) == (1, 3, 1)
    content = decrypted(tmp_path / "gallery.faces")
    for trace in (ada.id.encode(), b"Ada", b"signed", PHOTO[100:164], *templates):
        assert trace not in content
    assert [person.name for person in gallery.people] == ["Grace"]
    assert [item.name for item in gallery.match([probe(0), probe(1)])] == [None, "Grace"]


def test_report_proves_it_file_by_file(gallery, tmp_path):
    report = forget(gallery, ["Ada"])
    assert report.proven
    assert [(file.path, file.traces) for file in report.proof] == [
        (str(tmp_path / "gallery.faces"), ())
    ]
    assert report.searched == 2 * 16 + 2  # two different templates in pieces, id and photograph
    assert "the passphrase can read them" in report.out_of_reach[-1]
    plain = report.to_dict()
    assert plain["proven"] is True
    assert "Ada" not in str(plain)


def test_proof_notices_what_was_left_behind(gallery, monkeypatch, tmp_path):
    """The proof must be able to fail: forget that keeps a piece of a template is caught."""
    real = forgetting._without
    piece = gallery.contents.matrix()[1, 8:16].tobytes()

    def forgetful(gallery, contents, *rest):
        changed = real(gallery, contents, *rest)
        person = changed.people[0]
        template = forgetting.replace(person.templates[0], photo=b"\xff\xd8" + piece)
        kept = forgetting.replace(person, templates=(template, *person.templates[1:]))
        return forgetting.replace(changed, people=(kept,))

    monkeypatch.setattr(forgetting, "_without", forgetful)
    report = forget(gallery, ["Ada"])
    assert not report.proven
    assert report.proof[0].traces == ("template",)


def test_backups_are_deleted_wherever_they_were_made(gallery, tmp_path):
    inside = back_up(gallery)
    outside = back_up(gallery, tmp_path / "stick" / "copy.faces")
    ada = gallery.people[0].id.encode()
    assert ada in decrypted(outside)
    stray = tmp_path / "gallery (copy).faces"
    stray.write_bytes((tmp_path / "gallery.faces").read_bytes())
    report = forget(gallery, ["Ada"])
    assert set(report.backups_deleted) == {str(inside), str(outside), str(stray)}
    assert not inside.exists()
    assert not outside.exists()
    assert not stray.exists()
    assert report.proven
    assert gallery.contents.backups == ()


def test_backup_that_is_away_is_named_and_remembered(gallery, tmp_path):
    away = back_up(gallery, tmp_path / "stick" / "copy.faces")
    (tmp_path / "drawer").mkdir()
    moved = away.rename(tmp_path / "drawer" / "copy.faces")
    report = forget(gallery, ["Ada"])
    assert any(str(away) in words for words in report.out_of_reach)
    moved.rename(away)  # the stick is plugged in again
    assert str(away) in forget(gallery, ["Grace"]).backups_deleted
    assert not away.exists()


def test_file_that_took_the_name_of_a_backup_is_not_deleted(gallery, tmp_path):
    backup = back_up(gallery, tmp_path / "stick" / "copy.faces")
    backup.write_bytes(b"holiday pictures")
    assert forget(gallery, ["Ada"]).backups_deleted == ()
    assert backup.read_bytes() == b"holiday pictures"


def test_old_backup_under_an_old_passphrase_is_deleted_too(gallery, tmp_path):
    backup = back_up(gallery)
    gallery.change_secret(OTHER_SECRET)
    report = forget(gallery, ["Ada"])
    assert not backup.exists()
    assert report.proven


def test_nobody_is_forgotten_when_a_backup_cannot_be_deleted(gallery, tmp_path, monkeypatch):
    backup = back_up(gallery)

    def refuse(self, missing_ok=False):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        with pytest.raises(GalleryError, match="Nobody was forgotten"):
            forget(gallery, ["Ada"])
    assert backup.exists()
    assert gallery.match([probe(0)])[0].name == "Ada"
    assert forget(gallery, ["Ada"]).proven


def test_data_key_is_another_one_afterwards(gallery, tmp_path):
    before = (tmp_path / "gallery.faces").read_bytes()
    wrapped = gallery.store.header.lock.wrapped
    forget(gallery, ["Ada"])
    assert gallery.store.header.lock.wrapped != wrapped
    assert (tmp_path / "gallery.faces").read_bytes()[400:460] not in before


def test_keyring_key_is_replaced_so_that_old_copies_stay_closed(tmp_path, monkeypatch):
    fake = FakeKeyring()
    monkeypatch.setitem(sys.modules, "keyring", fake)
    monkeypatch.setitem(sys.modules, "keyring.errors", fake.errors)
    path = tmp_path / "g.faces"
    gallery = Gallery.create(path, SystemKeyring(), embedder())
    gallery.enrol("Ada", faces_of(0))
    old = path.read_bytes()
    report = forget(gallery, ["Ada"])
    assert report.proven
    assert "nobody can read them" in report.out_of_reach[-1]
    (tmp_path / "old.faces").write_bytes(old)
    with pytest.raises(PassphraseError):
        Gallery.open(tmp_path / "old.faces", SystemKeyring())
    gallery.enrol("Grace", faces_of(1))  # and the gallery goes on
    assert len(Gallery.open(path, SystemKeyring())) == 1


def test_backup_under_the_keyring_opens_after_a_change_to_a_passphrase(tmp_path, monkeypatch):
    fake = FakeKeyring()
    monkeypatch.setitem(sys.modules, "keyring", fake)
    monkeypatch.setitem(sys.modules, "keyring.errors", fake.errors)
    gallery = Gallery.create(tmp_path / "g.faces", SystemKeyring(), embedder())
    gallery.enrol("Ada", faces_of(0))
    backup = back_up(gallery)
    gallery.change_secret(SECRET)
    assert len(Gallery.open(tmp_path / "g.faces", SECRET)) == 1
    assert len(Gallery.open(backup, SystemKeyring())) == 1


def test_audit_log_keeps_the_lines_without_the_person(gallery):
    ada = gallery.people[0].id
    forget(gallery, ["Ada"])
    log = gallery.contents.audit
    assert [entry.action for entry in log] == ["enrol", "enrol", "enrol", "identify", "forget"]
    assert all(ada not in entry.people for entry in log)
    assert log[-1].people[0].startswith("forgotten-")


def test_calibration_is_made_anew_without_the_person(tmp_path):
    table = make_table_of(np.random.default_rng(0).uniform(0.5, 1.2, 435), 30)
    gallery = make_gallery(tmp_path, "Ada", "Grace", table=table)
    gallery.enrol("Ada's sister", [NewFace(item.embedding) for item in faces_of(0, 1)])
    near = gallery.calibrate(0.01).threshold
    report = forget(gallery, ["Ada's sister"])
    assert gallery.rule().threshold > near
    assert "calibrated anew" in report.notes[0]


def test_calibration_that_the_rest_does_not_support_is_dropped(tmp_path):
    gallery = make_gallery(tmp_path)
    for number in range(25):
        gallery.enrol(f"Person {number}", faces_of(number, 1))
    gallery.calibrate(0.01)
    report = forget(gallery, ["Person 3"])
    assert gallery.contents.calibration is None
    assert "276 pairs" in report.notes[0]


def test_name_in_somebody_elses_note_is_pointed_out(tmp_path):
    gallery = make_gallery(tmp_path, "Ada")
    gallery.enrol("Grace", faces_of(1), consent="Ada was a witness")
    assert "still occurs" in forget(gallery, ["Ada"]).notes[0]


def test_same_photograph_under_two_names_does_not_break_the_proof(tmp_path):
    gallery = make_gallery(tmp_path, "Ada")
    gallery.enrol("Augusta", faces_of(0, 2, PHOTO))
    assert forget(gallery, ["Ada"]).proven


def test_unknown_name_forgets_nobody(gallery, tmp_path):
    backup = back_up(gallery)
    with pytest.raises(GalleryError, match="'Hedy'"):
        forget(gallery, ["Ada", "Hedy"])
    assert backup.exists()
    assert len(gallery) == 2


def test_expired_people_are_forgotten_on_request(gallery, monkeypatch):
    assert forget_expired(gallery) is None
    gallery.enrol("Ada", faces_of(0, 1), expires_in_days=1)
    later = records.in_days(2)
    monkeypatch.setattr(records, "now_utc", lambda: later)
    report = forget_expired(gallery)
    assert report is not None
    assert report.proven
    assert [person.name for person in gallery.people] == ["Grace"]


def test_restored_backup_does_not_bring_back_who_was_forgotten(gallery, tmp_path):
    backup = back_up(gallery, tmp_path / "stick" / "copy.faces")
    hidden = backup.read_bytes()
    forget(gallery, ["Ada"])
    backup.write_bytes(hidden)  # a copy that edgecnn could not know of
    path = tmp_path / "gallery.faces"
    with pytest.raises(GalleryError, match="--yes"):
        restore(path, backup, SECRET)
    restored = restore(path, backup, SECRET, replace_sound=True)
    assert (restored.people, restored.left_out, restored.forgotten_known) == (1, 1, True)
    assert [person.name for person in Gallery.open(path, SECRET).people] == ["Grace"]


def test_backup_from_before_a_merge_does_not_bring_the_person_back(tmp_path):
    gallery = make_gallery(tmp_path, "Ada", "Grace")
    gallery.enrol("Countess", faces_of(0, 3))
    countess = gallery.people[2].id
    hidden = (tmp_path / "gallery.faces").read_bytes()
    gallery.merge("Ada", "Countess")
    assert all(countess not in entry.people for entry in gallery.contents.audit)
    report = forget(gallery, ["Ada"])
    assert report.proven
    assert countess.encode() not in decrypted(tmp_path / "gallery.faces")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "copy.bin").write_bytes(hidden)
    path = tmp_path / "gallery.faces"
    restored = restore(path, tmp_path / "old" / "copy.bin", SECRET, replace_sound=True)
    assert restored.left_out == 2
    assert [person.name for person in Gallery.open(path, SECRET).people] == ["Grace"]


def test_damaged_gallery_is_put_aside_and_later_deleted_with_the_rest(gallery, tmp_path):
    backup = back_up(gallery)
    path = tmp_path / "gallery.faces"
    path.write_bytes(path.read_bytes()[:-3])
    restored = restore(path, backup, SECRET)
    assert restored.kept_aside is not None
    assert restored.kept_aside.exists()
    assert not restored.forgotten_known
    again = Gallery.open(path, SECRET)
    assert [person.name for person in again.people] == ["Ada", "Grace"]
    report = forget(again, ["Ada"])
    assert not restored.kept_aside.exists()
    assert report.proven


def test_missing_gallery_is_restored_and_a_wrong_passphrase_changes_nothing(gallery, tmp_path):
    backup = back_up(gallery)
    path = tmp_path / "gallery.faces"
    whole = path.read_bytes()
    with pytest.raises(PassphraseError):
        restore(path, backup, OTHER_SECRET)
    assert path.read_bytes() == whole
    path.unlink()
    assert restore(path, backup, SECRET).people == 2
    assert Gallery.open(path, SECRET).match([probe(1)])[0].name == "Grace"


def test_backup_of_another_gallery_is_refused(gallery, tmp_path):
    (tmp_path / "b").mkdir()
    foreign = back_up(make_gallery(tmp_path / "b", "Hedy"))
    with pytest.raises(GalleryError, match="another gallery"):
        restore(tmp_path / "gallery.faces", foreign, SECRET, replace_sound=True)


def test_backup_never_replaces_anything(gallery, tmp_path):
    target = tmp_path / "there.faces"
    target.write_bytes(b"mine")
    with pytest.raises(GalleryError, match="exists already"):
        back_up(gallery, target)
    assert target.read_bytes() == b"mine"
    assert back_up(gallery) != back_up(gallery)


# Export and import


def test_export_is_encrypted_and_imported_elsewhere(gallery, tmp_path):
    target = tmp_path / "out.bin"
    assert export_people(gallery, target, OTHER_SECRET, ["Ada"]) == 1
    raw = target.read_bytes()
    assert b"Ada" not in raw
    assert vectors_of(0)[0].tobytes()[:16] not in raw
    (tmp_path / "b").mkdir()
    other = make_gallery(tmp_path / "b", "Hedy")
    with pytest.raises(PassphraseError):
        import_people(other, target, SECRET)
    outcome = import_people(other, target, OTHER_SECRET)
    assert outcome.added == ("Ada",)
    assert other.people[1] == gallery.people[0]
    assert import_people(other, target, OTHER_SECRET).present == ("Ada",)
    assert len(other) == 2
    assert {entry.name for entry in tmp_path.iterdir()} == {
        "gallery.faces", ".gallery.faces.lock", "out.bin", "b",
    }  # fmt: skip


def test_export_under_a_short_passphrase_leaves_no_trace(gallery, tmp_path):
    before = gallery.contents
    with pytest.raises(OptionError, match="at least 8"):
        export_people(gallery, tmp_path / "out.bin", Passphrase("short", 10))
    assert not (tmp_path / "out.bin").exists()
    assert Gallery.open(tmp_path / "gallery.faces", SECRET).contents == before


def test_export_holds_nobody_else_and_no_log(gallery, tmp_path):
    target = tmp_path / "out.bin"
    export_people(gallery, target, OTHER_SECRET, ["Grace"])
    content = decrypted(target, OTHER_SECRET)
    assert b"Ada" not in content
    assert gallery.people[0].id.encode() not in content
    assert gallery.contents.matrix()[0].tobytes()[:16] not in content


def test_taken_name_and_foreign_space_are_refused_before_anything_changes(gallery, tmp_path):
    target = tmp_path / "out.bin"
    export_people(gallery, target, OTHER_SECRET)
    (tmp_path / "b").mkdir()
    other = make_gallery(tmp_path / "b", "Hedy")
    other.enrol("GRACE", faces_of(5))
    with pytest.raises(GalleryError, match="enrolled as Grace already"):
        import_people(other, target, OTHER_SECRET)
    assert len(other) == 2
    foreign = Gallery.create(tmp_path / "c.faces", SECRET, embedder("another-v2"))
    with pytest.raises(GalleryError, match="cannot be compared"):
        import_people(foreign, target, OTHER_SECRET)


def test_import_does_not_bring_back_who_was_forgotten(gallery, tmp_path):
    target = tmp_path / "out.bin"
    export_people(gallery, target, OTHER_SECRET)
    report = forget(gallery, ["Ada"])
    assert any(str(target) in words for words in report.out_of_reach)
    outcome = import_people(gallery, target, OTHER_SECRET)
    assert (outcome.added, outcome.present, outcome.forgotten) == ((), ("Grace",), 1)
    assert len(gallery) == 1


def test_person_gets_everything_that_is_stored(gallery, tmp_path):
    import json
    import zipfile

    target = tmp_path / "ada.zip"
    export_my_data(gallery, "Ada", target)
    with zipfile.ZipFile(target) as archive:
        plain = json.loads(archive.read("person.json"))
        assert archive.read("photo3.jpg") == PHOTO
    assert plain["name"] == "Ada"
    assert plain["consent"]["statement"] == "signed"
    assert [line["action"] for line in plain["audit_log"]] == [
        "enrol", "enrol", "identify", "export_my_data",
    ]  # fmt: skip
    vector = np.array(plain["templates"][1]["vector"], np.float32)
    np.testing.assert_array_equal(vector, gallery.contents.matrix()[1])
    assert "Grace" not in json.dumps(plain)
    assert target.stat().st_mode & 0o777 == 0o600
    with pytest.raises(GalleryError, match="not replaced"):
        export_my_data(gallery, "Ada", target)


def test_backups_beside_a_gallery_are_found_newest_first_and_damaged_ones_left_out(
    gallery, tmp_path
):
    path = gallery.store.path
    assert find_backups(path) == ()
    older, newer, bad = (back_up(gallery) for _ in range(3))
    os.utime(older, (1_000, 1_000))
    bad.write_bytes(b"nothing")
    (older.parent / "other-1.faces").write_bytes(older.read_bytes())
    path.unlink()
    assert [one.path for one in find_backups(path)] == [newer, older]


def test_file_that_does_not_open_is_never_overwritten(gallery, tmp_path):
    path, backup = gallery.store.path, back_up(gallery)
    gallery.change_secret(OTHER_SECRET)
    content = path.read_bytes()
    with pytest.raises(GalleryError, match="not known to be damaged"):
        restore(path, backup, SECRET)
    restored = restore(path, backup, SECRET, replace_sound=True)
    assert restored.kept_aside is not None
    assert restored.kept_aside.read_bytes() == content


def test_sound_gallery_is_not_replaced_because_somebody_says_it_is_damaged(gallery):
    path, backup = gallery.store.path, back_up(gallery)
    with pytest.raises(GalleryError, match="not known to be damaged"):
        restore(path, backup, SECRET, found_damaged=True)
