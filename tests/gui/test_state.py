from __future__ import annotations

import pytest

from gui.state import AppState, ModelChoice, Store
from gui.tabs import TABS
from tests.helpers.app import LABELS


def test_every_tab_begins_with_the_model_and_threshold_of_its_row() -> None:
    state = AppState()
    for key, tab in TABS.items():
        assert state.tabs[key].choice == ModelChoice(tab.model)
        assert state.tabs[key].threshold == tab.threshold


def test_changing_a_tab_leaves_the_others_and_the_old_state_alone() -> None:
    before = AppState()
    after = before.with_tab("detect", threshold=0.7, labels=frozenset(LABELS))
    assert after.tabs["detect"].threshold == 0.7
    assert after.tabs["faces"] == before.tabs["faces"]
    assert before.tabs["detect"].threshold == TABS["detect"].threshold


def test_store_tells_of_changes_with_before_and_after_and_of_nothing_else() -> None:
    store = Store()
    heard: list[tuple[str, str]] = []
    leave = store.subscribe(lambda before, after: heard.append((before.tab, after.tab)))
    store.update(tab="detect")
    store.update(tab="detect")
    leave()
    store.update(tab="faces")
    assert heard == [("classify", "detect")]


def test_store_changes_the_tab_in_front_when_none_is_named() -> None:
    store = Store()
    store.update(tab="faces")
    store.update_tab(threshold=0.9)
    assert store.state.current.threshold == 0.9
    assert store.state.tabs["classify"].threshold == TABS["classify"].threshold


def test_a_choice_is_automatic_until_a_variant_is_named() -> None:
    assert ModelChoice("m", threads=2).automatic
    assert not ModelChoice("m", precision="int8").automatic


def test_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(TypeError):
        Store().update(no_such_field=1)
