"""Our files in other programs: the same answers from MediaPipe Tasks and OpenVINO Model API.

Each runs in an environment of its own (``make bench-interop`` makes both); edgecnn runs beside it
in the same process, from the checkout. Pictures are the committed photographs, cut square and
brought to the network's size by edgecnn's preprocessing, because every program resizes a little
differently. Where edgecnn would cut such a picture again (the classifier's centre crop), it gets
the photograph itself.

    python -m benchmarks.interop mediapipe
    python -m benchmarks.interop model_api

Exits with 1 when an answer differs by more than `benchmarks.interop_compare` allows, or when a file
that is meant to be read is refused.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import edgecnn
from benchmarks.interop_compare import Tally, judge
from benchmarks.interop_files import EMBED, Handed, for_mediapipe, for_model_api
from benchmarks.interop_tools import (
    Answer,
    Ask,
    Found,
    Opened,
    Ranked,
    mediapipe_task,
    model_api,
    word,
)
from benchmarks.timing import machine_line, table
from edgecnn.core.image import Pixels, read_image
from edgecnn.core.resize import resize
from edgecnn.core.results import Classification, Detections, Embedding, Segmentation
from edgecnn.faces.align import align_face
from edgecnn.runtime.quiet import quiet_stderr
from edgecnn.tasks.options import ClassifyOptions
from edgecnn.zoo.catalogue import assets_path

TOOLS = {
    "mediapipe": ("mediapipe", mediapipe_task, for_mediapipe),
    "model_api": ("openvino-model-api", model_api, for_model_api),
}
# MediaPipe's tasks take float32 and uint8 at the rim; a file with int8 there is refused.
NOT_READ = "int8 input or output"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tool", choices=sorted(TOOLS))
    parser.add_argument("--limit", type=int, default=None, help="photographs; all by default")
    arguments = parser.parse_args()
    distribution, open_file, make_files = TOOLS[arguments.tool]
    photographs = list(_photographs(arguments.limit))
    rows, failed = [], False
    with tempfile.TemporaryDirectory() as folder:
        for handed in make_files(Path(folder)):
            cells, good = _row(handed, open_file, photographs)
            rows.append(cells)
            failed |= not good
    print(
        f"{distribution} {importlib.metadata.version(distribution)} and edgecnn "
        f"{edgecnn.__version__}, {len(photographs)} photographs; {machine_line()}.\n"
    )
    print(table(["task", "file", "how made", "pictures", "same", "worst case"], rows))
    return int(failed)


def _row(handed: Handed, open_file: Any, photographs: list[Pixels]) -> tuple[list[str], bool]:
    """Cells of the table for one file, and whether all is well with it."""
    with edgecnn.load(
        handed.bundle, backend=handed.backend, precision=handed.precision, threads=1
    ) as task:
        kind = task.info.task
        if kind == "classify":
            task.options = ClassifyOptions(top_k=None)
        head = [kind, f"{handed.bundle} {handed.path.name} ({handed.precision})", handed.made]
        try:
            # Not around the rest: edgecnn opens models quietly itself, and that cannot be nested.
            with quiet_stderr():
                opened: Opened = open_file(kind, handed.path)
        except (RuntimeError, ValueError, OSError) as error:
            expected = _has_int8_rim(task)
            why = f"refused: {NOT_READ}" if expected else f"REFUSED: {error}"
            return [*head, "0", "-", why.splitlines()[0][:120]], expected
        tally = Tally()
        try:
            for ours, theirs in _answers(task, opened.ask, photographs, handed):
                judge(ours, theirs, handed.precision, tally)
        finally:
            opened.close()
    share = f"{tally.agreed} of {tally.asked}"
    return [*head, str(tally.asked), share, tally.words()], tally.agreed == tally.asked > 0


def _answers(
    task: Any, ask: Ask, photographs: list[Pixels], handed: Handed
) -> Iterator[tuple[Answer, Answer]]:
    spec = task.bundle.manifest.picture_input
    size_wh = (spec.width, spec.height)
    for pixels in _faces(photographs, task) if handed.bundle == EMBED else photographs:
        canvas, _ = resize(
            pixels,
            size_wh,
            spec.resize,
            crop_fraction=spec.crop_fraction,
            interpolation=spec.interpolation,
            pad=spec.pad,
        )
        yield _plain(task(canvas if spec.resize == "stretch" else pixels, "bgr")), ask(canvas)


def _plain(result: Any) -> Answer:
    """One of our results in the terms of the comparison."""
    if isinstance(result, Classification):
        return Ranked(tuple(map(word, result.labels)), np.asarray(result.scores, np.float32))
    if isinstance(result, Detections):
        return Found(tuple(map(word, result.labels)), result.scores, result.boxes_xyxy)
    if isinstance(result, Embedding):
        return np.asarray(result.vector, np.float32)
    if isinstance(result, Segmentation):
        return np.asarray(result.probabilities[0], np.float32)
    raise TypeError(f"{type(result).__name__} cannot be compared.")


def _photographs(limit: int | None) -> Iterator[Pixels]:
    """The committed photographs, cut square about their centre."""
    for path in sorted((assets_path() / "images").glob("*.jpg"))[:limit]:
        pixels = read_image(path)
        side = min(pixels.shape[:2])
        y, x = ((length - side) // 2 for length in pixels.shape[:2])
        yield np.ascontiguousarray(pixels[y : y + side, x : x + side])


def _faces(photographs: list[Pixels], task: Any) -> Iterator[Pixels]:
    """Every face in the photographs, aligned for the embedder."""
    alignment = task.bundle.manifest.embedding.alignment
    with edgecnn.load("face_detect_blazeface_full", backend=task.info.backend) as detect:
        for pixels in photographs:
            for points in detect(pixels, "bgr").points_xy:
                yield align_face(pixels, points, alignment)


def _has_int8_rim(task: Any) -> bool:
    file = task.info.file
    variant = next(v for v in task.bundle.manifest.variants if v.file == file)
    return any(tensor.dtype == "int8" for tensor in (*variant.inputs, *variant.outputs))


if __name__ == "__main__":
    sys.exit(main())
