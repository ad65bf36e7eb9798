"""Where the windows that enrol people get live pictures from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edgecnn.video.frame import Frame


class Frames(Protocol):
    """Delivers live frames; asked on the GUI thread, and answers at once."""

    @property
    def mirrored(self) -> bool:
        """Whether left and right are exchanged in them."""

    def newest(self) -> Frame | None:
        """The newest frame, with nothing hidden in it; None while there is none."""


@dataclass(frozen=True, slots=True)
class LiveFrames:
    """Frames of the running source, by two functions of the window.

    Attributes:
        look: Gives the newest frame, or None.
        is_mirrored: Whether the source hands over mirrored pictures.
    """

    look: Callable[[], Frame | None]
    is_mirrored: Callable[[], bool] = lambda: False

    @property
    def mirrored(self) -> bool:
        """Whether left and right are exchanged in them."""
        return self.is_mirrored()

    def newest(self) -> Frame | None:
        """The newest frame; None while there is none."""
        return self.look()
