from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections import namedtuple
from pathlib import Path
from typing import Any

import cv2
import pytest

from edgecnn.cli import watch
from edgecnn.tasks.classify import ImageClassifier
from tests.helpers.command import edgecnn_command, edgecnn_process
from tests.helpers.mjpeg_server import MjpegServer
from tests.helpers.models import save_mean_color
from tests.helpers.videos import write_picture, write_video


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_video(tmp_path / "clip.mp4", frames=10, fps=20.0)


def wait_for(process: subprocess.Popen[str], pattern: str) -> re.Match[str]:
    """The first line on standard error that has this in it."""
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        found = re.search(pattern, line)
        if found:
            return found
    raise AssertionError(f"{pattern!r} was not said, but {said}")


def frames_of(path: Path) -> int:
    capture = cv2.VideoCapture(str(path))
    count = 0
    while capture.read()[0]:
        count += 1
    capture.release()
    return count


def test_a_recording_plays_like_a_camera_and_says_how_old_its_frames_were(
    bundle: Path, clip: Path
) -> None:
    said = edgecnn_command("run", clip, "--realtime", "--model", bundle, "--json", "-")
    assert said.code == 0, said.err
    answers = [json.loads(line) for line in said.out.splitlines()]
    assert 1 <= len(answers) <= 10
    indices = [answer["index"] for answer in answers]
    assert indices == sorted(set(indices))
    for answer in answers:
        assert answer["age_ms"] >= 0
        assert answer["taken_at"] > 1.6e9
    assert "running: " in said.err
    assert "64 x 48" in said.err


def test_sigterm_ends_in_good_order_with_a_video_that_plays(bundle: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    process = edgecnn_process(
        *("run", "demo", "--realtime", "--model", bundle),
        *("--save", target, "--json", tmp_path / "out.jsonl", "--metrics", "0.3"),
    )
    with process:
        wait_for(process, r"answered=[1-9]")
        assert not target.exists()
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert frames_of(target) >= 1
    for line in (tmp_path / "out.jsonl").read_text().splitlines():
        assert json.loads(line)["model"] == str(bundle)
    assert sorted(path.suffix for path in tmp_path.iterdir() if path.is_file()) == [
        ".jsonl",
        ".mp4",
    ]


def test_ctrl_c_is_130_and_keeps_what_was_recorded_live(bundle: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    process = edgecnn_process(
        *("run", "demo", "--realtime", "--model", bundle, "--save", target, "--metrics", "0.3")
    )
    with process:
        wait_for(process, r"answered=[1-9]")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "Interrupted."
    assert frames_of(target) >= 1


def test_sigterm_ends_a_batch_after_the_picture_in_hand(bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    content = write_picture(tmp_path / "orange.png").read_bytes()
    for index in range(3000):
        (folder / f"{index}.png").write_bytes(content)
    with edgecnn_process("run", folder, "--model", bundle, "--json", "-") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    lines = out.splitlines()
    assert all(json.loads(line)["source"].endswith(".png") for line in lines)
    assert len(lines) < 2999


def test_figures_are_said_as_name_and_value(bundle: Path, clip: Path) -> None:
    said = edgecnn_command(
        *("run", clip, "--realtime", "--model", bundle, "--json", "-", "--metrics", "0.1")
    )
    lines = [line for line in said.err.splitlines() if line.startswith("metrics ")]
    assert lines
    figures = dict(part.split("=") for part in lines[-1].split()[1:])
    assert figures["state"] in {"running", "ended"}
    assert int(figures["frames_in"]) >= int(figures["answered"]) >= 0
    assert float(figures["rss_mb"]) > 20


def test_a_browser_can_watch(bundle: Path) -> None:
    with edgecnn_process(
        *("run", "demo", "--realtime", "--model", bundle, "--json", "-", "--serve", "127.0.0.1:0")
    ) as process:
        address = wait_for(process, r"Look at (http://127\.0\.0\.1:\d+)").group(1)
        with urllib.request.urlopen(f"{address}/snapshot.jpg", timeout=30) as answer:
            assert answer.read(2) == b"\xff\xd8"
        with urllib.request.urlopen(f"{address}/stats.json", timeout=30) as answer:
            assert json.load(answer)["state"] == "running"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_following_and_smoothing_are_asked_for_by_name(tmp_path: Path) -> None:
    said = edgecnn_command(
        *("run", "demo", "--model", "detect_nanodet", "--limit", "3", "--json", "-"),
        *("--track", "--smooth", "--threads", "1"),
    )
    assert said.code == 0, said.err
    answers = [json.loads(line)["result"] for line in said.out.splitlines()]
    assert [len(answer["track_ids"]) for answer in answers] == [
        len(answer["scores"]) for answer in answers
    ]
    assert answers[0]["track_ids"][0] == answers[2]["track_ids"][0] == 1


def test_no_camera_is_one_line_and_code_1(bundle: Path) -> None:
    said = edgecnn_command("run", "77", "--model", bundle)
    assert (said.code, said.out) == (1, "")
    (line,) = said.err.splitlines()
    assert "amera 77" in line


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--fps", "5"), "--realtime"),
        (("--size", "640x480"), "--realtime"),
        (("--realtime", "--size", "large"), "1280x720"),
        (("--metrics", "0"), "metrics"),
        (("--serve", "nowhere"), "HOST:PORT"),
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(
    bundle: Path, clip: Path, arguments: tuple[str, ...], expected: str
) -> None:
    said = edgecnn_command("run", clip, "--model", bundle, *arguments)
    assert said.code == 2
    assert expected in said.err


def test_a_live_stream_is_saved_as_mp4_only(bundle: Path, clip: Path, tmp_path: Path) -> None:
    said = edgecnn_command(
        "run", clip, "--realtime", "--model", bundle, "--save", tmp_path / "folder"
    )
    assert said.code == 1
    assert ".mp4" in said.err


def test_a_full_disk_ends_the_recording_but_not_the_stream(
    bundle: Path, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100, 100, 0))
    said = edgecnn_command(
        *("run", clip, "--realtime", "--model", bundle, "--json", "-"),
        *("--save", tmp_path / "out.mp4"),
    )
    assert said.code == 1
    assert said.err.count("Not recording any more") == 1
    assert "disk is full" in said.err
    assert len(said.out.splitlines()) >= 1
    assert not (tmp_path / "out.mp4").exists()


def failing(monkeypatch: pytest.MonkeyPatch, on: Any) -> None:
    original = ImageClassifier.__call__

    def call(self: ImageClassifier, picture: Any, *rest: Any, **named: Any) -> Any:
        if on(picture.index):
            raise ValueError("the engine gave up")
        return original(self, picture, *rest, **named)

    monkeypatch.setattr(ImageClassifier, "__call__", call)


def test_a_frame_on_which_a_model_fails_is_left_out_and_said(
    bundle: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, lambda index: index == 4)
    said = edgecnn_command("run", clip, "--model", bundle, "--json", "-")
    assert said.code == 1
    assert [json.loads(line)["index"] for line in said.out.splitlines()] == [
        *range(4),
        *range(5, 10),
    ]
    (line,) = said.err.splitlines()
    assert line.endswith("the engine gave up")


def test_a_model_that_fails_on_everything_is_given_up(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, lambda index: True)
    clip = write_video(tmp_path / "long.mp4", frames=12)
    said = edgecnn_command("run", clip, "--model", bundle)
    assert said.code == 1
    assert f"The first {watch.HOPELESS} frames all failed: the engine gave up" in said.err
    assert said.err.count("Left out") == watch.HOPELESS


def test_a_model_that_hangs_does_not_hold_up_sigterm(bundle: Path, clip: Path) -> None:
    """In a process of its own: a signal that is not caught ends the one that gets it."""
    script = """
import signal, sys, threading
from edgecnn.cli import main
from edgecnn.tasks.classify import ImageClassifier

def hang(*_):
    # As systemd would: from outside of the thread that hangs.
    signal.pthread_kill(threading.main_thread().ident, signal.SIGTERM)
    threading.Event().wait(120)
    raise ValueError("too late")

ImageClassifier.__call__ = hang
sys.exit(main(sys.argv[1:]))
"""
    run = subprocess.run(
        [sys.executable, "-c", script, "run", str(clip), "--realtime", "--model", str(bundle)],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert run.returncode == 0, run.stderr
    assert "too late" not in run.stderr


def test_a_camera_that_restarts_is_seen_again_and_its_password_is_never_said(
    bundle: Path, tmp_path: Path
) -> None:
    with MjpegServer(auth="basic", password="very-secret") as server:
        process = edgecnn_process(
            *("run", server.url_with("user:very-secret"), "--model", bundle, "--metrics", "0.3"),
            *("--json", tmp_path / "out.jsonl"),
        )
        with process:
            heard = [wait_for(process, r"running: .*64 x 48").string]
            server.stop()
            heard.append(wait_for(process, r"reconnecting: ").string)
            server.start()
            heard.append(wait_for(process, r"running: ").string)
            before = len((tmp_path / "out.jsonl").read_text().splitlines())
            heard.append(wait_for(process, r"state=running").string)
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    lines = (tmp_path / "out.jsonl").read_text()
    assert len(lines.splitlines()) >= before > 0
    assert "very-secret" not in "".join((*heard, out, err, lines))


def test_a_wrong_password_is_one_line_without_it(bundle: Path) -> None:
    with MjpegServer(auth="digest", password="right") as server:
        said = edgecnn_command("run", server.url_with("user:mistaken"), "--model", bundle)
    assert (said.code, said.out) == (1, "")
    (line,) = said.err.splitlines()
    assert "password" in line
    assert "mistaken" not in line


def test_two_models_see_the_same_live_frames(tmp_path: Path, clip: Path) -> None:
    one, two = save_mean_color(tmp_path / "one"), save_mean_color(tmp_path / "two")
    said = edgecnn_command("run", clip, "--realtime", "--model", one, "--model", two, "--json", "-")
    indices: dict[str, list[int]] = {}
    for line in said.out.splitlines():
        answer = json.loads(line)
        indices.setdefault(answer["model"], []).append(answer["index"])
    assert indices[str(one)] == indices[str(two)] != []
