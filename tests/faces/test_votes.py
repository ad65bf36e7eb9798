"""Names over frames."""

from __future__ import annotations

import numpy as np
import pytest

from edgecnn.errors import OptionError
from edgecnn.faces.outcomes import Identity
from edgecnn.faces.votes import IdentityVotes

ADA = Identity("Ada", "a1", 0.3, 0.5)
GRACE = Identity("Grace", "b2", 0.3, 0.5)
NOBODY = Identity(None, None, 0.8, 0.1)


def shown(votes: IdentityVotes, *faces: tuple[Identity, float], start_s: float = 0.0) -> list[str]:
    """What one track shows after each of its frames, 0.1 s apart."""
    verdicts = [
        votes.add([1], [identity], [weight], start_s + 0.1 * number)[0]
        for number, (identity, weight) in enumerate(faces)
    ]
    return [verdict.name or verdict.state for verdict in verdicts]


def test_name_is_shown_after_agreement_and_not_from_one_frame():
    assert shown(IdentityVotes(), *[(ADA, 1.0)] * 4) == ["undecided", "undecided", "Ada", "Ada"]


def test_stranger_is_undecided_before_unknown():
    assert shown(IdentityVotes(), *[(NOBODY, 1.0)] * 3) == ["undecided", "undecided", "unknown"]


def test_bad_frames_weigh_little():
    assert set(shown(IdentityVotes(), *[(ADA, 0.1)] * 15)) == {"undecided"}
    assert shown(IdentityVotes(), *[(ADA, 0.0)] * 3) == ["undecided"] * 3


def test_one_blurred_frame_with_another_name_changes_nothing():
    frames = [(ADA, 1.0)] * 4 + [(GRACE, 0.2)] + [(ADA, 1.0)] * 2
    assert shown(IdentityVotes(), *frames)[2:] == ["Ada"] * 5


def test_disagreement_stays_undecided():
    assert set(shown(IdentityVotes(), *[(ADA, 1.0), (GRACE, 1.0)] * 6)) == {"undecided"}


def test_another_person_on_the_track_takes_over_when_it_is_clear():
    said = shown(IdentityVotes(), *[(ADA, 1.0)] * 5, *[(GRACE, 1.0)] * 40)
    assert said[4] == "Ada"
    assert said[5] == "Ada"
    assert said[5:].index("undecided") <= 3  # Ada's name does not stay on Grace for long
    assert said[5:].index("Grace") <= 8
    assert set(said[13:]) == {"Grace"}


def test_long_time_with_one_face_does_not_make_it_slow_to_see_another():
    said = shown(IdentityVotes(), *[(NOBODY, 1.0)] * 300, *[(ADA, 1.0)] * 9)
    assert said[-1] == "Ada"


def test_tracks_do_not_mix_and_old_ones_are_dropped():
    votes = IdentityVotes(forget_s=1.0)
    for number in range(4):
        both = votes.add([1, 2], [ADA, NOBODY], [1.0, 1.0], 0.1 * number)
    assert [verdict.state for verdict in both] == ["known", "unknown"]
    assert votes.add([2], [NOBODY], [1.0], 5.0)[0].state == "unknown"
    assert len(votes) == 1
    assert votes.add([1], [ADA], [1.0], 5.1)[0].state == "undecided"


def test_forgotten_person_is_not_shown_any_more():
    votes = IdentityVotes()
    assert shown(votes, *[(ADA, 1.0)] * 4)[-1] == "Ada"
    votes.forget_person("a1")
    assert "Ada" not in shown(votes, *[(NOBODY, 1.0)] * 4, start_s=1.0)


def test_verdict_tells_how_sure_it_is():
    votes = IdentityVotes()
    for _ in range(3):
        verdict = votes.add([1], [ADA], [1.0], 0.0)[0]
    assert (verdict.agreement, verdict.weight, verdict.person_id) == (1.0, 3.0, "a1")
    later = votes.add([1], [GRACE], [0.5], 2.0)[0]  # one half-life on
    assert later.weight == pytest.approx(1.5 + 0.5)
    assert later.agreement == pytest.approx(0.75)


def test_what_cannot_be_is_refused():
    with pytest.raises(OptionError, match="agreement"):
        IdentityVotes(agreement=0.5)
    with pytest.raises(OptionError, match="least weight"):
        IdentityVotes(least_weight=5.0)
    with pytest.raises(OptionError, match="2, 1 and 1"):
        IdentityVotes().add([1, 2], [ADA], [1.0], 0.0)
    with pytest.raises(OptionError, match="between 0 and 1"):
        IdentityVotes().add([1], [ADA], [np.nan], 0.0)
