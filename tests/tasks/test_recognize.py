"""Recognition of photographs and streams with the zoo's models, while the gallery changes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import edgecnn
from edgecnn.core.image import read_image
from edgecnn.core.results import Faces
from edgecnn.errors import GalleryError, OptionError
from edgecnn.faces.access import GalleryAccess
from edgecnn.faces.enrolment import only_face
from edgecnn.faces.forget import forget
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.policy import Rule
from edgecnn.faces.recognition import Recognition
from edgecnn.tasks.faces import FacePipeline
from edgecnn.tasks.recognize import FaceRecognizer
from edgecnn.video.frame import Frame
from edgecnn.video.played import PlayedSource
from tests.faces.people import SECRET, embedder, faces_of

pytest.importorskip("cryptography")

IMAGES = Path(__file__).parents[2] / "assets" / "images"
OBAMA, SPEAKING = IMAGES / "portrait_obama.jpg", IMAGES / "portrait_obama2.jpg"
HOPPER, ASTRONAUT = IMAGES / "portrait_hopper.jpg", IMAGES / "astronaut.jpg"


@pytest.fixture(scope="module")
def find_faces() -> Iterator[FacePipeline]:
    with edgecnn.load("faces", backend="litert", precision="float16", threads=1) as faces:
        yield faces


@pytest.fixture
def gallery(find_faces: FacePipeline, tmp_path: Path) -> Gallery:
    """Obama and Hopper."""
    made = Gallery.create(tmp_path / "people.faces", SECRET, find_faces.embedder.bundle.manifest)
    for name, file in (("Barack Obama", OBAMA), ("Grace Hopper", HOPPER)):
        photo = read_image(file)
        made.enrol(name, [only_face(photo, find_faces(photo, "bgr"), "bgr")[0]])
    return made


@pytest.fixture
def recognize(find_faces: FacePipeline, gallery: Gallery) -> FaceRecognizer:
    return FaceRecognizer(find_faces.detector, find_faces.embedder, GalleryAccess(gallery))


def frames(file: Path, count: int, *, first: int = 0) -> list[Frame]:
    """A photograph that trembles, as a stream."""
    pixels = read_image(file)
    return [
        Frame(np.roll(pixels, (index % 3, index % 2), (0, 1)), "bgr", index / 10, index)
        for index in range(first, first + count)
    ]


def test_a_photo_says_for_itself_who_it_is(recognize):
    (face,) = recognize(SPEAKING)
    assert (face.state, face.name) == ("known", "Barack Obama")
    assert face.distance < 0.45 < face.distance + face.margin
    assert face.embedding is not None
    (stranger,) = recognize(ASTRONAUT)
    assert (stranger.state, stranger.name, stranger.person_id) == ("unknown", None, None)
    assert stranger.distance > 0.45


def test_a_stream_shows_a_name_after_frames_agree_and_follows_the_face(recognize):
    stream = recognize.stream()
    results = [stream(frame) for frame in frames(SPEAKING, 5)]
    states = [result[0].state for result in results]
    assert states[:2] == ["undecided", "undecided"]
    assert states[-1] == "known"
    assert {int(result.track_ids[0]) for result in results} == {1}
    assert results[0][0].name is None
    assert results[-1][0].name == "Barack Obama"
    assert stream.timing is not None
    assert stream.timing.infer_ms > 0


def test_streams_do_not_vote_for_one_another(recognize):
    one, other = recognize.stream(), recognize.stream()
    for frame in frames(SPEAKING, 4):
        one(frame)
    assert other(frames(SPEAKING, 1)[0])[0].state == "undecided"


def test_names_are_gone_with_the_lock_and_come_back_after_it(recognize, gallery):
    stream = recognize.stream()
    pictures = frames(SPEAKING, 9)
    assert [stream(frame) for frame in pictures[:4]][-1][0].name == "Barack Obama"
    recognize.access.lock()
    locked = stream(pictures[4])
    assert (locked.locked, locked[0].state, locked[0].name) == (True, "locked", None)
    assert locked.embeddings is None
    assert recognize(SPEAKING)[0].state == "locked"
    recognize.access.open(gallery)
    states = [stream(frame)[0].state for frame in pictures[5:]]
    assert states == ["undecided", "undecided", "known", "known"]


def test_a_frame_in_progress_is_shown_without_names_when_it_is_locked_meanwhile(
    recognize, monkeypatch
):
    stream = recognize.stream()
    for frame in frames(SPEAKING, 4):
        stream(frame)
    match = recognize.match

    def slow(*arguments):
        found = match(*arguments)
        assert found[0].name == "Barack Obama"
        recognize.access.lock()
        return found

    monkeypatch.setattr(recognize, "match", slow)
    result = stream(frames(SPEAKING, 1, first=4)[0])
    assert (result.locked, result[0].name, result.embeddings) == (True, None, None)


def test_who_is_forgotten_elsewhere_is_not_named_in_the_next_frame(recognize, gallery):
    stream = recognize.stream()
    pictures = frames(SPEAKING, 8)
    assert [stream(frame) for frame in pictures[:4]][-1][0].name == "Barack Obama"
    elsewhere = Gallery.open(gallery.store.path, SECRET)
    elsewhere.rename("Barack Obama", "The 44th")
    assert stream(pictures[4])[0].name == "The 44th"
    forget(elsewhere, ["The 44th"])
    after = stream(pictures[5])[0]
    assert after.name is None
    assert after.state != "known"


def test_who_is_enrolled_meanwhile_is_named(recognize, gallery, find_faces):
    stream = recognize.stream()
    pictures = frames(ASTRONAUT, 12)
    assert [stream(frame) for frame in pictures[:4]][-1][0].state == "unknown"
    photo = read_image(ASTRONAUT)
    gallery.enrol("Eileen Collins", [only_face(photo, find_faces(photo, "bgr"), "bgr")[0]])
    assert [stream(frame) for frame in pictures[4:]][-1][0].name == "Eileen Collins"


def test_another_threshold_decides_from_the_next_frame_on(recognize, gallery, monkeypatch):
    rules = gallery.rule()
    strict = Rule(0.2, 0.01, 0.009, "a test")
    monkeypatch.setattr(gallery, "rule", lambda target=None: strict if target else rules)
    stream = recognize.stream()
    pictures = frames(SPEAKING, 8)
    assert [stream(frame) for frame in pictures[:4]][-1][0].name == "Barack Obama"
    assert recognize.access.decide_by(0.01) is strict
    assert recognize(SPEAKING)[0].state == "unknown"
    later = [stream(frame)[0] for frame in pictures[4:]]
    assert all(face.name is None for face in later)
    assert later[-1].state == "unknown"


def test_a_rate_that_is_not_supported_is_refused_and_the_one_before_holds(recognize):
    with pytest.raises(GalleryError, match="299"):
        recognize.access.decide_by(0.01)
    assert recognize.access.target is None
    assert recognize(SPEAKING)[0].name == "Barack Obama"


def test_plain_values_have_no_name_unless_asked(recognize):
    result = recognize(SPEAKING)
    person = result[0].person_id
    for quiet in (result.to_dict(), result.without_names().to_dict(names=True)):
        text = json.dumps(quiet)
        assert "Obama" not in text
        assert person not in text
        assert quiet["faces"][0]["state"] == "known"
    assert "vector" not in json.dumps(result.to_dict(names=True))
    assert result.to_dict(names=True)["faces"][0]["name"] == "Barack Obama"
    assert result.without_names().embeddings is None


def test_drawing_shows_the_name_and_nothing_that_reads_like_a_probability(recognize):
    (face,) = recognize(SPEAKING)
    assert face.caption == ("Barack Obama", "")
    (hidden,) = recognize(SPEAKING).without_names()
    assert hidden.caption == ("known", "")
    assert edgecnn.draw(SPEAKING, recognize(SPEAKING)).shape == read_image(SPEAKING).shape


def test_selecting_faces_keeps_what_belongs_to_them(recognize):
    photos = [read_image(file) for file in (OBAMA, HOPPER)]
    pair = np.hstack([photo[: min(p.shape[0] for p in photos)] for photo in photos])
    both = recognize(pair, "bgr")
    assert {face.name for face in both} == {"Barack Obama", "Grace Hopper"}
    last = both.where(np.array([1]))
    assert isinstance(last, Recognition)
    assert [face.name for face in last] == [both[1].name]
    assert both.where(both.known).known.all()


def test_gallery_of_another_embedder_is_refused_when_it_is_given(find_faces, tmp_path):
    other = Gallery.create(tmp_path / "other.faces", SECRET, embedder("another-space"))
    with pytest.raises(GalleryError, match="another-space"):
        FaceRecognizer(find_faces.detector, find_faces.embedder, GalleryAccess(other))


def test_the_pipeline_votes_over_a_stream_and_answers_photos_one_by_one(
    recognize, gallery, tmp_path
):
    with edgecnn.Pipeline(IMAGES / "portrait_*.jpg", recognize, smooth=True) as pipeline:
        answers = {Path(frame.source).stem: faces for frame, faces in pipeline}
    assert [face.name for face in answers["portrait_obama2"]] == ["Barack Obama"]
    assert [face.state for face in answers["portrait_biden"]] == ["unknown"]
    with edgecnn.Pipeline(_batch(frames(SPEAKING, 6)), recognize, smooth=True) as pipeline:
        results = [faces for _, faces in pipeline]
    assert all(isinstance(faces, Recognition) for faces in results)
    assert [faces[0].state for faces in results][:2] == ["undecided", "undecided"]
    assert results[-1][0].name == "Barack Obama"


def test_the_gallery_may_change_while_threads_recognize(recognize, gallery):
    stop, failures, names = threading.Event(), [], set()

    def watch(file: Path) -> None:
        stream = recognize.stream()
        index = 0
        while not stop.is_set():
            try:
                names.update(face.name for face in stream(frames(file, 1, first=index)[0]))
            except Exception as error:  # noqa: BLE001
                failures.append(error)
                return
            index += 1

    threads = [threading.Thread(target=watch, args=(file,)) for file in (SPEAKING, HOPPER)]
    for thread in threads:
        thread.start()
    for number in range(6):
        gallery.enrol(f"Somebody {number}", faces_of(number, 2))
        gallery.rename(f"Somebody {number}", f"Nobody {number}")
        recognize.access.lock()
        recognize.access.open(gallery)
    stop.set()
    for thread in threads:
        thread.join(60)
    assert not failures
    assert names <= {None, "Barack Obama", "Grace Hopper"}


def test_load_opens_a_gallery_by_path_and_refuses_what_does_not_fit(gallery):
    path = gallery.store.path
    with edgecnn.load("faces", backend="litert", gallery=path, secret=SECRET) as recognize:
        assert recognize(SPEAKING)[0].name == "Barack Obama"
        assert recognize.info.task == "detect_faces"
    with edgecnn.load("faces", backend="litert") as plain:
        assert type(plain(SPEAKING)) is Faces
    with pytest.raises(OptionError, match="gallery"):
        edgecnn.load("face_embed_dlib", gallery=gallery)
    with pytest.raises(OptionError, match="secret"):
        edgecnn.load("faces", gallery=gallery, secret="four words")
    with pytest.raises(GalleryError):
        edgecnn.load("faces", gallery=path, secret="the wrong words")


class _Recording:
    backend, codec, name, fps = "test", None, "shown", 10.0

    def __init__(self, shown: list[Frame]) -> None:
        self._shown = shown
        self.count = len(shown)
        self.problems: list = []

    def __iter__(self) -> Iterator[Frame]:
        return iter(self._shown)

    def close(self) -> None:
        pass


def _batch(shown: list[Frame]) -> PlayedSource:
    return PlayedSource("shown", lambda: _Recording(shown), paced=False, live=False)
