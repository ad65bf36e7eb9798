"""How much edgecnn costs over the bare engine, and what the chosen variant gains.

    python -m benchmarks.runtime            # prints the README's tables
    python -m benchmarks.runtime --smoke    # a few rounds, for CI: does it still run?

Against MediaPipe there is a benchmark of its own, `benchmarks/mediapipe_classifier.py`, because
MediaPipe needs an environment of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np

import edgecnn
from benchmarks.resize import Pixels, frame_720p
from benchmarks.timing import interleaved, machine_line, paired_ratio, table
from edgecnn.bundle import io
from edgecnn.core.image import read_image
from edgecnn.errors import BundleError
from edgecnn.faces.align import align_face
from edgecnn.runtime.quiet import quiet_stderr
from edgecnn.zoo.catalogue import assets_path, find

OVERHEAD_LIMITS = {"classify_efficientnet_lite0": 1.10, "detect_nanodet": 1.12}
FRAMES = {"classify_efficientnet_lite0": "coffee.jpg", "detect_nanodet": "portrait_obama.jpg"}
EMBEDDER = "face_embed_dlib"


def bare_invoke(model: bytes, threads: int = 1) -> Callable[[], None]:
    """A bare LiteRT interpreter, its input filled once: nothing but ``invoke``."""
    from ai_edge_litert.interpreter import Interpreter

    with quiet_stderr():
        interpreter = Interpreter(model_content=model, num_threads=threads)
        interpreter.allocate_tensors()
    detail = interpreter.get_input_details()[0]
    random = np.random.default_rng(0)
    values = random.integers(0, 100, detail["shape"]).astype(detail["dtype"])
    interpreter.set_tensor(detail["index"], values)
    return interpreter.invoke  # type: ignore[no-any-return]


def overhead(rounds: int) -> list[list[str]]:
    """edgecnn, 720p frame in and typed result out, over the bare invoke of the same int8 file."""
    rows = []
    for name, limit in OVERHEAD_LIMITS.items():
        bundle = io.load(find(name))
        frame = frame_720p(FRAMES[name])
        with edgecnn.load(name, backend="litert", precision="int8", threads=1) as task:
            invoke = bare_invoke(bundle.read(task.info.file))
            times = interleaved(
                {"edgecnn": partial(task, frame, "bgr"), "bare": invoke},
                rounds=rounds,
            )
        ratio = paired_ratio(times["edgecnn"], times["bare"])
        rows.append(
            [name, f"**{ratio:.3f}**", f"{limit:.2f}", f"{times['edgecnn'].median:.2f}",
             f"{times['bare'].median:.2f}"]
        )  # fmt: skip
    return rows


def aligned_face() -> Pixels:
    """The astronaut's face as the embedder takes it: (150, 150, 3) uint8, BGR."""
    pixels = read_image(assets_path() / "images" / "astronaut.jpg")
    embedding = io.load(find(EMBEDDER)).manifest.embedding
    if embedding is None or embedding.alignment is None:
        raise BundleError(f"{EMBEDDER} has no alignment.")
    with edgecnn.load("face_detect_blazeface_full", threads=1) as detect:
        return align_face(pixels, detect(pixels, "bgr").points_xy[0], embedding.alignment)


def gain(rounds: int) -> list[list[str]]:
    """What the policy picks, against LiteRT float at one thread: whole calls.

    A 720p frame goes in, or, into the face embedder, an aligned face.
    """
    rows = []
    pictures = {name: frame_720p(photo) for name, photo in FRAMES.items()}
    pictures[EMBEDDER] = aligned_face()
    for name, frame in pictures.items():
        with (
            edgecnn.load(name, threads=1) as picked,
            edgecnn.load(name, backend="litert", precision="float16", threads=1) as reference,
        ):
            times = interleaved(
                {
                    "picked": partial(picked, frame, "bgr"),
                    "reference": partial(reference, frame, "bgr"),
                },
                rounds=rounds,
            )
            info = picked.info
        ratio = paired_ratio(times["reference"], times["picked"])
        rows.append(
            [name, f"**{ratio:.2f}x**", f"{info.precision} on {info.backend}",
             f"{times['picked'].median:.2f}", f"{times['reference'].median:.2f}"]
        )  # fmt: skip
    return rows


_ONE_RUN = """
import sys
from edgecnn.cli import main
code = main(sys.argv[1:])
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(peak.split()[1], file=sys.stderr)
sys.exit(code)
"""


def cold_start(repeats: int) -> tuple[float, float]:
    """Median seconds of a whole ``edgecnn run`` process, and its peak resident memory in MB.

    The process reads its own peak from ``/proc``: what ``wait4`` reports of a child counts the
    memory of its parent, too.
    """
    photo = str(assets_path() / "images" / "coffee.jpg")
    command = [sys.executable, "-c", _ONE_RUN, "run", photo]
    command += ["--model", "classify_efficientnet_lite0", "--json", "-"]
    seconds, memory_mb = [], []
    for _ in range(repeats):
        start_s = time.perf_counter()
        done = subprocess.run(command, capture_output=True, check=True, text=True)
        seconds.append(time.perf_counter() - start_s)
        json.loads(done.stdout)
        memory_mb.append(int(done.stderr) * 1024 / 1e6)
    return float(np.median(seconds)), float(np.median(memory_mb))


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--smoke", action="store_true")
    arguments = parser.parse_args()
    rounds = 5 if arguments.smoke else arguments.rounds
    print(f"{machine_line()}; LiteRT and OpenVINO at one thread, f32 arithmetic.\n")
    print("An edgecnn call (1280 x 720 frame in, result out) over the bare int8 invoke, LiteRT:\n")
    header = ["bundle", "ratio", "aim", "edgecnn ms", "bare invoke ms"]
    print(table(header, overhead(rounds)))
    print("\nThe variant that the policy picks, against LiteRT float:\n")
    header = ["bundle", "faster by", "picked", "picked ms", "LiteRT float ms"]
    print(table(header, gain(rounds)))
    seconds, memory_mb = cold_start(1 if arguments.smoke else 9)
    print("\nA cold process, `edgecnn run coffee.jpg --model classify_efficientnet_lite0`:\n")
    rows = [[f"{seconds:.2f} s", "1.0 s", f"{memory_mb:.0f} MB", "160 MB"]]
    print(table(["time", "aim", "peak resident memory", "aim"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
