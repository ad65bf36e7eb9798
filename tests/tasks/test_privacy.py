"""Privacy mode: no face is left in a frame, neither one that the detector has just lost."""

from __future__ import annotations

import numpy as np
import pytest

from edgecnn.core.results import Classification, Detections, Faces
from edgecnn.errors import OptionError
from edgecnn.faces.outcomes import Identity
from edgecnn.faces.quality import FaceQuality
from edgecnn.faces.recognition import LOCKED, Recognition
from edgecnn.faces.votes import Verdict
from edgecnn.tasks.privacy import LINGER_S, PrivacyFilter
from edgecnn.video.frame import Frame

QUALITY = FaceQuality(60, 0.1, 180, 0, 0, 0, 0, 0.9, 1, "")
VERDICTS = {
    "known": Verdict("known", "Ada", "a", 1.0, 4.0),
    "unknown": Verdict("unknown", None, None, 1.0, 4.0),
    "undecided": Verdict("undecided", None, None, 0.5, 1.0),
}
BOX, OTHER = (40, 40, 80, 80), (160, 60, 210, 110)


def frame_at(time_s: float = 0.0, *, still: bool = False) -> Frame:
    pixels = np.random.default_rng(5).integers(0, 256, (200, 300, 3), np.uint8)
    return Frame(pixels, "bgr", time_s, still=still)


def faces(*boxes: tuple[float, ...]) -> Faces:
    array = np.array(boxes, np.float32).reshape(-1, 4)
    return Faces(array, np.full(len(boxes), 0.9, "f4"), np.zeros((len(boxes), 6, 2), "f4"))


def recognition(*seen: tuple[tuple[float, ...], str]) -> Recognition:
    plain = faces(*(box for box, _ in seen))
    return Recognition(
        plain.boxes_xyxy,
        plain.scores,
        plain.points_xy,
        None,
        np.arange(1, len(seen) + 1),
        tuple(VERDICTS[state] for _, state in seen),
        tuple(Identity(None, None, 0.7, 0.1) for _ in seen),
        (QUALITY,) * len(seen),
        False,
    )


def changed(before: Frame, after: Frame, box: tuple[float, ...]) -> bool:
    """Whether (nearly) every pixel of a box is another one."""
    x0, y0, x1, y1 = (int(value) for value in box)
    differs = (before.pixels[y0:y1, x0:x1] != after.pixels[y0:y1, x0:x1]).any(axis=2)
    return bool(differs.mean() > 0.95)


def untouched(before: Frame, after: Frame, box: tuple[float, ...]) -> bool:
    x0, y0, x1, y1 = (int(value) for value in box)
    return np.array_equal(before.pixels[y0:y1, x0:x1], after.pixels[y0:y1, x0:x1])


@pytest.mark.parametrize("state", ["unknown", "undecided"])
def test_only_the_known_stay_visible(state):
    frame = frame_at()
    shown = PrivacyFilter("unknown")(frame, recognition((BOX, "known"), (OTHER, state)))
    assert untouched(frame, shown, BOX)
    assert changed(frame, shown, OTHER)


def test_all_hides_the_known_as_well():
    frame = frame_at()
    shown = PrivacyFilter("all")(frame, recognition((BOX, "known"), (OTHER, "unknown")))
    assert changed(frame, shown, BOX)
    assert changed(frame, shown, OTHER)


def test_nobody_is_known_to_a_detector_or_with_a_locked_gallery():
    frame = frame_at()
    locked = recognition((BOX, "known")).as_locked()
    assert locked.verdicts == (LOCKED,)
    for result in (faces(BOX), locked):
        assert changed(frame, PrivacyFilter("unknown")(frame, result), BOX)


def test_a_face_that_was_lost_stays_covered_where_it_moves_and_not_for_ever():
    hide = PrivacyFilter("unknown")
    moving = [(40 + 5 * step, 40, 80 + 5 * step, 80) for step in range(12)]
    for step, box in enumerate(moving[:8]):
        frame = frame_at(step / 30)
        assert changed(frame, hide(frame, faces(box)), box)
    for step, box in enumerate(moving[8:], start=8):
        frame = frame_at(step / 30)
        assert changed(frame, hide(frame, faces()), box)
    late = frame_at(1 + LINGER_S)
    assert hide(late, faces()) is late


def test_a_face_that_was_seen_only_once_stays_covered_too():
    hide = PrivacyFilter("unknown")
    for step in range(3):
        hide(frame_at(step / 30), faces())
    hide(frame_at(3 / 30), faces(BOX))
    frame = frame_at(4 / 30)
    assert changed(frame, hide(frame, faces()), BOX)


def test_the_known_are_not_covered_when_they_are_lost_and_are_once_they_are_doubted():
    hide = PrivacyFilter("unknown")
    hide(frame_at(0.0), recognition((BOX, "known")))
    frame = frame_at(0.1)
    assert hide(frame, recognition()) is frame
    hide(frame_at(0.2), recognition((BOX, "undecided")))
    frame = frame_at(0.3)
    assert changed(frame, hide(frame, recognition()), BOX)


def test_photographs_know_nothing_of_one_another():
    hide = PrivacyFilter("all")
    first, second = frame_at(still=True), frame_at(still=True)
    assert changed(first, hide(first, faces(BOX)), BOX)
    assert hide(second, faces()) is second


def test_results_of_several_models_are_taken_together():
    frame = frame_at()
    others = (
        Detections(np.array([OTHER], "f4"), np.ones(1, "f4"), np.zeros(1, int), ("cup",)),
        Classification(np.zeros(1, int), ("cup",), np.ones(1, "f4")),
    )
    both = (faces(BOX, OTHER), recognition((BOX, "known")), *others)
    shown = PrivacyFilter("unknown")(frame, both)
    assert untouched(frame, shown, BOX)
    assert changed(frame, shown, OTHER)
    assert PrivacyFilter("unknown")(frame, others) is frame


def test_the_frame_that_came_is_not_changed_and_facts_are_kept():
    frame = frame_at(0.4)
    before = frame.pixels.copy()
    shown = PrivacyFilter("all", "solid")(frame, faces(BOX))
    np.testing.assert_array_equal(frame.pixels, before)
    assert (shown.timestamp_s, shown.color) == (0.4, "bgr")


@pytest.mark.parametrize(("hide", "style"), [("known", "mosaic"), ("all", "blur")])
def test_what_is_not_offered_is_refused(hide, style):
    with pytest.raises(OptionError):
        PrivacyFilter(hide, style)
