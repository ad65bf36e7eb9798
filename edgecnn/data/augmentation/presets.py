"""Augmentation by name: `LAYERS` is every single layer, `PRESETS` are chains of them.

Each layer has one number, its amount, whose meaning the table says; 0 changes nothing. Presets:

- ``none``: nothing.
- ``flip``: alone.
- ``light``: flip and a small shift, for short training and small nets.
- ``standard``: flip, a little of every geometric change, brightness, contrast, colours.
- ``strong``: flip, crop, RandAugment, cutout, for long training of nets that overfit.

Small nets are under-trained sooner than they overfit: begin with ``light``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import keras

from edgecnn.data.augmentation.affine import FillMode, PadCrop, RandomAffine, ResizedCrop
from edgecnn.data.augmentation.color import (
    PixelNoise,
    RandomBrightness,
    RandomContrast,
    RandomSaturation,
    SaltAndPepper,
)
from edgecnn.data.augmentation.rand_augment import RandAugment
from edgecnn.errors import OptionError, UnknownNameError

Flip = Literal["horizontal", "vertical", "horizontal_and_vertical"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of layer.

    Attributes:
        make: From the amount and settings of the layer to the layer.
        usual: A usual amount.
        meaning: Of the amount.
        fills: Whether it takes ``fill_mode`` and ``fill_value``.
        color: Whether it changes colours, so that grey pictures have no use for it.
    """

    make: Callable[..., Any]
    usual: float
    meaning: str
    fills: bool = False
    color: bool = False


def _affine(amount: float, **settings: Any) -> Any:
    return RandomAffine(
        rotation_degrees=10 * amount,
        shift=0.08 * amount,
        scale=1 + 0.1 * amount,
        shear_degrees=6 * amount,
        **settings,
    )


def _resized_crop(amount: float, **settings: Any) -> Any:
    # Small cuts change the proportions only a little.
    return ResizedCrop(1 - amount, min(4 / 3, 1 / max(1 - amount, 0.5)), **settings)


def _cutout(
    amount: float, *, fill_value: float = 0.0, fill_mode: str = "constant", **settings: Any
) -> Any:
    # A pair, because Keras reads a single number as "from minus it to plus it".
    return keras.layers.RandomErasing(
        (1.0, 1.0), scale=(0.0, amount), fill_value=fill_value, **settings
    )


LAYERS: dict[str, Kind] = {
    "affine": Kind(
        make=_affine,
        usual=1.0,
        meaning="times 10 degrees, 8 % shift, 10 % scale and 6 degrees of shear, in one resampling",
        fills=True,
    ),
    "rotate": Kind(
        make=lambda amount, **settings: RandomAffine(rotation_degrees=amount, **settings),
        usual=15.0,
        meaning="largest angle, degrees",
        fills=True,
    ),
    "shift": Kind(
        make=lambda amount, **settings: RandomAffine(shift=amount, **settings),
        usual=0.1,
        meaning="largest share of the side",
        fills=True,
    ),
    "scale": Kind(
        make=lambda amount, **settings: RandomAffine(scale=1 + amount, **settings),
        usual=0.2,
        meaning="largest enlargement above 1; reduced as much",
        fills=True,
    ),
    "shear": Kind(
        make=lambda amount, **settings: RandomAffine(shear_degrees=amount, **settings),
        usual=10.0,
        meaning="largest angle, degrees",
        fills=True,
    ),
    "crop": Kind(
        make=PadCrop, usual=0.1, meaning="share of the side padded before cropping", fills=True
    ),
    "resized_crop": Kind(
        make=_resized_crop,
        usual=0.5,
        meaning="largest share of the area cut away",
        fills=True,
    ),
    "brightness": Kind(make=RandomBrightness, usual=0.2, meaning="largest change, share of 255"),
    "contrast": Kind(
        make=RandomContrast,
        usual=0.2,
        meaning="largest change of the factor 1",
    ),
    "saturation": Kind(
        make=RandomSaturation, usual=0.3, meaning="largest change of the factor 1", color=True
    ),
    "hue": Kind(
        make=lambda amount, **settings: keras.layers.RandomHue((0.0, amount), **settings),
        usual=0.05,
        meaning="largest turn, share of half the colour circle",
        color=True,
    ),
    "gaussian_noise": Kind(
        make=PixelNoise, usual=10.0, meaning="largest standard deviation, pixel values"
    ),
    "salt_pepper": Kind(make=SaltAndPepper, usual=0.02, meaning="largest share of the pixels"),
    "cutout": Kind(
        make=_cutout, usual=0.2, meaning="largest area of the rectangle, share", fills=True
    ),
    "rand_augment": Kind(
        make=RandAugment, usual=9.0, meaning="magnitude 0..30 of two operations", fills=True
    ),
}
"""Every layer but the flips, which have no amount, and those of pairs (see `mixing`)."""

PRESETS: dict[str, tuple[tuple[str, float], ...]] = {
    "none": (),
    "flip": (),
    "light": (("crop", 0.07),),
    "standard": (
        ("affine", 1.0),
        ("brightness", 0.1),
        ("contrast", 0.2),
        ("saturation", 0.3),
        ("hue", 0.04),
    ),
    "strong": (("crop", 0.1), ("rand_augment", 9.0), ("cutout", 0.2)),
}
"""Layers and amounts, in order; all but ``none`` begin with a flip."""


def make(
    name: str,
    amount: float | None = None,
    *,
    fill_mode: FillMode = "constant",
    fill_value: float = 0.0,
    seed: int | None = None,
) -> Any:
    """One layer of `LAYERS`.

    Args:
        name: Of the layer.
        amount: See the table; None for the usual one.
        fill_mode: What lies beyond the edges; see `edgecnn.data.augmentation.affine.Geometric`.
        fill_value: Pixel value 0..255.
        seed: Of the layer.

    Raises:
        OptionError: An amount out of range.
        UnknownNameError: No such layer.
    """
    kind = _known(name, LAYERS, "augmentation layer")
    fill = {"fill_mode": fill_mode, "fill_value": fill_value} if kind.fills else {}
    chosen = kind.usual if amount is None else amount
    try:
        # Half precision cannot tell pixel values apart where policies are mixed.
        return kind.make(chosen, seed=seed, dtype="float32", name=name, **fill)
    except ValueError as error:
        raise OptionError(f"{name} of {chosen} ({kind.meaning}): {error}") from error


def augment(
    preset: str,
    input_shape: tuple[int, int, int],
    *,
    layers: Mapping[str, float] | None = None,
    flip: Flip | None = "horizontal",
    fill_mode: FillMode = "constant",
    fill_value: float = 0.0,
    seed: int = 0,
) -> Any:
    """A chain of layers.

    Args:
        preset: A name of `PRESETS`.
        input_shape: (height, width, channels) of the pictures. Layers that change colours are left
            out for one channel.
        layers: Amounts of further layers, by their names in `LAYERS`; they come behind the preset's
            in the order of that table. 0 leaves one out.
        flip: Which way; None for pictures that mean something else when mirrored, as digits do.
        fill_mode: What lies beyond the edges: ``constant`` for pictures on a plain background,
            ``reflect`` for photographs.
        fill_value: Pixel value of the background, 0..255.
        seed: Of the first layer; each has its own.

    Returns:
        A `keras.Sequential` model: call it with ``training=True``, put it in front of a net, or
        hand it to `edgecnn.data.augmentation.batches.Augmenter`.

    Raises:
        OptionError: Not a picture's shape, or an amount out of range.
        UnknownNameError: No such preset or layer.
    """
    steps = _known(preset, PRESETS, "augmentation preset")
    if len(input_shape) != 3 or input_shape[-1] not in (1, 3) or min(input_shape) < 1:
        raise OptionError(
            f"input_shape must be (height, width, 1 or 3), but got {tuple(input_shape)}."
        )
    amounts = dict(layers or {})
    for name in amounts:
        _known(name, LAYERS, "augmentation layer")
    more = tuple((name, amounts[name]) for name in LAYERS if amounts.get(name))
    chain: list[Any] = []
    if preset != "none" and flip is not None:
        chain.append(keras.layers.RandomFlip(flip, seed=seed, dtype="float32", name="flip"))
    for name, amount in (*steps, *more):
        if input_shape[-1] == 3 or not LAYERS[name].color:
            fill: Any = {"fill_mode": fill_mode, "fill_value": fill_value}
            chain.append(make(name, amount, seed=seed + len(chain), **fill))
    if not chain:
        chain.append(keras.layers.Identity(dtype="float32", name="none"))
    return keras.Sequential([keras.layers.Input(input_shape), *chain], name="augmentation")


def _known(name: str, table: dict[str, Any], kind: str) -> Any:
    if name not in table:
        raise UnknownNameError(f"Unknown {kind} {name!r}. Known: {', '.join(sorted(table))}.")
    return table[name]
