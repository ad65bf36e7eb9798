"""Pictures of the windows of people for the docs: who is enrolled, adding somebody, comparing.

    python -m benchmarks.screenshots_faces [FOLDER]

The gallery is made for it, in a temporary folder, of portraits in the public domain; nobody's own
gallery is opened. Needs no display.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import cv2
import numpy as np
from PySide6.QtWidgets import QDialog

import edgecnn
from benchmarks.event_loop import let_work
from benchmarks.screenshots import FOLDER, save, wait
from edgecnn.core.image import read_image
from edgecnn.faces.enrolment import only_face
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.unlocking import Passphrase
from edgecnn.video.frame import Frame
from edgecnn.zoo.catalogue import assets_path
from gui.app import application
from gui.controllers.desk import Desk
from gui.controllers.live import Live
from gui.faces.enrol_dialog import EnrolDialog
from gui.faces.enrol_frames import LiveFrames
from gui.faces.people_dialog import PeopleDialog
from gui.faces.session import FaceSession
from gui.faces.verify_dialog import VerifyDialog
from gui.main_window import MainWindow
from gui.settings import Settings
from gui.theme import THEMES

IMAGES = assets_path() / "images"
PEOPLE = {
    "Barack Obama": ("portrait_obama.jpg", "portrait_obama2.jpg"),
    "Joe Biden": ("portrait_biden.jpg",),
    "Eileen Collins": ("astronaut.jpg",),
}
SECRET = Passphrase("four words of nobody", 10)


def make_gallery(path: Path) -> None:
    """Enrol the portraits, with photos kept."""
    with edgecnn.load("faces", quick_start=True) as find_faces:
        gallery = Gallery.create(path, SECRET, find_faces.embedder.bundle.manifest)
        for name, photos in PEOPLE.items():
            new = []
            for photo in photos:
                pixels = read_image(IMAGES / photo)
                faces = find_faces(pixels, "bgr")
                new.append(only_face(pixels, faces, "bgr", keep_photo=True)[0])
            gallery.enrol(
                name,
                new,
                consent="Official portrait, public domain",
                purpose="Pictures of this window",
                expires_in_days=None if len(new) > 1 else 365,
            )


def before_the_camera() -> Frame:
    """Somebody in front of a camera of 1280 x 720."""
    portrait = read_image(IMAGES / "portrait_hopper.jpg")[:560]
    height = 720
    width = portrait.shape[1] * height // portrait.shape[0]
    large = cv2.resize(portrait, (width, height), interpolation=cv2.INTER_AREA)
    wall = cv2.GaussianBlur(cv2.resize(large, (1280, height)), (0, 0), 60)
    left = (1280 - width) // 2
    wall[:, left : left + width] = large
    return Frame(np.asarray(wall, np.uint8), "bgr")


def people(session: FaceSession, window: MainWindow) -> QDialog:
    """The list, and what is stored about one person."""
    dialog = PeopleDialog(session, LiveFrames(lambda: None), window)
    dialog.open()
    wait(lambda: len(dialog.page.strip.images) > 1)
    return dialog


def enrol(session: FaceSession, window: MainWindow) -> QDialog:
    """In the middle of a guided enrolment."""
    frame = before_the_camera()
    dialog = EnrolDialog(session, LiveFrames(lambda: frame), window)
    dialog.open()
    dialog.form.name.setText("Grace Hopper")
    dialog.form.consent.statement.setText("Official portrait, public domain")
    wait(lambda: bool(dialog.watch.sight.taken))
    return dialog


def verify(session: FaceSession, window: MainWindow) -> QDialog:
    """Two photographs of one man."""
    dialog = VerifyDialog(session, window)
    dialog.open()
    sides = (dialog.left, dialog.right)
    for side, photo in zip(sides, PEOPLE["Barack Obama"], strict=True):
        dialog.give(side, IMAGES / photo)
    wait(lambda: all(side.candidate is not None for side in sides))
    return dialog


WINDOWS: dict[str, Callable[[FaceSession, MainWindow], QDialog]] = {
    "people": people,
    "enrol": enrol,
    "verify": verify,
}


def take_all(folder: Path) -> list[Path]:
    """Every window of people in every theme."""
    application()
    folder.mkdir(parents=True, exist_ok=True)
    taken = []
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "people.faces"
        make_gallery(path)
        session = FaceSession(path)
        window = MainWindow(Settings(None), Live(), Desk(), session=session)
        window.show()
        session.unlock(SECRET)
        wait(lambda: session.state == "unlocked")
        for theme in THEMES:
            window.settings["theme"] = theme
            window.apply_theme(theme)
            for name, open_it in WINDOWS.items():
                dialog = open_it(session, window)
                let_work(800)
                taken.append(save(dialog, folder / f"faces-{name}-{theme}.jpg"))
                dialog.close()
                dialog.deleteLater()
        window.close()
    return taken


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    for written in take_all(parser.parse_args().folder):
        print(written)
