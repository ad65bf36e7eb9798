"""tflite-runtime, numpy 1 and LiteRT side by side, as ``edgecnn[tflite-runtime]`` installs them."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from golden import INSTALLED, ZOO, broken_promises, proven_on

import edgecnn

HAS_LITERT = importlib.util.find_spec("ai_edge_litert") is not None


def test_environment_is_the_one_meant() -> None:
    assert "site-packages" in str(INSTALLED)
    assert np.__version__.startswith("1.")


def test_zoo_promises_something_on_tflite_runtime() -> None:
    assert {"classify_efficientnet_lite0", "detect_nanodet"} <= {
        name for name, _ in proven_on("tflite_runtime")
    }


@pytest.mark.parametrize(("name", "precision"), proven_on("tflite_runtime"))
def test_zoo_answers_as_promised(name: str, precision: str) -> None:
    assert broken_promises(name, precision, "tflite_runtime") == []


def test_tflite_runtime_is_chosen_only_where_litert_is_not() -> None:
    with edgecnn.load(ZOO / "classify_efficientnet_lite0") as task:
        assert task.info.backend == ("litert" if HAS_LITERT else "tflite_runtime")
