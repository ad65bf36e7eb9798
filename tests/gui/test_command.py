from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from edgecnn.cli.app import _has_display
from gui.platform_check import WindowError, check_platform, forget_other_qt
from tests.helpers.command import edgecnn_command
from tests.helpers.models import save_mean_color
from tests.helpers.videos import write_video


@pytest.fixture
def bare_display(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(variable, raising=False)
    return monkeypatch


@pytest.fixture
def display(bare_display: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A display that seems to answer."""
    bare_display.setenv("DISPLAY", ":0")
    bare_display.setattr("edgecnn.cli.app._answers", lambda display: True)
    return bare_display


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
    display: pytest.MonkeyPatch, windows: list[tuple[object, ...]]
) -> None:
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
    display: pytest.MonkeyPatch, windows: list[tuple[object, ...]], tmp_path: Path
) -> None:
    bundle = str(save_mean_color(tmp_path / "mean_color"))
    display.setattr("edgecnn.cli.app.MODELS", {"Classify": bundle})
    clip = write_video(tmp_path / "clip.mp4", frames=3)
    said = edgecnn_command("app", "--source", clip, "--picture", tmp_path / "sheet.png")
    assert said.code == 0
    assert (tmp_path / "sheet.png").is_file()
    assert windows == []


def test_without_the_extra_a_display_gets_the_results_and_the_line_to_type(
    display: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    find = importlib.util.find_spec
    display.setattr(
        "edgecnn.cli.app.importlib.util.find_spec",
        lambda name: None if name == "PySide6" else find(name),
    )
    bundle = str(save_mean_color(tmp_path / "mean_color"))
    display.setattr("edgecnn.cli.app.MODELS", {"Classify": bundle})
    display.chdir(tmp_path)
    said = edgecnn_command("app", "--source", write_video(tmp_path / "clip.mp4", frames=3))
    assert said.code == 0
    assert "pip install 'edgecnn[gui]'" in said.err
    assert said.out.splitlines()[-1].startswith("picture: ")


@pytest.mark.parametrize("name", [":4711", "nonsense", "localhost:59000", "localhost:1.0"])
def test_a_display_that_does_not_answer_is_none(
    bare_display: pytest.MonkeyPatch, name: str
) -> None:
    bare_display.setenv("DISPLAY", name)
    assert not _has_display()


def test_a_wayland_display_is_one_when_its_socket_is_there(
    bare_display: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bare_display.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    bare_display.setenv("WAYLAND_DISPLAY", "wayland-7")
    assert not _has_display()
    (tmp_path / "wayland-7").touch()
    assert _has_display()


def test_a_missing_system_library_is_named_with_the_line_to_type(
    bare_display: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> object:
        raise OSError("libxcb-cursor.so.0: cannot open shared object file")

    bare_display.setenv("DISPLAY", ":0")
    bare_display.setattr("gui.platform_check.ctypes.CDLL", missing)
    with pytest.raises(WindowError, match=r"libxcb-cursor\.so\.0.*sudo apt-get install"):
        check_platform()
    bare_display.setenv("QT_QPA_PLATFORM", "offscreen")
    check_platform()


def test_the_plugins_of_the_full_opencv_are_left_alone(
    bare_display: pytest.MonkeyPatch,
) -> None:
    bare_display.setenv("QT_QPA_PLATFORM_PLUGIN_PATH", "/somewhere/cv2/qt/plugins")
    bare_display.setenv("QT_QPA_FONTDIR", "/usr/share/fonts")
    forget_other_qt()
    assert "QT_QPA_PLATFORM_PLUGIN_PATH" not in os.environ
    assert os.environ["QT_QPA_FONTDIR"] == "/usr/share/fonts"


def test_a_library_that_qt_needs_to_be_imported_is_named_as_well(
    display: pytest.MonkeyPatch,
) -> None:
    def broken(module: str, *, extra: str) -> object:
        raise ImportError("libEGL.so.1: cannot open shared object file")

    display.setattr("edgecnn.cli.app.require", broken)
    said = edgecnn_command("app")
    assert said.code == 1
    assert "libEGL.so.1" in said.err
    assert "sudo apt-get install libegl1" in said.err


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
