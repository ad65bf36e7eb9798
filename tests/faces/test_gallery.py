"""People in an encrypted file."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
import pytest

from edgecnn.core.results import Embedding
from edgecnn.errors import DamagedError, GalleryError, OptionError
from edgecnn.faces import records
from edgecnn.faces.forget import forget
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.outcomes import NewFace
from tests.faces.people import (
    PHOTO,
    SECRET,
    SPACE,
    embedder,
    embeddings_of,
    faces_of,
    make_gallery,
    make_table_of,
    probe,
)

pytest.importorskip("cryptography")


def test_knows_the_enrolled_and_calls_a_stranger_unknown(tmp_path):
    gallery = make_gallery(tmp_path, "Ada", "Grace", "Hedy")
    found = gallery.identify([probe(1), probe(7), probe(0)])
    assert [item.name for item in found] == ["Grace", None, "Ada"]
    assert found[0].person_id == gallery.people[1].id
    assert found[1].person_id is None
    assert found[0].distance < 0.45 < found[1].distance
    assert found[0].margin > 0.5
    assert found[0].rival is None


def test_nothing_of_an_unknown_face_names_anybody(tmp_path):
    gallery = make_gallery(tmp_path, "Ada", "Grace")
    assert gallery.match([probe(7)])[0].to_dict().keys() == {"name", "distance", "margin", "rival"}
    assert "Ada" not in str(gallery.match([probe(7)])[0].to_dict())


def test_empty_gallery_knows_nobody(tmp_path):
    found = make_gallery(tmp_path).identify([probe(0)])[0]
    assert found.name is None
    assert found.to_dict() == {"name": None, "distance": None, "margin": None, "rival": None}


def test_second_person_within_the_threshold_is_named_as_a_rival(tmp_path):
    gallery = make_gallery(tmp_path, "Ada")
    gallery.enrol("Ada's twin", [NewFace(item) for item in embeddings_of(0, 9)[3:5]])
    found = gallery.match([probe(0)])[0]
    assert {found.name, found.rival} == {"Ada", "Ada's twin"}
    assert 0 <= found.margin < 0.2


def test_opened_again_everything_is_there(tmp_path):
    made = make_gallery(tmp_path, "Ada", "Grace")
    made.enrol("Ada", faces_of(0, 1, PHOTO))
    again = Gallery.open(tmp_path / "gallery.faces", SECRET)
    assert again.contents == made.contents
    assert [len(person.templates) for person in again.people] == [3, 2]
    assert again.people[0].templates[2].photo == PHOTO
    assert again.match([probe(1)])[0].name == "Grace"


def test_more_faces_go_to_the_person_and_not_to_the_next(tmp_path):
    gallery = make_gallery(tmp_path, "Ada", "Grace", "Hedy")
    gallery.enrol("ada", [NewFace(item) for item in embeddings_of(0, 6)[2:]])
    assert [len(person.templates) for person in gallery.people] == [6, 2, 2]
    assert [item.name for item in gallery.match([probe(0), probe(1), probe(2)])] == [
        "Ada",
        "Grace",
        "Hedy",
    ]
    rows = gallery.contents.matrix()[gallery.contents.rows_of(1)]
    np.testing.assert_array_equal(rows, [item.vector for item in embeddings_of(1, 2)])


def test_new_name_for_a_known_face_is_warned_about(tmp_path):
    gallery = make_gallery(tmp_path, "Ada", "Grace")
    outcome = gallery.enrol("Augusta King", [NewFace(probe(0))])
    assert [name for name, _ in outcome.resembles] == ["Ada"]
    assert outcome.resembles[0][1] < 0.45
    assert gallery.enrol("Hedy", faces_of(2, 2)).resembles == ()


def test_face_of_somebody_else_in_an_enrolment_is_pointed_out(tmp_path):
    gallery = make_gallery(tmp_path, "Ada")
    mixed = [*faces_of(5, 2), *faces_of(6, 1)]
    assert gallery.enrol("Grace", mixed).unlike == (2,)
    assert gallery.enrol("Ada", [NewFace(probe(0))]).unlike == ()


def test_consent_and_expiry_are_kept_and_absence_is_recorded(tmp_path):
    gallery = make_gallery(tmp_path)
    soonest = records.in_days(30)
    gallery.enrol("Ada", faces_of(0), consent="in writing", purpose="door", expires_in_days=30)
    gallery.enrol("Grace", faces_of(1))
    ada, grace = gallery.people
    assert (ada.consent.statement, ada.consent.purpose) == ("in writing", "door")
    assert soonest <= ada.expires_utc <= records.in_days(30)
    assert grace.consent.statement is None
    assert grace.consent.recorded_utc
    assert grace.expires_utc is None
    gallery.enrol("Grace", [NewFace(probe(1))], consent="by mail")
    assert gallery.people[1].consent.statement == "by mail"


def test_nobody_is_recognized_after_the_time_is_over(tmp_path, monkeypatch):
    gallery = make_gallery(tmp_path, "Grace")
    gallery.enrol("Ada", faces_of(1), expires_in_days=1)
    assert gallery.match([probe(1)])[0].name == "Ada"
    later = records.in_days(2)
    monkeypatch.setattr(records, "now_utc", lambda: later)
    assert [item.name for item in gallery.match([probe(1), probe(0)])] == [None, "Grace"]
    with pytest.raises(GalleryError, match="time of consent is over"):
        gallery.verify("Ada", probe(1))


def test_verify_is_one_to_one(tmp_path):
    gallery = make_gallery(tmp_path, "Ada", "Grace")
    right, distance = gallery.verify("Ada", probe(0))
    assert right
    assert distance < 0.45
    wrong, distance = gallery.verify("Grace", probe(0))
    assert not wrong
    assert distance > 0.45
    with pytest.raises(GalleryError, match="Nobody is enrolled as 'Hedy'"):
        gallery.verify("Hedy", probe(0))


def test_rename_keeps_the_identifier_and_refuses_a_taken_name(tmp_path):
    gallery = make_gallery(tmp_path, "Ada", "Grace")
    before = gallery.people[0].id
    assert gallery.rename("ADA", "  Ada   Lovelace ") == "Ada Lovelace"
    assert (gallery.people[0].id, gallery.people[0].name) == (before, "Ada Lovelace")
    assert gallery.rename("Ada Lovelace", "ada lovelace") == "ada lovelace"
    with pytest.raises(GalleryError, match="merge"):
        gallery.rename("Grace", "Ada LOVELACE")


def test_merge_moves_templates_and_keeps_the_earlier_end(tmp_path):
    gallery = make_gallery(tmp_path, "Ada", "Grace")
    gallery.enrol("Countess", [NewFace(item) for item in embeddings_of(0, 5)[2:]])
    soonest = records.in_days(5)
    gallery.enrol("Countess", [NewFace(probe(0))], expires_in_days=5)
    assert gallery.merge("Ada", "Countess") == 6
    assert [person.name for person in gallery.people] == ["Ada", "Grace"]
    assert soonest <= gallery.people[0].expires_utc <= records.in_days(5)
    assert [item.name for item in gallery.match([probe(0), probe(1)])] == ["Ada", "Grace"]
    with pytest.raises(GalleryError, match="same person already"):
        gallery.merge("Ada", "ada")


def test_faces_of_another_space_are_refused(tmp_path):
    gallery = make_gallery(tmp_path, "Ada")
    foreign = embeddings_of(0, 1, space="another-v2")
    with pytest.raises(GalleryError, match="'another-v2'") as caught:
        gallery.match(foreign)
    assert SPACE in str(caught.value)
    with pytest.raises(GalleryError):
        gallery.enrol("Grace", [NewFace(foreign[0])])
    with pytest.raises(GalleryError, match="not finite"):
        gallery.match([Embedding(np.full(128, np.nan, np.float32), SPACE, "euclidean")])


@pytest.mark.parametrize("name", ["", "   ", "a\x00b", "x" * 101, "line\u2028break\x07"])
def test_names_that_cannot_be_are_refused(tmp_path, name):
    with pytest.raises(OptionError, match="1 to 100 printable"):
        make_gallery(tmp_path).enrol(name, faces_of(0))


def test_no_face_is_no_enrolment(tmp_path):
    with pytest.raises(OptionError, match="at least one face"):
        make_gallery(tmp_path).enrol("Ada", [])


def test_bundle_that_does_not_embed_cannot_fill_a_gallery(tmp_path):
    from tests.helpers.decoding import manifest

    with pytest.raises(GalleryError, match="gives no embeddings"):
        Gallery.create(tmp_path / "g.faces", SECRET, manifest("ssd", {}))


def test_two_programs_do_not_lose_each_others_people(tmp_path):
    one = make_gallery(tmp_path, "Ada")
    other = Gallery.open(tmp_path / "gallery.faces", SECRET)
    other.enrol("Grace", faces_of(1))
    one.enrol("Hedy", faces_of(2))
    assert [person.name for person in one.people] == ["Ada", "Grace", "Hedy"]
    other.refresh()
    assert other.match([probe(2)])[0].name == "Hedy"


def test_threads_do_not_lose_each_others_people(tmp_path):
    gallery = make_gallery(tmp_path)

    def add(number: int) -> None:
        gallery.enrol(f"Person {number}", faces_of(number))
        gallery.refresh()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(12)))
    assert {person.name for person in gallery.people} == {f"Person {n}" for n in range(12)}
    assert Gallery.open(tmp_path / "gallery.faces", SECRET).contents == gallery.contents


def test_forgetting_by_another_program_is_seen_without_opening_again(tmp_path):
    watching = make_gallery(tmp_path, "Ada", "Grace")
    assert not watching.store.seems_changed()
    forget(Gallery.open(tmp_path / "gallery.faces", SECRET), ["Ada"])
    assert watching.match([probe(0)])[0].name == "Ada"
    assert watching.store.seems_changed()
    watching.refresh()
    assert watching.match([probe(0)])[0].name is None
    assert not watching.store.seems_changed()


def test_audit_log_tells_what_was_done_by_identifier(tmp_path):
    gallery = make_gallery(tmp_path, "Ada", "Grace")
    gallery.identify([probe(0), probe(7), probe(0)])
    gallery.verify("Grace", probe(1))
    gallery.rename("Ada", "Countess")
    log = [(entry.action, entry.people, entry.count) for entry in gallery.contents.audit]
    ada, grace = (person.id for person in gallery.people)
    assert log == [
        ("enrol", (ada,), 1),
        ("enrol", (grace,), 1),
        ("identify", (ada,), 3),
        ("verify", (grace,), 1),
        ("rename", (ada,), 1),
    ]
    assert "Ada" not in str(log)


def test_audit_log_does_not_grow_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "MAX_AUDIT_ENTRIES", 3)
    gallery = make_gallery(tmp_path, "Ada")
    for _ in range(4):
        gallery.record("identify")
    assert [entry.action for entry in gallery.contents.audit] == ["identify"] * 3


def test_names_and_templates_are_not_in_the_file(tmp_path):
    gallery = make_gallery(tmp_path, "Ada Lovelace")
    gallery.enrol("Ada Lovelace", faces_of(0, 1, PHOTO), consent="signed by hand")
    raw = (tmp_path / "gallery.faces").read_bytes()
    for secret in (b"Lovelace", b"signed", PHOTO[:64], gallery.people[0].id.encode()):
        assert secret not in raw
    assert gallery.contents.vectors[:16] not in raw


def test_records_that_do_not_fit_together_are_damage(tmp_path):
    contents = make_gallery(tmp_path, "Ada").contents
    for broken in (
        msgspec.structs.replace(contents, vectors=contents.vectors[:-4]),
        msgspec.structs.replace(contents, vectors=b"\xff" * len(contents.vectors)),
        msgspec.structs.replace(contents, dimension=0),
        msgspec.structs.replace(contents, format=2),
    ):
        with pytest.raises(DamagedError):
            records.decode(records.encode(broken), "it")
    with pytest.raises(DamagedError, match="not understood"):
        records.decode(b"\x00", "it")


# Which threshold holds


def test_without_calibration_the_rule_claims_nothing(tmp_path):
    gallery = make_gallery(tmp_path, "Ada", "Grace")
    rule = gallery.rule()
    assert rule.target is None
    assert "no error rate claimed" in rule.words
    assert gallery.strangers_let_in(rule) is None


def test_rate_that_the_gallery_does_not_support_is_refused(tmp_path):
    gallery = make_gallery(tmp_path, "Ada", "Grace")
    with pytest.raises(GalleryError, match="1 pairs of people .* takes 299 pairs"):
        gallery.rule(0.01)
    with pytest.raises(GalleryError, match="2,995"):
        gallery.calibrate(0.001)
    assert gallery.contents.calibration is None


def test_unknown_space_without_anything_has_no_threshold(tmp_path):
    gallery = Gallery.create(tmp_path / "g.faces", SECRET, embedder("mine-v1"))
    with pytest.raises(GalleryError, match="No threshold is known"):
        gallery.rule()


@pytest.fixture
def table():
    return make_table_of(np.random.default_rng(0).uniform(0.5, 1.2, 435), 30)


def test_table_gives_the_strictest_rate_that_it_supports(tmp_path, table):
    gallery = make_gallery(tmp_path, "Ada", table=table)
    rule = gallery.rule()
    assert rule.target == 0.01
    assert rule.upper_bound <= 0.01
    assert rule.threshold == min(table.distances)
    assert "Photographs of a test (CC0-1.0): 30 people, 435 pairs" in rule.basis
    assert rule.to_dict()["false_match_rate"] == 0.01


def test_calibration_counts_the_gallerys_own_people(tmp_path, table):
    gallery = make_gallery(tmp_path, *(f"Person {number}" for number in range(3)), table=table)
    rule = gallery.calibrate(0.01)
    assert "438 pairs of 3 people of this gallery and Photographs" in rule.basis
    assert Gallery.open(tmp_path / "gallery.faces", SECRET).rule() == rule
    assert gallery.strangers_let_in(rule) == pytest.approx(1 - (1 - rule.upper_bound) ** 3)


def test_gallery_that_suffices_is_calibrated_by_itself(tmp_path, table):
    gallery = make_gallery(tmp_path, table=table)
    for number in range(26):
        gallery.enrol(f"Person {number}", faces_of(number, 1))
    rule = gallery.rule(0.01)
    assert rule.basis == "325 pairs of 26 people of this gallery"
    assert rule.threshold > 1.0  # random people are far apart, the table is not asked
    assert not math.isnan(rule.threshold)
