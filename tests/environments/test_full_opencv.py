"""The full ``opencv-python`` wheel in place of the headless one serves as well."""

from __future__ import annotations

import importlib.metadata

import pytest
from golden import INSTALLED, broken_promises, proven_on


def test_environment_is_the_one_meant() -> None:
    assert "site-packages" in str(INSTALLED)
    assert importlib.metadata.version("opencv-python")
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("opencv-python-headless")


@pytest.mark.parametrize(("name", "precision"), proven_on("litert"))
def test_zoo_answers_as_promised(name: str, precision: str) -> None:
    assert broken_promises(name, precision, "litert") == []
