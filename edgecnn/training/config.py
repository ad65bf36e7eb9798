"""What a training run is made of: one frozen `TrainConfig`, from TOML, JSON or Python.

A file may start from a preset and change what it names:

    preset = "small_pictures"
    [net]
    name = "mobilenet_v2"
    width = 0.5
    [fit]
    epochs = 20

Everything that can change the result is in here, so that two runs with the same config and the same
data are the same run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from edgecnn.errors import OptionError
from edgecnn.wording import counted

Share = Annotated[float, Meta(ge=0.0, lt=1.0)]
Positive = Annotated[float, Meta(gt=0.0)]
NotNegative = Annotated[float, Meta(ge=0.0)]
Count = Annotated[int, Meta(ge=1)]
NotNegativeCount = Annotated[int, Meta(ge=0)]
Stats = tuple[float, ...]


class _Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the config; unknown names are refused."""


class NetConfig(_Group, frozen=True):
    """Which net is built; see `edgecnn.nets.build`.

    Attributes:
        name: One of `edgecnn.nets.names`. Not looked at where a model is handed in.
        width: Factor on its channels.
        dropout: Rate before the classifier; None for the paper's.
        stem: ``paper``, ``small`` or None for what fits the input.
        mean, std: Pixels 0..255 become (pixel - mean) / std inside the net, one number or one a
            channel; the saved model takes pixels as they are.
        options: What only this net has.
    """

    name: str = "mobilenet_v2"
    width: Positive = 1.0
    dropout: Share | None = None
    stem: Literal["paper", "small"] | None = None
    mean: Stats = (127.5,)
    std: Stats = (127.5,)
    options: dict[str, Any] = {}


class AugmentConfig(_Group, frozen=True):
    """How pictures are changed while the net learns; see `edgecnn.data.augmentation.presets`.

    Attributes:
        name: Preset: ``none``, ``flip``, ``light``, ``standard`` or ``strong``.
        layers: Further single layers and their amounts, such as ``{rotate = 15, cutout = 0.1}``;
            the table `edgecnn.data.augmentation.presets.LAYERS` says what there is.
        mix: ``mixup``, ``cutmix`` or ``both`` (one of the two a batch) mix pairs of pictures.
        flip: Which way pictures may be mirrored.
        fill_mode: What lies beyond the edges: ``constant`` for a plain background, ``reflect`` for
            photographs.
        fill_value: Pixel value of the background, 0..255.
    """

    name: str = "none"
    layers: dict[str, float] | None = None
    mix: Literal["none", "mixup", "cutmix", "both"] = "none"
    flip: Literal["none", "horizontal", "vertical", "horizontal_and_vertical"] = "horizontal"
    fill_mode: Literal["constant", "nearest", "reflect", "wrap"] = "constant"
    fill_value: Annotated[float, Meta(ge=0.0, le=255.0)] = 0.0


class DataConfig(_Group, frozen=True):
    """What is learned from.

    Attributes:
        name: A data set (``fashion_mnist``) or a folder of class folders. Not looked at where
            pictures are handed in.
        split: Which part is learned from; None for ``train`` of a data set, all of a folder.
        size_wh: Width and height of pictures of files in pixels; None for what the net takes.
        validation: Share of it that is held back, stratified by class; 0 for none: the run then has
            no best epoch but the last.
        limit: So many pictures at most, drawn with the run's seed and the same share of each class.
        augment: How pictures are changed.
        balance: ``weights`` makes rare classes count as much as frequent ones in the loss;
            ``oversample`` shows each class as often as the largest, ``undersample`` as the
            smallest. A number, 0.999 or 0.9999, weighs by the effective number of pictures, which
            is gentler on rare classes. What is held back stays as it is.
    """

    name: str = "fashion_mnist"
    split: str | None = None
    size_wh: tuple[Count, Count] | None = None
    validation: Annotated[float, Meta(ge=0.0, le=0.5)] = 0.1
    limit: Count | None = None
    augment: AugmentConfig = AugmentConfig()
    balance: Literal["none", "weights", "oversample", "undersample"] | Share = "none"


class OptimizerConfig(_Group, frozen=True):
    """How weights follow gradients; see `edgecnn.training.optimizers`.

    Attributes:
        name: ``sgd``, ``rmsprop``, ``adagrad``, ``adadelta``, ``adam``, ``adamw`` or ``nadam``.
        learning_rate: Before the schedule.
        momentum: Of sgd and rmsprop.
        nesterov: Of sgd.
        weight_decay: Decoupled, of kernels alone: batch norm and biases are left out.
        clip_norm: Gradients of a larger global norm are shortened to it; None for never.
        clip_value: Single values of gradients are cut to +- this; None for never.
    """

    name: Literal["sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamw", "nadam"] = "adamw"
    learning_rate: Positive = 1e-3
    momentum: Share = 0.0
    nesterov: bool = False
    weight_decay: NotNegative = 0.0
    clip_norm: Positive | None = None
    clip_value: Positive | None = None


class ScheduleConfig(_Group, frozen=True):
    """How the learning rate runs; see `edgecnn.training.schedules`.

    Attributes:
        name: ``constant``, ``step``, ``exponential``, ``cosine`` or ``plateau``.
        warmup_epochs: It rises from almost 0 in a straight line for so long.
        every_epochs: ``step``: multiplied by ``factor`` each time; ``exponential``: by ``factor``
            over so many, smoothly.
        factor: See above; ``plateau`` multiplies by it as well.
        patience: ``plateau``: epochs without a better validation loss before that.
        final: ``cosine`` ends at this share of the learning rate; ``plateau`` never goes below it.
    """

    name: Literal["constant", "step", "exponential", "cosine", "plateau"] = "cosine"
    warmup_epochs: NotNegative = 0.0
    every_epochs: Positive = 10.0
    factor: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.5
    patience: Count = 3
    final: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.0


class AverageConfig(_Group, frozen=True):
    """Averages of the weights over time, which are judged and saved instead of the last weights.

    Attributes:
        name: ``none``; ``ema``, a moving average over steps; ``swa``, the mean over the ends of
            epochs.
        momentum: ``ema``: share of the average that stays at each step t, at most
            (1 + t) / (10 + t), so that a short run does not remember its random weights.
        start_epoch: ``swa``: the first epoch, from 0, whose end is part of the mean.
    """

    name: Literal["none", "ema", "swa"] = "none"
    momentum: Share = 0.999
    start_epoch: NotNegativeCount = 0


class RegularizeConfig(_Group, frozen=True):
    """What holds a net back from learning by heart; see `edgecnn.training.regularize`.

    Attributes:
        l1, l2: Penalties on kernels, in the loss; both together are the elastic net.
        spatial_dropout: Rate at which whole maps are dropped behind each activation of maps.
        label_smoothing: Share of the truth that is spread over all classes.
        average: Of the weights.
    """

    l1: NotNegative = 0.0
    l2: NotNegative = 0.0
    spatial_dropout: Share = 0.0
    label_smoothing: Share = 0.0
    average: AverageConfig = AverageConfig()


class FitConfig(_Group, frozen=True):
    """The loop.

    Attributes:
        epochs: Passes over the data.
        batch_size: Pictures a step.
        seed: Of weights, order, augmentation and dropout.
        precision: ``mixed_bfloat16`` or ``mixed_float16`` compute in half and keep float32 weights.
        patience: Early stopping: so many epochs without a better one; None for never.
        fused_batch_norm: On TensorFlow, compute batch norm in one operation (same result, faster).
    """

    epochs: Count = 10
    batch_size: Count = 128
    seed: NotNegativeCount = 0
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    patience: Count | None = None
    fused_batch_norm: bool = True


class TransferConfig(_Group, frozen=True):
    """What is taken over from a trained net; see `edgecnn.training.transfer`.

    Attributes:
        source: A ``.keras`` file or the zoo's ``classify_efficientnet_lite0``; None to start from
            random weights.
        freeze: ``all`` layers of the source, ``none``, or the first so many that have weights.
        unfreeze_at: From this epoch on, counted from 0, nothing is frozen; None for never.
        old_layer_factor: Learning rate of the source's layers over that of the new ones.
    """

    source: str | None = None
    freeze: Literal["all", "none"] | NotNegativeCount = "all"
    unfreeze_at: NotNegativeCount | None = None
    old_layer_factor: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.1


class TrainConfig(_Group, frozen=True):
    """Everything that decides what a run learns; fields as in the groups above."""

    net: NetConfig = NetConfig()
    data: DataConfig = DataConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    regularize: RegularizeConfig = RegularizeConfig()
    fit: FitConfig = FitConfig()
    transfer: TransferConfig = TransferConfig()


def read_config(file: str | os.PathLike[str]) -> TrainConfig:
    """Read a config from a ``.toml`` or ``.json`` file; ``preset`` names what it starts from.

    Args:
        file: In UTF-8.

    Raises:
        OptionError: Another kind of file, an unknown name, or a value that cannot be used.
        OSError: It cannot be read.
    """
    path = Path(file)
    return make_config(read_table(path), where=str(path))


def read_table(path: Path) -> dict[str, Any]:
    """The nested tables of a ``.toml`` or ``.json`` file, not checked yet; errors as above."""
    suffix = path.suffix.lower()
    if suffix not in (".json", ".toml"):
        raise OptionError(f"A config is a .toml or .json file, but got {path}.")
    try:
        text = path.read_bytes()
        content: Any = msgspec.toml.decode(text) if suffix == ".toml" else msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise OptionError(f"{path} holds no table of settings, but a {type(content).__name__}.")
    return content


def make_config(content: Mapping[str, Any], *, where: str = "The config") -> TrainConfig:
    """A config from nested tables; ``preset`` names what they change.

    Args:
        content: Group -> field -> value, and perhaps ``preset``.
        where: What it came from, for messages.

    Raises:
        OptionError: An unknown name, or a value that cannot be used.
    """
    from edgecnn.training.presets import preset

    changes = dict(content)
    base = preset(str(changes.pop("preset"))) if "preset" in changes else TrainConfig()
    return change(base, changes, where=where)


def change(
    config: TrainConfig, changes: Mapping[str, Any], *, where: str = "The change"
) -> TrainConfig:
    """A copy of a config with some values replaced; groups are merged.

    Example:
        >>> change(TrainConfig(), {"fit": {"epochs": 3}}).fit.epochs
        3

    Raises:
        OptionError: An unknown name, or a value that cannot be used; the message names the field.
    """
    before = to_dict(config)
    merged = _merge(before, changes)
    try:
        result = msgspec.convert(merged, TrainConfig)
    except msgspec.ValidationError as error:
        raise OptionError(f"{where} cannot be used: {error}.{known(error, before)}") from error
    _check(result, where)
    return result


def known(error: msgspec.ValidationError, tables: Mapping[str, Any]) -> str:
    """The names there are in the place of an unknown one, as a sentence; empty for other errors.

    Args:
        error: What msgspec said.
        tables: A config of that kind, as nested tables.
    """
    found = re.search(r"unknown field `[^`]*`(?: - at `\$\.([\w.]+)`)?", str(error))
    if found is None:
        return ""
    place: Any = tables
    for name in (found[1] or "").split("."):
        place = place.get(name) if name and isinstance(place, Mapping) else place
    if not isinstance(place, Mapping):
        return ""
    return f" Known there: {', '.join(sorted(place))}."


def to_dict(config: TrainConfig) -> dict[str, Any]:
    """Nested tables of plain values; `make_config` takes them back."""
    # By way of JSON, so that what was written and what was not compare equal.
    return msgspec.json.decode(msgspec.json.encode(config), type=dict[str, Any])


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What two nested tables do not share, as ``fit.epochs: 10 -> 20``."""
    return [f"{name}: {a!r} -> {b!r}" for name, a, b in _pairs(before, after, "") if a != b]


def _pairs(before: Any, after: Any, prefix: str) -> list[tuple[str, Any, Any]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        names = sorted(set(before) | set(after))
        return [
            pair
            for name in names
            for pair in _pairs(before.get(name), after.get(name), f"{prefix}.{name}".lstrip("."))
        ]
    return [(prefix, before, after)]


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in changes.items():
        old = merged.get(name)
        # The options of a net are replaced as a whole: another net has others.
        if isinstance(old, Mapping) and isinstance(value, Mapping) and name != "options":
            value = _merge(old, value)
        merged[name] = value
    return merged


def _check(config: TrainConfig, where: str) -> None:
    """What single fields cannot say."""
    optimizer, fit = config.optimizer, config.fit
    if optimizer.nesterov and not (optimizer.name == "sgd" and optimizer.momentum > 0):
        raise OptionError(f"{where}: optimizer.nesterov needs name = 'sgd' and a momentum.")
    if optimizer.momentum and optimizer.name not in ("sgd", "rmsprop"):
        raise OptionError(f"{where}: {optimizer.name} has no optimizer.momentum of its own.")
    if optimizer.clip_norm is not None and optimizer.clip_value is not None:
        raise OptionError(f"{where}: give optimizer.clip_norm or clip_value, not both.")
    if config.schedule.warmup_epochs >= fit.epochs:
        there = f"{'is' if fit.epochs == 1 else 'are'} {counted(fit.epochs, 'epoch')}"
        raise OptionError(
            f"{where}: schedule.warmup_epochs is {config.schedule.warmup_epochs}, but there "
            f"{there}; the warm-up has to end before them. Give fewer epochs of it, or more of "
            "all (fit.epochs)."
        )
    average = config.regularize.average
    if average.name == "swa" and average.start_epoch >= fit.epochs:
        raise OptionError(
            f"{where}: regularize.average.start_epoch is {average.start_epoch}, counted from 0, "
            f"but there are {fit.epochs} epochs: there would be nothing to average."
        )
    if not config.data.validation and (fit.patience or config.schedule.name == "plateau"):
        raise OptionError(
            f"{where}: early stopping and the plateau schedule look at validation pictures, but "
            "data.validation is 0."
        )
    for name, numbers in (("mean", config.net.mean), ("std", config.net.std)):
        if len(numbers) not in (1, 3) or (name == "std" and min(numbers) <= 0):
            raise OptionError(f"{where}: net.{name} is {numbers}; give 1 or 3 numbers, std > 0.")
