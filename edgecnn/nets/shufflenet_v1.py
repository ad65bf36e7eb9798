"""ShuffleNetV1: grouped 1 x 1 convolutions whose groups are shuffled.

Grouped convolutions cost few multiply-adds and run slower than those promise; ShuffleNetV2 was the
authors' own answer to that.

Reference:
    Zhang, Zhou, Lin and Sun, "ShuffleNet: An Extremely Efficient Convolutional Neural Network for
    Mobile Devices", CVPR 2018, table 1.
"""

from __future__ import annotations

import math

import keras

from edgecnn.nets.layers.convolution import conv_norm
from edgecnn.nets.layers.shuffle_unit import BOTTLENECK, shuffle_unit_v1
from edgecnn.nets.options import NetOptions, Smallest, begin, classify, scaled

STEM_FILTERS = 24
REPEATS = (4, 8, 4)
"""Units in each of the three stages; the first has stride 2."""
FILTERS = {
    1: (144, 288, 576),
    2: (200, 400, 800),
    3: (240, 480, 960),
    4: (272, 544, 1088),
    8: (384, 768, 1536),
}
"""Groups -> channels of each stage, about the same multiply-adds in each row."""


def shufflenet_v1(options: NetOptions, *, groups: int = 3) -> keras.Model:
    """Build ShuffleNetV1: ``stem``, ``stage{S}_unit{U}_*``, ``logits``; both count from 1.

    Args:
        options: Designed for (224, 224, 3); at least 32 pixels a side. The small stem has stride 1
            and no pooling: at least 8.
        groups: Of the 1 x 1 convolutions: 1, 2, 3, 4 or 8.

    Returns:
        The model.

    Raises:
        ValueError: The paper has no row for so many groups.
    """
    if groups not in FILTERS:
        raise ValueError(
            f"groups is {groups}; the paper has rows for {', '.join(map(str, FILTERS))}."
        )
    inputs, stem = begin(
        "shufflenet_v1", options, designed_for=(224, 224, 3), smallest=Smallest(paper=32, small=8)
    )
    stem_filters = scaled(STEM_FILTERS, options.width, divisor=math.lcm(BOTTLENECK, groups))
    x = conv_norm(inputs, stem_filters, "stem", kernel=3, stride=2 if stem == "paper" else 1)
    if stem == "paper":
        x = keras.layers.MaxPooling2D(3, strides=2, padding="same", name="stem_pool")(x)
    for stage, (repeats, channels) in enumerate(
        zip(REPEATS, FILTERS[groups], strict=True), start=1
    ):
        filters = scaled(channels, options.width, divisor=BOTTLENECK * groups)
        for unit in range(1, repeats + 1):
            x = shuffle_unit_v1(
                x,
                filters,
                f"stage{stage}_unit{unit}",
                groups=groups,
                stride=2 if unit == 1 else 1,
                group_first=(stage, unit) != (1, 1),
            )
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, classify(x, options, dropout=0.0), name="shufflenet_v1")
