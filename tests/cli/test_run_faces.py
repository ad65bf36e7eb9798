"""``edgecnn run`` with faces: names only when asked, and nobody unknown in what is saved."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import edgecnn
from edgecnn.cli.outputs import Outputs
from edgecnn.cli.run_faces import choose_privacy
from edgecnn.core.image import read_image
from edgecnn.core.results import Faces
from edgecnn.faces.enrolment import only_face
from edgecnn.faces.gallery import Gallery
from edgecnn.tasks.faces import FacePipeline
from edgecnn.tasks.privacy import PrivacyFilter
from edgecnn.video.answer import Answer, StageTimes
from edgecnn.video.frame import Frame
from tests.faces.people import SECRET
from tests.helpers.command import edgecnn_command

pytest.importorskip("cryptography")

IMAGES = Path(__file__).parents[2] / "assets" / "images"
OBAMA, SPEAKING = IMAGES / "portrait_obama.jpg", IMAGES / "portrait_obama2.jpg"
DETECTOR = FacePipeline.parts[0]


@pytest.fixture(scope="module")
def find_faces():
    with edgecnn.load("faces", backend="litert", threads=1) as faces:
        yield faces


@pytest.fixture
def gallery(find_faces, tmp_path, monkeypatch) -> Path:
    """Obama, and a passphrase in the environment."""
    path = tmp_path / "people.faces"
    made = Gallery.create(path, SECRET, find_faces.embedder.bundle.manifest)
    photo = read_image(OBAMA)
    made.enrol("Barack Obama", [only_face(photo, find_faces(photo, "bgr"), "bgr")[0]])
    monkeypatch.setenv("EDGECNN_PASSPHRASE", SECRET.text)
    return path


@pytest.fixture
def clip(tmp_path) -> Path:
    """Obama speaking, moved a little from frame to frame."""
    path = tmp_path / "clip.mp4"
    pixels = read_image(SPEAKING)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, (480, 480))
    for number in range(6):
        writer.write(np.ascontiguousarray(pixels[150:630, 20 + number : 500 + number]))
    writer.release()
    return path


def saved(path: Path) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(path))
    frames = []
    while (read := capture.read())[0]:
        frames.append(read[1])
    capture.release()
    return frames


def is_he(find_faces: FacePipeline, pixels: np.ndarray) -> bool:
    """Whether somebody in the picture is recognized as him."""
    known = find_faces(SPEAKING)[0].embedding
    return any(face.embedding.distance(known) < 0.6 for face in find_faces(pixels, "bgr"))


def test_json_says_known_and_names_nobody_unless_asked(gallery, tmp_path):
    where = ("--model", "faces", "--gallery", gallery, "--backend", "litert", "--json")
    target = tmp_path / "out.json"
    said = edgecnn_command("run", SPEAKING, *where, target)
    assert said.code == 0, said.err
    (face,) = json.loads(target.read_text())["result"]["faces"]
    assert face["state"] == "known"
    assert "Obama" not in target.read_text() + said.out
    assert "known" in said.out
    said = edgecnn_command("run", SPEAKING, *where, "-", "--names")
    assert json.loads(said.out)["result"]["faces"][0]["name"] == "Barack Obama"
    opened = Gallery.open(gallery, SECRET)
    assert [entry.action for entry in opened.contents.audit] == ["enrol", "identify", "identify"]


def test_saved_video_hides_everybody_whom_nobody_knows(clip, tmp_path, find_faces):
    target = tmp_path / "saved.mp4"
    said = edgecnn_command(
        "run", clip, "--model", DETECTOR, "--backend", "litert", "--save", target
    )
    assert said.code == 0, said.err
    assert "--privacy off" in said.err
    frames = saved(target)
    assert len(frames) == 6
    assert not any(is_he(find_faces, frame) for frame in frames)


def test_saved_video_shows_them_when_that_is_asked_for(clip, tmp_path, find_faces):
    target = tmp_path / "saved.mp4"
    arguments = ("--model", DETECTOR, "--backend", "litert", "--save", target, "--privacy", "off")
    assert edgecnn_command("run", clip, *arguments).code == 0
    assert is_he(find_faces, saved(target)[-1])


def test_saved_video_shows_the_known_once_frames_agree(gallery, clip, tmp_path, find_faces):
    target = tmp_path / "saved.mp4"
    where = ("--model", "faces", "--gallery", gallery, "--backend", "litert", "--save", target)
    assert edgecnn_command("run", clip, *where).code == 0
    frames = saved(target)
    assert not is_he(find_faces, frames[0])
    assert is_he(find_faces, frames[-1])
    assert edgecnn_command("run", clip, *where, "--privacy", "all").code == 0
    assert not any(is_he(find_faces, frame) for frame in saved(target))


def test_photographs_are_saved_as_they_are_unless_asked(tmp_path, find_faces):
    target = tmp_path / "saved.png"
    where = ("--model", DETECTOR, "--backend", "litert", "--save", target)
    assert edgecnn_command("run", SPEAKING, *where).code == 0
    assert is_he(find_faces, read_image(target))
    assert edgecnn_command("run", SPEAKING, *where, "--privacy", "unknown").code == 0
    assert not is_he(find_faces, read_image(target))


class _Kept:
    """Stands for a saver and for a preview that is watched."""

    watched = True

    def __init__(self) -> None:
        self.pictures: list[np.ndarray] = []

    def write(self, answer: Answer, pixels: np.ndarray) -> None:
        self.pictures.append(pixels)

    def show(self, pixels: np.ndarray) -> None:
        self.pictures.append(pixels)


def _answer(results: dict) -> Answer:
    pixels = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    times = {name: StageTimes() for name in results}
    return Answer(Frame(pixels, "bgr"), results, 0, 0.0, 0.0, StageTimes(), times, {})


@pytest.mark.parametrize("hides_view", [True, False])
def test_frame_on_which_the_face_model_failed_is_kept_back(hides_view):
    saver, preview = _Kept(), _Kept()
    out = Outputs(
        True,
        saver=saver,
        preview=preview,
        privacy=PrivacyFilter("all"),
        hides_view=hides_view,
        face_models=frozenset({"faces"}),
    )
    out.give(_answer({}))
    assert not saver.pictures
    assert len(preview.pictures) == (0 if hides_view else 1)
    box = np.array([[40, 40, 80, 80]], "f4")
    found = Faces(box, np.ones(1, "f4"), np.zeros((1, 6, 2), "f4"))
    answer = _answer({"faces": found})
    out.give(answer)
    assert (saver.pictures[0][50:70, 50:70] != answer.frame.pixels[50:70, 50:70]).mean() > 0.9
    shown = preview.pictures[-1][50:70, 50:70]
    assert np.array_equal(shown, answer.frame.pixels[50:70, 50:70]) is not hides_view


@pytest.mark.parametrize(
    "arguments",
    [
        ("--model", "classify_efficientnet_lite0", "--privacy", "all"),
        ("--model", "classify_efficientnet_lite0", "--gallery", "own"),
        ("--model", "faces", "--names"),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(arguments):
    said = edgecnn_command("run", SPEAKING, *arguments)
    assert said.code == 2
    assert "--model" in said.err or "--gallery" in said.err


def test_models_without_faces_need_no_privacy(tmp_path):
    assert choose_privacy(None, {"classify": object()}, tmp_path / "out.mp4") is None
