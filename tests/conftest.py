"""What holds for every test: nothing of the user's own is touched, and random is repeatable."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

try:
    import hypothesis
except ModuleNotFoundError:  # the small environments of .ci/run have pytest alone
    pass
else:
    hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
    hypothesis.settings.load_profile("repeatable")


@pytest.fixture(scope="session", autouse=True)
def _own_user_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Caches, remembered measurements and settings of the tests go to a folder of their own."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            patch.setenv(variable, str(home / variable.lower()))
        # pytest-xdist sets it for its workers, and tables would be as narrow as its terminal.
        patch.delenv("COLUMNS", raising=False)
        yield


@pytest.fixture(scope="session")
def fashion_net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ``.keras`` file that learned Fashion-MNIST within seconds, once for all tests."""
    pytest.importorskip("tensorflow")
    from tests.helpers import fashion  # only who asks for it needs the converters

    return fashion.train(tmp_path_factory.mktemp("net") / "tiny.keras")
