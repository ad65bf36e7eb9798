"""What is said before anything is stored, and what is stored then."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgecnn.errors import GalleryError
from edgecnn.faces.gallery import Gallery
from gui.faces.enrol_check import Agreed, outlook, store
from tests.faces.people import PHOTO, embeddings_of, faces_of, make_gallery


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return make_gallery(tmp_path, "Ada", "Grace")


def test_a_known_face_under_a_new_name_is_told_before_it_is_stored(gallery: Gallery) -> None:
    before = gallery.store.path.read_bytes()
    seen = outlook(gallery, " New   name ", faces_of(1, 2))
    assert seen.name == "New name"
    assert seen.there is None
    assert [name for name, _ in seen.resembles] == ["Grace"]
    assert gallery.store.path.read_bytes() == before


def test_a_known_name_is_added_to_and_a_stranger_among_the_faces_is_told(gallery: Gallery) -> None:
    seen = outlook(gallery, "ada", [*faces_of(0, 2), *faces_of(7)])
    assert (seen.name, seen.there, seen.resembles, seen.unlike) == ("Ada", 2, (), (2,))


def test_names_that_cannot_be_are_told_and_no_name_is_no_mistake(gallery: Gallery) -> None:
    assert "1 to 100" in outlook(gallery, "x" * 101, []).name_problem
    empty = outlook(gallery, "  ", faces_of(0))
    assert (empty.name, empty.name_problem) == ("", "")
    assert empty.resembles[0][0] == "Ada"


def test_photographs_stay_only_where_that_was_chosen(gallery: Gallery) -> None:
    store(gallery, "Eve", faces_of(3, 2, PHOTO), Agreed(statement="  ", purpose="home"))
    eve = gallery.people[-1]
    assert [template.photo for template in eve.templates] == [None, None]
    assert (eve.consent.statement, eve.consent.purpose) == (None, "home")
    store(gallery, "Eve", faces_of(3, 1, PHOTO), Agreed(keep_photos=True, expires_in_days=3))
    assert gallery.people[-1].templates[-1].photo == PHOTO
    assert gallery.people[-1].expires_utc is not None


def test_faces_of_another_embedder_are_refused(gallery: Gallery) -> None:
    other = [type(faces_of(0)[0])(embeddings_of(0, 1, "other-space")[0])]
    with pytest.raises(GalleryError, match="cannot be compared"):
        store(gallery, "Eve", other, Agreed())
