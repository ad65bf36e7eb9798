from __future__ import annotations

from pathlib import Path

import cv2
import pytest

import edgecnn
from edgecnn.errors import OptionError
from edgecnn.runtime.threads import MAX_DEFAULT, available_cores, resolve_threads
from tests.helpers.models import save_mean_color


def test_the_default_is_the_cores_there_are_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= resolve_threads(None) <= MAX_DEFAULT
    assert resolve_threads(None) <= available_cores()
    monkeypatch.setattr("edgecnn.runtime.threads.available_cores", lambda: 64)
    assert resolve_threads(None) == MAX_DEFAULT


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2", 10_000])
def test_impossible_numbers_are_refused(threads: object) -> None:
    with pytest.raises(OptionError, match="whole number from 1 to"):
        resolve_threads(threads)  # type: ignore[arg-type]


def test_opencv_gets_the_same_budget_as_the_engine(tmp_path: Path) -> None:
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(7)
        with edgecnn.load(save_mean_color(tmp_path / "mean_color"), threads=1) as task:
            assert task.info.threads == 1
            assert cv2.getNumThreads() == 1
    finally:
        cv2.setNumThreads(before)
