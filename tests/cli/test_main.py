from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import edgecnn
from edgecnn.cli import VERBS, cli
from tests.helpers.command import ROOT, edgecnn_command, edgecnn_process
from tests.helpers.models import save_mean_color
from tests.helpers.videos import write_picture


def test_help_names_every_verb() -> None:
    said = edgecnn_command("--help")
    assert said.code == 0
    for verb, (_, words) in VERBS.items():
        assert verb in said.out
        assert words.split()[0] in said.out


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str) -> None:
    said = edgecnn_command(verb, "--help")
    assert said.code == 0
    assert said.out.startswith(f"Usage: edgecnn {verb}")


def commands(command: click.Command, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """A verb, and the verbs below it."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found, f"{path} {name}".strip())


def test_a_number_is_named_by_what_it_counts() -> None:
    bare = [
        f"{path} {option.opts[-1]}"
        for path, command in commands(cli)
        for option in command.params
        if isinstance(option, click.Option) and not option.is_flag and option.metavar is None
        if isinstance(option.type, click.types.IntParamType | click.types.FloatParamType)
    ]
    assert bare == []


def test_help_imports_no_engine_and_no_opencv() -> None:
    code = (
        "import sys\nfrom edgecnn.cli import main\nmain(['--help'])\n"
        "print('loaded:', [m for m in ('cv2', 'rich', 'ai_edge_litert') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert run.stdout.splitlines()[-1] == "loaded: []"


def test_version_is_that_of_the_package() -> None:
    assert edgecnn.__version__ in edgecnn_command("--version").out


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-verb"],
        ["run"],
        ["run", "demo"],
        ["run", "demo", "--model", "x", "--limit", "0"],
        ["run", "demo", "--model", "x", "--score-threshold", "1.5"],
        ["run", "demo", "--model", "x", "--precision", "int3"],
        ["verify"],
        ["verify", "--all", "x"],
        ["bench", "x", "--rounds", "0"],
        ["zoo", "build", "x"],
    ],
)
def test_wrong_usage_is_exit_code_2_with_words_on_stderr(arguments: list[str]) -> None:
    said = edgecnn_command(*arguments)
    assert said.code == 2
    assert said.out == ""
    assert "Error" in said.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["run", "no-such-file.jpg", "--model", "x"],
            "no file, folder or camera 'no-such-file.jpg'",
        ),
        (["run", "77", "--model", "detect_nanodet"], "Camera 77"),
        (["run", "demo", "--model", "no_such_model"], "There is no bundle"),
        (["inspect", "./no_such_model.tflite"], "no_such_model.tflite"),
        (["zoo", "show", "no_such_model"], "There is no bundle"),
        (["bench", "no_such_model"], "There is no bundle"),
    ],
)
def test_failure_is_exit_code_1_with_one_line_and_no_traceback(
    arguments: list[str], expected: str
) -> None:
    said = edgecnn_command(*arguments)
    assert said.code == 1
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("Error: ")
    assert expected in line


@pytest.mark.parametrize("place", [0, 4])
def test_debug_adds_the_traceback_before_or_after_the_verb(place: int) -> None:
    arguments = ["run", "no-such-file.jpg", "--model", "x"]
    arguments.insert(place, "--debug")
    said = edgecnn_command(*arguments)
    assert said.code == 1
    assert "Traceback" in said.err
    assert said.err.splitlines()[-1].startswith("Error: ")


def test_a_mistake_inside_is_one_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("edgecnn.cli.streams.open_source", broken)
    said = edgecnn_command("run", "demo", "--model", "x")
    assert said.code == 1
    (line,) = said.err.splitlines()
    assert "ZeroDivisionError" in line
    assert "--debug" in line


def test_interruption_ends_with_code_130(tmp_path: Path) -> None:
    bundle = save_mean_color(tmp_path / "mean_color")
    folder = tmp_path / "out"
    folder.mkdir()
    # Thousands of frames: it is still at work when the signal comes.
    photos = tmp_path / "photos"
    photos.mkdir()
    picture = write_picture(photos / "0.jpg")
    for index in range(1, 20_000):
        (photos / f"{index}.jpg").hardlink_to(picture)
    process = edgecnn_process("run", photos, "--model", bundle, "--json", folder / "answers.jsonl")
    assert process.stdout is not None
    process.stdout.readline()  # the first answer: it is at work
    process.send_signal(signal.SIGINT)
    start = time.monotonic()
    _, err = process.communicate(timeout=30)
    assert time.monotonic() - start < 10
    assert process.returncode == 130
    assert "Traceback" not in err
    assert err.splitlines()[-1] == "Interrupted."


def test_a_reader_that_stops_reading_is_no_failure_worth_words(tmp_path: Path) -> None:
    bundle = save_mean_color(tmp_path / "mean_color")
    process = edgecnn_process("run", "demo", "--model", bundle, "--json", "-")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=30)
    assert err == ""


def test_a_closed_standard_output_is_no_failure(bundle: Path, orange: Path) -> None:
    arguments = ["run", str(orange), "--model", str(bundle)]
    code = (
        f"import sys\nfrom edgecnn.cli import main\nsys.stdout = None\nsys.exit(main({arguments}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("form", [["--json", "~/it.json"], ["--json=~/it.json"]])
def test_a_path_that_begins_at_home_is_meant_so(
    bundle: Path, orange: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: list[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    said = edgecnn_command("run", f"~/{orange.name}", "--model", bundle, *form)
    assert (said.code, said.err) == (0, "")
    assert "red" in (tmp_path / "it.json").read_text()


def test_a_failure_of_the_system_is_told_without_its_number(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "edgecnn.cli.cli.main", lambda *_, **__: (tmp_path / "gone" / "it").read_text()
        )
        said = edgecnn_command("doctor")
    assert (said.code, said.err) == (
        1,
        f"Error: {tmp_path / 'gone' / 'it'}: No such file or directory.\n",
    )
