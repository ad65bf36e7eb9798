"""What the app is doing, as plain data: frozen dataclasses and one store that tells of changes.

Widgets show it, controllers act on it; neither keeps a copy. The store belongs to one thread (the
GUI's), so it needs no lock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from gui.tabs import TABS

Listener = Callable[["AppState", "AppState"], None]
"""Called with the state before and after a change."""

EFFECTS = ("tint", "blur", "replace")
"""What the Segment tab does with the picture: tint people, or blur or replace the background."""


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which model a tab runs, and how; None leaves the choice to the policy.

    Attributes:
        model: Name or path of a bundle.
        precision, backend, compute, threads: As `edgecnn.load` takes them.
    """

    model: str
    precision: str | None = None
    backend: str | None = None
    compute: str | None = None
    threads: int | None = None

    @property
    def automatic(self) -> bool:
        """Whether the policy chooses the variant."""
        return self.precision is None and self.backend is None and self.compute is None


@dataclass(frozen=True, slots=True)
class TabState:
    """What one tab remembers.

    Attributes:
        threshold: Least score, 0..1.
        labels: Only these classes; None for all.
        effect: One of `EFFECTS`; only the Segment tab has a use for it.
        background: Path of the picture that replaces the background; empty for a plain wall.
    """

    choice: ModelChoice
    threshold: float
    labels: frozenset[str] | None = None
    effect: str = "tint"
    background: str = ""


def _fresh_tabs() -> Mapping[str, TabState]:
    return MappingProxyType(
        {key: TabState(ModelChoice(tab.model), tab.threshold) for key, tab in TABS.items()}
    )


@dataclass(frozen=True, slots=True)
class AppState:
    """The whole of it.

    Attributes:
        tab: Key of the tab in front.
        tabs: What each tab remembers.
        source: Word for the source, as `edgecnn.video.live.open_live` takes it; None before one
            was chosen.
        frozen: The picture stands still.
        side_open, strip_open: Whether the side panel and the whole strip are shown.
    """

    tab: str = next(iter(TABS))
    tabs: Mapping[str, TabState] = field(default_factory=_fresh_tabs)
    source: str | None = None
    frozen: bool = False
    side_open: bool = True
    strip_open: bool = True

    @property
    def current(self) -> TabState:
        """What the tab in front remembers."""
        return self.tabs[self.tab]

    def with_tab(self, key: str, **changes: Any) -> AppState:
        """A copy in which one tab's memory is changed."""
        tabs = {**self.tabs, key: replace(self.tabs[key], **changes)}
        return replace(self, tabs=MappingProxyType(tabs))


class Store:
    """Holds the state and tells of every change, in the order of subscription."""

    def __init__(self, state: AppState | None = None) -> None:
        self._state = state if state is not None else AppState()
        self._listeners: list[Listener] = []

    @property
    def state(self) -> AppState:
        """The state now."""
        return self._state

    def update(self, **changes: Any) -> None:
        """Change fields of the state."""
        self._set(replace(self._state, **changes))

    def update_tab(self, key: str | None = None, **changes: Any) -> None:
        """Change what a tab remembers: the one in front, or that of ``key``."""
        self._set(self._state.with_tab(key if key is not None else self._state.tab, **changes))

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Be told of changes; returns a function that ends it."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def _set(self, after: AppState) -> None:
        before, self._state = self._state, after
        if before == after:
            return
        for listener in tuple(self._listeners):
            listener(before, after)
