"""ShuffleNetV2: half of the channels pass each unit as they are; a shuffle mixes the halves.

The paper has four widths, 0.5, 1, 1.5 and 2, which are not multiples of one row; other widths scale
the row of width 1.

Reference:
    Ma, Zhang, Zheng and Sun, "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture
    Design", ECCV 2018, table 5.
"""

from __future__ import annotations

import keras

from edgecnn.nets.layers.convolution import conv_norm
from edgecnn.nets.layers.shuffle_unit import shuffle_unit_v2
from edgecnn.nets.options import NetOptions, Smallest, begin, classify, scaled

STEM_FILTERS = 24
REPEATS = (4, 8, 4)
"""Units in each of the three stages; the first has stride 2."""
FILTERS = {
    0.5: (48, 96, 192, 1024),
    1.0: (116, 232, 464, 1024),
    1.5: (176, 352, 704, 1024),
    2.0: (244, 488, 976, 2048),
}
"""Width -> channels of each stage and of the last convolution."""


def _filters(width: float) -> tuple[int, ...]:
    if width in FILTERS:
        return FILTERS[width]
    *stages, head = FILTERS[1.0]
    # A multiple of 8 leaves halves that are multiples of 4.
    return (*(scaled(channels, width) for channels in stages), scaled(head, max(1.0, width)))


def shufflenet_v2(options: NetOptions) -> keras.Model:
    """Build ShuffleNetV2: ``stem``, ``stage{S}_unit{U}_*``, ``head``, ``logits``.

    Args:
        options: Designed for (224, 224, 3); at least 32 pixels a side. The small stem has stride 1
            and no pooling: at least 8.

    Returns:
        The model.
    """
    inputs, stem = begin(
        "shufflenet_v2", options, designed_for=(224, 224, 3), smallest=Smallest(paper=32, small=8)
    )
    x = conv_norm(inputs, STEM_FILTERS, "stem", kernel=3, stride=2 if stem == "paper" else 1)
    if stem == "paper":
        x = keras.layers.MaxPooling2D(3, strides=2, padding="same", name="stem_pool")(x)
    *stages, head = _filters(options.width)
    for stage, (repeats, filters) in enumerate(zip(REPEATS, stages, strict=True), start=1):
        for unit in range(1, repeats + 1):
            stride = 2 if unit == 1 else 1
            x = shuffle_unit_v2(x, filters, f"stage{stage}_unit{unit}", stride=stride)
    x = conv_norm(x, head, "head")
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, classify(x, options, dropout=0.0), name="shufflenet_v2")
