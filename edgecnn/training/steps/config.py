"""What a step is made of: frozen structs, from TOML, JSON or Python, with a `TrainConfig` inside.

    [target]
    keep_macs = 0.33
    [teach]
    sources = ["self"]
    [train.fit]
    epochs = 8

In a file, ``train`` may name a preset to start from; without one it starts from the fine-tuning
that the step's own default holds.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

import msgspec
from msgspec import Meta

from edgecnn.training.config import (
    AugmentConfig,
    DataConfig,
    FitConfig,
    OptimizerConfig,
    ScheduleConfig,
    TrainConfig,
)
from edgecnn.training.distill import DistillConfig, LayerPair
from edgecnn.training.presets import small_pictures

SELF = "self"
"""As a teacher: the net that the step begins with."""

Part = Annotated[float, Meta(gt=0.0, le=1.0)]
Count = Annotated[int, Meta(ge=1)]
Kept: TypeAlias = Literal["last", "best"]


class _Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a step; unknown names are refused."""


class TeachConfig(_Group, frozen=True):
    """Who teaches, and what is taken over; see `edgecnn.training.distill`.

    Attributes:
        sources: ``.keras`` files, or bundles by name or path, not both kinds; their answers are
            averaged. ``self`` is the net that the step begins with. None of them: labels alone.
        soft: Share of the teachers' answers in the loss, the rest is for the labels.
        temperature: Above 1 it shows more of what the teacher finds similar.
        features, attention: Layers of the student that follow one of the first teacher.
    """

    sources: tuple[str, ...] = ()
    soft: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.7
    temperature: Annotated[float, Meta(gt=0.0)] = 4.0
    features: tuple[LayerPair, ...] = ()
    attention: tuple[LayerPair, ...] = ()

    @property
    def lesson(self) -> DistillConfig:
        """What `edgecnn.training.distill.Distillation` takes."""
        return DistillConfig(
            soft=self.soft,
            temperature=self.temperature,
            features=self.features,
            attention=self.attention,
        )


class TargetConfig(_Group, frozen=True):
    """What pruning has to reach: exactly one of these, ``backend`` aside.

    Attributes:
        keep_macs: Part of the multiply-adds that stays, by removing channels.
        keep_latency: Part of the time that stays, measured on ``backend``, by removing channels.
        latency_ms: Time for a picture in milliseconds on ``backend``, by removing channels.
        sparsity: Part of the single weights that becomes zero; smaller when compressed, not faster.
        n_of_m: Of m neighbouring weights n stay; the same.
        backend: Where time is measured: float32, one thread.
    """

    keep_macs: Part | None = None
    keep_latency: Part | None = None
    latency_ms: Annotated[float, Meta(gt=0.0)] | None = None
    sparsity: Annotated[float, Meta(gt=0.0, lt=1.0)] | None = None
    n_of_m: tuple[Count, Count] | None = None
    backend: Literal["litert", "openvino"] = "litert"

    GOALS: ClassVar[tuple[str, ...]] = (
        "keep_macs",
        "keep_latency",
        "latency_ms",
        "sparsity",
        "n_of_m",
    )

    @property
    def given(self) -> tuple[str, ...]:
        """Names of the goals that are set."""
        return tuple(name for name in self.GOALS if getattr(self, name) is not None)

    @property
    def is_measured(self) -> bool:
        """Whether the time of nets has to be measured."""
        return self.keep_latency is not None or self.latency_ms is not None

    @property
    def is_sparse(self) -> bool:
        """Whether single weights go, not channels."""
        return self.sparsity is not None or self.n_of_m is not None


class ChoiceConfig(_Group, frozen=True):
    """Which channels go; see `edgecnn.training.prune`.

    Attributes:
        score: ``gamma`` of batch norm, ``l1`` or ``l2`` of kernels, or ``taylor`` (from gradients).
        multiple_of: Channels of a layer stay a multiple of this where the net allows it.
        minimum: Smallest part of a layer's channels that one stage leaves.
        exclude: Names of layers that are left alone; of single weights as well.
        pictures: For ``taylor``: so many tell the gradients.
    """

    score: Literal["gamma", "l1", "l2", "taylor"] = "gamma"
    multiple_of: Count = 8
    minimum: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.1
    exclude: tuple[str, ...] = ()
    pictures: Count = 512


class RoundingConfig(_Group, frozen=True):
    """Which integers; see `edgecnn.training.quantize`.

    Attributes:
        weights: ``int8`` or ``int4``; activations have 8 bits.
        weight_steps: From the largest weight (``max``) or ``learned``; None: ``max`` for int8 and
            ``learned`` for int4.
        damping: Draw weights to the middle of their level, more and more, so that none is left
            between two; None: with int4.
        ranges: Of activations: moving averages (``ema``), or ``learned`` after ``freeze_epoch``.
        ema_momentum: Of the averages.
        freeze_epoch: From this epoch on, counted from 0, ranges are observed no longer. None: they
            are to the end; ``learned`` ones for 100 steps.
        observed_pictures: Set the ranges before training begins, and the channels' where they are
            evened.
        equalize: Give channels alike ranges before training; see
            `edgecnn.training.quantize.equalize`. None: with int8.
    """

    weights: Literal["int8", "int4"] = "int8"
    weight_steps: Literal["max", "learned"] | None = None
    damping: bool | None = None
    ranges: Literal["ema", "learned"] = "ema"
    ema_momentum: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.99
    freeze_epoch: Count | None = None
    observed_pictures: Count = 512
    equalize: bool | None = None


def _fine_tuning(epochs: int, learning_rate: float) -> TrainConfig:
    return TrainConfig(
        data=DataConfig(augment=AugmentConfig(name="light")),
        optimizer=OptimizerConfig(name="adamw", learning_rate=learning_rate, weight_decay=1e-3),
        schedule=ScheduleConfig(name="cosine", final=0.01),
        fit=FitConfig(epochs=epochs),
    )


class DistillStep(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="step",
    tag="distill",
):
    """A student learns from teachers.

    Attributes:
        teach: Teachers; at least one.
        train: The student (``net``) and everything else that `edgecnn.training.fit.train` takes.
        judge: Pictures that before and after are judged on. None: the ``test`` part of a data set
            whose ``train`` part is learned from, else what is held back.
    """

    teach: TeachConfig = TeachConfig()
    train: TrainConfig = msgspec.field(default_factory=small_pictures)
    judge: str | None = None


class PruneStep(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="step",
    tag="prune",
):
    """Channels or weights go in stages, with training after each of them.

    Attributes:
        target: What has to be reached.
        choice: What goes.
        stages: Much goes in the first, little in the last.
        epochs_between: After each stage but the last.
        teach: Teachers of the fine-tuning; the unpruned net by default.
        train: The fine-tuning; ``train.fit.epochs`` is after the last stage. ``train.net`` is not
            looked at.
        judge: See `DistillStep`.
    """

    target: TargetConfig = TargetConfig(keep_macs=0.5)
    choice: ChoiceConfig = ChoiceConfig()
    stages: Count = 3
    epochs_between: Count = 1
    teach: TeachConfig = TeachConfig(sources=(SELF,))
    train: TrainConfig = msgspec.field(default_factory=lambda: _fine_tuning(8, 1e-3))
    judge: str | None = None


class QuantizeStep(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="step",
    tag="quantize",
):
    """A float net learns to compute in integers (quantization-aware training).

    Attributes:
        rounding: Which integers.
        teach: Teachers of the fine-tuning; none by default, ``self`` is the float net.
        train: The fine-tuning. ``train.net`` is not looked at.
        keep: Whether the net of the ``last`` epoch comes out or the ``best`` on what is held back.
            None: the last, unless ``train.fit.patience`` asks for early stopping. At the end rate
            and damping have run out, while the best on few pictures is partly luck.
        judge: See `DistillStep`.
    """

    rounding: RoundingConfig = RoundingConfig()
    teach: TeachConfig = TeachConfig()
    train: TrainConfig = msgspec.field(default_factory=lambda: _fine_tuning(3, 3e-4))
    keep: Kept | None = None
    judge: str | None = None

    @property
    def kept(self) -> Kept:
        """Which epoch's net comes out."""
        return self.keep or ("last" if self.train.fit.patience is None else "best")


Step: TypeAlias = DistillStep | PruneStep | QuantizeStep
