"""The shipped detector on photographs, and its recipe."""

from __future__ import annotations

from pathlib import Path

import pytest

import edgecnn
from converters.zoo import detect_nanodet
from edgecnn.bundle import io
from edgecnn.errors import ConversionError
from edgecnn.runtime.policy import candidates

ROOT = Path(__file__).resolve().parents[3]
IMAGES = ROOT / "assets" / "images"
BUNDLE = ROOT / "assets" / "zoo" / "detect_nanodet"
WAYS = [(variant.precision, backend) for variant, backend in candidates(io.load(BUNDLE).manifest)]


@pytest.mark.parametrize(("precision", "backend"), WAYS)
def test_finds_what_the_photographs_show(precision: str, backend: str) -> None:
    with edgecnn.load(BUNDLE, precision=precision, backend=backend, threads=1) as detect:
        assert [d.label for d in detect(IMAGES / "portrait_obama.jpg")] == ["person"]
        assert detect(IMAGES / "astronaut.jpg")[0].label == "person"
        assert detect(IMAGES / "cat_chelsea.jpg")[0].label == "cat"
        assert [d.label for d in detect(IMAGES / "room.jpg")][:3] == ["chair"] * 3
        assert {"bottle", "wine glass"} <= {d.label for d in detect(IMAGES / "wine.jpg")}
        assert len(detect(IMAGES / "galaxies.jpg")) == 0


def test_the_box_is_around_the_man() -> None:
    with edgecnn.load(BUNDLE, backend="litert", precision="float16", threads=1) as detect:
        x0, y0, x1, y1 = detect(IMAGES / "portrait_obama.jpg").boxes_xyxy[0]
    # He spans about x 60..760, y 20..1020 of the 820 x 1024 picture.
    assert 20 < x0 < 110
    assert y0 < 50
    assert 710 < x1 < 820
    assert y1 > 980


def test_int8_files_agree_and_are_half_the_size() -> None:
    manifest = io.load(BUNDLE).manifest
    by_file = {variant.file: variant for variant in manifest.variants}
    for file in ("int8.tflite", "openvino/int8.xml"):
        assert by_file[file].agreement["boxes_found"] >= 0.97
        assert by_file[file].agreement["boxes_matched_clear"] >= 0.97
    sizes = {path: entry.bytes for path, entry in manifest.files.items()}
    assert sizes["int8.tflite"] < 0.55 * sizes["float16.tflite"]


def test_another_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="missing"):
        detect_nanodet.build(tmp_path, tmp_path / "out")
