from __future__ import annotations

import errno
import struct
from pathlib import Path

import pytest

from edgecnn.video.cameras.listing import CameraInfo, find_camera, list_cameras
from edgecnn.video.cameras.v4l2 import NO_CAMERAS, Capability, query, why_closed
from edgecnn.video.status import Reason

WEBCAM = Capability("uvcvideo", "HD Webcam", True)
METADATA = Capability("uvcvideo", "HD Webcam", False)


class Machine:
    """The folders of a Linux with cameras."""

    def __init__(self, root: Path) -> None:
        self.system, self.devices = root / "sys", root / "dev"
        self.system.mkdir()
        self.devices.mkdir()
        self.answers: dict[str, Capability | None] = {}

    def add(
        self,
        number: int,
        name: str,
        answer: Capability | None = WEBCAM,
        *,
        index: int = 0,
        links: dict[str, str] | None = None,
    ) -> None:
        entry = self.system / f"video{number}"
        entry.mkdir()
        (entry / "name").write_text(name + "\n")
        (entry / "index").write_text(f"{index}\n")
        device = self.devices / f"video{number}"
        device.touch()
        self.answers[str(device)] = answer
        for folder, link in (links or {}).items():
            (self.devices / "v4l" / folder).mkdir(parents=True, exist_ok=True)
            (self.devices / "v4l" / folder / link).symlink_to(device)

    def cameras(self) -> list[CameraInfo]:
        return list_cameras(system=self.system, devices=self.devices, ask=self.answers.get)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_machine_without_cameras_has_none(machine: Machine, tmp_path: Path) -> None:
    assert machine.cameras() == []
    assert list_cameras(system=tmp_path / "nothing", devices=tmp_path) == []


def test_a_webcam_is_listed_once_with_name_and_stable_id(machine: Machine) -> None:
    links = {"by-id": "usb-046d_C920_A1B2-video-index0", "by-path": "pci-0:14-video-index0"}
    machine.add(0, "HD Pro Webcam C920", links=links)
    machine.add(1, "HD Pro Webcam C920", METADATA, index=1)
    (camera,) = machine.cameras()
    path = str(machine.devices / "video0")
    assert camera == CameraInfo("usb-046d_C920_A1B2-video-index0", 0, "HD Pro Webcam C920", path)


def test_cameras_are_counted_as_people_count(machine: Machine) -> None:
    for number in (10, 2, 0):
        machine.add(number, f"Camera of {number}")
    assert [camera.index for camera in machine.cameras()] == [0, 2, 10]


def test_two_of_one_make_can_be_told_apart(machine: Machine) -> None:
    # Without serial numbers udev has one name by id for both; the socket tells them apart.
    machine.add(0, "Cam: Cam", links={"by-path": "pci-1-video-index0"})
    links = {"by-path": "pci-2-video-index0", "by-id": "usb-Cam-video-index0"}
    machine.add(2, "Cam: Cam", links=links)
    cameras = machine.cameras()
    assert [camera.name for camera in cameras] == ["Cam (1)", "Cam (2)"]
    assert [camera.id for camera in cameras] == ["pci-1-video-index0", "usb-Cam-video-index0"]


def test_a_camera_that_may_not_be_asked_is_listed_all_the_same(machine: Machine) -> None:
    machine.add(0, "Webcam", None)
    machine.add(1, "Webcam", None, index=1)
    (camera,) = machine.cameras()
    assert camera.id == camera.path == str(machine.devices / "video0")


def test_devices_that_are_gone_are_not_listed(machine: Machine) -> None:
    machine.add(0, "Webcam")
    (machine.devices / "video0").unlink()
    assert machine.cameras() == []


def test_a_camera_without_a_name_gets_one(machine: Machine) -> None:
    machine.add(3, "", Capability("x", "", True))
    assert machine.cameras()[0].name == "camera 3"


def test_a_camera_is_found_by_number_path_link_or_id(machine: Machine) -> None:
    machine.add(0, "A", links={"by-id": "usb-A-video-index0"})
    machine.add(2, "B")
    cameras = machine.cameras()
    link = machine.devices / "v4l" / "by-id" / "usb-A-video-index0"
    for word in ("0", str(machine.devices / "video0"), "usb-A-video-index0", str(link)):
        assert find_camera(word, cameras) == cameras[0]
    assert find_camera("2", cameras) == cameras[1]
    for word in ("1", "A", "", "usb-C-video-index0"):
        assert find_camera(word, cameras) is None


def capability(driver: bytes, capabilities: int, device_caps: int = 0) -> bytes:
    return struct.pack("16s32s32sIII12x", driver, b"A card", b"usb-1", 0, capabilities, device_caps)


@pytest.mark.parametrize(
    ("driver", "capabilities", "device_caps", "captures"),
    [
        (b"uvcvideo", 0x84A00001, 0x04200001, True),  # pictures
        (b"uvcvideo", 0x84A00001, 0x04A00000, False),  # metadata of the same camera
        (b"old", 0x1, 0, True),
        (b"many planes", 0x80001000, 0x1000, True),
        (b"codec", 0x80004000, 0x4001, False),
        *((name.encode(), 0x80000001, 0x1, False) for name in NO_CAMERAS),
    ],
)
def test_the_kernel_s_answer_is_understood(
    tmp_path: Path, driver: bytes, capabilities: int, device_caps: int, captures: bool
) -> None:
    def ioctl(_: int, request: int, answer: bytearray) -> int:
        assert request == 0x80685600
        assert len(answer) == 104
        answer[:] = capability(driver, capabilities, device_caps)
        return 0

    device = tmp_path / "video0"
    device.touch()
    found = query(str(device), ioctl)
    assert found == Capability(driver.decode(), "A card", captures)


def test_a_plain_file_is_no_camera(tmp_path: Path) -> None:
    path = tmp_path / "video0"
    path.touch()
    assert query(str(path)) is None
    assert query(str(tmp_path / "video1")) is None
    fault = why_closed(str(path), "Webcam")
    assert fault.reason is Reason.BROKEN
    assert "is no camera" in str(fault)


@pytest.mark.parametrize(
    ("code", "reason", "words"),
    [
        (errno.EBUSY, Reason.BUSY, "in use by another program"),
        (errno.ENODEV, Reason.NOT_FOUND, "not connected"),
        (errno.EINVAL, Reason.BROKEN, "is no camera"),
        (0, Reason.BROKEN, "although it is free"),
    ],
)
def test_a_camera_that_does_not_open_says_why(
    tmp_path: Path, code: int, reason: Reason, words: str
) -> None:
    def ioctl(_: int, request: int, asked: bytearray) -> int:
        assert request == 0xC0145608
        assert struct.unpack_from("I", asked) == (0,)  # asks for no buffers: changes nothing
        if code:
            raise OSError(code, "said the kernel")
        return 0

    device = tmp_path / "video0"
    device.touch()
    fault = why_closed(str(device), "Webcam", ioctl)
    assert fault.reason is reason
    assert words in str(fault)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.ENOENT, Reason.NOT_FOUND),
        (errno.EACCES, Reason.NO_PERMISSION),
        (errno.EBUSY, Reason.BUSY),
        (errno.EIO, Reason.BROKEN),
    ],
)
def test_a_device_that_may_not_be_opened_says_why(
    monkeypatch: pytest.MonkeyPatch, code: int, reason: Reason
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(code, "said the kernel")

    monkeypatch.setattr("edgecnn.video.cameras.v4l2.os.open", refuse)
    fault = why_closed("/dev/video0", "Webcam")
    assert fault.reason is reason
    if reason is Reason.NO_PERMISSION:
        assert "group video" in str(fault)
