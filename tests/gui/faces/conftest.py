"""Galleries for the app that open in no time, with people made of random numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from gui.faces.session import FaceSession
from tests.faces.people import make_gallery


class HandClock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def session_of(
    tmp_path: Path, clock: HandClock, qtbot: QtBot
) -> Iterator[Callable[..., FaceSession]]:
    """Makes sessions; with names, the gallery is there and has these people."""
    made: list[FaceSession] = []

    def make(*names: str) -> FaceSession:
        if names:
            make_gallery(tmp_path, *names)
        made.append(FaceSession(tmp_path / "gallery.faces", clock=clock))
        return made[-1]

    yield make
    for session in made:
        assert session.close()
        session.deleteLater()
