"""Consent, purpose and expiry of somebody who is enrolled already."""

from __future__ import annotations

import pytest

from edgecnn.errors import GalleryError, OptionError
from edgecnn.faces import records
from edgecnn.faces.consent import change_consent
from edgecnn.faces.gallery import Gallery
from tests.faces.people import SECRET, make_gallery, probe

pytest.importorskip("cryptography")


def test_what_is_given_replaces_and_the_rest_stays(tmp_path):
    gallery = make_gallery(tmp_path, "Ada", "Grace")
    before = gallery.people
    change_consent(gallery, "grace", statement=" in writing ", expires_in_days=30)
    change_consent(gallery, "Grace", purpose="the door of the lab")
    person = Gallery.open(tmp_path / "gallery.faces", SECRET).people[1]
    assert person.consent.statement == "in writing"
    assert person.consent.purpose == "the door of the lab"
    assert records.in_days(29) < person.expires_utc <= records.in_days(30)
    assert person.templates == before[1].templates
    assert gallery.people[0] == before[0]
    assert gallery.match([probe(1)])[0].name == "Grace"


def test_consent_is_taken_back_and_the_end_is_lifted(tmp_path):
    gallery = make_gallery(tmp_path, "Ada")
    change_consent(gallery, "Ada", statement="yes", purpose="a test", expires_in_days=1)
    person = change_consent(gallery, "Ada", statement="", purpose=" ", no_end=True)
    assert person.consent.statement is person.consent.purpose is person.expires_utc is None


def test_an_expiry_alone_leaves_the_date_of_the_words(tmp_path, monkeypatch):
    gallery = make_gallery(tmp_path, "Ada")
    was = gallery.people[0].consent.recorded_utc
    monkeypatch.setattr(records, "now_utc", lambda: "2100-01-01T00:00:00Z")
    assert change_consent(gallery, "Ada", expires_in_days=5).consent.recorded_utc == was
    assert change_consent(gallery, "Ada", statement="yes").consent.recorded_utc[:4] == "2100"


def test_a_time_that_is_over_is_extended_and_the_person_recognized_again(tmp_path, monkeypatch):
    gallery = make_gallery(tmp_path, "Ada")
    change_consent(gallery, "Ada", expires_in_days=1)
    monkeypatch.setattr(records, "now_utc", lambda: "2100-01-01T00:00:00Z")
    assert gallery.match([probe(0)])[0].name is None
    change_consent(gallery, "Ada", no_end=True)
    assert gallery.match([probe(0)])[0].name == "Ada"


def test_each_change_is_in_the_log_by_identifier(tmp_path):
    gallery = make_gallery(tmp_path, "Ada")
    change_consent(gallery, "Ada", statement="in writing")
    entry = gallery.contents.audit[-1]
    assert (entry.action, entry.people) == ("consent", (gallery.people[0].id,))


@pytest.mark.parametrize(
    ("name", "given", "error"),
    [
        ("Ada", {}, OptionError),
        ("Ada", {"expires_in_days": 3, "no_end": True}, OptionError),
        ("Ada", {"expires_in_days": 0}, OptionError),
        ("Zoe", {"statement": "yes"}, GalleryError),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(tmp_path, name, given, error):
    gallery = make_gallery(tmp_path, "Ada")
    before = gallery.contents
    with pytest.raises(error):
        change_consent(gallery, name, **given)
    assert gallery.contents == before
