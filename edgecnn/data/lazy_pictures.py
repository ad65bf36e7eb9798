"""Pictures on disk that are indexed like an array in memory, for sets that are larger than it.

    images = pictures_of(list_folder("photos"), pixel_spec(224, 224))
    images[10:20]                           # (10, 224, 224, 3) uint8, read now if need be
    for pixels in in_parts(images): ...     # the next part is read meanwhile

What is read is the same to the bit as what `PictureFiles.load` holds, so a run does not depend on
how much memory a machine has.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from edgecnn.bundle.schema import InputSpec
from edgecnn.data.image_data import ImageData
from edgecnn.data.picture_files import MAX_BYTES, PictureFiles, check_color
from edgecnn.data.reading import PendingPictures, UnreadableError
from edgecnn.errors import OptionError

ENVIRONMENT = "EDGECNN_PICTURE_MEMORY_MB"
"""Environment variable with the memory that pictures may take; half of what is free by default."""
AHEAD = 2
"""Batches that are read while one is used."""
PART = 256
"""Pictures that are read at a time where no batch size is given."""

Pixels = NDArray[np.uint8]
Rows = Any
"""Indices (n,) int64, or a slice."""


class LazyPictures:
    """Pictures (N, H, W, C) uint8 of files, read when they are asked for.

    Args:
        files: Which.
        spec: The net's input, rgb or gray; pictures are resized as the device does.

    Raises:
        OptionError: A ``bgr`` input.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, files: PictureFiles, spec: InputSpec) -> None:
        check_color(spec)
        self._files, self._spec = files, spec
        self.shape = (len(files), spec.height, spec.width, len(spec.mean))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Rows) -> Pixels:
        """Read pictures now.

        Raises:
            UnreadableError: Files that are missing or no whole pictures; they are named.
        """
        return self.begin(rows).result()

    def begin(self, rows: Rows) -> PendingPictures:
        """Let threads read pictures."""
        if isinstance(rows, slice):
            rows = np.arange(*rows.indices(len(self)))
        return PendingPictures(self._files.select(rows).files, self._spec)


Images = Pixels | LazyPictures


def pictures_of(files: PictureFiles, spec: InputSpec) -> Images:
    """Pictures in memory where they fit, else on disk.

    Args:
        files: Which.
        spec: The net's input, rgb or gray.

    Raises:
        OptionError: A ``bgr`` input.
        UnreadableError: Of pictures that are read into memory.
    """
    held = load_if_fits(files, spec)
    return held.pixels if isinstance(held, ImageData) else LazyPictures(held, spec)


def load_if_fits(files: PictureFiles, spec: InputSpec) -> ImageData | PictureFiles:
    """Read pictures into memory, or give the files back when they are too many.

    Args and errors as of `pictures_of`.
    """
    size = len(files) * spec.height * spec.width * len(spec.mean)
    return files.load(spec) if size <= memory_limit() else files


def memory_limit() -> int:
    """Bytes that pictures may take.

    Raises:
        OptionError: The environment variable holds no number.
    """
    given = os.environ.get(ENVIRONMENT)
    if given is None:
        return min(MAX_BYTES, int(psutil.virtual_memory().available) // 2)
    if not given.isdecimal():
        raise OptionError(f"{ENVIRONMENT} has to be a whole number of MB, but is {given!r}.")
    return min(MAX_BYTES, int(given) * 10**6)


class ReadAhead:
    """Batches of pictures in any order; while one is used, threads read those behind it.

    Args:
        images: In memory or on disk.
        rows: From the number of a batch to its rows.
        count: Batches.
    """

    def __init__(self, images: Images, rows: Callable[[int], Rows], count: int) -> None:
        self._images, self._rows, self._count = images, rows, count
        self._pending: dict[int, PendingPictures] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> Pixels:
        """Pictures (n, H, W, C) of a batch."""
        if not 0 <= number < self._count:
            raise IndexError(f"There are {self._count} batches, but number {number} was asked for.")
        if not isinstance(self._images, LazyPictures):
            return self._images[self._rows(number)]
        with self._lock:
            for other in [key for key in self._pending if not 0 <= key - number <= AHEAD]:
                self._pending.pop(other).forget()
            for next_one in range(number, min(number + AHEAD + 1, self._count)):
                if next_one not in self._pending:
                    self._pending[next_one] = self._images.begin(self._rows(next_one))
            wanted = self._pending.pop(number)
        return wanted.result()


def in_parts(images: Images, size: int = PART) -> Iterator[Pixels]:
    """All pictures in their order, some at a time.

    Raises:
        UnreadableError: At the end, when all files have been tried, and with all that failed.
    """
    parts = ReadAhead(images, lambda n: slice(n * size, (n + 1) * size), -(-len(images) // size))
    failures: list[str] = []
    for number in range(len(parts)):
        try:
            pixels = parts[number]
        except UnreadableError as error:
            failures += error.failures
        else:
            yield pixels
    if failures:
        raise UnreadableError(failures)
