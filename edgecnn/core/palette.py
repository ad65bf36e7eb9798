"""Colours for classes that people with any kind of colour vision can tell apart.

Reference: Okabe and Ito 2008, "Color Universal Design", made known by Wong 2011, "Points of view:
Color blindness" (Nature Methods 8). We leave black out, begin with the colours that stand out best
on photographs, and go on with tints of the same seven hues, because there are no more hues that all
eyes can tell apart: beyond seven classes in one picture, read the label.
"""

from __future__ import annotations

from edgecnn.errors import OptionError

Triple = tuple[int, int, int]

HUES_RGB: tuple[Triple, ...] = (
    (86, 180, 233),  # sky blue
    (230, 159, 0),  # orange
    (0, 158, 115),  # bluish green
    (240, 228, 66),  # yellow
    (213, 94, 0),  # vermilion
    (204, 121, 167),  # reddish purple
    (0, 114, 178),  # blue
)
"""The seven hues, in the order in which classes get them."""

INK_RGB: Triple = (16, 18, 22)
"""Backing of text and outline of lines; every class colour has a contrast of at least 3:1 to it."""

PAPER_RGB: Triple = (255, 255, 255)
"""Text on `INK_RGB`."""

MUTED_RGB: Triple = (196, 202, 210)
"""Text of less weight on `INK_RGB`."""

# Share of white in each further round of the hues.
_TINTS = (0.0, 0.35, 0.6)


def class_color(class_id: int, color: str = "bgr") -> Triple:
    """The colour of a class, always the same for the same id.

    Args:
        class_id: Any integer; the colours repeat after 21.
        color: Order of the three numbers: ``bgr`` (OpenCV) or ``rgb``.

    Returns:
        Three integers 0..255.

    Raises:
        OptionError: Another colour order.
    """
    turn, hue = divmod(class_id % (len(HUES_RGB) * len(_TINTS)), len(HUES_RGB))
    white = _TINTS[turn]
    red, green, blue = (round(value + (255 - value) * white) for value in HUES_RGB[hue])
    return in_order((red, green, blue), color)


def in_order(triple_rgb: Triple, color: str) -> Triple:
    """A colour in the order of a picture.

    Raises:
        OptionError: ``color`` is neither ``bgr`` nor ``rgb``.
    """
    if color == "rgb":
        return triple_rgb
    if color == "bgr":
        return triple_rgb[2], triple_rgb[1], triple_rgb[0]
    raise OptionError(f"A colour comes in the order 'bgr' or 'rgb', but got {color!r}.")
