"""Views of real photographs, for calibration and for proof.

A static quantizer needs to see the range of every activation, so it is shown what a camera would
show: cuts of real photographs, mirrored, in other light, sharper and softer. The same generator
with another seed makes the views on which a converted file is compared with its source. A third of
the photographs is kept from calibration, so that proof always sees pictures that calibration did
not.

Everything is seeded and the photographs are named one by one: adding a picture to the folder
changes no bundle.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from converters.tflite.from_saved_model import Calibration
from edgecnn.bundle.schema import InputSpec
from edgecnn.core.image import read_image
from edgecnn.errors import ConversionError
from edgecnn.runtime.backend import TensorInfo
from edgecnn.runtime.preprocess import Preprocessor

Pixels = NDArray[np.uint8]

CALIBRATION_PHOTOGRAPHS = (
    "astronaut", "cameraman_grey", "coffee", "dandelions", "flower", "forest_stream", "fruit_bowl",
    "hills_aitzgorri", "mountain_path", "paint_brushes", "portrait_hopper", "portrait_obama2",
    "raccoon", "rocket", "stairs_grey", "temple_china", "two_dogs", "wine",
)  # fmt: skip
PROOF_PHOTOGRAPHS = (
    "cat_chelsea", "coins_grey", "galaxies", "grass_grey", "portrait_biden", "portrait_obama",
    "retina", "sunset_table",
)  # fmt: skip
ALL_PHOTOGRAPHS = CALIBRATION_PHOTOGRAPHS + PROOF_PHOTOGRAPHS


def images_folder() -> Path:
    """``assets/images`` of the checkout; recipes are run from there.

    Raises:
        ConversionError: There is no such folder: the program was installed from a wheel.
    """
    folder = Path(__file__).resolve().parents[2] / "assets" / "images"
    if not folder.is_dir():
        raise ConversionError(
            f"The photographs for calibration are missing: {folder} is no folder. Rebuild "
            "bundles in a checkout of the repository."
        )
    return folder


def read_photographs(names: tuple[str, ...], folder: Path | None = None) -> list[Pixels]:
    """Photographs by name, BGR uint8.

    Args:
        names: File names without ``.jpg``.
        folder: Where they are; None for `images_folder`.

    Raises:
        SourceError: One is missing or damaged.
    """
    where = images_folder() if folder is None else folder
    return [read_image(where / f"{name}.jpg") for name in names]


def views(
    photographs: list[Pixels],
    count: int,
    *,
    seed: int,
    smallest: float = 0.3,
    largest: float = 1.0,
) -> Iterator[Pixels]:
    """Cuts of photographs, each photograph equally often.

    Args:
        photographs: BGR uint8, any sizes.
        count: How many views; the first of each photograph is the whole photograph, unchanged.
        seed: The same seed gives the same views.
        smallest: Side of a cut over the photograph's side, at least.
        largest: The same, at most.

    Yields:
        BGR uint8 arrays of their own.
    """
    rng = np.random.default_rng(seed)
    for index in range(count):
        photograph = photographs[index % len(photographs)]
        if index < len(photographs):
            yield photograph.copy()
            continue
        view = _cut(photograph, rng, smallest, largest)
        if rng.random() < 0.5:
            view = view[:, ::-1]
        view = soften(view, rng)
        yield relight(view, rng)


def _cut(photograph: Pixels, rng: np.random.Generator, smallest: float, largest: float) -> Pixels:
    height, width = photograph.shape[:2]
    share = rng.uniform(smallest, largest)
    stretch = np.sqrt(rng.uniform(0.75, 1.33))
    cut_w = int(np.clip(width * share * stretch, 16, width))
    cut_h = int(np.clip(height * share / stretch, 16, height))
    left = int(rng.integers(0, width - cut_w + 1))
    top = int(rng.integers(0, height - cut_h + 1))
    return photograph[top : top + cut_h, left : left + cut_w]


def soften(view: Pixels, rng: np.random.Generator) -> Pixels:
    """A fifth of the views loses detail, as from a camera that is far away or out of focus."""
    if rng.random() >= 0.2:
        return view
    height, width = view.shape[:2]
    share = rng.uniform(0.25, 0.7)
    small = (max(8, int(width * share)), max(8, int(height * share)))
    return np.asarray(cv2.resize(view, small, interpolation=cv2.INTER_AREA), np.uint8)


def relight(view: Pixels, rng: np.random.Generator) -> Pixels:
    """Other exposure (gamma, gain) and other light (a gain a channel), through one table each."""
    gamma = np.exp(rng.uniform(-0.5, 0.5))
    gains = rng.uniform(0.8, 1.2) * rng.uniform(0.92, 1.08, size=3)
    levels = 255.0 * (np.arange(256) / 255.0) ** gamma
    table = np.clip(np.rint(levels[:, None] * gains), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(np.ascontiguousarray(view), table[None]), np.uint8)


def tensor_of(pixels: Pixels, spec: InputSpec, color: str = "bgr") -> NDArray[np.float32]:
    """A float32 input tensor, exactly as a device makes it.

    Args:
        pixels: (H, W, 3) uint8.
        spec: The bundle's input.
        color: Channel order of ``pixels``.

    Returns:
        (1, h, w, C), or (1, C, h, w) for the layout ``nchw``.
    """
    return _Tensors(spec)(pixels, color)


def calibration(spec: InputSpec, *, count: int = 300, seed: int = 1, **cuts: Any) -> Calibration:
    """Calibration inputs for `converters.tflite.from_saved_model` and `converters.openvino.ir`.

    Args:
        spec: The bundle's input.
        count: Number of views of `CALIBRATION_PHOTOGRAPHS`.
        seed: Of the views.
        **cuts: ``smallest`` and ``largest`` of `views`.

    Returns:
        A function that starts a fresh pass over the same tensors.
    """
    photographs = read_photographs(CALIBRATION_PHOTOGRAPHS)

    def fresh() -> Iterator[NDArray[np.float32]]:
        tensors = _Tensors(spec)
        for view in views(photographs, count, seed=seed, **cuts):
            yield tensors(view, "bgr")

    return fresh


class _Tensors:
    """The device's preprocessing, with a new tensor for each picture."""

    def __init__(self, spec: InputSpec) -> None:
        channels = len(spec.mean)
        size = (spec.height, spec.width)
        self._shape = (1, *size, channels) if spec.layout == "nhwc" else (1, channels, *size)
        info = TensorInfo("image", self._shape, np.dtype(np.float32))
        self._preprocessor = Preprocessor(spec, info)

    def __call__(self, pixels: Pixels, color: str) -> NDArray[np.float32]:
        prepared = self._preprocessor.prepare(pixels, color)
        tensor = np.empty(self._shape, np.float32)
        prepared.fill(tensor)
        prepared.release()
        return tensor
