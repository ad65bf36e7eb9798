"""Pictures: what an array must look like to be one, colour orders, and reading a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, cast, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from edgecnn.core.limits import MAX_FILE_BYTES, MAX_PIXELS
from edgecnn.errors import ImageError, SourceError

Color = Literal["rgb", "bgr", "gray"]
Pixels = NDArray[np.uint8]

COLORS: tuple[str, ...] = get_args(Color)

_CONVERSIONS = {
    ("bgr", "rgb"): cv2.COLOR_BGR2RGB,
    ("rgb", "bgr"): cv2.COLOR_RGB2BGR,
    ("bgr", "gray"): cv2.COLOR_BGR2GRAY,
    ("rgb", "gray"): cv2.COLOR_RGB2GRAY,
    ("gray", "bgr"): cv2.COLOR_GRAY2BGR,
    ("gray", "rgb"): cv2.COLOR_GRAY2RGB,
}


def check_pixels(pixels: Any, color: Any) -> Pixels:
    """Make sure that an array is a picture in a named colour order.

    The colour order is never guessed: the same bytes are a valid picture in either order, and a
    network answers both, one of them wrongly.

    Args:
        pixels: uint8, (H, W, 3) for ``rgb`` and ``bgr``, (H, W) or (H, W, 1) for ``gray``.
        color: ``"rgb"``, ``"bgr"`` or ``"gray"``.

    Returns:
        The same array; (H, W, 1) becomes (H, W).

    Raises:
        ImageError: Not an array of that kind, empty, or larger than `MAX_PIXELS`.
    """
    if not isinstance(pixels, np.ndarray):
        raise ImageError(
            f"A picture must be a numpy array, a Frame or a path, but got "
            f"{type(pixels).__name__}. Convert it with numpy.asarray(...) first."
        )
    if color is None:
        raise ImageError(
            f"An array of shape {pixels.shape} came without its colour order. Say it: "
            'color="bgr" (OpenCV), color="rgb" (PIL, matplotlib) or color="gray".'
        )
    if color not in COLORS:
        raise ImageError(f"color must be one of {', '.join(COLORS)}, but got {color!r}.")
    if pixels.dtype != np.uint8:
        raise ImageError(
            f"A picture must be uint8 with values 0..255, but got {pixels.dtype}. "
            "If yours holds 0..1, use (pixels * 255).round().astype('uint8')."
        )
    if color == "gray" and pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    expected = "(height, width)" if color == "gray" else "(height, width, 3)"
    fits = pixels.ndim == 2 if color == "gray" else pixels.ndim == 3 and pixels.shape[2] == 3
    if not fits:
        hint = ""
        if pixels.ndim == 3 and pixels.shape[2] == 4:
            hint = " Drop the alpha channel: pixels[:, :, :3]."
        elif pixels.ndim == 2:
            hint = ' A grey picture is passed with color="gray".'
        elif pixels.ndim == 4:
            hint = " Pass one picture at a time: pixels[0]."
        raise ImageError(
            f"A {color} picture must have shape {expected}, but got {pixels.shape}.{hint}"
        )
    height, width = pixels.shape[:2]
    if height == 0 or width == 0:
        raise ImageError(f"The picture is empty: shape {pixels.shape}.")
    if height * width > MAX_PIXELS:
        raise ImageError(
            f"The picture has {width} x {height} pixels, more than the {MAX_PIXELS} that are "
            "accepted. Reduce or tile it first."
        )
    return cast("Pixels", pixels)


def convert_color(pixels: Pixels, source: str, target: str) -> Pixels:
    """Change the colour order of a checked picture; returns the same array when nothing changes."""
    if source == target:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, _CONVERSIONS[source, target]), np.uint8)


def read_image(path: str | os.PathLike[str]) -> Pixels:
    """Read a picture file as (H, W, 3) uint8 in BGR order, turned upright as its EXIF data says.

    Grey, palette, 16-bit and transparent files become 8-bit BGR.

    Raises:
        SourceError: No such file, empty, not a picture, damaged, or too large.
    """
    file = Path(path)
    try:
        size = file.stat().st_size
        if not file.is_file():
            raise SourceError(f"{file} is not a file. Pass the path of a picture.")
        if size == 0:
            raise SourceError(f"{file} is empty (0 bytes).")
        if size > MAX_FILE_BYTES:
            raise SourceError(
                f"{file} has {size} bytes; pictures up to {MAX_FILE_BYTES} bytes are read."
            )
        content = np.fromfile(file, np.uint8)
    except OSError as error:
        raise SourceError(f"Cannot read {file}: {error.strerror or error}.") from error
    try:
        pixels = cv2.imdecode(content, cv2.IMREAD_COLOR)
    except cv2.error as error:
        reason = "more pixels than are accepted" if "PIXELS" in str(error) else "damaged"
        raise SourceError(f"{file} cannot be decoded: {reason} (limit {MAX_PIXELS}).") from error
    if pixels is None:
        raise SourceError(
            f"{file} is not a picture that can be decoded, or it is damaged. "
            "Expected JPEG, PNG, BMP, WebP or TIFF."
        )
    try:
        return check_pixels(pixels, "bgr")
    except ImageError as error:
        raise SourceError(f"{file}: {error}") from error
