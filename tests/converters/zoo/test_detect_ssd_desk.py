"""Unpacking the desk detector, and the shipped bundle on photographs."""

from __future__ import annotations

from pathlib import Path

import pytest

import edgecnn
from edgecnn.bundle import io
from edgecnn.errors import ConversionError
from edgecnn.runtime.policy import candidates

ROOT = Path(__file__).resolve().parents[3]
IMAGES = ROOT / "assets" / "images"
BUNDLE = ROOT / "assets" / "zoo" / "detect_ssd_desk"
WAYS = [(variant.precision, backend) for variant, backend in candidates(io.load(BUNDLE).manifest)]


@pytest.mark.parametrize(("precision", "backend"), WAYS)
def test_finds_what_the_photographs_show(precision, backend):
    with edgecnn.load(BUNDLE, precision=precision, backend=backend, threads=1) as detect:
        assert [d.label for d in detect(IMAGES / "cat_chelsea.jpg")] == ["Cat"]
        assert [d.label for d in detect(IMAGES / "coffee.jpg")] == ["Coffee cup"]
        assert [d.label for d in detect(IMAGES / "two_dogs.jpg")] == ["Dog", "Dog"]
        assert {"Chair", "Table"} <= {d.label for d in detect(IMAGES / "room.jpg")}
        assert "Person" in {d.label for d in detect(IMAGES / "astronaut.jpg")}
        assert len(detect(IMAGES / "galaxies.jpg")) == 0


def test_the_box_is_around_the_cup():
    with edgecnn.load(BUNDLE, backend="litert", threads=1) as detect:
        x0, y0, x1, y1 = detect(IMAGES / "coffee.jpg").boxes_xyxy[0]
    # The cup spans about x 175..400, y 15..265 of the 600 x 400 picture.
    assert 140 < x0 < 210
    assert y0 < 40
    assert 330 < x1 < 430
    assert 230 < y1 < 340


def test_unpacks_labels_and_model():
    pytest.importorskip("tensorflow")
    from converters.zoo.detect_ssd_desk import LABELS_END, unpack

    names = b"???\nBicycle\nBoot\n"
    names += b"x" * (LABELS_END - len(names) - 1) + b"\n"
    labels, model = unpack(names + b"\x1c\0\0\0TFL3rest")
    assert labels[:2] == ("Bicycle", "Boot")
    assert model == b"\x1c\0\0\0TFL3rest"


@pytest.mark.parametrize("packed", [b"", b"???\n" * 100, b"\0" * 184 + b"\x1c\0\0\0TFL3"])
def test_refuses_another_packed_file(packed):
    pytest.importorskip("tensorflow")
    from converters.zoo.detect_ssd_desk import unpack

    with pytest.raises(ConversionError, match=r"expected the labels '\?\?\?'"):
        unpack(packed)
