"""Nets that round are opened and judged like all others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from edgecnn.training import quantize
from edgecnn.training.judging import predict
from edgecnn.training.learner import gives_probabilities
from edgecnn.training.run import load_model, save
from tests.helpers import qat_nets


def test_a_saved_net_that_rounds_is_opened_and_gives_probabilities(tmp_path: Path) -> None:
    net, pixels = qat_nets.build("squeezed"), qat_nets.pictures(16)
    rounding = quantize.prepare(net)
    quantize.observe(rounding, pixels)
    save(rounding, tmp_path / "net.keras")
    loaded = load_model(tmp_path / "net.keras")
    assert gives_probabilities(loaded)
    # A second softmax would flatten them.
    np.testing.assert_allclose(predict(loaded, pixels), predict(net, pixels), atol=0.02)
