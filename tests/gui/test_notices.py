from __future__ import annotations

import pytest

from edgecnn.video.status import Reason, State, Status
from gui.notices import Notice, notice_for


def said(state: State, waited_s: float = 5.0, message: str = "Words.") -> Notice | None:
    reason = Reason.BUSY if state in (State.FAILED, State.STALLED, State.RECONNECTING) else None
    return notice_for(Status(state, reason, message, since_s=100.0), "camera", 100.0 + waited_s)


@pytest.mark.parametrize("state", [State.RUNNING, State.PAUSED, State.CLOSED])
def test_nothing_is_said_over_a_picture_that_runs_or_was_stopped(state: State) -> None:
    assert said(state) is None


def test_waiting_is_silent_then_a_spinner_then_words() -> None:
    assert said(State.OPENING, 0.2) is None
    spinner = said(State.OPENING, 1.0)
    assert spinner is not None
    assert spinner.busy
    assert spinner.message == ""
    words = said(State.OPENING, 3.0, message="")
    assert words is not None
    assert "camera" in words.message


@pytest.mark.parametrize("state", [State.FAILED, State.STALLED, State.RECONNECTING])
def test_what_went_wrong_is_said_in_the_words_of_the_source_with_two_ways_out(
    state: State,
) -> None:
    notice = said(state, message="It is used by another program.")
    assert notice is not None
    assert notice.message == "It is used by another program."
    assert [action.key for action in notice.actions] == ["retry", "choose"]
    assert notice.busy == (state is not State.FAILED)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_title_of_its_own(reason: Reason) -> None:
    notice = notice_for(Status(State.FAILED, reason, "Words."), "camera", 0.0)
    assert notice is not None
    assert notice.title not in ("", "No picture")


def test_the_end_offers_to_play_again() -> None:
    notice = said(State.ENDED)
    assert notice is not None
    assert notice.actions[0].title == "Play again"


def test_without_a_source_one_is_asked_for() -> None:
    notice = notice_for(None, "", 0.0)
    assert notice is not None
    assert [action.key for action in notice.actions] == ["choose"]


def test_every_state_has_an_answer() -> None:
    for state in State:
        said(state)


def test_the_end_of_a_single_picture_is_no_news() -> None:
    ended = Status(State.ENDED, None, "", since_s=0.0)
    assert notice_for(ended, "photo.jpg", 1.0, still=True) is None
    notice = notice_for(ended, "clip.mp4", 1.0)
    assert notice is not None
    assert notice.message == "All of clip.mp4 was shown."
