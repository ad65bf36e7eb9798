"""What face recognition costs, and how far a photograph may be spoilt before it is not recognized.

    python -m benchmarks.faces            # prints the tables of docs/faces.md
    python -m benchmarks.faces --smoke    # a few rounds, for CI: does it still run?

Kills in the middle of a write have a benchmark of their own: `benchmarks/faces_kills.py`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np

import edgecnn
from benchmarks.runtime import bare_invoke
from benchmarks.timing import interleaved, machine_line, paired_ratio, table
from edgecnn.bundle import io
from edgecnn.core.image import Pixels, read_image
from edgecnn.faces import records
from edgecnn.faces.edits import replace
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.impostors import find_table
from edgecnn.faces.match import Matcher
from edgecnn.faces.policy import rule_for
from edgecnn.faces.store import Store
from edgecnn.faces.unlocking import Passphrase
from edgecnn.zoo.catalogue import assets_path, find

SPACE, DIMENSION = "dlib-resnet-v1", 128
PORTRAITS = {
    "portrait_biden": "Biden",
    "portrait_hopper": "Hopper",
    "portrait_obama": "Obama",
    "portrait_obama2": "Obama",
    "astronaut": "Collins",
}
SEARCH_LIMIT, PIPELINE_LIMIT, UNLOCK_LIMIT_S = 1.25, 1.3, 1.2


def search(rounds: int, sizes: tuple[int, ...] = (10_000, 100_000)) -> list[list[str]]:
    """One face against many templates, over the bare product of the same shape."""
    rows = []
    rng = np.random.default_rng(0)
    for size in sizes:
        vectors = rng.normal(size=(size, DIMENSION)).astype(np.float32)
        query = rng.normal(size=(1, DIMENSION)).astype(np.float32)
        matcher = Matcher(vectors, np.full(size // 5, 5), "euclidean")
        product = partial(np.dot, vectors, query[0])
        times = interleaved(
            {"edgecnn": partial(matcher.nearest, query), "product": product},
            rounds=rounds if size <= 10_000 else max(rounds // 4, 3),
        )  # fmt: skip
        ratio = paired_ratio(times["edgecnn"], times["product"])
        rows.append(
            [f"{size:,} templates of {size // 5:,} people", f"**{ratio:.2f}**",
             f"{SEARCH_LIMIT:.2f}", f"{times['edgecnn'].median:.2f}"]
        )  # fmt: skip
    return rows


def unlock(rounds: int, size: int = 10_000) -> list[list[str]]:
    """From the passphrase to the first answer, scrypt at its full cost."""
    secret = Passphrase("correct horse battery")
    manifest = io.load(find("face_embed_dlib")).manifest
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(size, DIMENSION)).astype("<f4")
    consent = records.Consent(statement=None, purpose=None, recorded_utc=records.now_utc())
    template = records.Template(made_utc=records.now_utc(), quality={"sharpness": 0.1})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gallery.faces"
        contents = Gallery.create(Path(folder) / "empty.faces", secret, manifest).contents
        people = tuple(
            records.Person(
                id=records.new_id(),
                name=f"Person {number}",
                enrolled_utc=consent.recorded_utc,
                consent=consent,
                templates=(template,) * 5,
            )
            for number in range(size // 5)
        )
        full = replace(contents, people=people, vectors=vectors.tobytes())
        store = Store.create(path, secret, records.encode(full))
        lock = store.header.lock
        taken, derivation = [], []
        for _ in range(rounds):
            start_s = time.perf_counter()
            gallery = Gallery.open(path, secret)
            Matcher.of(gallery.contents, records.now_utc()).nearest(vectors[:1])
            taken.append(time.perf_counter() - start_s)
            start_s = time.perf_counter()
            getattr(lock, "kdf").master_key(secret.raw)  # noqa: B009 (a passphrase lock has one)
            derivation.append(time.perf_counter() - start_s)
    return [
        [f"{size:,}", f"**{np.median(taken):.2f} s**", f"{UNLOCK_LIMIT_S:.1f} s",
         f"{np.median(derivation):.2f} s", f"{path_megabytes(full):.1f} MB"]
    ]  # fmt: skip


def path_megabytes(contents: records.Contents) -> float:
    """Size of what is encrypted."""
    return len(records.encode(contents)) / 1e6


def group_720p() -> Pixels:
    """Three portraits side by side in a frame of 1280 x 720."""
    frame = np.full((720, 1280, 3), 90, np.uint8)
    for place, name in enumerate(("portrait_obama", "portrait_biden", "portrait_hopper")):
        pixels = read_image(assets_path() / "images" / f"{name}.jpg")[:560]
        scale = min(420 / pixels.shape[1], 720 / pixels.shape[0])
        small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        frame[: small.shape[0], place * 426 : place * 426 + small.shape[1]] = small
    return frame


def pipeline(rounds: int) -> list[list[str]]:
    """Detect, align, embed and match three faces of a 720p frame, over the bare invokes."""
    frame = group_720p()
    rng = np.random.default_rng(0)
    matcher = Matcher(
        rng.normal(size=(100, DIMENSION)).astype(np.float32), np.full(20, 5), "euclidean"
    )
    with edgecnn.load("faces", backend="litert", precision="float16", threads=1) as find_faces:
        detector, embedder = find_faces.detector, find_faces.embedder
        detect = bare_invoke(detector.bundle.read(detector.info.file))
        embed = bare_invoke(embedder.bundle.read(embedder.info.file))
        count = len(find_faces(frame, "bgr"))

        def ours() -> None:
            faces = find_faces(frame, "bgr")
            matcher.nearest(np.stack([item.vector for item in faces.embeddings]))

        def bare() -> None:
            detect()
            for _ in range(count):
                embed()

        sides: dict[str, Callable[[], object]] = {"edgecnn": ours, "bare": bare}
        rows = []
        for words, clock in (("", time.perf_counter), (", processor time", time.process_time)):
            times = interleaved(sides, rounds=rounds, warm_up=3, clock=clock)
            ratio = paired_ratio(times["edgecnn"], times["bare"])
            ours_ms, bare_ms = times["edgecnn"].median, times["bare"].median
            rows.append([f"{count} faces{words}", f"**{ratio:.3f}**", f"{PIPELINE_LIMIT:.2f}",
                         f"{ours_ms:.1f}", f"{bare_ms:.1f}"])  # fmt: skip
    return rows


def spoilt() -> dict[str, Callable[[Pixels], Pixels]]:
    """Ways to spoil a photograph."""

    def scaled(pixels: Pixels, scale: float) -> Pixels:
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=way), np.uint8)

    def rolled(pixels: Pixels, degrees: float) -> Pixels:
        height, width = pixels.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
        return np.asarray(cv2.warpAffine(pixels, matrix, (width, height)), np.uint8)

    def packed(pixels: Pixels, quality: int) -> Pixels:
        data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)

    def lit(pixels: Pixels, gain: float) -> Pixels:
        return np.asarray(np.clip(pixels.astype(np.float32) * gain, 0, 255), np.uint8)

    return {
        "as it is": lambda pixels: pixels,
        "scale 0.5": partial(scaled, scale=0.5),
        "scale 2": partial(scaled, scale=2.0),
        "roll +20 degrees": partial(rolled, degrees=20),
        "roll -20 degrees": partial(rolled, degrees=-20),
        "JPEG 40": partial(packed, quality=40),
        "brightness -40 %": partial(lit, gain=0.6),
        "brightness +40 %": partial(lit, gain=1.4),
    }


def robustness(extra: Path | None) -> tuple[list[list[str]], int, int]:
    """Distance of spoilt portraits to the sound ones: of the same person, and of the others.

    Args:
        extra: A folder with more photographs of the same people, or None.

    Returns:
        Rows, and how many genuine and impostor pairs there are in each.
    """
    files = {path: who for name, who in PORTRAITS.items()
             if (path := assets_path() / "images" / f"{name}.jpg").exists()}  # fmt: skip
    for path in sorted(extra.glob("*.jpg")) if extra is not None else ():
        files[path] = next(who for who in PORTRAITS.values() if path.stem.startswith(who.lower()))
    rows: list[list[str]] = []
    with edgecnn.load("faces", backend="litert", precision="float16", threads=2) as find_faces:

        def vector(pixels: Pixels) -> np.ndarray:
            faces = find_faces(pixels, "bgr")
            return np.asarray(faces[0].embedding.vector)

        pictures = {path: read_image(path) for path in files}
        sound = {path: vector(pixels) for path, pixels in pictures.items()}
        for words, spoil in spoilt().items():
            same, own, other = [], [], []
            for path, pixels in pictures.items():
                changed = vector(spoil(pixels))
                for reference, base in sound.items():
                    distance = float(np.linalg.norm(changed - base))
                    if reference == path:
                        own.append(distance)
                    elif files[reference] == files[path]:
                        same.append(distance)
                    else:
                        other.append(distance)
            threshold = rule_for(SPACE, find_table(SPACE)).threshold
            wrong = sum(d >= threshold for d in own + same) + sum(d < threshold for d in other)
            rows.append(
                [words, f"{max(own):.2f}", f"{max(same):.2f}", f"{min(other):.2f}", str(wrong)]
            )
    return rows, len(same), len(other)


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--smoke", action="store_true", help="few rounds")
    parser.add_argument("--photos", type=Path, help="more photographs: obama*.jpg, biden*.jpg")
    given = parser.parse_args()
    rounds = 3 if given.smoke else 60
    print(f"Measured on: {machine_line()}, one thread.\n")
    rows, same, other = robustness(given.photos)
    print(f"Each row: {same} pairs of one person, {other} of two (4 people).\n")
    print(table(["photograph", "same photo, largest distance", "same person, largest",
                 "other people, smallest", "on the wrong side"], rows))  # fmt: skip
    print()
    print(table(["gallery", "over the bare product", "limit", "ms"], search(rounds * 5)))
    print()
    print(table(["frame 720p", "over the bare invokes", "limit", "ms", "bare ms"],
                pipeline(rounds)))  # fmt: skip
    print()
    print(table(["templates", "unlock, load, first answer", "limit", "of it scrypt", "size"],
                unlock(3 if given.smoke else 7)))  # fmt: skip
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
