"""What is taken away from pictures and results before they are shown or saved."""

from __future__ import annotations

import numpy as np
import pytest

from edgecnn.core.results import Detections, Faces
from edgecnn.faces.access import GalleryAccess
from edgecnn.faces.outcomes import Identity
from edgecnn.faces.quality import FaceQuality
from edgecnn.faces.recognition import Recognition
from edgecnn.faces.votes import Verdict
from edgecnn.video.frame import Frame
from gui.faces.sightings import Sightings
from gui.faces.veil import Veil
from gui.rows import Rows
from gui.settings import HIDES
from tests.faces.people import make_gallery

ADA = "0123"
BOXES = np.array([[20, 20, 60, 60], [120, 20, 160, 60]], np.float32)


def picture(index: int = 0) -> Frame:
    noise = np.random.default_rng(7).integers(0, 255, (100, 200, 3), np.uint8)
    return Frame(noise, "bgr", index / 30, index, "test")


def recognized(*names: str | None) -> Recognition:
    count = len(names)
    faces = [
        (Verdict("known", name, ADA, 1.0, 3.0), Identity(name, ADA, 0.3, 0.4))
        if name
        else (Verdict("unknown", None, None, 1.0, 3.0), Identity(None, None, 0.8, 0.1))
        for name in names
    ]
    return Recognition(
        BOXES[:count],
        np.full(count, 0.9, np.float32),
        np.zeros((count, 6, 2), np.float32),
        None,
        np.arange(1, count + 1),
        tuple(verdict for verdict, _ in faces),
        tuple(identity for _, identity in faces),
        (quality(),) * count,
        False,
    )


def quality() -> FaceQuality:
    return FaceQuality(**dict.fromkeys(FaceQuality.__dataclass_fields__, 0.0))


@pytest.fixture
def access(tmp_path) -> GalleryAccess:
    return GalleryAccess(make_gallery(tmp_path, "Ada"))


@pytest.fixture
def veil(access) -> Veil:
    return Veil(access, lambda frame: None)


def changed(frame: Frame, shown: Frame) -> list[bool]:
    """Which of the two boxes is not what it was."""
    boxes = BOXES.astype(int)
    return [
        not np.array_equal(frame.pixels[y0:y1, x0:x1], shown.pixels[y0:y1, x0:x1])
        for x0, y0, x1, y1 in boxes
    ]


def test_locking_takes_the_name_from_a_result_that_is_there_already(veil, access):
    result = recognized("Ada", None)
    assert veil.last_look(result) is result
    access.lock()
    shown = veil.last_look(result)
    assert [face.name for face in shown] == [None, None]
    assert veil.last_look(result) is shown  # so that nothing is painted twice
    assert "Ada" not in repr(shown.to_dict(names=True))


@pytest.mark.parametrize(
    ("hide", "expected"),
    [("nobody", [False, False]), ("unknown", [False, True]), ("everybody", [True, True])],
)
def test_the_view_hides_whom_it_is_told_to(veil, hide, expected):
    assert hide in HIDES
    veil.live = hide
    frame, result = picture(), recognized("Ada", None)
    shown = veil.for_view(frame, result)
    assert changed(frame, shown) == expected
    assert veil.for_view(frame, result) is shown


def test_faces_that_nobody_tried_to_recognize_are_unknown(veil):
    veil.live = "unknown"
    faces = Faces(BOXES, np.ones(2, np.float32), np.zeros((2, 6, 2), np.float32))
    assert changed(picture(), veil.for_view(picture(), faces)) == [True, True]


@pytest.mark.parametrize("hide", ["unknown", "everybody"])
def test_a_picture_in_which_nobody_has_looked_is_hidden_whole(veil, hide):
    veil.live = hide
    frame = picture()
    for result in (None, Detections(BOXES, np.ones(2, "f4"), np.zeros(2, int), ("a", "b"))):
        shown = veil.for_view(frame, result)
        assert len(np.unique(shown.pixels.reshape(-1, 3), axis=0)) <= 16


def test_files_never_show_more_than_the_view(veil):
    veil.live, veil.saved = "everybody", "nobody"
    frame = picture()
    saved, _ = veil.for_saving(frame, recognized("Ada", None))
    assert changed(frame, saved) == [True, True]


def test_by_default_files_hide_the_unknown_and_have_no_names(veil):
    frame = picture()
    saved, result = veil.for_saving(frame, recognized("Ada", None))
    assert changed(frame, saved) == [False, True]
    assert [face.name for face in result] == [None, None]
    assert [face.state for face in result] == ["known", "unknown"]
    veil.names_saved = True
    _, result = veil.for_saving(frame, recognized("Ada", None))
    assert [face.name for face in result] == ["Ada", None]


def test_a_face_that_is_lost_for_a_moment_stays_hidden_in_a_snapshot(veil):
    nobody = recognized()
    for index in range(5):
        veil.note(picture(index), recognized(None, None))
    frame = picture(6)
    saved, _ = veil.for_saving(frame, nobody)
    assert changed(frame, saved) == [True, True]


def detections() -> Detections:
    return Detections(BOXES, np.ones(2, "f4"), np.zeros(2, int), ("a", "b"))


@pytest.fixture
def beside(access) -> Veil:
    """Of a tab whose model looks for something else: a detector finds the first face."""
    first = Faces(BOXES[:1], np.ones(1, "f4"), np.zeros((1, 6, 2), "f4"))
    return Veil(access, lambda frame: first)


@pytest.mark.parametrize("hide", ["unknown", "everybody"])
def test_in_other_tabs_whoever_a_detector_finds_is_hidden_too(beside, hide):
    beside.live = beside.saved = hide
    frame, result = picture(), detections()
    saved, same = beside.for_saving(frame, result)
    assert changed(frame, saved) == [True, False]
    assert same is result
    beside.look(frame, result)
    assert changed(frame, beside.for_view(frame, result)) == [True, False]


def test_a_picture_is_shown_once_it_was_looked_at(beside):
    beside.live = "everybody"
    frame = picture()
    assert not beside.has_looked(frame, None)
    assert changed(frame, beside.for_view(frame, None)) == [True, True]
    beside.look(frame, None)
    assert beside.has_looked(frame, None)
    assert changed(frame, beside.for_view(frame, None)) == [True, False]
    for index in range(1, 9):  # it is still on the screen when others were looked at
        beside.look(picture(index), None)
    assert changed(frame, beside.for_view(frame, None)) == [True, False]


def test_nobody_looks_where_nobody_is_hidden(access):
    def find(frame: Frame) -> Faces:
        raise AssertionError("looked")

    veil = Veil(access, find)
    veil.live = veil.saved = "nobody"
    frame = picture()
    assert veil.for_view(frame, detections()) is frame
    assert veil.for_saving(frame, detections())[0] is frame
    assert not veil.hides_live


def test_what_could_not_be_looked_at_is_saved_hidden_whole(veil):
    frame = picture()
    saved, _ = veil.for_saving(frame, detections())
    assert len(np.unique(saved.pixels.reshape(-1, 3), axis=0)) <= 16


def test_the_list_has_a_row_a_person_and_no_numbers():
    rows = Rows(smooth=False)
    rows.feed(recognized("Ada", None), 0.5, 0.0)
    assert {row.label for row in rows.rows} == {"Ada", "unknown"}
    assert all(row.plain and not row.reading for row in rows.rows)
    rows.feed(recognized(None, None), 0.5, 1.0)
    assert [(row.label, row.count) for row in rows.rows] == [("unknown", 2)]


def test_a_face_that_is_followed_is_counted_once():
    seen = Sightings()
    for _ in range(3):
        seen.add(recognized("Ada", None))
    seen.add(recognized("Ada", None).as_locked())
    seen.add(None)
    assert seen.faces == 2
    assert seen.people == (ADA,)
