from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgecnn.video.cameras.picamera import PicameraReader, import_picamera2
from edgecnn.video.fault import Fault
from edgecnn.video.linked import LinkedSource
from edgecnn.video.status import Reason, State
from tests.helpers.live import STOIC, watching
from tests.helpers.mjpeg_server import picture


class FakeRequest:
    def __init__(self, camera: FakePicamera2, index: int) -> None:
        self._camera = camera
        self._index = index
        self._pixels = picture(index)

    def make_array(self, name: str) -> Any:
        assert name == "main"
        return self._pixels

    def get_metadata(self) -> dict[str, int]:
        return {"SensorTimestamp": 1_000_000_000 + 33_000_000 * self._index}

    def release(self) -> None:
        self._pixels[:] = 0  # the memory goes back to the camera
        self._camera.released += 1


class FakePicamera2:
    """The part of ``picamera2.Picamera2`` that is used, as its manual describes it."""

    def __init__(self, number: int) -> None:
        if number > 1:
            raise IndexError("list index out of range")
        if number == 1:
            raise RuntimeError("Camera __init__ sequence did not complete.")
        self.index = -1
        self.released = 0
        self.calls: list[Any] = []

    def create_video_configuration(self, main: Any, controls: Any) -> Any:
        return {"main": main, "controls": controls}

    def configure(self, configuration: Any) -> None:
        width, height = configuration["main"]["size"]
        aligned = (width - width % 32, height)
        self._configuration = {"main": dict(configuration["main"], size=aligned)}
        self.calls.append(configuration)

    def camera_configuration(self) -> Any:
        return self._configuration

    def start(self) -> None:
        self.calls.append("start")

    def capture_request(self) -> FakeRequest:
        self.index += 1
        return FakeRequest(self, self.index)

    def stop(self) -> None:
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")


class Module(SimpleNamespace):
    def __init__(self) -> None:
        super().__init__(made=[])

    def Picamera2(self, number: int) -> FakePicamera2:  # noqa: N802 (its name)
        camera = FakePicamera2(number)
        self.made.append(camera)
        return camera


def test_it_asks_for_blue_green_red_and_says_what_it_got() -> None:
    module = Module()
    reader = PicameraReader("Pi", 0, (1000, 600), 25, module=lambda: module)
    facts = reader.open()
    (camera,) = module.made
    assert camera.calls[0]["main"] == {"size": (1000, 600), "format": "RGB888"}
    assert camera.calls[0]["controls"] == {"FrameRate": 25.0}
    assert camera.calls[1] == "start"
    assert (facts.size_wh, facts.fps, facts.backend) == ((992, 600), 25, "picamera2")


def test_pictures_are_copied_before_their_memory_goes_back() -> None:
    module = Module()
    reader = PicameraReader("Pi", module=lambda: module)
    reader.open()
    first, second = reader.read(), reader.read()
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.pixels, picture(0))
    assert (first.device_s, second.device_s) == (pytest.approx(1.0), pytest.approx(1.033))
    assert module.made[0].released == 2
    reader.close()
    reader.close()
    assert module.made[0].calls[-2:] == ["stop", "close"]


@pytest.mark.parametrize(
    ("number", "reason", "words"),
    [(2, Reason.NOT_FOUND, "ribbon cable"), (1, Reason.BUSY, "another program")],
)
def test_a_pi_camera_that_cannot_be_had_says_why(number: int, reason: Reason, words: str) -> None:
    module = Module()
    with pytest.raises(Fault, match=words) as caught:
        PicameraReader("Pi", number, module=lambda: module).open()
    assert caught.value.reason is reason


def test_without_picamera2_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "picamera2", None)
    with pytest.raises(Fault, match="apt install python3-picamera2") as caught:
        import_picamera2()
    assert caught.value.reason is Reason.NOT_FOUND
    assert "--system-site-packages" in str(caught.value)


def test_a_picamera2_for_another_numpy_is_told_how_to_mend(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: str) -> None:
        raise ValueError("numpy.dtype size changed, may indicate binary incompatibility.")

    monkeypatch.setattr("edgecnn.video.cameras.picamera.importlib.import_module", refuse)
    with pytest.raises(Fault, match="pip install --upgrade simplejpeg") as caught:
        import_picamera2()
    assert caught.value.reason is Reason.BROKEN


def test_it_is_a_live_source_like_any_other() -> None:
    module = Module()
    source = LinkedSource("Pi", lambda: PicameraReader("Pi", module=lambda: module), patience=STOIC)
    with watching(source) as watched:
        watched.wait_for_frames(3)
    assert watched.states == [State.OPENING, State.RUNNING, State.CLOSED]
    assert module.made[0].calls[-1] == "close"
