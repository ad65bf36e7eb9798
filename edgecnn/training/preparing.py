"""From a config to pictures and a net that fit each other."""

from __future__ import annotations

import keras

from edgecnn import nets
from edgecnn.bundle.schema import InputSpec
from edgecnn.data.augmentation.batches import Augmenter
from edgecnn.data.augmentation.presets import augment
from edgecnn.data.image_data import ImageData
from edgecnn.data.opening import open_data
from edgecnn.data.preparing import pixel_spec
from edgecnn.errors import OptionError
from edgecnn.training.batches import (
    Augment,
    Labelled,
    Samples,
    as_held_back,
    as_samples,
    at_most,
    hold_back,
    resampled,
)
from edgecnn.training.config import AugmentConfig, NetConfig, TrainConfig
from edgecnn.training.form import functional, with_input
from edgecnn.training.transfer import Freezing, new_task

USUAL_SIZE_WH = (224, 224)


def prepare_data(
    config: TrainConfig,
    data: Labelled | None,
    validation: Labelled | None,
    model: keras.Model | None,
) -> tuple[Samples, Samples | None]:
    """What is learned from and what is held back.

    Pictures of files are read into memory where they fit in it, else whenever they are needed.

    Args:
        config: Its ``data`` and seed.
        data: Pictures or files; None opens those that the config names.
        validation: Pictures to judge by; None holds back a share.
        model: Whose input size pictures of files get.

    Raises:
        OptionError: Too few pictures or classes, or classes that differ.
        SourceError: Pictures that cannot be read.
    """
    settings, seed = config.data, config.fit.seed
    loaded = open_labelled(config) if data is None else data
    loaded = at_most(loaded, settings.limit, seed)
    held = validation
    if held is None:
        loaded, held = hold_back(loaded, settings.validation, seed)
    elif held.names != loaded.names:
        raise OptionError(
            f"The pictures have the classes {', '.join(loaded.names)}, those to validate with "
            f"{', '.join(held.names)}; they have to be the same in the same order."
        )
    spec = file_spec(config, model)
    samples = as_samples(
        resampled(loaded, settings.balance, seed), balance=settings.balance, spec=spec
    )
    return samples, None if held is None else as_held_back(held, spec)


def open_labelled(config: TrainConfig) -> Labelled:
    """The pictures that a config names; those of files stay on disk."""
    return open_data(config.data.name, split=config.data.split)


def open_pictures(config: TrainConfig, model: keras.Model | None) -> ImageData:
    """The same in memory, files resized as the device would."""
    loaded = open_labelled(config)
    return loaded if isinstance(loaded, ImageData) else loaded.load(file_spec(config, model))


def file_spec(config: TrainConfig, model: keras.Model | None) -> InputSpec:
    """To what pictures of files are resized, as the device would: what the net takes.

    Args:
        config: Its size is taken where there is no model.
        model: A net that is there already.
    """
    width, height = config.data.size_wh or USUAL_SIZE_WH
    channels = 3
    if model is not None:
        height, width, channels = model.input_shape[1:]
    return pixel_spec(width, height, "gray" if channels == 1 else "rgb")


def build_net(config: TrainConfig, samples: Samples) -> tuple[keras.Model, Freezing]:
    """The net that a config names, for these pictures and classes; it takes pixels 0..255.

    Returns:
        The net, and which of its layers are old.
    """
    if config.transfer.source is not None:
        return new_task(config, samples.images.shape[1:], len(samples.names))
    net = plain_net(config.net, samples.images.shape[1:], len(samples.names))
    return net, Freezing(config.transfer, ())


def plain_net(
    config: NetConfig, input_shape: tuple[int, ...], num_classes: int, *, normalise: bool = True
) -> keras.Model:
    """A net with random weights.

    Args:
        config: Which.
        input_shape: (height, width, channels).
        num_classes: Length of the output.
        normalise: Put ``mean`` and ``std`` in front; off, it takes normalised pictures.
    """
    height, width, channels = input_shape
    net = functional(
        nets.build(
            config.name,
            input_shape=(height, width, channels),
            num_classes=num_classes,
            width=config.width,
            dropout=config.dropout,
            stem=config.stem,
            **config.options,
        )
    )
    return with_input(net, config.mean, config.std) if normalise else net


def augmentation(config: AugmentConfig, input_shape: tuple[int, ...]) -> Augment | None:
    """What changes the batches.

    Args:
        config: How.
        input_shape: (height, width, channels) of the pictures.

    Raises:
        OptionError: An amount out of range.
        UnknownNameError: No such preset or layer.
    """
    changed = any((config.layers or {}).values())
    if config.name == "none" and config.mix == "none" and not changed:
        return None
    height, width, channels = input_shape
    layers = augment(
        config.name,
        (height, width, channels),
        layers=config.layers,
        flip=None if config.flip == "none" else config.flip,
        fill_mode=config.fill_mode,
        fill_value=config.fill_value,
    )
    return Augmenter(layers, mix=None if config.mix == "none" else config.mix)
