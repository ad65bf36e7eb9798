"""What the view says about its source, in words with the next step: a function of facts alone."""

from __future__ import annotations

from dataclasses import dataclass

from edgecnn.video.status import Reason, State, Status

SPINNER_AFTER_S = 0.3
WORDS_AFTER_S = 2.0


@dataclass(frozen=True, slots=True)
class Action:
    """A button: its key tells the window what to do."""

    key: str
    title: str


RETRY = Action("retry", "Try again")
REPLAY = Action("retry", "Play again")
CHOOSE = Action("choose", "Choose source")


@dataclass(frozen=True, slots=True)
class Notice:
    """What is said over the dimmed picture.

    Attributes:
        title, message: Words; both may be empty while only the spinner turns.
        busy: Whether the spinner turns.
        actions: Buttons, the most likely first.
    """

    title: str = ""
    message: str = ""
    busy: bool = False
    actions: tuple[Action, ...] = ()


_TITLES = {
    State.OPENING: "Opening",
    State.STALLED: "No new pictures",
    State.RECONNECTING: "Connecting again",
    State.FAILED: "No picture",
    State.ENDED: "The end",
}
_REASONS = {
    Reason.NOT_FOUND: "Not found",
    Reason.BUSY: "In use",
    Reason.NO_PERMISSION: "No permission",
    Reason.TIMED_OUT: "No answer",
    Reason.AUTH: "Wrong name or password",
    Reason.CODEC: "Cannot be read",
    Reason.LOST: "Connection lost",
    Reason.BROKEN: "Not working",
}


def notice_for(
    status: Status | None, source: str, now_s: float, *, still: bool = False
) -> Notice | None:
    """What to say about the state of a source; None when there is nothing to say.

    Args:
        status: Of the source; None when none was chosen.
        source: Its name, for people.
        now_s: On the clock of `time.monotonic`.
        still: The source is a single picture, whose end is no news.
    """
    if status is None:
        return Notice(
            "Choose a source", "A camera, a video, a folder of pictures.", False, (CHOOSE,)
        )
    waited_s = now_s - status.since_s
    if status.state in (State.RUNNING, State.PAUSED, State.CLOSED):
        return None
    if still and status.state is State.ENDED:
        return None
    if status.state is State.OPENING:
        if waited_s < SPINNER_AFTER_S:
            return None
        if waited_s < WORDS_AFTER_S:
            return Notice(busy=True)
        waiting = status.message or f"Waiting for the first picture of {source}."
        return Notice(_TITLES[State.OPENING], waiting, True, (CHOOSE,))
    title = _TITLES[status.state]
    if status.state in (State.STALLED, State.RECONNECTING):
        return Notice(title, status.message, True, (RETRY, CHOOSE))
    if status.state is State.ENDED:
        return Notice(title, f"All of {source} was shown.", False, (REPLAY, CHOOSE))
    if status.reason is not None:
        title = _REASONS[status.reason]
    return Notice(title, status.message, False, (RETRY, CHOOSE))
