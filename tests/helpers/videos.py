"""Small videos and pictures whose content is known, written for a test."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np

VIDEO_WH = (64, 48)


def write_video(path: Path, frames: int = 10, fps: float = 10.0) -> Path:
    """A video whose frame ``i`` is grey of about ``20 * i``."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, VIDEO_WH)
    assert writer.isOpened()
    for index in range(frames):
        writer.write(np.full((VIDEO_WH[1], VIDEO_WH[0], 3), 20 * index, np.uint8))
    writer.release()
    return path


def write_picture(path: Path, bgr: tuple[int, int, int] = (0, 128, 255)) -> Path:
    """A picture of one colour, 40 x 30."""
    assert cv2.imwrite(str(path), np.full((30, 40, 3), bgr, np.uint8))
    return path


def giant_png(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of a hundred bytes whose header claims gigabytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
