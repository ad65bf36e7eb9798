"""One face among a million templates: a graph of neighbours against comparing with all.

    OMP_NUM_THREADS=1 python -m benchmarks.faces_index         # minutes, 2 GB; edgecnn[index]
    OMP_NUM_THREADS=1 python -m benchmarks.faces_index --templates 100000

There are no photographs of 200,000 people to be had, so templates are made up: people are points of
a space of 24 dimensions (about as many as faces differ in), turned into 128, at distances as dlib's
embedder has them: strangers some 0.8 apart, five photographs of a person some 0.35. Half of the
questions are new photographs of enrolled people, half are strangers, who have no near neighbour and
are harder for a graph. Times are CPU times of one thread, both sides in turns of ten questions (of
a single one).
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from numpy.typing import NDArray

from benchmarks.timing import machine_line, table
from edgecnn.faces.match import Matcher
from edgecnn.faces.match_index import IndexedMatcher

DIMENSION, LATENT, PHOTOS = 128, 24, 5
STRANGERS_APART, PHOTOS_APART = 0.8, 0.35
BREADTHS = (64, 128, 192, 256, 384)
TURN, TURNS = 10, 30
"""Questions in a turn, and turns. An exact answer reads all templates, after which the caches hold
nothing of the graph or of Python; that is no part of either."""
SPEED_LIMIT, RECALL_LIMIT = 10.0, 0.999


def made_up(
    people: int, questions: int, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Templates (5 P, 128), new photographs of enrolled people (Q, 128) and strangers (Q, 128)."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(DIMENSION, LATENT)))[0].T.astype(np.float32)
    spread = STRANGERS_APART / np.sqrt(2 * LATENT)
    noise = PHOTOS_APART / np.sqrt(2 * LATENT)

    def draw(count: int, scale: float) -> NDArray[np.float32]:
        return np.asarray(rng.standard_normal((count, LATENT), np.float32) * np.float32(scale))

    centres = draw(people, spread)
    templates = (np.repeat(centres, PHOTOS, axis=0) + draw(people * PHOTOS, noise)) @ turn
    known = (centres[rng.integers(0, people, questions)] + draw(questions, noise)) @ turn
    strangers = (draw(questions, spread) + draw(questions, noise)) @ turn
    one, two, three = (np.asarray(points, np.float32) for points in (templates, known, strangers))
    return one, two, three


def cpu_ms(matcher: Matcher, queries: NDArray[np.float32]) -> float:
    """Time of one answer, when so many faces are asked for one after another."""
    start_s = time.process_time()
    for query in queries:
        matcher.nearest(query[None])
    return (time.process_time() - start_s) * 1e3 / len(queries)


def main() -> int:
    """Print the table; 1 when a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--templates", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=1_000, help="of each kind")
    parser.add_argument("--smoke", action="store_true", help="2,000 templates")
    given = parser.parse_args()
    people = (2_000 if given.smoke else given.templates) // PHOTOS
    questions = 50 if given.smoke else given.questions
    templates, known, strangers = made_up(people, questions)
    counts = np.full(people, PHOTOS)
    exact = Matcher(templates, counts, "euclidean")
    start_s = time.process_time()
    graph = IndexedMatcher(templates, counts, "euclidean")
    made_s = time.process_time() - start_s
    truth = [exact.nearest(known), exact.nearest(strangers)]
    rows, passed = [], False
    for breadth in BREADTHS:
        graph.breadth = breadth
        found = [graph.nearest(known), graph.nearest(strangers)]
        recalls = [
            np.mean([a.person == b.person and abs(a.distance - b.distance) < 1e-6
                     for a, b in zip(one, other, strict=True)])
            for one, other in zip(found, truth, strict=True)
        ]  # fmt: skip
        ten, one = (
            np.array([[cpu_ms(matcher, strangers[at : at + size]) for matcher in (exact, graph)]
                      for at in range(0, min(TURNS * size, questions), size)])
            for size in (TURN, 1)
        )  # fmt: skip
        speed = float(np.median(ten[:, 0] / ten[:, 1]))
        alone = float(np.median(one[:, 0] / one[:, 1]))
        passed = passed or bool(speed >= SPEED_LIMIT and min(recalls) >= RECALL_LIMIT)
        rows.append([str(breadth), *(f"{value:.4f}" for value in recalls),
                     f"{np.median(ten[:, 1]):.2f}", f"{np.median(ten[:, 0]):.2f}",
                     f"**{speed:.1f}** ({alone:.1f})"])  # fmt: skip
    print(f"Measured on: {machine_line()}, CPU time of one thread.")
    sizes = [count / 2**20 for count in (templates.nbytes, graph.graph_bytes)]
    print(
        f"{len(templates):,} templates of {people:,} people: {sizes[0]:,.0f} MB; the graph takes "
        f"{sizes[1]:,.0f} MB more and {made_s:,.0f} s to make.\n"
    )
    print(table(["breadth", "recall, enrolled", "strangers", "graph ms", "exact ms",
                 "times faster"], rows))  # fmt: skip
    return 0 if passed or given.smoke else 1


if __name__ == "__main__":
    raise SystemExit(main())
