"""What the second look before enrolment refuses, and whom: counts for docs/faces.md.

    python -m benchmarks.second_look                       # pictures and portraits that come along
    python -m benchmarks.second_look --others FOLDER --faces FOLDER
    python -m benchmarks.second_look --smoke               # a few crops, for CI: does it still run?

``--others`` are pictures in which nobody is, ``--faces`` photographs of people.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

import edgecnn
from benchmarks.timing import table
from edgecnn.core.image import Pixels, read_image
from edgecnn.faces.quality import MIN_CONFIRMED, measure_face
from edgecnn.tasks.faces import FacePipeline
from edgecnn.tasks.options import FaceOptions
from edgecnn.zoo.catalogue import assets_path

PEOPLE = ("portrait", "astronaut", "cameraman")
"""How the names of pictures with somebody in them begin."""
LEAST_SCORE = 0.3
_LARGEST, _SMALLEST, _SMALL = 900, 64, 256


def pictures(folders: Iterable[Path], *, people: bool) -> list[Pixels]:
    """The pictures that come along, with people or without, and those of other folders."""
    own = sorted((assets_path() / "images").glob("*.jpg"))
    files = [path for path in own if path.name.startswith(PEOPLE) == people]
    for folder in folders:
        files += sorted(path for kind in ("*.jpg", "*.png") for path in folder.glob(kind))
    return [read_image(path) for path in files]


def crops(sources: list[Pixels], count: int) -> Iterator[Pixels]:
    """Squares of any size and place, turned by quarters; small ones are enlarged."""
    rng = np.random.default_rng(0)
    for _ in range(count):
        pixels = sources[rng.integers(len(sources))]
        scale = min(1.0, _LARGEST / max(pixels.shape[:2]))
        small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        height, width = small.shape[:2]
        side = int(rng.integers(min(_SMALLEST, height, width), min(height, width) + 1))
        y, x = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        part = np.rot90(small[y : y + side, x : x + side], int(rng.integers(4)))
        size = max(side, _SMALL)
        large = cv2.resize(part, (size, size), interpolation=cv2.INTER_CUBIC)
        yield np.asarray(large, np.uint8)


def look(find: FacePipeline, given: Iterable[Pixels]) -> list[tuple[bool, float]]:
    """Of everything that is taken for a face: whether it could be enrolled, and how sure it is."""
    options = FaceOptions(score_threshold=LEAST_SCORE)
    return [
        (measure_face(pixels, face, "bgr").good, find.confirm(pixels, face, "bgr"))
        for pixels in given
        for face in find.detector(pixels, "bgr", options=options)
    ]


def row(words: str, seen: list[tuple[bool, float]]) -> list[str]:
    """How many there are, could be enrolled without the look, and can be with it."""
    passed = [sure for good, sure in seen if good]
    ends = f"{min(passed):.3f} to {max(passed):.3f}" if passed else "none"
    kept = sum(sure >= MIN_CONFIRMED for sure in passed)
    return [words, str(len(seen)), str(len(passed)), ends, str(kept)]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--smoke", action="store_true", help="few crops")
    parser.add_argument("--others", type=Path, action="append", default=[])
    parser.add_argument("--faces", type=Path, action="append", default=[])
    parser.add_argument("--crops", type=int, default=1000)
    given = parser.parse_args()
    others, rows = pictures(given.others, people=False), []
    count = 5 if given.smoke else given.crops
    for name in ("face_detect_blazeface_full", "face_detect_blazeface_short"):
        with edgecnn.load("faces", detector=name, threads=1) as find:
            short = name.removeprefix("face_detect_")
            seen = look(find, [*(others[:3] if given.smoke else others), *crops(others, count)])
            rows.append(row(f"{short}: {len(others)} pictures, {count} crops without faces", seen))
            rows.append(row(f"{short}: people", look(find, pictures(given.faces, people=True))))
    print(f"Limit of the second look: {MIN_CONFIRMED}.\n")
    header = ["found by", f"score {LEAST_SCORE}+", "enrolable before", "second look", "now"]
    print(table(header, rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
