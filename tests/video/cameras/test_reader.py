from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgecnn.video.cameras.listing import CameraInfo
from edgecnn.video.cameras.reader import CameraReader, Place, Wish
from edgecnn.video.fault import Fault
from edgecnn.video.linked import LinkedSource
from edgecnn.video.status import Reason, State
from tests.helpers.captures import FakeCapture
from tests.helpers.live import STOIC, watching
from tests.helpers.mjpeg_server import picture

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="devices of Linux")


class Socket:
    """A place where a camera can be plugged in, under any number."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cameras: list[CameraInfo] = []

    def plug(self, number: int, identity: str = "usb-Cam-video-index0") -> Path:
        path = self.folder / f"video{number}"
        path.touch()
        self.cameras.append(CameraInfo(identity, number, "Cam", str(path)))
        return path

    def unplug(self, number: int) -> None:
        (self.folder / f"video{number}").unlink()
        self.cameras = [camera for camera in self.cameras if camera.index != number]

    def place(self, word: str) -> Place:
        return Place(word, lambda: self.cameras)


@pytest.fixture
def socket(tmp_path: Path) -> Socket:
    return Socket(tmp_path)


def test_a_camera_is_opened_by_its_path_through_v4l2(socket: Socket) -> None:
    path = socket.plug(0)
    capture = FakeCapture(stamps=True)
    reader = CameraReader("Cam", socket.place("0"), capture=capture)
    facts = reader.open()
    assert capture.opened_with == [(str(path), cv2.CAP_V4L2, ())]
    assert capture.asked == []
    assert (facts.size_wh, facts.fps, facts.backend, facts.codec) == ((64, 48), 30, "V4L2", "YUYV")
    grab = reader.read()
    assert grab is not None
    assert grab.device_s == pytest.approx(1.0)
    np.testing.assert_array_equal(grab.pixels, picture(0))
    reader.close()
    reader.close()
    assert capture.released == 1


def test_what_is_asked_for_and_what_comes_are_two_things(socket: Socket) -> None:
    socket.plug(0)
    capture = FakeCapture(sizes=[(64, 48), (1280, 720)])
    wish = Wish(size_wh=(1920, 1080), fps=60)
    facts = CameraReader("Cam", socket.place("0"), wish, capture=capture).open()
    # Compressed first, because the format decides which sizes there are.
    assert [prop for prop, _ in capture.asked] == [
        cv2.CAP_PROP_FOURCC,
        cv2.CAP_PROP_FRAME_WIDTH,
        cv2.CAP_PROP_FRAME_HEIGHT,
        cv2.CAP_PROP_FPS,
    ]
    assert (facts.size_wh, facts.fps, facts.codec) == ((1280, 720), 30, "MJPG")


def test_a_small_picture_is_not_compressed(socket: Socket) -> None:
    socket.plug(0)
    capture = FakeCapture()
    CameraReader("Cam", socket.place("0"), Wish(size_wh=(640, 480)), capture=capture).open()
    assert cv2.CAP_PROP_FOURCC not in dict(capture.asked)


def test_a_camera_that_is_not_there(socket: Socket, tmp_path: Path) -> None:
    capture = FakeCapture()
    word = str(tmp_path / "video7")
    with pytest.raises(Fault, match="not connected") as caught:
        CameraReader("Cam", socket.place(word), capture=capture).open()
    assert caught.value.reason is Reason.NOT_FOUND
    assert capture.opened_with == []


def test_a_camera_that_opencv_cannot_open_is_asked_why(socket: Socket) -> None:
    socket.plug(0)  # a plain file, as the kernel will say
    capture = FakeCapture(opens=False)
    with pytest.raises(Fault) as caught:
        CameraReader("Cam", socket.place("0"), capture=capture).open()
    assert caught.value.reason is Reason.BROKEN
    assert capture.released == 1


def test_black_pictures_of_the_first_moment_are_left_out(socket: Socket) -> None:
    socket.plug(0)
    black = np.zeros((48, 64, 3), np.uint8)
    capture = FakeCapture(lambda index: black if index < 2 else picture(index))
    reader = CameraReader("Cam", socket.place("0"), capture=capture)
    reader.open()
    shown = [grab is not None for grab in (reader.read(), reader.read(), reader.read())]
    assert shown == [False, False, True]
    capture.index = -1
    reader._opened_s -= 3600  # later, darkness is a picture like any other
    assert reader.read() is not None


def test_a_grey_camera_gives_three_channels(socket: Socket) -> None:
    socket.plug(0)
    grey = picture(3)[:, :, 0].copy()
    reader = CameraReader("Cam", socket.place("0"), capture=FakeCapture(lambda _: grey))
    reader.open()
    grab = reader.read()
    assert grab is not None
    assert grab.pixels.shape == (48, 64, 3)
    np.testing.assert_array_equal(grab.pixels[:, :, 1], grey)


def test_a_failed_read_is_no_unplug_until_the_device_is_gone(socket: Socket) -> None:
    socket.plug(0)
    reader = CameraReader("Cam", socket.place("0"), capture=FakeCapture(lambda _: None))
    reader.open()
    assert reader.read() is None
    socket.unplug(0)
    with pytest.raises(Fault, match="was unplugged") as caught:
        reader.read()
    assert caught.value.reason is Reason.LOST


def test_an_unplugged_camera_is_found_again_under_another_number(socket: Socket) -> None:
    socket.plug(0)
    here = [True]
    captures: list[FakeCapture] = []

    def open_capture(target: str | int, backend: int, parameters: object) -> FakeCapture:
        stamps = FakeCapture(lambda index: picture(index) if here[0] else None, stamps=True)
        captures.append(stamps(target, backend, ()))
        return stamps

    place = socket.place("0")
    source = LinkedSource(
        "Cam", lambda: CameraReader("Cam", place, capture=open_capture), patience=STOIC
    )
    with watching(source) as watched:
        watched.wait_for_frames(3)
        here[0] = False
        socket.unplug(0)
        watched.wait_for(State.RECONNECTING)
        # Another camera takes the number; it is not the one that was chosen.
        socket.plug(0, "usb-Other-video-index0")
        path = socket.plug(2)
        here[0] = True
        watched.wait_for_frames(3)
    targets = [capture.opened_with[0][0] for capture in captures]
    assert targets[-1] == str(path)
    assert len(targets) == 2
