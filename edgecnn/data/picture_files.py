"""Labelled pictures that stay on disk until somebody asks for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.bundle.schema import InputSpec
from edgecnn.core.image import convert_color, read_image
from edgecnn.data.image_data import ImageData, check_indices
from edgecnn.data.reading import PendingPictures
from edgecnn.errors import OptionError, SourceError

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
"""Of files that are taken for pictures, in any case."""
MAX_BYTES = 2**33
"""Of pictures in memory. Larger sets are read in parts: `edgecnn.data.lazy_pictures`."""


@dataclass(frozen=True, slots=True, eq=False)
class PictureFiles:
    """Paths with their labels; the pictures are read, and brought to one size, on demand.

    Attributes:
        files: (N) paths.
        labels: (N,) int64, index into ``names``.
        names: Of the classes.
        groups: (N,) int64, or None; see `ImageData`.
    """

    files: tuple[Path, ...]
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    groups: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.files)

    def select(self, indices: Any) -> PictureFiles:
        """Some of the files, in the order of the indices; all class names stay.

        Raises:
            OptionError: Something else than integers, or beyond the files.
        """
        rows = check_indices(indices, len(self))
        return replace(
            self,
            files=tuple(self.files[row] for row in rows),
            labels=self.labels[rows],
            groups=None if self.groups is None else self.groups[rows],
        )

    def read(self, indices: Any, spec: InputSpec) -> NDArray[np.uint8]:
        """Read pictures and resize them as the device does.

        Args:
            indices: (n,) integers.
            spec: The net's input.

        Returns:
            (n, h, w, C) uint8, not yet normalised, in the channel order of the input.

        Raises:
            OptionError: Indices beyond the files.
            SourceError: Files that are missing or no whole pictures; the message names them.
        """
        return PendingPictures(self.select(indices).files, spec).result()

    def load(self, spec: InputSpec | None = None) -> ImageData:
        """Read all pictures into memory.

        Args:
            spec: The net's input, rgb or gray; pictures are resized as on the device. None takes
                them as they are, in RGB order, and wants all of one size.

        Raises:
            OptionError: A ``bgr`` input, or more pictures than memory is spent on.
            SourceError: Unreadable files, or several sizes and no ``spec``; the files are named.
        """
        if spec is None:
            images = self._read_alike()
        else:
            check_color(spec)
            self._check_memory(spec.height * spec.width * len(spec.mean))
            images = self.read(np.arange(len(self)), spec)
            images = images[..., 0] if spec.color == "gray" else images
        return ImageData(images, self.labels, self.names, self.groups)

    def _read_alike(self) -> NDArray[np.uint8]:
        images: NDArray[np.uint8] | None = None
        for row, file in enumerate(self.files):
            picture = convert_color(read_image(file), "bgr", "rgb")
            if images is None:
                self._check_memory(picture.size)
                images = np.empty((len(self), *picture.shape), np.uint8)
            if picture.shape != images.shape[1:]:
                raise SourceError(
                    f"{file} has {picture.shape[1]} x {picture.shape[0]} pixels, but "
                    f"{self.files[0]} has {images.shape[2]} x {images.shape[1]}. Say what size the "
                    "net takes: load(spec=pixel_spec(width, height)) resizes all of them."
                )
            images[row] = picture
        if images is None:
            raise SourceError("There are no pictures to load: the list of files is empty.")
        return images

    def _check_memory(self, bytes_each: int) -> None:
        if len(self) * bytes_each > MAX_BYTES:
            raise OptionError(
                f"{len(self)} pictures of {bytes_each} bytes would take more than the "
                f"{MAX_BYTES} bytes that are held in memory. Read them batch by batch "
                "(edgecnn.data.lazy_pictures), or choose a smaller input."
            )


def check_color(spec: InputSpec) -> None:
    """Refuse an input whose order pictures in memory do not have.

    Raises:
        OptionError: It is ``bgr``.
    """
    if spec.color == "bgr":
        raise OptionError(
            "Pictures in memory are rgb or gray, but the input is bgr. Read them with "
            "PictureFiles.read, which gives the input's own order."
        )
