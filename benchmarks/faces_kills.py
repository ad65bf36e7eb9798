"""Kill a program that changes a gallery, at random instants, and see what is left.

    python -m benchmarks.faces_kills                # 500 kills
    python -m benchmarks.faces_kills --trials 40    # what the tests run

A child enrols, backs up, forgets and changes the passphrase in a fixed order and reports each step
when it is done. After the kill the gallery has to open, with the passphrase of the last reported
step or of the next, and to hold exactly the people of one of these two states; every backup beside
it has to open as well. The parent process has one thread, so a fork is safe and costs little.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import numpy as np

from edgecnn.bundle.io import load
from edgecnn.core.results import Embedding
from edgecnn.errors import GalleryError, PassphraseError
from edgecnn.faces.backups import FOLDER, back_up
from edgecnn.faces.forget import forget
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.outcomes import NewFace
from edgecnn.faces.unlocking import Passphrase
from edgecnn.zoo.catalogue import find

# What is tested is the file, not the cost of scrypt.
PASSPHRASES = Passphrase("the first of two", 10), Passphrase("the second of two", 10)
RESIDENTS = 100
STEPS = ("enrol", "enrol", "backup", "forget", "passphrase")


def expected(done: int) -> tuple[set[str], int]:
    """Names beside the residents, and which passphrase holds, after so many steps."""
    names: set[str] = set()
    turns = 0
    for number in range(1, done + 1):
        step = STEPS[(number - 1) % len(STEPS)]
        if step == "enrol":
            names.add(f"Person {number}")
        elif step == "forget":
            names.discard(f"Person {number - 2}")
        elif step == "passphrase":
            turns += 1
    return names, turns % 2


def take_step(gallery: Gallery, number: int) -> None:
    """Do one step of the fixed order."""
    step = STEPS[(number - 1) % len(STEPS)]
    if step == "enrol":
        gallery.enrol(f"Person {number}", [face(number), face(number + 1)])
    elif step == "backup":
        back_up(gallery)
    elif step == "forget":
        if not forget(gallery, [f"Person {number - 2}"]).proven:
            raise GalleryError("forgetting was not proven")
    else:
        gallery.change_secret(PASSPHRASES[expected(number)[1]])


def face(seed: int) -> NewFace:
    """A made-up face with a made-up photograph of 4 kB."""
    rng = np.random.default_rng(seed)
    vector = rng.normal(0, 0.12, 128).astype(np.float32)
    return NewFace(Embedding(vector, "dlib-resnet-v1", "euclidean"), photo=rng.bytes(4_000))


def opened(path: Path) -> tuple[Gallery, int]:
    """A gallery and which passphrase opened it; raises when neither does."""
    try:
        return Gallery.open(path, PASSPHRASES[0]), 0
    except PassphraseError:
        return Gallery.open(path, PASSPHRASES[1]), 1


def run_until_killed(path: Path, done: int, pipe: int) -> None:
    """The child: step after step, each reported when it is done."""
    gallery, _ = opened(path)
    os.write(pipe, b".\n")
    while True:
        done += 1
        take_step(gallery, done)
        os.write(pipe, f"{done}\n".encode())


def one_trial(path: Path, done: int, delay_s: float) -> int:
    """Start a child, kill it, look; returns how many steps are done now.

    Raises:
        GalleryError: A state that must not be.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            run_until_killed(path, done, writer)
        except BaseException:  # noqa: BLE001 (a forked child must not return into its parent's code)
            traceback.print_exc()
        os._exit(1)
    os.close(writer)
    os.read(reader, 2)
    time.sleep(delay_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    said = b""
    while piece := os.read(reader, 65_536):
        said += piece
    os.close(reader)
    if not os.WIFSIGNALED(status):
        raise GalleryError("The child failed by itself.")
    lines = [line for line in said.decode().split("\n")[:-1] if line.strip(".")]
    promised = int(lines[-1]) if lines else done
    gallery, passphrase = opened(path)
    names = {person.name for person in gallery.people if not person.name.startswith("Resident")}
    if len(gallery) - len(names) != RESIDENTS:
        raise GalleryError(f"{len(gallery) - len(names)} of {RESIDENTS} residents are left.")
    matching = [n for n in (promised + 1, promised) if expected(n) == (names, passphrase)]
    if not matching:
        raise GalleryError(f"After step {promised} neither its state nor the next one is there.")
    for backup in (path.parent / FOLDER).glob("*.faces"):
        opened(backup)
    # A backup changes nobody, so its step cannot be told from the one before: it is done again.
    return min(matching) if STEPS[(promised) % len(STEPS)] == "backup" else max(matching)


def kills(trials: int, seed: int = 0) -> tuple[int, int]:
    """Kill so many times.

    Returns:
        Steps that were done, and how many kills left a temporary file (they hit a write).

    Raises:
        GalleryError: A kill lost something.
    """
    rng = random.Random(seed)
    done, hit = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gallery.faces"
        gallery = Gallery.create(path, PASSPHRASES[0], load(find("face_embed_dlib")).manifest)
        with gallery.writing():
            for number in range(RESIDENTS):
                gallery.enrol(f"Resident {number}", [face(10_000 + number)])
        start_s = time.perf_counter()
        for number in range(5):
            gallery.enrol(f"Resident {number}", [face(20_000 + number)])
        longest_s = 6 * (time.perf_counter() - start_s) / 5
        for _ in range(trials):
            done = one_trial(path, done, rng.uniform(0.0, longest_s))
            hit += any(Path(folder).rglob(".*.tmp"))
    return done, hit


def main() -> int:
    """Print what came of it; 1 when something was lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    trials = given.trials
    try:
        done, hit = kills(trials, given.seed)
    except GalleryError as error:
        print(f"LOST: {error}")
        return 1
    print(f"{trials} kills, {done} steps done, {hit} kills inside a write: 0 losses, 0 unreadable")
    return 0


if __name__ == "__main__":
    sys.exit(main())
