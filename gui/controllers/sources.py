"""From a word to a source: cameras, files, addresses, the demo clip."""

from __future__ import annotations

from pathlib import Path

from edgecnn.video.live import LiveSource
from edgecnn.video.opening import is_live_word, open_live
from edgecnn.zoo.catalogue import assets_path

DEMO = "demo"


def open_word(word: str, mirror: bool) -> LiveSource:
    """The source of a word, not started; only cameras are mirrored.

    Raises:
        SourceError: Nothing of that name.
    """
    demo = assets_path() / "video/demo.mp4"
    return open_live(word, mirror=mirror and is_camera(word), demo=demo)


def is_camera(word: str) -> bool:
    """Whether a word means a camera of this machine."""
    return "://" not in word and is_live_word(word)


def title_of(word: str | None) -> str:
    """A word in a few words for a button; addresses without their credentials."""
    if word is None:
        return "Choose source"
    if word == DEMO:
        return "Demo clip"
    if word.isdecimal():
        return f"Camera {word}"
    if "://" in word:
        return word.partition("://")[2].rpartition("@")[2].partition("?")[0]
    if word.startswith("picamera"):
        return "Pi camera"
    return Path(word).name or word
