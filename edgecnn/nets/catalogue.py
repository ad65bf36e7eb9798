"""What each net is, in figures: the table behind ``edgecnn nets list``; needs no Keras.

Parameters are those that training changes (moving statistics of batch norm are not among them),
multiply-adds those of convolutions and dense layers for one picture, both with the paper's size and
classes. A test builds every net and compares it with its line.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class NetCard:
    """One net.

    Attributes:
        parameters: Trainable weights.
        macs: Multiply-adds for one picture.
        input_shape: (height, width, channels) that it was designed for.
        paper: First author, venue or arXiv number, year.
        special: Options that this net has besides those of every net.
    """

    parameters: int
    macs: int
    input_shape: tuple[int, int, int]
    paper: str
    special: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


_IMAGENET = (224, 224, 3)
_VGG = "Simonyan and Zisserman, ICLR 2015"
_RESNET = "He et al., CVPR 2016"
_DENSENET = "Huang et al., CVPR 2017"
_MOBILENET_V3 = "Howard et al., ICCV 2019"
_LITE = "Tan and Le, ICML 2019; Liu, TensorFlow blog, 2020"

CARDS = {
    "lenet5": NetCard(61_706, 416_520, (32, 32, 1), "LeCun et al., Proc. IEEE 86, 1998"),
    "alexnet": NetCard(
        61_100_840,
        714_188_480,
        _IMAGENET,
        "Krizhevsky et al., NIPS 2012; arXiv:1404.5997",
        ("lrn",),
    ),
    "vgg11": NetCard(132_863_336, 7_609_090_048, _IMAGENET, _VGG, ("batch_norm",)),
    "vgg13": NetCard(133_047_848, 11_308_466_176, _IMAGENET, _VGG, ("batch_norm",)),
    "vgg16": NetCard(138_357_544, 15_470_264_320, _IMAGENET, _VGG, ("batch_norm",)),
    "vgg19": NetCard(143_667_240, 19_632_062_464, _IMAGENET, _VGG, ("batch_norm",)),
    "googlenet": NetCard(
        6_998_552,
        1_582_671_872,
        _IMAGENET,
        "Szegedy et al., CVPR 2015",
        ("auxiliary", "batch_norm"),
    ),
    "resnet18": NetCard(11_689_512, 1_814_073_344, _IMAGENET, _RESNET, ("attention",)),
    "resnet34": NetCard(21_797_672, 3_663_761_408, _IMAGENET, _RESNET, ("attention",)),
    "resnet50": NetCard(25_557_032, 4_089_184_256, _IMAGENET, _RESNET, ("attention",)),
    "resnet101": NetCard(44_549_160, 7_801_405_440, _IMAGENET, _RESNET, ("attention",)),
    "resnet152": NetCard(60_192_808, 11_513_626_624, _IMAGENET, _RESNET, ("attention",)),
    "densenet121": NetCard(7_978_856, 2_834_161_664, _IMAGENET, _DENSENET),
    "densenet169": NetCard(14_149_480, 3_359_843_328, _IMAGENET, _DENSENET),
    "mobilenet_v1": NetCard(
        4_231_976, 568_740_352, _IMAGENET, "Howard et al., arXiv:1704.04861, 2017"
    ),
    "mobilenet_v2": NetCard(
        3_504_872, 300_774_272, _IMAGENET, "Sandler et al., CVPR 2018", ("head_filters",)
    ),
    "mobilenet_v3_small": NetCard(2_542_856, 56_510_400, _IMAGENET, _MOBILENET_V3),
    "mobilenet_v3_large": NetCard(5_483_032, 216_589_760, _IMAGENET, _MOBILENET_V3),
    "shufflenet_v1": NetCard(
        1_865_728, 137_460_672, _IMAGENET, "Zhang et al., CVPR 2018", ("groups",)
    ),
    "shufflenet_v2": NetCard(2_278_604, 144_907_992, _IMAGENET, "Ma et al., ECCV 2018"),
    "efficientnet_lite0": NetCard(4_652_008, 385_187_552, (224, 224, 3), _LITE),
    "efficientnet_lite1": NetCard(5_416_680, 600_185_232, (240, 240, 3), _LITE),
    "efficientnet_lite2": NetCard(6_092_072, 859_736_272, (260, 260, 3), _LITE),
    "efficientnet_lite3": NetCard(8_197_096, 1_383_321_872, (280, 280, 3), _LITE),
    "efficientnet_lite4": NetCard(13_006_568, 2_553_034_336, (300, 300, 3), _LITE),
    "separable_resnet": NetCard(
        175_594, 8_586_432, (28, 28, 1), "our own, for pictures of some 30 pixels", ("blocks",)
    ),
}
