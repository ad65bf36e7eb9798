"""The Faces tab with real models: names after agreement, gone with the lock, and hidden faces."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QKeySequence
from pytestqt.qtbot import QtBot

import edgecnn
from edgecnn.core.results import Detections
from edgecnn.faces.backups import back_up
from edgecnn.faces.enrolment import only_face
from edgecnn.faces.forget import forget
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.outcomes import NewFace
from edgecnn.faces.recognition import Recognition
from edgecnn.faces.unlocking import Passphrase
from edgecnn.video.frame import Frame
from edgecnn.video.status import State, Status
from gui.compare.duel import Duel
from gui.controllers.desk import Desk
from gui.controllers.live import Live
from gui.controllers.models import load_model
from gui.faces import secret_form
from gui.faces.create_dialog import CreateDialog
from gui.faces.enrol_dialog import EnrolDialog
from gui.faces.panel import FacesPanel
from gui.faces.passphrase_dialog import PassphraseDialog
from gui.faces.people_dialog import PeopleDialog
from gui.faces.recognizing import Recognizing
from gui.faces.restore_dialog import RestoreDialog
from gui.faces.session import FaceSession
from gui.faces.unlock_dialog import UnlockDialog
from gui.faces.verify_dialog import VerifyDialog
from gui.main_window import MainWindow
from gui.settings import Settings
from gui.state import ModelChoice
from gui.tabs import TABS
from gui.visits import compare_dialog
from tests.faces.people import OTHER_SECRET, SECRET
from tests.helpers.app import HandSource, cards, no_hurry

IMAGES = Path(__file__).parents[3] / "assets" / "images"
KNOWN = "Barack Obama"


class PhotoSource(HandSource):
    """Gives the same photograph as a video of a person who holds still."""

    def show(self, pixels: np.ndarray) -> None:
        when_s = self.given / 10
        frame = Frame(pixels, "bgr", when_s, self.given, self.name, captured_s=when_s)
        self.given += 1
        if self._deliver is not None and not self.paused:
            self._deliver(frame)


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A gallery that knows one of the two people on the picture."""
    path = tmp_path_factory.mktemp("gallery") / "gallery.faces"
    pixels = cv2.imread(str(IMAGES / "portrait_obama.jpg"))
    with edgecnn.load("faces", backend="litert", threads=1) as find:
        gallery = Gallery.create(path, SECRET, find.embedder.bundle.manifest)
        face, _ = only_face(pixels, find(pixels, color="bgr"), "bgr")
        gallery.enrol(KNOWN, [face])
    return path.read_bytes()


@pytest.fixture(scope="module")
def two_people() -> np.ndarray:
    """(480, W, 3) BGR: another photograph of the one who is known, and a stranger."""
    sides = []
    for name in ("portrait_obama2", "portrait_hopper"):
        pixels = cv2.imread(str(IMAGES / f"{name}.jpg"))
        sides.append(cv2.resize(pixels, (480 * pixels.shape[1] // pixels.shape[0], 480)))
    return np.hstack(sides)


class Booth:
    """The window on the Faces tab, with a photograph for a camera."""

    def __init__(self, qtbot: QtBot, folder: Path, pixels: np.ndarray) -> None:
        self.qtbot, self.pixels = qtbot, pixels
        self.folder = folder / "saved"
        self.settings = Settings(None)
        self.settings["folder"] = str(self.folder)
        self.source = PhotoSource()
        self.live = Live(
            open_source=lambda word, mirror: self.source,
            load=load_model,
            load_quickly=no_hurry,
            recognizing=Recognizing(lambda name: edgecnn.load(name, backend="litert", threads=1)),
        )
        self.session = FaceSession(folder / "gallery.faces")
        self.window = MainWindow(
            self.settings,
            self.live,
            Desk(models_of=cards, cameras_of=list),
            source="photo",
            session=self.session,
        )
        choice = ModelChoice(TABS["faces"].model, backend="litert", threads=1)
        self.window.store.update_tab("faces", choice=choice)
        self.window.show()
        self.window.do("tab_faces")

    def until(self, condition: Callable[[], object]) -> None:
        def step() -> bool:
            self.source.show(self.pixels)
            return bool(condition())

        self.qtbot.waitUntil(step, timeout=60_000)

    def open(self) -> None:
        self.session.unlock(SECRET)
        self.until(lambda: KNOWN in self.listed)

    @property
    def panel(self) -> FacesPanel:
        return self.window.side.extra("faces")

    @property
    def faces(self) -> Recognition:
        return self.window.view.result

    @property
    def listed(self) -> list[str]:
        return [row.label for row in self.window.side.results.rows if not row.faded]

    def names(self) -> list[str | None]:
        result = self.window.view.result
        return [face.name for face in result] if isinstance(result, Recognition) else []


@pytest.fixture
def booth(
    qtbot: QtBot, tmp_path: Path, made_once: bytes, two_people: np.ndarray
) -> Iterator[Booth]:
    (tmp_path / "gallery.faces").write_bytes(made_once)
    made = Booth(qtbot, tmp_path, two_people)
    yield made
    made.window.close()
    made.window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def spread(pixels: np.ndarray, box: np.ndarray) -> float:
    """How much detail there is in the middle of a box: a mosaic has next to none."""
    x0, y0, x1, y1 = box.astype(int)
    middle = pixels[
        (y0 * 3 + y1) // 4 : (y0 + y1 * 3) // 4, (x0 * 3 + x1) // 4 : (x0 + x1 * 3) // 4
    ]
    grey = cv2.cvtColor(np.ascontiguousarray(middle), cv2.COLOR_BGR2GRAY)
    return float(np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean())


def test_names_come_with_the_key_and_go_with_the_lock(booth: Booth) -> None:
    booth.until(lambda: booth.window.view.result is not None and len(booth.window.view.result) == 2)
    assert not isinstance(booth.window.view.result, Recognition)
    assert "locked" in booth.panel.people.words.text()
    assert "gallery locked" in booth.window.strip.words
    booth.open()
    assert sorted(booth.names(), key=str) == [KNOWN, None]
    assert "unknown" in booth.listed
    assert not any(row.reading for row in booth.window.side.results.rows if not row.faded)
    assert "1 person is enrolled" in booth.panel.people.words.text()
    assert "1 person" in booth.window.strip.words
    keys = QKeySequence("Ctrl+L")[0]
    booth.qtbot.keyClick(booth.window, keys.key(), keys.keyboardModifiers())
    # At once: no event loop ran since.
    assert booth.session.gallery is None
    assert booth.names() == [None, None]
    assert all(KNOWN not in row.label for row in booth.window._rows.rows)
    for _ in range(5):
        booth.source.show(booth.pixels)
        booth.qtbot.wait(30)
        assert KNOWN not in str(booth.names())


def test_a_frozen_picture_loses_its_names_too(booth: Booth) -> None:
    booth.open()
    booth.window.toggle_freeze()
    booth.qtbot.wait(50)
    assert KNOWN in booth.names()
    booth.session.lock()
    booth.qtbot.wait(100)
    assert booth.names() == [None, None]
    assert KNOWN not in booth.listed


def test_a_frozen_picture_follows_what_is_known(booth: Booth) -> None:
    booth.open()
    booth.window.toggle_freeze()
    wait = functools.partial(booth.qtbot.waitUntil, timeout=20_000)
    gallery = booth.session.gallery
    stranger = next(face for face in booth.faces if face.name is None)
    gallery.enrol("Grace Hopper", [NewFace(stranger.embedding)])
    booth.session.refresh()
    wait(lambda: set(booth.names()) == {KNOWN, "Grace Hopper"})
    gallery.rename("Grace Hopper", "Amazing Grace")
    booth.session.refresh()
    wait(lambda: "Amazing Grace" in booth.names())
    wait(lambda: sorted(booth.listed) == ["Amazing Grace", KNOWN])
    forget(gallery, ["Amazing Grace"])
    booth.session.refresh()
    wait(lambda: sorted(booth.names(), key=str) == [KNOWN, None])
    wait(lambda: "Amazing Grace" not in booth.listed)
    booth.session.lock()
    assert booth.names() == [None, None]
    booth.session.unlock(SECRET)
    wait(lambda: KNOWN in booth.names())


def test_the_last_picture_of_a_source_follows_what_is_known(booth: Booth) -> None:
    booth.open()
    booth.source.say(Status(State.ENDED))
    wait = functools.partial(booth.qtbot.waitUntil, timeout=20_000)
    wait(lambda: booth.window.shot.status.state is State.ENDED)
    booth.qtbot.wait(300)
    wait(lambda: KNOWN in booth.names())
    booth.session.gallery.rename(KNOWN, "The President")
    booth.session.refresh()
    wait(lambda: "The President" in booth.names())


def test_one_frame_is_not_enough_for_a_name(booth: Booth) -> None:
    booth.until(lambda: booth.window.view.result is not None)
    booth.session.unlock(SECRET)
    booth.until(lambda: isinstance(booth.window.view.result, Recognition))
    states = [{face.state for face in booth.faces}]

    def see() -> bool:
        states.append({face.state for face in booth.faces})
        return "known" in states[-1]

    booth.until(see)
    assert "undecided" in states[0]


def test_unknown_faces_are_hidden_in_the_view_and_the_known_are_not(booth: Booth) -> None:
    booth.open()
    booth.window.set_setting("hide_live", "unknown")
    booth.until(lambda: KNOWN in booth.names() and "unknown" in {f.state for f in booth.faces})
    shown = {
        face.name: spread(booth.window.view.frame.pixels, face.box_xyxy) for face in booth.faces
    }
    assert shown[None] < shown[KNOWN] / 4
    booth.session.lock()
    for face in booth.window.view.result:
        assert spread(booth.window.view.frame.pixels, face.box_xyxy) < shown[KNOWN] / 4


def test_nothing_is_shown_before_faces_were_looked_for(booth: Booth) -> None:
    booth.window.set_setting("hide_live", "everybody")
    booth.qtbot.waitUntil(lambda: booth.live.stats is not None, timeout=60_000)
    seen: list[np.ndarray] = []

    def look() -> bool:
        frame, result = booth.window.view.frame, booth.window.view.result
        if frame is not None and result is None:
            seen.append(frame.pixels)  # all of it hidden, or its faces when they are known
        return result is not None

    booth.until(look)
    boxes = [face.box_xyxy for face in booth.faces]
    assert len(boxes) == 2
    for pixels in seen:
        assert all(spread(pixels, box) < spread(booth.pixels, box) / 4 for box in boxes)


def test_saved_pictures_hide_strangers_and_hold_no_name_by_default(booth: Booth) -> None:
    booth.open()
    booth.until(lambda: KNOWN in booth.names() and "unknown" in {f.state for f in booth.faces})
    faces = booth.faces
    booth.window.save_snapshot()
    assert booth.window.desk.wait(20)
    (path,) = booth.folder.glob("*.png")
    saved = cv2.imread(str(path))
    stranger = next(face for face in faces if face.name is None)
    assert spread(saved, stranger.box_xyxy) < spread(booth.pixels, stranger.box_xyxy) / 2
    path.unlink()
    booth.window.toggle_recording()
    booth.until(lambda: booth.live.recorder.seconds > 0.5)
    booth.window.toggle_recording()
    (lines,) = booth.folder.glob("*.jsonl")
    text = lines.read_text()
    assert KNOWN not in text
    states = {
        face["state"] for line in text.splitlines() for face in json.loads(line)["result"]["faces"]
    }
    assert states >= {"known", "unknown"}
    for file in booth.folder.parent.rglob("*"):
        assert not file.is_file() or KNOWN.encode() not in file.read_bytes()


def test_the_slider_says_what_a_rate_would_take(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gui.faces.session.find_table", lambda space: None)
    booth.open()
    rate = booth.panel.rate
    booth.until(rate.isVisible)
    assert rate.reading.text() == "no claim"
    booth.qtbot.keyClick(rate.slider, Qt.Key.Key_Right)
    assert rate.reading.text() == "1 in 100"
    assert "299 pairs" in rate.words.text()
    assert "There are 0" in rate.words.text()
    booth.until(lambda: rate.reading.text() == "no claim")
    assert booth.session.gallery.rule().target is None


def test_a_gallery_that_another_program_rekeyed_is_locked_with_a_reason(booth: Booth) -> None:
    booth.open()
    other = Gallery.open(booth.session.path, SECRET)
    other.change_secret(OTHER_SECRET)
    booth.until(lambda: booth.session.state == "locked")
    booth.until(lambda: "locked" in booth.panel.people.problem.text())


def test_closing_the_window_locks(booth: Booth) -> None:
    booth.open()
    booth.window.close()
    assert booth.session.gallery is None
    assert booth.live.recognizing.access.locked


def test_the_audit_log_says_that_somebody_was_recognized(booth: Booth) -> None:
    booth.open()
    booth.qtbot.wait(300)
    booth.session.lock()
    booth.qtbot.waitUntil(lambda: not booth.session.busy, timeout=20_000)
    last = Gallery.open(booth.session.path, SECRET).contents.audit[-1]
    assert last.action == "identify"
    assert last.count == 2
    assert len(last.people) == 1


def test_the_first_person_leads_through_a_new_gallery_to_enrolment(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_form, "Passphrase", functools.partial(Passphrase, log2_n=10))
    booth.session.path.unlink()
    booth.session.refresh()
    assert "Nobody is enrolled yet" in booth.panel.people.words.text()
    booth.qtbot.mouseClick(booth.panel.people.add, Qt.MouseButton.LeftButton)
    dialog = booth.window.findChild(CreateDialog)
    dialog.form.first.setText("four words of mine")
    dialog.form.second.setText("four words of mine")
    booth.qtbot.keyClick(dialog, Qt.Key.Key_Return)
    booth.qtbot.waitUntil(lambda: booth.window.findChild(EnrolDialog) is not None, timeout=20_000)
    assert booth.session.state == "unlocked"
    enrol = booth.window.findChild(EnrolDialog)
    assert enrol.isVisible()
    booth.session.lock()
    booth.qtbot.waitUntil(lambda: not enrol.isVisible(), timeout=20_000)


def test_every_command_opens_its_window(booth: Booth) -> None:
    booth.open()
    for command, kind in (
        ("people", PeopleDialog),
        ("verify_photos", VerifyDialog),
        ("passphrase", PassphraseDialog),
    ):
        booth.window.do(command)
        dialog = booth.window.findChild(kind)
        assert dialog.isVisible()
        dialog.reject()
        booth.qtbot.wait(20)


def restored(booth: Booth, backup: Path) -> RestoreDialog:
    """The dialog, after it has restored the backup that it offers."""
    dialog = booth.window.findChild(RestoreDialog)
    assert dialog.choice.currentData() == backup
    dialog.edit.setText(SECRET.text)
    booth.qtbot.mouseClick(dialog.act, Qt.MouseButton.LeftButton)
    booth.qtbot.waitUntil(lambda: booth.session.state == "unlocked", timeout=20_000)
    return dialog


def test_a_damaged_gallery_leads_to_its_backup_and_on_to_what_was_wished(booth: Booth) -> None:
    backup = back_up(Gallery.open(booth.session.path, SECRET))
    content = bytearray(booth.session.path.read_bytes())
    content[-5] ^= 1
    booth.session.path.write_bytes(content)
    booth.window.do("people")
    unlock = booth.window.findChild(UnlockDialog)
    unlock.edit.setText(SECRET.text)
    booth.qtbot.mouseClick(unlock.act, Qt.MouseButton.LeftButton)
    booth.qtbot.waitUntil(unlock.restore.isVisible, timeout=20_000)
    booth.qtbot.mouseClick(unlock.restore, Qt.MouseButton.LeftButton)
    dialog = restored(booth, backup)
    assert "1 person is enrolled" in dialog.words.text()
    assert booth.window.findChild(PeopleDialog) is None
    booth.qtbot.mouseClick(dialog.act, Qt.MouseButton.LeftButton)
    assert booth.window.findChild(PeopleDialog).isVisible()


def test_a_missing_gallery_leads_to_its_backup_and_on_to_what_was_wished(booth: Booth) -> None:
    backup = back_up(Gallery.open(booth.session.path, SECRET))
    booth.session.path.unlink()
    booth.session.refresh()
    assert "a backup of it is there" in booth.panel.people.words.text()
    booth.window.do("people")
    create = booth.window.findChild(CreateDialog)
    booth.qtbot.mouseClick(create.restore, Qt.MouseButton.LeftButton)
    dialog = restored(booth, backup)
    booth.qtbot.mouseClick(dialog.act, Qt.MouseButton.LeftButton)
    assert booth.window.findChild(PeopleDialog).isVisible()


def both_hidden(pixels: np.ndarray, raw: np.ndarray, boxes: np.ndarray) -> bool:
    return all(spread(pixels, box) < spread(raw, box) / 2 for box in boxes)


def test_every_other_tab_hides_faces_in_the_view_in_files_and_in_compare(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    booth.until(lambda: booth.window.view.result is not None and len(booth.window.view.result) == 2)
    boxes = booth.window.view.result.boxes_xyxy.copy()
    choice = ModelChoice(TABS["detect"].model, backend="litert", threads=1)
    booth.window.store.update_tab("detect", choice=choice)
    booth.window.do("tab_detect")
    booth.until(lambda: isinstance(booth.window.view.result, Detections))
    assert not both_hidden(booth.window.view.frame.pixels, booth.pixels, boxes)
    # What is saved hides the unknown by default, and says so.
    booth.window.save_snapshot()
    assert booth.window.desk.wait(20)
    (path,) = booth.folder.glob("*.png")
    assert both_hidden(cv2.imread(str(path)), booth.pixels, boxes)
    booth.until(lambda: "Faces are hidden in it" in booth.window.toast.text())
    booth.window.toggle_recording()
    booth.until(lambda: booth.live.recorder.seconds > 0.3)
    booth.window.toggle_recording()
    assert "Faces are hidden in it" in booth.window.toast.text()
    (video,) = booth.folder.glob("*.mp4")
    film = cv2.VideoCapture(str(video))
    frames = 0
    while (read := film.read())[0]:
        frames += 1
        assert both_hidden(read[1], booth.pixels, boxes)
    assert frames > 3
    # In the view when that is wished; Compare takes its pictures from there.
    booth.window.set_setting("hide_live", "everybody")
    shown = []

    def look() -> bool:
        shown.append(booth.window.view.frame.pixels)
        return isinstance(booth.window.view.result, Detections) and len(shown) > 20

    booth.until(look)
    assert all(both_hidden(pixels, booth.pixels, boxes) for pixels in shown)
    given = []
    monkeypatch.setattr(Duel, "give", lambda self, frame: given.append(frame))
    compare = compare_dialog(booth.window)
    assert compare is not None
    compare.open()
    first = booth.window.view.frame.index
    booth.until(lambda: given and given[-1].index > first + 3)
    assert all(both_hidden(frame.pixels, booth.pixels, boxes) for frame in given)
    compare.close()
    compare.deleteLater()
