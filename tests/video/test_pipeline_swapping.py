from __future__ import annotations

import gc
import weakref

import pytest

from edgecnn.errors import OptionError
from edgecnn.video.pipeline import Pipeline
from tests.helpers.pipelines import FakeSource, FakeTask, eventually

pytestmark = pytest.mark.usefixtures("no_thread_stays_behind")


def test_a_swapped_task_answers_the_next_frame_and_no_frame_is_lost() -> None:
    source, old, new = FakeSource(live=False), FakeTask("old"), FakeTask("new")
    with Pipeline(source, old) as pipeline:
        source.push(0)
        first = pipeline.take(20)
        assert pipeline.swap(new) is old
        source.push(1)
        second = pipeline.take(20)
    assert first is not None
    assert second is not None
    assert (first.result.labels, second.result.labels) == (("old",), ("new",))
    assert not old.closed


def test_the_old_task_finishes_its_frame_and_is_then_closed_where_it_is_owned() -> None:
    source, old, new = FakeSource(), FakeTask("old"), FakeTask("new")
    old.may_go_on.clear()
    with Pipeline(source, old, own_tasks=True) as pipeline:
        source.push(0)
        assert old.began.acquire(timeout=20)
        pipeline.swap(new)
        assert not old.closed
        old.may_go_on.set()
        answer = pipeline.take(20)
        assert answer is not None
        assert answer.result.labels == ("old",)
        # No frame comes, and yet it is closed: a camera may be away for long.
        assert eventually(lambda: old.closed)
        assert not new.closed
    assert new.closed


def test_frames_are_answered_while_the_old_task_takes_long_to_close() -> None:
    source, old, new = FakeSource(), FakeTask("old"), FakeTask("new")
    old.may_close.clear()
    with Pipeline(source, old, own_tasks=True) as pipeline:
        pipeline.swap(new)
        for index in range(3):
            source.push(index)
            answer = pipeline.take(20)
            assert answer is not None
            assert answer.result.labels == ("new",)
        assert pipeline.stop(timeout_s=0.05) is False  # what is still being closed has not ended
        old.may_close.set()
        assert pipeline.stop(timeout_s=20) is True
    assert old.closed
    assert new.closed


def test_a_lent_task_that_was_replaced_is_not_held_on_to() -> None:
    source, old = FakeSource(), FakeTask("old")
    gone = weakref.ref(old)
    with Pipeline(source, old) as pipeline:
        source.push(0)
        assert pipeline.take(20) is not None
        del old
        pipeline.swap(FakeTask("new"))
        source.push(1)
        assert pipeline.take(20) is not None
        gc.collect()
        assert gone() is None


def test_a_task_that_is_swapped_back_in_is_not_closed() -> None:
    source, first, second = FakeSource(), FakeTask("1"), FakeTask("2")
    with Pipeline(source, first, own_tasks=True) as pipeline:
        pipeline.swap(second)
        pipeline.swap(first)
        for index in range(3):
            source.push(index)
            assert pipeline.take(20) is not None
        assert not first.closed
    assert first.closed
    assert second.closed


def test_one_of_several_tasks_is_swapped_by_name() -> None:
    tasks = {"a": FakeTask("1"), "b": FakeTask("2")}
    with Pipeline(FakeSource(), tasks) as pipeline:
        new = FakeTask("3")
        pipeline.swap(new, name="b")
        assert pipeline.tasks == {"a": tasks["a"], "b": new}
        for name in (None, "c"):
            with pytest.raises(OptionError, match="There are: a, b"):
                pipeline.swap(FakeTask(), name=name)
