from __future__ import annotations

import pytest

from edgecnn.errors import UnknownNameError
from gui.controllers.models import Models, load_model, load_quickly
from gui.state import ModelChoice
from gui.tabs import TABS
from tests.helpers.app import FakeModels, FakeTask


@pytest.mark.parametrize("tab", TABS.values(), ids=lambda tab: tab.key)
def test_the_model_of_every_tab_loads_and_is_of_the_tabs_task(tab: object) -> None:
    choice = ModelChoice(tab.model, backend="litert", threads=1)  # type: ignore[attr-defined]
    task = load_model(choice)
    assert task.info.task == tab.task  # type: ignore[attr-defined]
    assert task.timing is not None  # it was warmed up
    task.close()


def test_a_named_variant_is_not_preceded_by_another() -> None:
    assert load_quickly(ModelChoice(TABS["faces"].model, "float16", "litert")) is None


def test_what_opens_slowly_is_preceded_by_litert() -> None:
    pytest.importorskip("openvino")
    from edgecnn import api
    from edgecnn.runtime.policy import choose

    name = TABS["segment"].model
    task = load_quickly(ModelChoice(name))
    if choose(api.open_bundle(name).manifest).backend == "litert":
        assert task is None
    else:
        assert task.info.backend == "litert"
        task.close()


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(UnknownNameError, match="no_such_model"):
        load_model(ModelChoice("no_such_model"))


def test_what_answered_in_the_meantime_is_closed_when_it_is_not_needed_any_more() -> None:
    fakes, early = FakeModels(), FakeModels()
    models = Models(fakes.load, early.load)
    choice = ModelChoice("detect_slow")
    quick = models.quick(choice)
    task = models.get(choice)
    assert isinstance(quick, FakeTask)
    assert not quick.closed
    models.trim(task)
    assert quick.closed
    assert not task.closed
    assert models.quick(choice) is None
    models.close()
    assert task.closed
