from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from edgecnn.errors import SourceError
from edgecnn.video.files import natural_key
from edgecnn.video.source import open_source
from edgecnn.zoo.catalogue import assets_path
from tests.helpers.videos import VIDEO_WH, giant_png, write_picture, write_video

DEMO_CLIP = assets_path() / "video" / "demo.mp4"


def names(source: object) -> list[str]:
    return [Path(frame.source).name for frame in source]  # type: ignore[attr-defined]


def test_a_picture_is_a_source_of_one_frame(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "orange.png", (0, 128, 255))
    with open_source(str(path)) as source:
        (frame,) = source
    assert (source.count, source.fps, source.problems) == (1, None, [])
    assert (frame.color, frame.size_wh, frame.index, frame.source) == (
        "bgr",
        (40, 30),
        0,
        str(path),
    )
    assert np.all(frame.pixels == (0, 128, 255))


def test_a_folder_gives_its_pictures_in_the_order_people_count_in(tmp_path: Path) -> None:
    for name in ("photo10.png", "photo2.png", "Photo1.PNG", "notes.txt"):
        if name.endswith("txt"):
            (tmp_path / name).write_text("not a picture")
        else:
            write_picture(tmp_path / name)
    source = open_source(str(tmp_path))
    assert source.count == 3
    assert names(source) == ["Photo1.PNG", "photo2.png", "photo10.png"]
    assert source.problems == []


def test_natural_order_compares_numbers_as_numbers() -> None:
    paths = [Path(name) for name in ("a100", "a20", "b1", "a3b2", "a3b10", "a3")]
    order = [str(path) for path in sorted(paths, key=natural_key)]
    assert order == ["a3", "a3b2", "a3b10", "a20", "a100", "b1"]


def test_a_pattern_gives_the_pictures_it_matches_also_in_deeper_folders(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("a.jpg", "b.png", "deep/c.jpg"):
        write_picture(tmp_path / name)
    assert names(open_source(f"{tmp_path}/*.jpg")) == ["a.jpg"]
    assert names(open_source(f"{tmp_path}/**/*.jpg")) == ["a.jpg", "c.jpg"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "photo[1].png")
    assert names(open_source(str(path))) == ["photo[1].png"]


def test_unreadable_pictures_are_left_out_and_named_with_the_reason(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"")
    (tmp_path / "c.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture follows")
    (tmp_path / "d.png").write_bytes(giant_png())
    (tmp_path / "e.png").write_bytes((tmp_path / "a.png").read_bytes()[:40])
    (tmp_path / "f.jpg").mkdir()
    write_picture(tmp_path / "g.png")
    source = open_source(str(tmp_path))
    frames = list(source)
    assert [frame.index for frame in frames] == [0, 6]
    assert [Path(problem.name).name for problem in source.problems] == [
        "b.png",
        "c.jpg",
        "d.png",
        "e.png",
        "f.jpg",
    ]
    reasons = [problem.reason for problem in source.problems]
    assert "0 bytes" in reasons[0]
    assert "more pixels than are accepted" in reasons[2]
    assert "not a file" in reasons[4]


def test_pictures_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    for index in range(3):
        write_picture(tmp_path / f"{index}.png")
    source = open_source(str(tmp_path))
    frames = iter(source)
    next(frames)
    (tmp_path / "1.png").unlink()  # had it been read ahead, nobody would notice
    assert Path(next(frames).source).name == "2.png"
    assert [Path(problem.name).name for problem in source.problems] == ["1.png"]


def test_a_video_gives_its_frames_with_their_times(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", frames=10, fps=10.0)
    with open_source(str(path)) as source:
        frames = list(source)
    assert (source.count, source.fps) == (10, 10.0)
    assert [frame.index for frame in frames] == list(range(10))
    np.testing.assert_allclose([frame.timestamp_s for frame in frames], np.arange(10) / 10)
    assert {frame.size_wh for frame in frames} == {VIDEO_WH}
    levels = [float(frame.pixels.mean()) for frame in frames]
    np.testing.assert_allclose(levels, 20 * np.arange(10), atol=6)


def test_frames_of_a_video_do_not_share_memory(tmp_path: Path) -> None:
    with open_source(str(write_video(tmp_path / "clip.mp4"))) as source:
        first, second, *_ = source
    assert not np.shares_memory(first.pixels, second.pixels)


def test_the_demo_clip_is_what_its_table_says() -> None:
    with open_source("demo", demo=DEMO_CLIP) as source:
        frames = list(source)
    assert source.name == "demo"
    assert source.fps == 15
    assert len(frames) == source.count == 180
    assert frames[0].size_wh == (640, 480)
    assert DEMO_CLIP.stat().st_size < 1.5e6
    # Pictures, not a flat colour: every frame has detail.
    assert min(float(frame.pixels.std()) for frame in frames) > 20


@pytest.mark.parametrize("content", [b"", b"not a video at all", bytes(4096)])
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"clip\.mp4"):
        open_source(str(path))


def test_a_video_that_breaks_off_is_said_to(tmp_path: Path) -> None:
    content = DEMO_CLIP.read_bytes()
    # The index of this file is at its end; what makes it readable has to stay.
    broken = content[: len(content) // 3] + bytes(len(content) // 3)
    broken += content[len(broken) :]
    path = tmp_path / "broken.mp4"
    path.write_bytes(broken)
    with open_source(str(path)) as source:
        frames = list(source)
    assert len(frames) < 0.9 * 180
    (problem,) = source.problems
    assert "of 180 frames" in problem.reason


def test_a_truncated_video_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(write_video(tmp_path / "clip.mp4").read_bytes()[:500])
    with pytest.raises(SourceError, match="damaged"):
        open_source(str(path))


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("nothing-here.jpg", "no file, folder or camera"),
        ("", "no file, folder or camera ''"),
        ("nothing-*.jpg", "No pictures match"),
        ("ftp://camera.local/stream", "streams come by"),
    ],
)
def test_what_cannot_be_opened_is_refused_with_words(word: str, expected: str) -> None:
    with pytest.raises(SourceError, match=expected):
        open_source(word)


def test_passwords_in_addresses_are_not_repeated() -> None:
    with pytest.raises(SourceError) as caught:
        open_source("ftp://user:secret@camera.local/stream")
    assert "secret" not in str(caught.value)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no pictures"):
        open_source(str(tmp_path))


def test_a_photograph_taken_with_the_camera_on_its_side_comes_upright(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "sideways.jpg")  # 40 wide, 30 high
    tag = struct.pack("<HHII", 0x0112, 3, 1, 6)  # orientation: turn by a quarter, clockwise
    tiff = b"II*\x00" + struct.pack("<I", 8) + struct.pack("<H", 1) + tag + bytes(4)
    exif = b"Exif\x00\x00" + tiff
    content = path.read_bytes()
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    path.write_bytes(content[:2] + segment + content[2:])
    (frame,) = open_source(str(path))
    assert frame.size_wh == (30, 40)


def test_hidden_pictures_of_a_folder_are_not_meant(tmp_path: Path) -> None:
    write_picture(tmp_path / "photo.png", (0, 0, 255))
    (tmp_path / "._photo.png").write_bytes(b"what a Mac notes beside a photo")
    with open_source(str(tmp_path)) as source:
        assert [Path(frame.source).name for frame in source] == ["photo.png"]
        assert source.problems == []
