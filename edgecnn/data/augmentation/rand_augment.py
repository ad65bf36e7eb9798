"""RandAugment: a few operations out of a fixed list, at random for each picture."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from edgecnn.data.augmentation.affine import Geometric, inverse_affine
from edgecnn.data.augmentation.color import gray_of

TOP = 30
"""The largest magnitude, as in the paper."""
ROTATION, SHEAR, SHIFT, ENHANCE = math.radians(30), 0.3, 0.3, 0.9
"""What magnitude 30 means: radians, tangent, share of the side, change of an enhancement."""
GEOMETRIC = ("rotate", "shear_x", "shear_y", "shift_x", "shift_y")
PHOTOMETRIC = (
    "identity", "auto_contrast", "brightness", "contrast", "posterize", "sharpness", "solarize",
)  # fmt: skip


@keras.saving.register_keras_serializable(package="edgecnn")
class RandAugment(Geometric):
    """Apply ``count`` random operations of one magnitude to each picture.

    All geometric operations of a picture become one resampling, after the others. Of the paper's 14
    operations "equalize" is left out (histograms are slow in a tensor library), and "color" on grey
    pictures.

    Reference:
        Cubuk, Zoph, Shlens, Le 2020, "RandAugment: Practical Automated Data Augmentation with a
        Reduced Search Space", CVPR workshops.

    Args:
        magnitude: 0..30; 9 is the paper's choice for ImageNet.
        count: Operations a picture, at least 1; one may come twice.
        fill_mode: See `Geometric`.
        fill_value: See `Geometric`.
        seed: See `edgecnn.data.augmentation.base.Augmentation`.
        **settings: See `edgecnn.data.augmentation.base.Augmentation`.

    Raises:
        ValueError: A value out of range.
    """

    def __init__(self, magnitude: float = 9.0, count: int = 2, **settings: Any) -> None:
        super().__init__(**settings)
        if not 0 <= magnitude <= TOP or count < 1:
            raise ValueError(
                f"magnitude must be 0..{TOP} and count 1 or more, but got {magnitude} and {count}."
            )
        self.magnitude, self.count = magnitude, count

    def change(self, images: Any) -> Any:
        """Colours first, then all geometry at once."""
        names = (*GEOMETRIC, *PHOTOMETRIC, *(("color",) if images.shape[-1] == 3 else ()))
        height, width = self.size_hw(images)
        moves: dict[str, Any] = dict.fromkeys(GEOMETRIC, 0.0)
        for _ in range(self.count):
            draw = self.each(images, 0.0, 1.0)
            chosen = ops.minimum(ops.floor(draw * len(names)), len(names) - 1)
            sign = ops.where(self.each(images, -1.0, 1.0) < 0, -1.0, 1.0)
            masks = {name: ops.equal(chosen, float(row)) for row, name in enumerate(names)}
            for name in GEOMETRIC:
                share = sign[:, 0, 0, 0] * (self.magnitude / TOP)
                moves[name] += ops.where(masks[name][:, 0, 0, 0], share, 0.0)
            images = self._recolor(images, masks, sign)
        sources = inverse_affine(
            (height, width),
            rotation=moves["rotate"] * ROTATION,
            scale=ops.ones_like(moves["rotate"]),
            shear_x=moves["shear_x"] * SHEAR,
            shear_y=moves["shear_y"] * SHEAR,
            shift_x=moves["shift_x"] * SHIFT * width,
            shift_y=moves["shift_y"] * SHIFT * height,
        )
        return self.resample(images, sources)

    def _recolor(self, images: Any, masks: dict[str, Any], sign: Any) -> Any:
        strength = self.magnitude / TOP
        factor = 1.0 + sign * (ENHANCE * strength)
        # Enhancements move away from, or towards, a picture without the property.
        plain = {
            "brightness": ops.zeros_like(images),
            "contrast": ops.ones_like(images) * ops.mean(gray_of(images), (1, 2, 3), keepdims=True),
            "sharpness": _smoothed(images),
        }
        if "color" in masks:
            plain["color"] = ops.ones_like(images) * gray_of(images)
        changed = {
            name: ops.clip(base + (images - base) * factor, 0.0, 255.0)
            for name, base in plain.items()
        }
        changed["auto_contrast"] = _stretched(images)
        changed["solarize"] = ops.where(images >= 256.0 * (1.0 - strength), 255.0 - images, images)
        step = 2.0 ** round(4 * strength)
        changed["posterize"] = ops.floor(images / step) * step
        result = images
        for name, values in changed.items():
            result = ops.where(masks[name], values, result)
        return result

    def get_config(self) -> dict[str, Any]:
        """What the layer is made of, for saving."""
        return {**super().get_config(), "magnitude": self.magnitude, "count": self.count}


def _smoothed(images: Any) -> Any:
    """Each pixel 5 parts, its 8 neighbours one part each, of 13; edges are continued."""
    rows = ops.concatenate([images[:, :1], images, images[:, -1:]], axis=1)
    padded = ops.concatenate([rows[:, :, :1], rows, rows[:, :, -1:]], axis=2)
    height, width = images.shape[1:3]
    total = 4.0 * images
    for y in range(3):
        for x in range(3):
            total = total + padded[:, y : y + height, x : x + width]
    return total / 13.0


def _stretched(images: Any) -> Any:
    """Each channel from its darkest to its brightest value; plain channels as they are."""
    low = ops.min(images, axis=(1, 2), keepdims=True)
    span = ops.max(images, axis=(1, 2), keepdims=True) - low
    return ops.where(span > 0, (images - low) * (255.0 / ops.maximum(span, 1.0)), images)
