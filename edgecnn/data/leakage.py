"""Whether pictures of one split are also in another, which makes every accuracy look too good.

Two looks at each picture: the sha256 of its pixels finds exact copies; a difference hash finds
copies that were recompressed, resized or slightly brightened. A difference hash says whether each
of 8 x 8 places is brighter than its right neighbour; copies differ in few of the 64 bits. It is
blind to what lies between: plain pictures of one shape (icons, digits, clothes on black) can agree
without being copies, so near pairs must also agree in their pixels, and are for people to look at.

Reference: Krawetz 2013, "Kind of Like That" (difference hash). Barz, Denzler 2020, "Do We Train on
Test Data? Purging CIFAR of Near-Duplicates", J. Imaging 6(6), found 3.3 % of CIFAR-10's test
pictures among its training pictures.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import OptionError

SIDE = 8
_CHUNK = 2**22
"""Pairs of hashes that are compared at once: fits the caches."""
_THUMBNAIL = 16


@dataclass(frozen=True, slots=True, eq=False)
class Leakage:
    """Pictures that two splits have in common.

    Attributes:
        exact: (E, 2) int64: index in the first and in the second split, same pixels.
        near: (M, 2) int64: the same for pictures that only look alike.
        distances: (M,) int64: bits in which the hashes of a near pair differ.
        sizes: Pictures of the two splits.
    """

    exact: NDArray[np.int64]
    near: NDArray[np.int64]
    distances: NDArray[np.int64]
    sizes: tuple[int, int]

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not len(self.exact) and not len(self.near)

    @property
    def summary(self) -> str:
        """One line for a log."""
        if self.clean:
            return f"no picture of the {self.sizes[1]} is among the {self.sizes[0]} of training"
        same, alike = (len(np.unique(pairs[:, 1])) for pairs in (self.exact, self.near))
        return (
            f"{same} of {self.sizes[1]} pictures are among the {self.sizes[0]} of training pixel "
            f"by pixel, {alike} look like one of them"
        )


def find_leaks(
    train: NDArray[np.uint8],
    test: NDArray[np.uint8],
    *,
    max_distance: int | None = 4,
    max_difference: float = 4.0,
) -> Leakage:
    """Look for pictures of ``test`` in ``train``.

    Args:
        train: (N, H, W) or (N, H, W, 3) uint8.
        test: The same for M pictures; the size may differ.
        max_distance: Bits of 64 in which the hashes of look-alikes may differ; None looks for exact
            copies only.
        max_difference: Mean difference, in pixel values 0..255, that thumbnails of look-alikes may
            have after their means and contrasts were made equal.

    Raises:
        OptionError: Not uint8 pictures, or a distance out of range.
    """
    first, second = pixel_hashes(train), pixel_hashes(test)
    places: dict[bytes, list[int]] = {}
    for row, digest in enumerate(first):
        places.setdefault(digest, []).append(row)
    exact = [(row, other) for other, digest in enumerate(second) for row in places.get(digest, ())]
    near = np.empty((0, 2), np.int64)
    distances = np.empty(0, np.int64)
    if max_distance is not None:
        near, distances = _look_alikes(train, test, max_distance, max_difference)
        same = set(exact)
        keep = [tuple(pair) not in same for pair in near.tolist()]
        near, distances = near[keep], distances[keep]
    pairs = np.asarray(exact, np.int64).reshape(-1, 2)
    return Leakage(pairs, near, distances, (len(train), len(test)))


def pixel_hashes(images: NDArray[np.uint8]) -> list[bytes]:
    """The sha256 of the pixels and shape of each picture, of (N, H, W) or (N, H, W, 3) uint8."""
    _check(images)
    shape = repr(images.shape[1:]).encode()
    return [hashlib.sha256(shape + np.ascontiguousarray(one).data).digest() for one in images]


def difference_hashes(images: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The difference hash of each picture.

    Args:
        images: (N, H, W) or (N, H, W, 3) uint8.

    Returns:
        (N,) uint64: bit 8 * y + x, from the highest, is set when place x of row y is brighter than
        place x + 1.

    Raises:
        OptionError: Not uint8 pictures.
    """
    small = _reduced(images, (SIDE + 1, SIDE))
    brighter = small[:, :, :-1] > small[:, :, 1:]
    packed = np.packbits(brighter.reshape(len(images), -1), axis=1)
    return np.ascontiguousarray(packed).view(">u8").reshape(-1).astype(np.uint64)


def count_bits(values: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Number of set bits of each value; numpy has it as ``bitwise_count`` since version 2."""
    counts = np.unpackbits(values[..., None].view(np.uint8), axis=-1).sum(axis=-1, dtype=np.uint8)
    return np.asarray(counts, np.uint8)


_count_bits = getattr(np, "bitwise_count", count_bits)


def _look_alikes(
    train: NDArray[np.uint8], test: NDArray[np.uint8], max_distance: int, max_difference: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if not 0 <= max_distance <= SIDE * SIDE:
        raise OptionError(f"max_distance must be 0..{SIDE * SIDE} bits, but got {max_distance}.")
    first, second = difference_hashes(train), difference_hashes(test)
    looks = [_looks(train), _looks(test)]
    pairs, distances = [np.empty((0, 2), np.int64)], [np.empty(0, np.int64)]
    step = max(1, _CHUNK // max(1, len(first)))
    for start in range(0, len(second), step):
        bits = _count_bits(first[:, None] ^ second[None, start : start + step])
        rows, columns = np.nonzero(bits <= max_distance)
        found = bits[rows, columns].astype(np.int64)
        columns += start
        for begin in range(0, len(rows), 2**16):
            here = slice(begin, begin + 2**16)
            gap = np.abs(looks[0][rows[here]] - looks[1][columns[here]]).mean(axis=1)
            close = gap <= max_difference
            pairs.append(np.stack([rows[here][close], columns[here][close]], axis=1))
            distances.append(found[here][close])
    return np.concatenate(pairs).astype(np.int64), np.concatenate(distances)


def _looks(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Thumbnails (N, 256) of equal mean and contrast; a plain picture is 0 everywhere."""
    values = _reduced(images, (_THUMBNAIL, _THUMBNAIL)).reshape(len(images), -1).astype(np.float32)
    values -= values.mean(axis=1, keepdims=True)
    contrast = values.std(axis=1, keepdims=True)
    # 64 is the deviation of an ordinary picture; noise of a plain one must not be blown up.
    return np.asarray(values * (64.0 / np.maximum(contrast, 4.0)), np.float32)


def _reduced(images: NDArray[np.uint8], size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    _check(images)
    small = np.empty((len(images), size_wh[1], size_wh[0]), np.uint8)
    for row, image in enumerate(images):
        gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        cv2.resize(gray, size_wh, dst=small[row], interpolation=cv2.INTER_AREA)
    return small


def _check(images: NDArray[np.uint8]) -> None:
    gray = images.ndim == 3
    if images.dtype != np.uint8 or not (gray or (images.ndim == 4 and images.shape[3] == 3)):
        raise OptionError(
            "Expected pictures (N, height, width) or (N, height, width, 3) of uint8, but got "
            f"{images.dtype} of shape {images.shape}."
        )
