"""Small parts of `benchmarks/live.py` and `benchmarks/live_soak.py`; the whole is run by hand."""

from __future__ import annotations

from benchmarks import live
from benchmarks.live_soak import Soak
from edgecnn.video.pipeline import Pipeline
from tests.helpers.pipelines import FakeTask


def test_the_camera_of_the_benchmark_gives_720p_at_its_pace() -> None:
    with Pipeline(live.camera(), FakeTask()) as pipeline:
        answer = pipeline.take(60)
    assert answer is not None
    assert answer.frame.size_wh == (1280, 720)
    assert live.age_row("no", [answer])[0].startswith("age over stage times")


def test_a_short_soak_counts_what_happened_and_leaves_nothing_behind() -> None:
    soak = Soak(frames=120, sources=2, reconnects=1)
    soak.run()
    assert soak.answered >= 120
    assert (soak.swaps, soak.reconnects) == (2, 1)
    assert (soak.failed, soak.hangs) == (0, 0)
    assert len(soak.rss_mb) == 2
