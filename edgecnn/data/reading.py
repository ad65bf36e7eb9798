"""Reading picture files in threads: decoding and resizing leave Python free meanwhile."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.bundle.schema import InputSpec
from edgecnn.core.image import read_image
from edgecnn.data.preparing import canvas
from edgecnn.errors import EdgeCNNError, SourceError

MAX_THREADS = 4
"""More do not help: the disk or the net is then slower."""
NAMED = 5
"""So many unreadable files are named in a message; the others are counted."""


class UnreadableError(SourceError):
    """Some files are no pictures; all of those that were asked for were tried.

    Args:
        failures: What is wrong, a sentence a file that names it.
    """

    def __init__(self, failures: Sequence[str]) -> None:
        self.failures = tuple(failures)
        more = len(failures) - NAMED
        text = " ".join(failures[:NAMED])
        if len(failures) > 1:
            text = f"{len(failures)} pictures cannot be read: {text}"
        if more > 0:
            text += f" And {more} more."
        super().__init__(text)


class PendingPictures:
    """Pictures that threads are reading.

    Args:
        files: Paths.
        spec: The net's input; pictures are resized as the device does.
    """

    def __init__(self, files: Sequence[Path], spec: InputSpec) -> None:
        self._pixels = np.empty((len(files), spec.height, spec.width, len(spec.mean)), np.uint8)
        self._futures: list[Future[None]] = [
            _pool().submit(_read_into, self._pixels[place], file, spec)
            for place, file in enumerate(files)
        ]

    def result(self) -> NDArray[np.uint8]:
        """Wait for all of them.

        Returns:
            (n, h, w, C) uint8, not yet normalised, in the channel order of the input.

        Raises:
            UnreadableError: A file is missing or no whole picture; all such files are named.
        """
        failures = []
        for future in self._futures:
            error = future.exception()
            if isinstance(error, EdgeCNNError):
                failures.append(str(error))
            elif error is not None:
                raise error
        if failures:
            raise UnreadableError(failures)
        return self._pixels

    def forget(self) -> None:
        """Do not read what has not been begun."""
        for future in self._futures:
            future.cancel()


def _read_into(place: NDArray[Any], file: Path, spec: InputSpec) -> None:
    place[:] = canvas(read_image(file), "bgr", spec).reshape(place.shape)


@cache
def _pool() -> ThreadPoolExecutor:
    threads = min(MAX_THREADS, os.cpu_count() or 1)
    return ThreadPoolExecutor(threads, thread_name_prefix="edgecnn-pictures")
