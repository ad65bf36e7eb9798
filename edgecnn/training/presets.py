"""Named starting points for a `TrainConfig`; change what differs.

- ``small_pictures``: some 30 pixels a side, from random weights: AdamW, cosine with warm-up, moving
  average of the weights.
- ``classic``: SGD with Nesterov momentum, L2, steps: how the nets of the papers were trained.
- ``large_pictures``: 128 pixels and more, from random weights: clipped AdamW, label smoothing.
- ``fine_tune``: from trained weights: a new head first, then everything at a tenth of its rate.
- ``quick``: three epochs, to see whether everything fits together.
"""

from __future__ import annotations

from collections.abc import Callable

from edgecnn.errors import UnknownNameError
from edgecnn.training.config import (
    AugmentConfig,
    AverageConfig,
    DataConfig,
    FitConfig,
    NetConfig,
    OptimizerConfig,
    RegularizeConfig,
    ScheduleConfig,
    TrainConfig,
    TransferConfig,
)


def small_pictures() -> TrainConfig:
    """Pictures of some 30 pixels, from random weights.

    Reference: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, and "SGDR:
    Stochastic Gradient Descent with Warm Restarts", ICLR 2017 (cosine).
    """
    return TrainConfig(
        net=NetConfig(stem="small"),
        data=DataConfig(augment=AugmentConfig(name="light")),
        optimizer=OptimizerConfig(name="adamw", learning_rate=3e-3, weight_decay=0.02),
        schedule=ScheduleConfig(name="cosine", warmup_epochs=1.0, final=0.01),
        regularize=RegularizeConfig(
            label_smoothing=0.05, average=AverageConfig(name="ema", momentum=0.999)
        ),
        fit=FitConfig(epochs=30),
    )


def large_pictures() -> TrainConfig:
    """Pictures of 128 pixels and more, from random weights."""
    return TrainConfig(
        data=DataConfig(augment=AugmentConfig(name="standard", fill_mode="reflect")),
        optimizer=OptimizerConfig(
            name="adamw", learning_rate=1e-3, weight_decay=0.05, clip_norm=5.0
        ),
        schedule=ScheduleConfig(name="cosine", warmup_epochs=3.0, final=0.01),
        regularize=RegularizeConfig(
            label_smoothing=0.1, average=AverageConfig(name="ema", momentum=0.999)
        ),
        fit=FitConfig(epochs=60, batch_size=64),
    )


def classic() -> TrainConfig:
    """SGD with Nesterov momentum and steps.

    Reference: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016; Sutskever et
    al., "On the importance of initialization and momentum in deep learning", ICML 2013.
    """
    return TrainConfig(
        optimizer=OptimizerConfig(name="sgd", learning_rate=0.05, momentum=0.9, nesterov=True),
        schedule=ScheduleConfig(name="step", every_epochs=10, factor=0.1),
        regularize=RegularizeConfig(l2=1e-4),
        fit=FitConfig(epochs=30),
    )


def fine_tune() -> TrainConfig:
    """From EfficientNet-Lite0's ImageNet weights; a ``.keras`` file may take their place."""
    return TrainConfig(
        net=NetConfig(name="efficientnet_lite0", mean=(127.0,), std=(128.0,)),
        data=DataConfig(
            validation=0.2, augment=AugmentConfig(name="standard", fill_mode="reflect")
        ),
        optimizer=OptimizerConfig(name="adam", learning_rate=1e-3),
        schedule=ScheduleConfig(name="cosine", final=0.05),
        regularize=RegularizeConfig(label_smoothing=0.1),
        fit=FitConfig(epochs=12, batch_size=32),
        transfer=TransferConfig(
            source="classify_efficientnet_lite0", unfreeze_at=6, old_layer_factor=0.1
        ),
    )


def quick() -> TrainConfig:
    """Three epochs of Adam, to see whether everything fits together."""
    return TrainConfig(
        net=NetConfig(stem="small"),
        optimizer=OptimizerConfig(name="adam"),
        fit=FitConfig(epochs=3),
    )


PRESETS: dict[str, Callable[[], TrainConfig]] = {
    "classic": classic,
    "fine_tune": fine_tune,
    "large_pictures": large_pictures,
    "quick": quick,
    "small_pictures": small_pictures,
}


def preset(name: str) -> TrainConfig:
    """The config of that name.

    Raises:
        UnknownNameError: There is none; lists those that there are.
    """
    if name not in PRESETS:
        raise UnknownNameError(f"Unknown preset {name!r}. Known: {', '.join(sorted(PRESETS))}.")
    return PRESETS[name]()
