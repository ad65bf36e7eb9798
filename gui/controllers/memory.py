"""What the app remembers from one start to the next, as plain JSON, and back."""

from __future__ import annotations

from dataclasses import asdict, replace
from types import MappingProxyType
from typing import Any

from gui.settings import Settings
from gui.state import EFFECTS, AppState, ModelChoice, TabState
from gui.tabs import TABS

MOST_RECENT = 5


def recall(settings: Settings) -> AppState:
    """The state of the last time; what does not fit any more is left at its default."""
    memory = settings.memory
    state = AppState()
    tabs = dict(state.tabs)
    remembered = memory.get("tabs")
    for key, kept in (remembered if isinstance(remembered, dict) else {}).items():
        if key in tabs and isinstance(kept, dict):
            tabs[key] = _tab(tabs[key], kept)
    tab = memory.get("tab")
    source = memory.get("source")
    return replace(
        state,
        tab=tab if tab in TABS else state.tab,
        tabs=MappingProxyType(tabs),
        source=source if isinstance(source, str) else None,
        side_open=memory.get("side_open") is not False,
        strip_open=memory.get("strip_open") is not False,
    )


def remember(settings: Settings, state: AppState) -> None:
    """Put the state into the settings' memory; saving is up to the caller."""
    memory = settings.memory
    memory["tab"] = state.tab
    memory["side_open"], memory["strip_open"] = state.side_open, state.strip_open
    memory["tabs"] = {
        key: {
            "choice": asdict(tab.choice),
            "threshold": tab.threshold,
            "labels": None if tab.labels is None else sorted(tab.labels),
            "effect": tab.effect,
            "background": tab.background,
        }
        for key, tab in state.tabs.items()
    }
    if state.source is not None and may_be_kept(state.source):
        memory["source"] = state.source
        memory["recent"] = [
            state.source,
            *(word for word in recent(settings) if word != state.source),
        ][:MOST_RECENT]


def recent(settings: Settings) -> list[str]:
    """Sources that were shown lately, the newest first."""
    kept = settings.memory.get("recent")
    return [word for word in kept if isinstance(word, str)] if isinstance(kept, list) else []


def may_be_kept(word: str) -> bool:
    """Whether a word may go to a file: an address with a password, or a token, must not."""
    if "://" not in word:
        return True
    host_and_path = word.partition("://")[2]
    return "@" not in host_and_path and "?" not in host_and_path


def _tab(fresh: TabState, kept: dict[str, Any]) -> TabState:
    choice = kept.get("choice")
    threshold, labels, effect = kept.get("threshold"), kept.get("labels"), kept.get("effect")
    background = kept.get("background")
    fits = isinstance(threshold, float) and 0 < threshold < 1
    return TabState(
        choice=_choice(choice) if isinstance(choice, dict) else fresh.choice,
        threshold=threshold if fits and isinstance(threshold, float) else fresh.threshold,
        labels=frozenset(map(str, labels)) if isinstance(labels, list) and labels else None,
        effect=effect if effect in EFFECTS else fresh.effect,
        background=background if isinstance(background, str) else fresh.background,
    )


def _choice(kept: dict[str, Any]) -> ModelChoice:
    words = {
        name: kept.get(name) if isinstance(kept.get(name), str) else None
        for name in ("precision", "backend", "compute")
    }
    threads = kept.get("threads")
    return ModelChoice(
        model=str(kept.get("model", "")),
        **words,
        threads=threads if isinstance(threads, int) and not isinstance(threads, bool) else None,
    )
