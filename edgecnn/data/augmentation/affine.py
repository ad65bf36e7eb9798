"""Rotation, shift, scale and shear in a single resampling, and crops.

Each step of a chain of such layers would blur the picture once more and cut off what a later step
brings back. Here the matrices are multiplied, and the pixels are looked up once.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import keras
from keras import ops

from edgecnn.data.augmentation.base import Augmentation

FillMode = Literal["constant", "nearest", "reflect", "wrap"]
_register = keras.saving.register_keras_serializable(package="edgecnn")


def inverse_affine(
    size_hw: tuple[int, int],
    rotation: Any,
    scale: Any,
    shear_x: Any,
    shear_y: Any,
    shift_x: Any,
    shift_y: Any,
) -> Any:
    """Where each pixel of the result comes from, as `keras.ops.image.affine_transform` wants it.

    The picture is sheared, scaled and rotated about its middle, then shifted.

    Args:
        size_hw: Height and width of the picture.
        rotation: (batch,) radians, counter-clockwise as people see it.
        scale: (batch,) above 1 enlarges.
        shear_x: (batch,) by which x grows for each pixel of y.
        shear_y: (batch,) by which y grows for each pixel of x; shear_x * shear_y is below 1.
        shift_x: (batch,) pixels to the right.
        shift_y: (batch,) pixels down.

    Returns:
        (batch, 8).
    """
    cos, sin = ops.cos(rotation) * scale, ops.sin(rotation) * scale
    # Forward: rotation (y points down) times shear.
    m00, m01 = cos + sin * shear_y, cos * shear_x + sin
    m10, m11 = -sin + cos * shear_y, -sin * shear_x + cos
    determinant = m00 * m11 - m01 * m10
    a0, a1 = m11 / determinant, -m01 / determinant
    b0, b1 = -m10 / determinant, m00 / determinant
    middle_y, middle_x = (size_hw[0] - 1) / 2, (size_hw[1] - 1) / 2
    from_x, from_y = middle_x + shift_x, middle_y + shift_y
    a2 = middle_x - a0 * from_x - a1 * from_y
    b2 = middle_y - b0 * from_x - b1 * from_y
    zero = ops.zeros_like(a0)
    return ops.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1)


class Geometric(Augmentation):
    """Looks pixels up at other places.

    Args:
        fill_mode: What lies beyond the edges: ``constant`` (``fill_value``), ``nearest`` (the last
            pixel), ``reflect`` (the picture mirrored) or ``wrap``.
        fill_value: Pixel value 0..255.
        seed: See `Augmentation`.
        **settings: See `Augmentation`.
    """

    interpolation = "bilinear"

    def __init__(
        self,
        *,
        fill_mode: FillMode = "constant",
        fill_value: float = 0.0,
        seed: int | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(seed=seed, **settings)
        self.fill_mode, self.fill_value = fill_mode, fill_value

    def sources(self, images: Any, height: int, width: int) -> Any:
        """The (batch, 8) transforms of a batch."""
        raise NotImplementedError

    def change(self, images: Any) -> Any:
        """Look the pixels up."""
        return self.resample(images, self.sources(images, *self.size_hw(images)))

    def size_hw(self, images: Any) -> tuple[int, int]:
        """Height and width of a batch.

        Raises:
            ValueError: They are not known yet.
        """
        height, width = images.shape[1:3]
        if height is None or width is None:
            raise ValueError(
                f"{self.name} needs to know height and width, but got shape {images.shape}. Resize "
                "the pictures first, or give the input a shape."
            )
        return height, width

    def resample(self, images: Any, sources: Any) -> Any:
        """Look the pixels of a batch up, by (batch, 8) transforms."""
        return ops.image.affine_transform(
            images,
            sources,
            interpolation=self.interpolation,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
        )

    def get_config(self) -> dict[str, Any]:
        """What the layer is made of, for saving."""
        fill = {"fill_mode": self.fill_mode, "fill_value": self.fill_value}
        return {**super().get_config(), **fill}


@_register
class RandomAffine(Geometric):
    """Rotate, shift, scale and shear; what is 0 is left out.

    Args:
        rotation_degrees: Up to so much, either way.
        shift: Up to this share of width and of height, either way.
        scale: Enlarged or reduced up to this factor, at least 1; both are equally likely.
        shear_degrees: Up to so much, either way, along x and along y; below 45.
        fill_mode: See `Geometric`.
        fill_value: See `Geometric`.
        seed: See `Augmentation`.
        **settings: See `Augmentation`.

    Raises:
        ValueError: A value out of range.
    """

    def __init__(
        self,
        *,
        rotation_degrees: float = 0.0,
        shift: float = 0.0,
        scale: float = 1.0,
        shear_degrees: float = 0.0,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        if not 0 <= rotation_degrees <= 180 or not 0 <= shift <= 1:
            raise ValueError(
                f"rotation_degrees must be 0..180 and shift 0..1, but got {rotation_degrees} and "
                f"{shift}."
            )
        if scale < 1 or not 0 <= shear_degrees < 45:
            raise ValueError(
                f"scale must be 1 or more and shear_degrees 0 to below 45, but got {scale} and "
                f"{shear_degrees}."
            )
        self.rotation_degrees, self.shift = rotation_degrees, shift
        self.scale, self.shear_degrees = scale, shear_degrees

    def sources(self, images: Any, height: int, width: int) -> Any:
        """Draw one transform a picture."""
        draws = self.uniform(images, -1.0, 1.0, 6)
        shear = math.tan(math.radians(self.shear_degrees))
        return inverse_affine(
            (height, width),
            rotation=draws[:, 0] * math.radians(self.rotation_degrees),
            scale=ops.exp(draws[:, 1] * math.log(self.scale)),
            shear_x=draws[:, 2] * shear,
            shear_y=draws[:, 3] * shear,
            shift_x=draws[:, 4] * self.shift * width,
            shift_y=draws[:, 5] * self.shift * height,
        )

    def get_config(self) -> dict[str, Any]:
        """What the layer is made of, for saving."""
        return {
            **super().get_config(),
            "rotation_degrees": self.rotation_degrees,
            "shift": self.shift,
            "scale": self.scale,
            "shear_degrees": self.shear_degrees,
        }


@_register
class PadCrop(Geometric):
    """Pad all around and cut the size that came in out of it: a shift by whole pixels.

    Pixels stay what they are, unlike with `RandomAffine`.

    Reference:
        Lee, Xie, Gallagher, Zhang, Tu 2015, "Deeply-Supervised Nets", AISTATS: 4 pixels on CIFAR.

    Args:
        padding: Share of width and height that is padded on each side, 0..1; rounded to pixels.
        fill_mode: See `Geometric`.
        fill_value: See `Geometric`.
        seed: See `Augmentation`.
        **settings: See `Augmentation`.

    Raises:
        ValueError: A value out of range.
    """

    interpolation = "nearest"

    def __init__(self, padding: float = 0.125, **settings: Any) -> None:
        super().__init__(**settings)
        if not 0 <= padding <= 1:
            raise ValueError(f"padding must be a share 0..1 of the side, but got {padding}.")
        self.padding = padding

    def sources(self, images: Any, height: int, width: int) -> Any:
        """Draw one place a picture."""
        draws = self.uniform(images, 0.0, 1.0, 2)
        shifts = []
        for axis, side in ((0, width), (1, height)):
            pixels = round(self.padding * side)
            # Each of the 2 * pixels + 1 places is equally likely.
            shifts.append(ops.floor(draws[:, axis] * (2 * pixels + 1)) - pixels)
        one, zero = ops.ones_like(shifts[0]), ops.zeros_like(shifts[0])
        return ops.stack([one, zero, shifts[0], zero, one, shifts[1], zero, zero], axis=1)

    def get_config(self) -> dict[str, Any]:
        """What the layer is made of, for saving."""
        return {**super().get_config(), "padding": self.padding}


@_register
class ResizedCrop(Geometric):
    """Cut a part out and enlarge it to the size that came in.

    Reference:
        Szegedy et al. 2015, "Going Deeper with Convolutions", CVPR. They go down to 8 % of the
        area, which is for large nets; small ones learn better from 35 % and more.

    Args:
        area: Smallest share of the picture's area, above 0, at most 1.
        aspect: Largest change of the proportions, at least 1; sides never exceed the picture.
        fill_mode: Has no effect, the part lies inside.
        fill_value: Has no effect.
        seed: See `Augmentation`.
        **settings: See `Augmentation`.

    Raises:
        ValueError: A value out of range.
    """

    def __init__(self, area: float = 0.35, aspect: float = 4 / 3, **settings: Any) -> None:
        super().__init__(**settings)
        if not 0 < area <= 1 or aspect < 1:
            raise ValueError(
                f"area must be above 0 and at most 1, and aspect at least 1, but got {area} and "
                f"{aspect}."
            )
        self.area, self.aspect = area, aspect

    def sources(self, images: Any, height: int, width: int) -> Any:
        """Draw one part a picture."""
        draws = self.uniform(images, 0.0, 1.0, 4)
        side = ops.sqrt(self.area + (1.0 - self.area) * draws[:, 0])
        aspect = ops.exp((2.0 * draws[:, 1] - 1.0) * (math.log(self.aspect) / 2))
        share_x, share_y = ops.minimum(side * aspect, 1.0), ops.minimum(side / aspect, 1.0)
        left = draws[:, 2] * (1.0 - share_x) * (width - 1)
        top = draws[:, 3] * (1.0 - share_y) * (height - 1)
        zero = ops.zeros_like(left)
        return ops.stack([share_x, zero, left, zero, share_y, top, zero, zero], axis=1)

    def get_config(self) -> dict[str, Any]:
        """What the layer is made of, for saving."""
        return {**super().get_config(), "area": self.area, "aspect": self.aspect}
