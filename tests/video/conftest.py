from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.helpers.pipelines import eventually


@pytest.fixture
def no_thread_stays_behind() -> Iterator[None]:
    """Fails a test whose threads do not end with it."""
    before = set(threading.enumerate())
    yield
    assert eventually(lambda: set(threading.enumerate()) <= before)
