"""Choose the committed test pictures out of Fashion-MNIST's own: run by hand, once.

    python tests/data/make_fashion_mnist.py

Takes 200 pictures of each class from the 10,000 test pictures, seeded, in their original order, and
writes them as the IDX files that `edgecnn.data.fashion_mnist.load` reads, with the indices beside.
"""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgecnn.data.fashion_mnist import NAMES, load

FOLDER = Path(__file__).parent / "fashion_mnist"
A_CLASS, SEED = 200, 2017


def chosen(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices of the pictures, ascending."""
    rng = np.random.default_rng(SEED)
    picks = [
        rng.choice(np.flatnonzero(labels == class_id), A_CLASS, replace=False)
        for class_id in range(len(NAMES))
    ]
    return np.sort(np.concatenate(picks))


def idx(values: NDArray[np.uint8]) -> bytes:
    """The content of an IDX file of unsigned bytes."""
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    return header + values.tobytes()


def main() -> None:
    data = load("test")
    picks = chosen(data.labels)
    FOLDER.mkdir(exist_ok=True)
    files = {
        "t10k-images-idx3-ubyte.gz": data.images[picks],
        "t10k-labels-idx1-ubyte.gz": data.labels[picks].astype(np.uint8),
    }
    for name, values in files.items():
        (FOLDER / name).write_bytes(gzip.compress(idx(values), 9, mtime=0))
    (FOLDER / "indices.json").write_text(json.dumps(picks.tolist()) + "\n")


if __name__ == "__main__":
    main()
