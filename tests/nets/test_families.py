"""A narrow net of every family trains a step and converts to both targets with the same answers."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from converters.sources import open_source
from edgecnn.registry import NETS
from tests.helpers import net_families, nets

QUICK = {"lenet5", "alexnet", "vgg11"}
"""The others have so many layers that training and converting takes longer than ten seconds when
the machine is busy; their blocks are converted in tests/nets/layers/test_blocks.py."""


def test_every_family_has_a_narrow_net() -> None:
    def family(name: str) -> str:
        builder = NETS[name]
        return str(getattr(builder, "func", builder).__module__)

    assert {family(name) for name in net_families.FAMILIES} == {family(name) for name in NETS}


# Keras and TensorFlow's eager mode use a part of numpy that is going away.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow])
        for name in net_families.FAMILIES
    ],
)
def test_trains_and_converts_with_parity(name: str) -> None:
    nets.keras.utils.set_random_seed(1)
    model = net_families.build(name)
    assert net_families.train_a_step(model) == []
    nets.randomized(model)
    with open_source(model) as source:
        given = nets.feeds(source)
        expected = source.answer(given)["logits"]
        assert float(np.ptp(expected)) > 1e-2
        limit = 1e-4 * float(np.abs(expected).max())
        found = nets.run_tflite(source.tflite(), given)["logits"]
        np.testing.assert_allclose(found, expected, atol=limit, rtol=0)
        found = nets.run_openvino(source.openvino(), given)["logits"]
        np.testing.assert_allclose(found, expected, atol=limit, rtol=0)
