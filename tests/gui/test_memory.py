from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gui.controllers.memory import MOST_RECENT, may_be_kept, recall, recent, remember
from gui.settings import Settings
from gui.state import AppState, ModelChoice


def test_what_is_remembered_comes_back_through_json() -> None:
    settings = Settings(None)
    choice = ModelChoice("detect_ssd_desk", "int8", "openvino", "f32", 3)
    state = replace(AppState(), tab="detect", source="demo", side_open=False)
    state = state.with_tab("detect", choice=choice, threshold=0.66, labels=frozenset({"cup"}))
    state = state.with_tab("segment", effect="replace", background="/home/ada/beach.jpg")
    remember(settings, state)
    settings.memory = json.loads(json.dumps(settings.memory))
    assert recall(settings) == state


@pytest.mark.parametrize(
    "memory",
    [
        {},
        {"tab": "gone", "tabs": 3, "source": 5},
        {"tabs": {"detect": {"threshold": "high", "labels": 4, "effect": "x", "choice": None}}},
        {"tabs": {"segment": {"background": 7}}},
        {"tabs": {"gone": {}}, "recent": "x"},
    ],
)
def test_what_does_not_fit_any_more_is_left_at_its_default(memory: dict[str, object]) -> None:
    settings = Settings(None)
    settings.memory = memory
    assert recall(settings) == AppState()
    assert recent(settings) == []


def test_the_newest_sources_are_kept_each_once() -> None:
    settings = Settings(None)
    for word in [*(f"{number}.mp4" for number in range(8)), "3.mp4"]:
        remember(settings, replace(AppState(), source=word))
    assert recent(settings) == ["3.mp4", "7.mp4", "6.mp4", "5.mp4", "4.mp4"]
    assert len(recent(settings)) == MOST_RECENT


@pytest.mark.parametrize("word", ["rtsp://ada:secret@host/live", "http://host/video?token=secret"])
def test_an_address_with_a_secret_never_goes_to_the_file(word: str) -> None:
    settings = Settings(None)
    remember(settings, replace(AppState(), source=word))
    assert "secret" not in json.dumps(settings.memory)
    assert not may_be_kept(word)
    assert may_be_kept("rtsp://host/live")
