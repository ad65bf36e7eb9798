r"""Make the table of impostor scores that comes along: distances, no vector and no picture.

    python -m benchmarks.impostors PHOTOGRAPHS --out assets/faces/dlib-resnet-v1.json \
        --photographs "official portraits ..." --licence "public domain" --source "where from"

PHOTOGRAPHS is a folder with one photograph of each person; whose it is does not matter, and the
table does not say. A photograph with no face or several is left out and counted. The embedder is
the zoo's, on LiteRT, as it is calibrated with.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec
import numpy as np

import edgecnn
from edgecnn.core.image import read_image
from edgecnn.errors import SourceError
from edgecnn.faces.calibrate import in_words
from edgecnn.faces.impostors import make_table
from edgecnn.video.files import IMAGE_SUFFIXES


def main() -> int:
    """Embed the photographs, write the table, say what it supports."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--photographs", required=True, help="name of the set")
    parser.add_argument("--licence", required=True)
    parser.add_argument("--source", required=True)
    given = parser.parse_args()
    files = sorted(path for path in given.folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
    if len(files) < 2:
        raise SourceError(f"{given.folder} has {len(files)} photographs; two people make a pair.")
    vectors = []
    with edgecnn.load("faces", backend="litert", precision="float16", threads=1) as find_faces:
        spec = find_faces.embedder.bundle.manifest.embedding
        for file in files:
            faces = find_faces(read_image(file), "bgr")
            if len(faces) == 1:
                vectors.append(faces[0].embedding.vector)
    table = make_table(
        np.array(vectors, np.float32),
        [1] * len(vectors),
        space=spec.space,
        metric=spec.metric,
        photographs=given.photographs,
        licence=given.licence,
        source=given.source,
    )
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_bytes(msgspec.json.encode(table) + b"\n")
    print(f"{len(files) - len(vectors)} photographs left out. {table.words}.")
    for bound in table.bounds:
        rate, most = in_words(bound.target), bound.upper_bound
        print(f"{rate}: below {bound.threshold:.4f}, at most {most:.2g}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
