"""What a run of metric learning is made of: a `TrainConfig` with one group more.

    [net]
    name = "separable_resnet"
    [data]
    name = "fashion_mnist"
    [metric]
    loss = "triplet"
    unseen = ["Bag", "Sandal", "Coat"]

Not looked at are ``fit.batch_size`` (batches are classes times pictures) but for judging,
``data.validation`` (whole classes are held back instead) and ``regularize.label_smoothing``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from edgecnn.errors import OptionError
from edgecnn.training.config import TrainConfig, change, make_config, read_table, to_dict

MAX_BATCH = 256
"""Triplets of a batch are a cube of that side."""


class MetricConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How identities are learned to be told apart.

    Attributes:
        loss: ``triplet`` (Schroff et al. 2015) or ``arcface`` (Deng et al. 2019).
        dimension: Length of the vectors.
        margin: Between the distances of a triplet (squared, 0..4), or in radians for ``arcface``;
            None for the papers' 0.2 and 0.5.
        mining: Which negatives a triplet takes: ``semi_hard``, the nearest that is farther than the
            positive; ``hard``, the nearest of all (Hermans et al. 2017), may collapse; ``all``.
        scale: ``arcface``: of the cosines before softmax. Papers take 64 for tens of thousands of
            identities; fewer classes want less.
        classes_per_batch: P, at most; all where there are fewer.
        pictures_per_class: K; a class with fewer gives some twice.
        unseen: Classes that are held back, by name, or a share of them drawn by the run's seed.
        judge_on: Pictures of unseen classes that are compared after each epoch, at most.
    """

    loss: Literal["triplet", "arcface"] = "triplet"
    dimension: Annotated[int, Meta(ge=2, le=4096)] = 64
    margin: Annotated[float, Meta(gt=0.0)] | None = None
    mining: Literal["semi_hard", "hard", "all"] = "semi_hard"
    scale: Annotated[float, Meta(gt=0.0)] = 30.0
    classes_per_batch: Annotated[int, Meta(ge=2)] = 8
    pictures_per_class: Annotated[int, Meta(ge=2)] = 8
    unseen: tuple[str, ...] | Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.3
    judge_on: Annotated[int, Meta(ge=4)] = 1_000

    @property
    def margin_or_usual(self) -> float:
        """The margin, that of the paper where none is given."""
        if self.margin is not None:
            return self.margin
        return 0.2 if self.loss == "triplet" else 0.5


class EmbedConfig(TrainConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that decides what an embedder learns."""

    metric: MetricConfig = MetricConfig()


def read_embed_config(file: str | os.PathLike[str]) -> EmbedConfig:
    """Read a config from a ``.toml`` or ``.json`` file; ``preset`` names what it starts from.

    Raises:
        OptionError: Another kind of file, an unknown name, or a value that cannot be used.
        OSError: It cannot be read.
    """
    return make_embed_config(read_table(Path(file)), where=str(file))


def make_embed_config(
    content: Mapping[str, Any] | TrainConfig, *, where: str = "The config"
) -> EmbedConfig:
    """A config from nested tables, or from one of plain training.

    Args:
        content: Group -> field -> value.
        where: What it came from, for messages.

    Raises:
        OptionError: An unknown name, or a value that cannot be used.
    """
    tables = dict(to_dict(content) if isinstance(content, TrainConfig) else content)
    metric = tables.pop("metric", {})
    plain = to_dict(make_config(tables, where=where))
    try:
        config = msgspec.convert({**plain, "metric": metric}, EmbedConfig)
    except msgspec.ValidationError as error:
        raise OptionError(f"{where} cannot be used: {error}.") from error
    _check(config, where)
    return config


def change_embed(
    config: EmbedConfig, changes: Mapping[str, Any], *, where: str = "The change"
) -> EmbedConfig:
    """A copy with some values replaced; groups are merged.

    Raises:
        OptionError: An unknown name, or a value that cannot be used; the message names the field.
    """
    tables = to_dict(config)
    metric = {**tables.pop("metric"), **changes.get("metric", {})}
    others = {name: value for name, value in changes.items() if name != "metric"}
    plain = change(make_config(tables, where=where), others, where=where)
    return make_embed_config({**to_dict(plain), "metric": metric}, where=where)


def _check(config: EmbedConfig, where: str) -> None:
    """What single fields cannot say, and what plain training has and this has not."""
    metric = config.metric
    size = metric.classes_per_batch * metric.pictures_per_class
    if size > MAX_BATCH:
        raise OptionError(
            f"{where}: {metric.classes_per_batch} classes of {metric.pictures_per_class} pictures "
            f"make batches of {size}; at most {MAX_BATCH} are compared with each other."
        )
    if isinstance(metric.unseen, tuple) and len(metric.unseen) < 2:
        raise OptionError(
            f"{where}: metric.unseen names {len(metric.unseen)} classes; telling apart takes two."
        )
    unused = {
        "data.augment.mix": config.data.augment.mix != "none",
        "data.balance": config.data.balance != "none",
        "schedule.name = 'plateau'": config.schedule.name == "plateau",
        "transfer.source": config.transfer.source is not None,
    }
    for name, is_set in unused.items():
        if is_set:
            raise OptionError(f"{where}: {name} has no meaning for embedders; leave it out.")
