"""A set of pictures, and the input tensors that a device would make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from converters.inputs.input_set import InputSet, Ints
from converters.inputs.picture_arrays import Pixels
from converters.inputs.picture_files import check_files
from converters.sources.base import Feeds, Tensors
from edgecnn.bundle.schema import InputSpec
from edgecnn.core.image import read_image
from edgecnn.errors import SourceError
from edgecnn.runtime.backend import TensorInfo
from edgecnn.runtime.preprocess import Prepared, Preprocessor

Reader = Callable[[int], tuple[Pixels, str]]
"""From a row to a picture, (H, W, 3) or (H, W) uint8, and its colour order."""

MAX_KEPT_BYTES = 2**28
"""Bytes of resized pictures that `PictureSet.feeds` keeps between two passes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PictureSet(InputSet):
    """Pictures in a fixed order; files are read when they are asked for.

    Attributes:
        read: Gives the picture of a row.
    """

    read: Reader

    def picture(self, index: int) -> tuple[Pixels, str]:
        """One picture, and its colour order: ``bgr``, ``rgb`` or ``gray``.

        Raises:
            SourceError: A file that is damaged; the message names it.
        """
        return self.read(int(self.rows[index]))

    def feeds(self, spec: InputSpec, input_name: str = "image", count: int | None = None) -> Feeds:
        """Input tensors, made by the preprocessing of the device.

        Pictures are read and resized in the first pass; later ones use what was resized, as far as
        `MAX_KEPT_BYTES` go.

        Args:
            spec: The bundle's input.
            input_name: Name of the input.
            count: The first so many; None for all.

        Returns:
            A function that starts a pass over ``{input_name: tensor}``; each tensor is float32,
            (1, h, w, C) or (1, C, h, w), and new.
        """
        size, channels = (spec.height, spec.width), len(spec.mean)
        shape = (1, *size, channels) if spec.layout == "nhwc" else (1, channels, *size)
        device = Preprocessor(spec, TensorInfo(input_name, shape, np.dtype(np.float32)))
        number = len(self) if count is None else min(count, len(self))
        most = MAX_KEPT_BYTES // (spec.height * spec.width * channels)
        kept: dict[int, Prepared] = {}

        def fresh() -> Iterator[Tensors]:
            for index in range(number):
                prepared = kept.get(index) or device.prepare(*self.picture(index))
                tensor = np.empty(shape, np.float32)
                prepared.fill(tensor)
                if index in kept or len(kept) < most:
                    kept[index] = prepared
                else:
                    prepared.release()
                yield {input_name: tensor}

        return fresh


def from_images(
    images: Sequence[Pixels] | Pixels, color: str, origin: str, numbers: Ints | None = None
) -> PictureSet:
    """Checked pictures in memory.

    Args:
        images: (H, W, 3) or (H, W) uint8 each, one or more.
        color: Their colour order.
        origin: In words.
        numbers: What names them; None counts from 0.
    """
    known = np.arange(len(images)) if numbers is None else numbers
    return PictureSet(
        origin=origin,
        names=tuple(f"#{number}" for number in known.tolist()),
        rows=np.arange(len(images)),
        read=lambda row: (images[row], color),
    )


def from_files(
    files: Sequence[Path], origin: str | None = None, folder: Path | None = None
) -> PictureSet:
    """Pictures of files, read when they are asked for.

    Args:
        files: One or more.
        origin: In words; None counts the files.
        folder: What names are relative to; None names files without their folders.

    Raises:
        SourceError: None at all, or a file is missing or empty.
    """
    if not files:
        raise SourceError("The list of picture files is empty. Name at least one.")
    check_files(files)
    paths = tuple(files)
    return PictureSet(
        origin=origin or f"list of files ({len(paths)} pictures)",
        names=tuple(path.relative_to(folder).as_posix() if folder else path.name for path in paths),
        rows=np.arange(len(paths)),
        read=lambda row: (read_image(paths[row]), "bgr"),
    )
