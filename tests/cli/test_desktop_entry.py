from __future__ import annotations

import configparser
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from edgecnn.cli import desktop_entry
from edgecnn.errors import EdgeCNNError
from tests.helpers.command import edgecnn_command

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="desktop entries belong to Linux"
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return tmp_path / "share"


def entry_in(home: Path) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(home / "applications" / "edgecnn.desktop", "utf-8")
    return parser["Desktop Entry"]


def test_entry_starts_what_wrote_it_and_has_its_icon(home: Path) -> None:
    said = edgecnn_command("app", "--install-desktop-entry")
    assert said.code == 0, said.err
    entry = entry_in(home)
    started = [*shlex.split(entry["Exec"])[:-1], "--version"]
    assert shlex.split(entry["Exec"])[-1] == "app"
    assert Path(entry["TryExec"]).is_absolute()
    answer = subprocess.run(started, capture_output=True, text=True, timeout=60, cwd="/")
    assert answer.stdout.startswith("edgecnn")
    icon = home / "icons" / "hicolor" / "scalable" / "apps" / f"{entry['Icon']}.svg"
    assert icon.read_bytes().startswith(b"<svg")
    assert f"wrote {icon}" in said.out


def test_installing_again_replaces_and_leaves_nothing_else(home: Path) -> None:
    desktop_entry.install()
    desktop_entry.install()
    written = sorted(path for path in home.rglob("*") if path.is_file())
    assert written == sorted(desktop_entry.files())
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in written)


def test_removing_takes_away_what_was_installed_and_says_so(home: Path) -> None:
    edgecnn_command("app", "--install-desktop-entry")
    said = edgecnn_command("app", "--remove-desktop-entry")
    assert said.code == 0
    assert said.out.count("removed ") == 2
    assert [path for path in home.rglob("*") if path.is_file()] == []
    assert edgecnn_command("app", "--remove-desktop-entry").out == (
        "There was no desktop entry of edgecnn.\n"
    )


def test_a_packed_program_names_itself(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", "/opt/my programs/edgecnn/edgecnn")
    desktop_entry.install()
    assert entry_in(home)["Exec"] == '"/opt/my programs/edgecnn/edgecnn" app'
    assert entry_in(home)["TryExec"] == "/opt/my programs/edgecnn/edgecnn"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["/opt/edgecnn/edgecnn", "app"], "/opt/edgecnn/edgecnn app"),
        (["/home/a b/edgecnn"], '"/home/a b/edgecnn"'),
        (["/home/50%/edgecnn"], "/home/50%%/edgecnn"),
        # Escaped for the quotes, then again as every value is.
        (["/home/$a/edgecnn"], '"/home/\\\\$a/edgecnn"'),
    ],
)
def test_words_are_quoted_as_menus_read_them(words: list[str], line: str) -> None:
    assert desktop_entry.exec_line(words) == line


def test_a_folder_that_cannot_be_written_is_said(home: Path) -> None:
    home.write_text("in the way")
    said = edgecnn_command("app", "--install-desktop-entry")
    assert said.code == 1
    assert str(home) in said.err
    assert home.read_text() == "in the way"


def test_other_systems_are_told_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(EdgeCNNError, match="edgecnn app"):
        desktop_entry.files()
