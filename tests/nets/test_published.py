"""Every net has the parameters and multiply-adds of its paper, builds small, and survives saving.

Parameters are trainable weights. Exact figures are those of the authors' or torchvision's code (its
model cards), which the nets of this package follow weight by weight; where a paper gives a rounded
figure, or counts in another way, a tolerance says how far apart the two are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

keras = pytest.importorskip("keras")

from edgecnn import nets  # noqa: E402
from edgecnn.errors import OptionError  # noqa: E402
from edgecnn.nets.catalogue import CARDS  # noqa: E402
from edgecnn.nets.layer_table import totals  # noqa: E402


class Published(NamedTuple):
    parameters: int
    macs: float
    source: str
    tolerance: float = 0.005
    """Of the multiply-adds, which are rounded where they were published."""
    parameter_tolerance: float = 0.0
    options: Mapping[str, Any] = MappingProxyType({})


TORCHVISION = "torchvision model card (num_params, _ops)"
LITE = "table of the release (tensorflow/tpu), whose multiply-adds include norms and activations"
SHUFFLE_V1 = "paper, table 1; parameters as of imgclsmob's net"
MOBILE_WIDTHS = "Keras applications; paper, table 6"
SE_RESNET = "timm's seresnet50; Hu et al., CVPR 2018: hardly more multiply-adds than ResNet-50"

PUBLISHED = [
    ("separable_resnet", Published(175_594, 8_586_432, "our own: its table, by hand", 0.0)),
    ("lenet5", Published(61_706, 416_520, "paper with full C3 and dense layers, by hand", 0.0)),
    ("alexnet", Published(61_100_840, 714e6, TORCHVISION)),
    ("vgg11", Published(132_863_336, 7.609e9, TORCHVISION)),
    ("vgg13", Published(133_047_848, 11.308e9, TORCHVISION)),
    ("vgg16", Published(138_357_544, 15.470e9, TORCHVISION)),
    ("vgg19", Published(143_667_240, 19.632e9, TORCHVISION)),
    ("googlenet", Published(6_998_552, 1.5e9, "Caffe's bvlc_googlenet; paper, table 1", 0.06)),
    (
        "googlenet",
        Published(13_378_280, 1.6e9, "the same with heads", 0.02, 0.0, {"auxiliary": True}),
    ),
    ("resnet18", Published(11_689_512, 1.814e9, TORCHVISION)),
    ("resnet34", Published(21_797_672, 3.664e9, TORCHVISION)),
    ("resnet50", Published(25_557_032, 4.089e9, TORCHVISION)),
    ("resnet101", Published(44_549_160, 7.801e9, TORCHVISION)),
    ("resnet152", Published(60_192_808, 11.514e9, TORCHVISION)),
    ("densenet121", Published(7_978_856, 2.834e9, TORCHVISION)),
    ("densenet169", Published(14_149_480, 3.360e9, TORCHVISION)),
    ("mobilenet_v1", Published(4_231_976, 569e6, "Keras applications; paper, table 8")),
    ("mobilenet_v1", Published(1_331_592, 149e6, MOBILE_WIDTHS, 0.01, 0.0, {"width": 0.5})),
    ("mobilenet_v1", Published(470_072, 41e6, MOBILE_WIDTHS, 0.02, 0.0, {"width": 0.25})),
    ("mobilenet_v2", Published(3_504_872, 300e6, f"{TORCHVISION}; paper, table 4")),
    (
        "mobilenet_v2",
        Published(6_108_776, 585e6, "Keras; paper, table 4", 0.01, 0.0, {"width": 1.4}),
    ),
    ("mobilenet_v3_small", Published(2_542_856, 56e6, f"{TORCHVISION}; paper, table 3", 0.01)),
    ("mobilenet_v3_large", Published(5_483_032, 217e6, f"{TORCHVISION}; paper, table 3: 219 M")),
    ("shufflenet_v1", Published(1_865_728, 137e6, SHUFFLE_V1)),
    ("shufflenet_v1", Published(1_531_936, 143e6, SHUFFLE_V1, 0.02, 0.0, {"groups": 1})),
    ("shufflenet_v1", Published(1_733_848, 140e6, SHUFFLE_V1, 0.02, 0.0, {"groups": 2})),
    ("shufflenet_v1", Published(1_968_344, 133e6, SHUFFLE_V1, 0.02, 0.0, {"groups": 4})),
    ("shufflenet_v1", Published(2_434_768, 137e6, SHUFFLE_V1, 0.02, 0.0, {"groups": 8})),
    ("shufflenet_v2", Published(2_278_604, 146e6, f"{TORCHVISION}; paper, table 5", 0.01)),
    ("shufflenet_v2", Published(1_366_792, 41e6, TORCHVISION, 0.02, 0.0, {"width": 0.5})),
    ("shufflenet_v2", Published(3_503_624, 299e6, TORCHVISION, 0.02, 0.0, {"width": 1.5})),
    ("shufflenet_v2", Published(7_393_996, 591e6, TORCHVISION, 0.02, 0.0, {"width": 2.0})),
    ("efficientnet_lite0", Published(4_652_008, 407e6, LITE, 0.06)),
    ("efficientnet_lite1", Published(5_416_680, 631e6, LITE, 0.06)),
    ("efficientnet_lite2", Published(6_092_072, 899e6, LITE, 0.06)),
    ("efficientnet_lite3", Published(8_197_096, 1.44e9, LITE, 0.06)),
    ("efficientnet_lite4", Published(13_006_568, 2.64e9, LITE, 0.06)),
    (
        "resnet50",
        Published(28_088_024, 4.09e9, SE_RESNET, 0.01, 0.002, {"attention": "squeeze_excite"}),
    ),
]


def label(value: Any) -> str | None:
    return None if not isinstance(value, Published) else str(dict(value.options) or "paper")


def test_every_net_has_a_card_and_a_published_figure() -> None:
    assert list(CARDS) == list(nets.names())
    assert {name for name, published in PUBLISHED if not published.options} == set(nets.names())


@pytest.mark.parametrize(("name", "published"), PUBLISHED, ids=label)
def test_parameters_and_multiply_adds_are_the_published_ones(
    name: str, published: Published
) -> None:
    model = nets.outline(name, **published.options)
    found = totals(nets.describe(model))
    assert math.isclose(
        found.trainable, published.parameters, rel_tol=published.parameter_tolerance
    )
    assert math.isclose(found.macs, published.macs, rel_tol=published.tolerance)
    if not published.options:
        card = CARDS[name]
        assert (found.trainable, found.macs) == (card.parameters, card.macs)
        assert model.input_shape[1:] == card.input_shape


@pytest.mark.parametrize("name", nets.names())
def test_card_names_the_options_of_its_own(name: str) -> None:
    with pytest.raises(OptionError, match="has no option colour") as caught:
        nets.build(name, colour="red")
    said = str(caught.value).partition("it has ")[2].rstrip(".")
    assert said == (", ".join(CARDS[name].special) or "none")
