"""What is said about people, before and after they are forgotten."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from edgecnn.faces.forget import FileProof, forget
from edgecnn.faces.gallery import Gallery
from gui.faces.forget_words import forget_action, forget_page, forget_question, forget_title
from gui.faces.people_cards import log_rows, people_cards
from gui.faces.people_thumbs import SIDE_PX, thumbnail
from tests.faces.people import PHOTO, faces_of, make_gallery


def gallery_of(folder: Path) -> Gallery:
    gallery = make_gallery(folder, "Grace", "Ada & <Co>")
    gallery.enrol("Ada & <Co>", faces_of(1, 2, PHOTO), expires_in_days=3)
    return gallery


def test_people_are_listed_by_name_with_what_matters(tmp_path: Path) -> None:
    ada, grace = people_cards(gallery_of(tmp_path).contents)
    assert (ada.name, ada.templates, ada.photos, ada.over) == ("Ada & <Co>", 4, 2, False)
    assert ada.line.startswith("4 templates · until 20")
    assert grace.line == "2 templates · consent not stated"
    assert dict(grace.facts)["Consent"] == "not stated"


def test_who_is_over_is_told(tmp_path: Path) -> None:
    ada, grace = people_cards(gallery_of(tmp_path).contents, "9999-01-01T00:00:00Z")
    assert ada.over
    assert "time over since" in ada.line
    assert "not recognized any more" in dict(ada.facts)["Recognized until"]
    assert not grace.over


def test_the_button_and_the_question_name_what_is_destroyed(tmp_path: Path) -> None:
    cards = people_cards(gallery_of(tmp_path).contents)
    assert forget_action(cards[:1]) == "Forget Ada & <Co> and 4 templates"
    assert forget_action(cards) == "Forget 2 people and 6 templates"
    question = forget_question(cards[:1], 2)
    assert "Ada & <Co> with 4 templates, 2 photos" in question
    assert "all 2 backups" in question
    assert "backup" not in forget_question(cards, 0)


def test_the_report_says_what_went_what_is_proven_and_what_is_not(tmp_path: Path) -> None:
    gallery = gallery_of(tmp_path)
    report = forget(gallery, ["Ada & <Co>"])
    page = forget_page(report)
    assert forget_title(report) == "1 person forgotten: no trace was found"
    for words in ("4 templates", "2 photos", "none found", "cloud folders"):
        assert words in page
    held = FileProof("a<b.faces", True, ("template",))
    doubtful = dataclasses.replace(report, proof=(held, FileProof("old", False, ())))
    assert "not proven" in forget_title(doubtful)
    page = forget_page(doubtful)
    assert "a&lt;b.faces still holds template" in page
    assert "old could not be decrypted" in page


def test_the_log_begins_with_the_newest_and_names_nobody(tmp_path: Path) -> None:
    gallery = gallery_of(tmp_path)
    forget(gallery, ["Grace"])
    rows = log_rows(gallery.contents)
    assert rows[0][1] == "forget"
    assert rows[0][3].startswith("forgotten-")
    assert not any("Grace" in cell for row in rows for cell in row)


def test_a_thumbnail_is_the_middle_of_a_photo_and_never_breaks_the_list() -> None:
    import cv2
    import numpy as np

    picture = np.zeros((200, 120, 3), np.uint8)
    picture[60:140, 20:100] = (0, 0, 255)
    small = thumbnail(cv2.imencode(".jpg", picture)[1].tobytes())
    assert small is not None
    assert small.shape == (SIDE_PX, SIDE_PX, 3)
    assert small[SIDE_PX // 2, SIDE_PX // 2].tolist() == [254, 0, 0]
    assert thumbnail(PHOTO) is None
    assert thumbnail(b"") is None
