from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from tests.helpers.command import edgecnn_command
from tests.helpers.models import save_mean_color
from tests.helpers.videos import write_video


@pytest.fixture
def bare_display(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(variable, raising=False)
    return monkeypatch


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """The windows that were asked for; none is opened."""
    asked: list[tuple[object, ...]] = []

    def run(source: str | None, *, screenshot: Path | None, after_s: float) -> int:
        asked.append((source, screenshot, after_s))
        return 0

    monkeypatch.setattr("gui.app.run", run)
    return asked


def test_with_a_display_the_window_is_opened(
    bare_display: pytest.MonkeyPatch, windows: list[tuple[object, ...]]
) -> None:
    bare_display.setenv("DISPLAY", ":0")
    assert edgecnn_command("app").code == 0
    assert edgecnn_command("app", "--source", "0").code == 0
    assert windows == [(None, None, 3.0), ("0", None, 3.0)]


@pytest.mark.parametrize("platform", ["", "offscreen", "minimal:x"])
def test_without_a_display_results_are_printed_and_the_last_line_is_the_picture(
    bare_display: pytest.MonkeyPatch,
    windows: list[tuple[object, ...]],
    tmp_path: Path,
    platform: str,
) -> None:
    if platform:
        bare_display.setenv("DISPLAY", ":0")
        bare_display.setenv("QT_QPA_PLATFORM", platform)
    bundle = str(save_mean_color(tmp_path / "mean_color"))
    bare_display.setattr("edgecnn.cli.app.MODELS", {"Classify": bundle})
    clip = write_video(tmp_path / "clip.mp4", frames=3)
    bare_display.chdir(tmp_path)
    said = edgecnn_command("app", "--source", clip)
    assert said.code == 0, said.err
    assert said.out.splitlines()[-1] == "picture: out/edgecnn.png"
    assert windows == []


def test_a_sheet_that_is_asked_for_is_made_with_a_display_as_well(
    bare_display: pytest.MonkeyPatch, windows: list[tuple[object, ...]], tmp_path: Path
) -> None:
    bare_display.setenv("DISPLAY", ":0")
    bundle = str(save_mean_color(tmp_path / "mean_color"))
    bare_display.setattr("edgecnn.cli.app.MODELS", {"Classify": bundle})
    clip = write_video(tmp_path / "clip.mp4", frames=3)
    said = edgecnn_command("app", "--source", clip, "--picture", tmp_path / "sheet.png")
    assert said.code == 0
    assert (tmp_path / "sheet.png").is_file()
    assert windows == []


def test_without_the_extra_a_display_gets_the_results_and_the_line_to_type(
    bare_display: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bare_display.setenv("DISPLAY", ":0")
    find = importlib.util.find_spec
    bare_display.setattr(
        "edgecnn.cli.app.importlib.util.find_spec",
        lambda name: None if name == "PySide6" else find(name),
    )
    bundle = str(save_mean_color(tmp_path / "mean_color"))
    bare_display.setattr("edgecnn.cli.app.MODELS", {"Classify": bundle})
    bare_display.chdir(tmp_path)
    said = edgecnn_command("app", "--source", write_video(tmp_path / "clip.mp4", frames=3))
    assert said.code == 0
    assert "pip install 'edgecnn[gui]'" in said.err
    assert said.out.splitlines()[-1].startswith("picture: ")


def test_a_screenshot_of_the_real_window_needs_no_display(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", frames=10)
    target = tmp_path / "deep" / "window.png"
    command = [sys.executable, "-m", "edgecnn", "app", "--source", str(clip)]
    command += ["--screenshot", str(target), "--after", "1.5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"picture: {target}"
    picture = cv2.imread(str(target))
    assert picture.shape == (800, 1280, 3)
    assert picture.std() > 10


def test_objects_of_qt_do_not_lose_references() -> None:
    # PySide6 6.12 on Python 3.11 frees None and True under the hands of whoever uses them.
    script = (
        "from PySide6.QtCore import QObject\n"
        "for _ in range(20_000): QObject().setObjectName('x')\n"
        "import sys; assert sys.getrefcount(None) > 1000, sys.getrefcount(None)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
