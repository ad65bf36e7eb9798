"""edgecnn against MediaPipe's ImageClassifier: the very same int8 ``.tflite``, end to end.

Both run in one process, in turns, on the same frame: 1280 x 720 uint8 in, typed result out. The
process is bound to one core, because MediaPipe has no option for the number of threads. Needs an
environment of its own, since MediaPipe brings another OpenCV; ``make bench-mediapipe`` makes it:

    python -m benchmarks.mediapipe_classifier
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

import edgecnn
from benchmarks.resize import frame_720p
from benchmarks.timing import interleaved, machine_line, paired_ratio, table
from edgecnn.bundle import io
from edgecnn.runtime.quiet import quiet_stderr
from edgecnn.zoo.catalogue import find

NAME = "classify_efficientnet_lite0"
LIMIT = 1.2


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    rounds = parser.parse_args().rounds
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision

    bundle = io.load(find(NAME))
    file = next(v.file for v in bundle.manifest.variants if v.file.endswith("int8.tflite"))
    frame = frame_720p("coffee.jpg")
    rgb = np.ascontiguousarray(frame[:, :, ::-1])
    picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb)
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / file
        model.write_bytes(bundle.read(file))
        options = vision.ImageClassifierOptions(
            base_options=BaseOptions(model_asset_path=str(model)), max_results=5
        )
        with quiet_stderr():
            classifier = vision.ImageClassifier.create_from_options(options)
            classifier.classify(picture)
        with edgecnn.load(NAME, backend="litert", precision="int8", threads=1) as task:
            ours = task(frame, "bgr")
            theirs = classifier.classify(picture).classifications[0].categories
            times = interleaved(
                {
                    "edgecnn": lambda: task(frame, "bgr"),
                    "mediapipe": lambda: classifier.classify(picture),
                },
                rounds=rounds,
            )
        classifier.close()
    ratio = paired_ratio(times["mediapipe"], times["edgecnn"])
    print(f"{machine_line()}; one core; MediaPipe {mediapipe.__version__}; {NAME} {file}.\n")
    print(
        table(
            ["", "median ms", "first answer"],
            [
                ["edgecnn", f"{times['edgecnn'].median:.2f}", f"{ours[0].label}"],
                ["MediaPipe", f"{times['mediapipe'].median:.2f}", f"{theirs[0].category_name}"],
            ],
        )
    )
    print(f"\nedgecnn is **{ratio:.2f}x** as fast (aim: {LIMIT}).")
    return 0 if ratio >= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
