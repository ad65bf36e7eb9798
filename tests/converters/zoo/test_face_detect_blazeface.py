"""The shipped face detectors on photographs, on every backend that is here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import edgecnn
from edgecnn.bundle import io
from edgecnn.core.results import Faces
from edgecnn.runtime.policy import candidates

ROOT = Path(__file__).resolve().parents[3]
IMAGES = ROOT / "assets" / "images"
NAMES = ("face_detect_blazeface_full", "face_detect_blazeface_short")
PORTRAITS = (
    "astronaut", "portrait_biden", "portrait_hopper", "portrait_obama", "portrait_obama2",
)  # fmt: skip
WAYS = [
    (name, backend)
    for name in NAMES
    for _, backend in candidates(io.load(ROOT / "assets" / "zoo" / name).manifest)
]


def detect(name: str, backend: str, picture: str) -> Faces:
    with edgecnn.load(ROOT / "assets" / "zoo" / name, backend=backend, threads=1) as task:
        return task(IMAGES / f"{picture}.jpg")


@pytest.mark.parametrize(("name", "backend"), WAYS)
@pytest.mark.parametrize("picture", PORTRAITS)
def test_finds_the_one_face_of_a_portrait_with_its_points(name, backend, picture):
    faces = detect(name, backend, picture)
    assert len(faces) == 1
    right_eye, left_eye, nose, mouth = faces.points_xy[0, :4]
    eyes = float(np.linalg.norm(left_eye - right_eye))
    # The person's right eye is on the left of the picture; nose and mouth follow below.
    assert left_eye[0] - right_eye[0] > 0.9 * eyes
    middle = (right_eye + left_eye) / 2
    assert 0.25 * eyes < nose[1] - middle[1] < 0.9 * eyes
    assert 0.7 * eyes < mouth[1] - middle[1] < 1.5 * eyes
    assert abs(mouth[0] - middle[0]) < 0.4 * eyes
    x0, y0, x1, y1 = faces.boxes_xyxy[0]
    assert np.all((faces.points_xy[0, :4] > (x0, y0)) & (faces.points_xy[0, :4] < (x1, y1)))


@pytest.mark.parametrize(("name", "backend"), WAYS)
@pytest.mark.parametrize("picture", ["cat_chelsea", "coffee", "coins_grey", "galaxies"])
def test_finds_no_face_where_there_is_none(name, backend, picture):
    assert len(detect(name, backend, picture)) == 0


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_file_holds_the_source_file_unchanged(name):
    pytest.importorskip("tensorflow")
    from hashlib import sha256

    from converters.zoo.face_detect_blazeface import SOURCES

    model = (ROOT / "assets" / "zoo" / name / "float16.tflite").read_bytes()
    (digest,) = SOURCES[name.rsplit("_", 1)[1]].values()
    size = {"full": 1_083_984, "short": 229_032}[name.rsplit("_", 1)[1]]
    starts = range(0, len(model) - size + 1, 4)
    assert any(
        model[start + 4 : start + 8] == b"TFL3"
        and sha256(model[start : start + size]).hexdigest() == digest
        for start in starts
    )
