"""Two photographs held against each other: real portraits, the zoo's models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QAbstractButton, QComboBox, QFileDialog
from pytestqt.qtbot import QtBot

from edgecnn.core.image import read_image
from edgecnn.errors import BackendError
from gui.faces.session import FaceSession
from gui.faces.verify_dialog import VerifyDialog
from gui.faces.verify_look import LARGEST_PX, Looker
from gui.faces.verify_verdict import verdict
from tests.faces.people import SECRET, make_gallery
from tests.gui.faces.eyes import FRONT, IMAGES, TURNED, open_eyes

Wait = Callable[[Callable[[], object]], None]
BIDEN = IMAGES / "portrait_biden.jpg"


@pytest.fixture
def wait(qtbot: QtBot) -> Wait:
    return lambda condition: qtbot.waitUntil(lambda: bool(condition()), timeout=30_000)


@pytest.fixture
def dialog(session_of: Callable[..., FaceSession], qtbot: QtBot) -> Iterator[VerifyDialog]:
    """With a locked gallery."""
    made = VerifyDialog(session_of("Ada"), looker=Looker(open_eyes))
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Obama at the left, Biden at the right."""
    left, right = read_image(FRONT), read_image(BIDEN)
    path = tmp_path_factory.mktemp("two") / "two.png"
    cv2.imwrite(str(path), np.concatenate([left, right], axis=1))
    return path


def drop(dialog: VerifyDialog, x: int, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    where = QPoint(x, 20).toPointF()
    dialog.dropEvent(QDropEvent(where, copy, data, Qt.MouseButton.NoButton, none))


def test_two_photos_of_one_man_are_the_same_person(dialog: VerifyDialog, wait: Wait) -> None:
    assert dialog.said.detail == "Give two photos."
    drop(dialog, 20, FRONT, TURNED)
    wait(lambda: dialog.said.kind == "same")
    assert dialog.title.text() == "The same person"
    assert dialog.said.distance == pytest.approx(0.396, abs=0.02)
    assert dialog.scale.distance == dialog.said.distance
    assert "below the threshold of 0.4" in dialog.detail.text()
    assert "at most 1 in 10,000" in dialog.claim.text()
    assert dialog.left.crop.pixmap().width() == 150
    assert not dialog.caution.isVisible()


def test_two_men_are_different_people(dialog: VerifyDialog, wait: Wait) -> None:
    drop(dialog, 20, FRONT)
    drop(dialog, dialog.width() - 20, BIDEN)
    wait(lambda: dialog.said.kind == "different")
    assert dialog.left.title.text() == FRONT.name
    assert dialog.right.title.text() == BIDEN.name


def test_of_several_faces_one_is_chosen_by_list_or_by_click(
    dialog: VerifyDialog, wait: Wait, two: Path, qtbot: QtBot
) -> None:
    dialog.give(dialog.left, FRONT)
    dialog.give(dialog.right, two)
    wait(lambda: "choose a face" in dialog.detail.text())
    assert dialog.title.text() == "Cannot say"
    which = dialog.right.which
    assert which.count() == 3
    qtbot.keyClick(which, Qt.Key.Key_Down)
    wait(lambda: dialog.said.kind == "same")
    place = dialog.right.view._places()[1].center().toPoint()
    qtbot.mouseClick(dialog.right.view, Qt.MouseButton.LeftButton, pos=place)
    assert dialog.said.kind == "different"
    assert which.currentText() == "Face 2"


def test_no_face_and_no_picture_are_told_and_another_can_be_chosen(
    dialog: VerifyDialog, wait: Wait, tmp_path: Path, qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    damaged = tmp_path / "damaged.jpg"
    damaged.write_bytes(b"no picture")
    dialog.give(dialog.left, IMAGES / "coffee.jpg")
    dialog.give(dialog.right, damaged)
    wait(lambda: "damaged.jpg" in dialog.right.view.card.accessibleDescription())
    assert dialog.left.view.card.accessibleName() == "No face found"
    assert dialog.said.kind == "unsure"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(TURNED), ""))
    button = dialog.right.findChild(QAbstractButton, "notice_choose")
    assert button is not None
    card = dialog.right.view.card
    assert card.rect().contains(button.geometry())
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    wait(lambda: dialog.right.candidate is not None)
    assert "no face in coffee.jpg" in dialog.detail.text()


def test_a_poor_picture_is_compared_with_a_caution(
    dialog: VerifyDialog, wait: Wait, tmp_path: Path
) -> None:
    dark = tmp_path / "dark.png"
    cv2.imwrite(str(dark), (read_image(TURNED) * 0.15).astype(np.uint8))
    drop(dialog, 20, FRONT, dark)
    wait(lambda: dialog.said.distance is not None)
    assert "Right: too dark" in dialog.caution.text()
    assert "Left" not in dialog.caution.text()


def test_an_open_gallery_gives_its_threshold(
    dialog: VerifyDialog, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(dialog, 20, FRONT, TURNED)
    wait(lambda: dialog.said.kind == "same")
    session = dialog.session
    session.unlock(SECRET)
    wait(lambda: session.gallery is not None)
    gallery = session.gallery
    assert gallery is not None
    strict = gallery.rule().__class__(0.2, 0.001, 0.0009, "3,000 pairs of 78 people")
    monkeypatch.setattr(gallery, "rule", lambda *_: strict)
    session.refresh()
    assert dialog.said.kind == "different"
    assert "at most 1 in 1,000" in dialog.claim.text()
    session.lock()
    assert dialog.said.kind == "same"


def test_models_that_fail_are_told(
    session_of: Callable[..., FaceSession], qtbot: QtBot, wait: Wait
) -> None:
    def fail(_: object) -> None:
        raise BackendError("no backend runs it")

    dialog = VerifyDialog(session_of(), looker=Looker(fail))  # type: ignore[arg-type]
    dialog.give(dialog.left, FRONT)
    wait(lambda: "no backend" in dialog.left.view.card.accessibleDescription())
    dialog.close()
    dialog.deleteLater()


def test_large_photos_are_shown_reduced_and_compared_whole(tmp_path: Path) -> None:
    looker = Looker(open_eyes)
    pixels = read_image(FRONT)
    large = tmp_path / "large.jpg"
    cv2.imwrite(str(large), cv2.resize(pixels, None, fx=2, fy=2))
    looked, plain = looker.look(large, None), looker.look(FRONT, None)
    assert max(looked.frame.size_wh) == LARGEST_PX
    scale = looked.frame.size_wh[0] / plain.frame.size_wh[0]
    assert np.abs(looked.boxes_xyxy / scale - plain.boxes_xyxy).max() < 12
    gallery = make_gallery(tmp_path)
    assert verdict(looked.candidates[0], plain.candidates[0], gallery).kind == "same"
    looker.close()


def test_it_fits_the_smallest_window_and_every_control_has_a_name(
    dialog: VerifyDialog, wait: Wait, two: Path
) -> None:
    drop(dialog, 20, two, FRONT)
    wait(lambda: dialog.left.looked is not None and dialog.right.looked is not None)
    dialog.left.choose(1)
    dialog.resize(980, 600)
    assert (dialog.width(), dialog.height()) == (980, 600)
    for kind in (QAbstractButton, QComboBox):
        for widget in dialog.findChildren(kind):
            if widget.isVisible():
                words = widget.accessibleName() or getattr(widget, "text", str)()
                assert words, widget.objectName()
