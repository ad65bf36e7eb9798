from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from edgecnn.cli import doctor
from edgecnn.video.cameras.listing import CameraInfo


def test_cameras_are_listed_with_the_id_to_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = CameraInfo("usb-Cam-video-index0", 2, "A webcam", "/dev/video2")
    monkeypatch.setattr(doctor, "list_cameras", lambda: [camera])
    told = CliRunner().invoke(doctor.doctor, [])
    for word in ("A webcam", "/dev/video2", "usb-Cam-video-index0"):
        assert word in told.output
    report = json.loads(CliRunner().invoke(doctor.doctor, ["--json"]).output)
    assert report["cameras"] == [
        {"id": "usb-Cam-video-index0", "index": 2, "name": "A webcam", "path": "/dev/video2"}
    ]


def test_a_machine_without_cameras_is_said_to_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "list_cameras", list)
    assert "No camera is connected" in CliRunner().invoke(doctor.doctor, []).output
