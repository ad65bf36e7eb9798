from __future__ import annotations

import json
import weakref
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edgecnn.cli import outputs
from edgecnn.video.answer import Answer
from tests.helpers.command import edgecnn_command, edgecnn_process
from tests.helpers.models import mean_color_ir, save_mean_color
from tests.helpers.videos import VIDEO_WH, write_picture, write_video


def test_json_on_stdout_is_one_object_a_frame_and_nothing_else(bundle: Path, photos: Path) -> None:
    with edgecnn_process("run", photos, "--model", bundle, "--json", "-") as process:
        out, err = process.communicate(timeout=60)
    answers = [json.loads(line) for line in out.splitlines()]
    assert [Path(answer["source"]).name for answer in answers] == ["1.png", "2.png", "10.png"]
    assert [answer["index"] for answer in answers] == [0, 1, 3]
    assert [answer["result"]["labels"][0] for answer in answers] == ["red", "green", "blue"]
    for answer in answers:
        assert answer["size_wh"] == [40, 30]
        assert answer["model"] == str(bundle)
        assert {"pre", "infer", "post", "total"} <= set(answer["timing_ms"])
    assert process.returncode == 1
    assert "3.png" in err
    assert "Traceback" not in err


def test_answer_is_that_of_the_api(bundle: Path, orange: Path) -> None:
    said = edgecnn_command("run", orange, "--model", bundle, "--json", "-")
    assert said.code == 0
    assert said.err == ""
    result = json.loads(said.out)["result"]
    assert result["labels"] == ["red", "green", "blue"]
    np.testing.assert_allclose(result["scores"], [1.0, 128 / 255, 0.0], atol=0.005)


def test_json_goes_to_a_file_and_people_get_words(
    bundle: Path, orange: Path, tmp_path: Path
) -> None:
    target = tmp_path / "answers.jsonl"
    said = edgecnn_command("run", orange, "--model", bundle, "--json", target)
    assert said.code == 0
    assert json.loads(target.read_text())["result"]["labels"][0] == "red"
    assert "orange.png" in said.out
    assert "red 1.00" in said.out


@pytest.mark.parametrize("backend", ["litert", "openvino"])
def test_backend_and_precision_are_as_asked(bundle: Path, orange: Path, backend: str) -> None:
    said = edgecnn_command(
        *("run", orange, "--model", bundle, "--json", "-"),
        *("--backend", backend, "--precision", "float32", "--threads", "1"),
    )
    assert said.code == 0, said.err
    assert json.loads(said.out)["result"]["labels"][0] == "red"


def test_a_precision_that_a_bundle_lacks_is_refused(bundle: Path, orange: Path) -> None:
    said = edgecnn_command("run", orange, "--model", bundle, "--precision", "int4w")
    assert said.code == 1
    assert "int4w" in said.err


def test_several_models_answer_about_each_frame(tmp_path: Path, orange: Path) -> None:
    one, two = save_mean_color(tmp_path / "one"), save_mean_color(tmp_path / "two.edge")
    said = edgecnn_command("run", orange, "--model", one, "--model", two, "--json", "-")
    assert [json.loads(line)["model"] for line in said.out.splitlines()] == [str(one), str(two)]


def test_top_k_limits_the_classes(bundle: Path, orange: Path) -> None:
    said = edgecnn_command("run", orange, "--model", bundle, "--json", "-", "--top-k", "1")
    assert json.loads(said.out)["result"]["labels"] == ["red"]


def test_limit_ends_after_so_many_frames(bundle: Path, photos: Path) -> None:
    said = edgecnn_command("run", photos, "--model", bundle, "--json", "-", "--limit", "2")
    assert len(said.out.splitlines()) == 2
    assert said.code == 0  # the picture that cannot be read was not reached


def test_an_unreadable_picture_alone_is_a_failure_with_its_reason(
    bundle: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty.jpg").write_bytes(b"")
    said = edgecnn_command("run", tmp_path / "empty.jpg", "--model", bundle, "--json", "-")
    assert (said.code, said.out) == (1, "")
    (line,) = said.err.splitlines()
    assert "empty.jpg" in line
    assert "0 bytes" in line


def test_annotated_pictures_go_to_a_folder(bundle: Path, photos: Path, tmp_path: Path) -> None:
    said = edgecnn_command("run", photos, "--model", bundle, "--save", tmp_path / "out")
    assert said.code == 1  # one of them is unreadable
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "1.png",
        "10.png",
        "2.png",
    ]
    before, after = (cv2.imread(str(folder / "1.png")) for folder in (photos, tmp_path / "out"))
    assert before.shape == after.shape
    assert not np.array_equal(before, after)


def test_one_annotated_picture_goes_to_a_file(bundle: Path, orange: Path, tmp_path: Path) -> None:
    target = tmp_path / "new" / "annotated.jpg"
    assert edgecnn_command("run", orange, "--model", bundle, "--save", target).code == 0
    assert cv2.imread(str(target)) is not None


def test_a_folder_whose_name_has_a_dot_is_a_folder(
    bundle: Path, orange: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out.v1"
    folder.mkdir()
    assert edgecnn_command("run", orange, "--model", bundle, "--save", folder).code == 0
    assert (folder / "orange.png").is_file()


def test_pictures_of_one_name_from_two_folders_are_both_kept(bundle: Path, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / "in" / folder).mkdir(parents=True)
        write_picture(tmp_path / "in" / folder / "same.png")
    pattern = f"{tmp_path}/in/*/*.png"
    assert edgecnn_command("run", pattern, "--model", bundle, "--save", tmp_path / "out").code == 0
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_pictures_are_never_overwritten_by_their_annotated_copies(
    bundle: Path, photos: Path
) -> None:
    before = (photos / "1.png").read_bytes()
    said = edgecnn_command("run", photos, "--model", bundle, "--save", photos)
    assert said.code == 1
    assert "another folder" in said.err
    assert (photos / "1.png").read_bytes() == before


def test_several_pictures_do_not_go_into_one_file(
    bundle: Path, photos: Path, tmp_path: Path
) -> None:
    said = edgecnn_command("run", photos, "--model", bundle, "--save", tmp_path / "all.png")
    assert said.code == 1
    assert "Name a folder" in said.err


def test_an_annotated_video_has_the_frames_and_rate_of_its_source(
    bundle: Path, tmp_path: Path
) -> None:
    clip, target = write_video(tmp_path / "clip.mp4", frames=10, fps=10.0), tmp_path / "out.mp4"
    said = edgecnn_command("run", clip, "--model", bundle, "--save", target)
    assert said.code == 0, said.err
    capture = cv2.VideoCapture(str(target))
    facts = [capture.get(prop) for prop in (cv2.CAP_PROP_FRAME_COUNT, cv2.CAP_PROP_FPS)]
    size_wh = [capture.get(prop) for prop in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)]
    capture.release()
    assert facts == [10, 10]
    assert tuple(size_wh) == VIDEO_WH


def test_a_video_is_told_only_where_what_is_seen_changes(bundle: Path, tmp_path: Path) -> None:
    writer = cv2.VideoWriter(
        str(tmp_path / "clip.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 10.0, VIDEO_WH
    )
    for bgr in [(0, 0, 255)] * 5 + [(0, 255, 0)] * 5:
        writer.write(np.full((VIDEO_WH[1], VIDEO_WH[0], 3), bgr, np.uint8))
    writer.release()
    said = edgecnn_command("run", tmp_path / "clip.mp4", "--model", bundle, "--top-k", "1")
    first, second = said.out.splitlines()
    assert "0.00 s: red" in first
    assert "0.50 s: green" in second


def test_a_bare_model_that_says_nothing_of_itself_is_refused(tmp_path: Path, orange: Path) -> None:
    xml, weights = mean_color_ir()
    (tmp_path / "bare.xml").write_bytes(xml)
    (tmp_path / "bare.bin").write_bytes(weights)
    said = edgecnn_command("run", orange, "--model", tmp_path / "bare.xml")
    assert said.code == 1
    assert len(said.err.splitlines()) == 1


def test_a_thousand_pictures_take_no_more_memory_than_ten(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    content = write_picture(tmp_path / "orange.jpg").read_bytes()
    for index in range(1000):
        (folder / f"{index}.jpg").write_bytes(content)
    alive: list[int] = []
    frames: list[weakref.ref[Any]] = []
    original = outputs.record

    def record(answer: Answer, model: str, **more: bool) -> Any:
        frames[:] = [reference for reference in frames if reference() is not None]
        frames.append(weakref.ref(answer.frame.pixels))
        alive.append(len(frames))
        return original(answer, model, **more)

    monkeypatch.setattr(outputs, "record", record)
    said = edgecnn_command("run", folder, "--model", bundle, "--json", "-")
    assert said.code == 0
    assert len(said.out.splitlines()) == 1000
    assert max(alive) <= 3


@pytest.mark.parametrize("option", ["--save", "--json"])
@pytest.mark.parametrize("pattern", [False, True])
def test_what_is_read_is_never_written_over(
    bundle: Path, orange: Path, option: str, pattern: bool
) -> None:
    before = orange.read_bytes()
    source = orange.with_name("oran*.png") if pattern and option == "--save" else orange
    said = edgecnn_command("run", source, "--model", bundle, option, orange)
    assert said.code == 1
    assert "is the source itself" in said.err
    assert orange.read_bytes() == before


@pytest.mark.parametrize("pace", [[], ["--realtime"]])
def test_a_video_is_not_written_over_by_its_own_annotation(
    bundle: Path, tmp_path: Path, pace: list[str]
) -> None:
    clip = write_video(tmp_path / "clip.mp4")
    before = clip.read_bytes()
    said = edgecnn_command("run", clip, "--model", bundle, "--save", clip, *pace)
    assert (said.code, said.out) == (1, "")
    assert clip.read_bytes() == before


def test_the_folder_of_the_answers_is_made(bundle: Path, orange: Path, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "answers.jsonl"
    assert edgecnn_command("run", orange, "--model", bundle, "--json", target).code == 0
    assert target.exists()
    blocked = edgecnn_command("run", orange, "--model", bundle, "--json", orange / "x.json")
    assert blocked.code == 1
    assert blocked.err.startswith(f"Error: Cannot write {orange / 'x.json'}: ")


def test_a_damaged_picture_is_named_once(bundle: Path, photos: Path) -> None:
    said = edgecnn_command("run", photos, "--model", bundle)
    assert said.err.count(str(photos / "3.png")) == 1
