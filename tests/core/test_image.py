from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edgecnn.core import image
from edgecnn.core.image import check_pixels, convert_color, read_image
from edgecnn.errors import ImageError, SourceError

RGB = np.zeros((4, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("pixels", "color", "message"),
    [
        ("photo.jpg", "bgr", "numpy array.*got str"),
        (RGB, None, 'without its colour order.*color="bgr"'),
        (RGB, "hsv", "rgb, bgr, gray.*'hsv'"),
        (RGB.astype(np.float32), "rgb", r"uint8.*float32.*\* 255"),
        (RGB[:, :, 0], "rgb", r'\(4, 6\).*color="gray"'),
        (np.zeros((4, 6, 4), np.uint8), "rgb", r"\(4, 6, 4\).*alpha"),
        (RGB[None], "bgr", r"one picture at a time"),
        (RGB, "gray", r"\(height, width\)"),
        (RGB[:0], "rgb", "empty"),
        (RGB[:, :0], "rgb", "empty"),
        (np.broadcast_to(np.uint8(0), (20_000, 20_000, 3)), "rgb", "20000 x 20000"),
    ],
)
def test_what_is_no_picture_is_refused(pixels: Any, color: Any, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        check_pixels(pixels, color)


def test_grey_with_a_channel_axis_loses_it() -> None:
    assert check_pixels(np.zeros((4, 6, 1), np.uint8), "gray").shape == (4, 6)


def test_colours_are_converted_both_ways() -> None:
    red = np.zeros((1, 1, 3), np.uint8)
    red[..., 0] = 255
    assert convert_color(red, "rgb", "bgr")[0, 0].tolist() == [0, 0, 255]
    assert convert_color(red, "rgb", "gray")[0, 0] == 76
    assert convert_color(np.full((1, 1), 9, np.uint8), "gray", "rgb")[0, 0].tolist() == [9, 9, 9]
    assert convert_color(red, "rgb", "rgb") is red


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp", ".tiff"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_files_are_read_as_bgr(tmp_path: Path, suffix: str, channels: int) -> None:
    written = np.full((10, 12, channels), 90, np.uint8)
    if channels == 4 and suffix == ".jpg":
        written = written[:, :, :3]
    assert cv2.imwrite(str(tmp_path / f"a{suffix}"), written)
    pixels = read_image(tmp_path / f"a{suffix}")
    assert pixels.shape == (10, 12, 3)
    assert np.abs(pixels.astype(int) - 90).max() <= 2


def test_sixteen_bit_files_become_eight_bit(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((4, 4, 3), 0x8000, np.uint16))
    assert read_image(tmp_path / "a.png")[0, 0].tolist() == [128, 128, 128]


def test_files_that_are_no_pictures_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("hello")
    for name, message in [
        ("nowhere.jpg", "No such file"),
        ("empty.jpg", "0 bytes"),
        ("text.jpg", "not a picture"),
        ("", "not a file"),
    ]:
        with pytest.raises(SourceError, match=message):
            read_image(tmp_path / name)


def test_a_file_that_claims_a_gigantic_size_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A valid PNG header that claims 60,000 x 60,000 pixels in 60 bytes.
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    (tmp_path / "huge.png").write_bytes(png)
    with pytest.raises(SourceError, match="more pixels than are accepted"):
        read_image(tmp_path / "huge.png")
    monkeypatch.setattr(image, "MAX_PIXELS", 100)
    cv2.imwrite(str(tmp_path / "large.png"), np.zeros((20, 20, 3), np.uint8))
    with pytest.raises(SourceError, match="20 x 20 pixels"):
        read_image(tmp_path / "large.png")
