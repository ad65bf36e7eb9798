"""Small parts of `benchmarks/live.py` and `benchmarks/live_soak.py`; the whole is run by hand."""

from __future__ import annotations

import argparse

import pytest

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


def test_a_bare_loop_asks_about_all_pictures_in_turn_and_counts_three_clocks() -> None:
    seen: list[int] = []
    loop = live.BareLoop(lambda frame: seen.append(int(frame.pixels[0, 0, 0])))
    by_clock, by_cpu, without_queue = loop.turn(0.05)
    assert 0 < by_clock <= without_queue * 1.01
    assert by_clock <= by_cpu * 1.01
    pictures = [int(pixels[0, 0, 0]) for pixels in live.shaken_pictures()]
    assert seen[: len(pictures)] == pictures[: len(seen)]


def test_the_thread_that_answers_is_found() -> None:
    with Pipeline(live.camera(), FakeTask()) as pipeline:
        assert pipeline.take(60) is not None
        assert live.Moment.of(live.answering()).cpu_s > 0


def test_parts_of_a_benchmark_are_measured_alone_and_others_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parts = {"one": lambda: [["a", "1", ""]], "two": lambda: [["b", "2", ""]]}
    live.print_parts(argparse.ArgumentParser(), parts, ["two"])
    told = capsys.readouterr().out
    assert "| b | 2 |" in told
    assert "| a |" not in told
    assert "load" in told
    with pytest.raises(SystemExit):
        live.print_parts(argparse.ArgumentParser(), parts, ["three"])
    assert "one, two" in capsys.readouterr().err
