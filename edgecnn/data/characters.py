"""Written characters: about 900 letters of five scripts in 16 typefaces, 28 x 28 pixels, grey.

Many classes with few pictures each, as collections of faces have: a letter stands for a person, a
typeface for a photograph. An embedder learns from some letters and is judged on others. Nothing is
downloaded: matplotlib brings the typefaces, and each picture is drawn from its outline.

- Letters of Latin (accents and phonetic letters included), Greek, Cyrillic, Armenian and Georgian
  that at least 12 of the typefaces have. Left out are ligatures, which are two letters, and Greek
  with breathings, marks that are a pixel wide at this size.
- Whatever looks like an earlier letter in any typeface is left out: Greek Alpha and Cyrillic A
  (the Latin one stays), Cyrillic te (an m when it is slanted), and accents that are too small here.
- Size and base line are the typeface's, so that o and O differ; sideways a letter is centred.

Reference: the idea is Omniglot's; Lake, Salakhutdinov, Tenenbaum 2015, "Human-level concept
learning through probabilistic program induction", Science 350. Typefaces: DejaVu (licence of
Bitstream Vera, changes in the public domain) and STIX (SIL Open Font License 1.1); the texts are in
matplotlib's folder of fonts.
"""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from edgecnn.data.image_data import ImageData
from edgecnn.data.splits import part
from edgecnn.errors import OptionError, SourceError
from edgecnn.optional import require

Pictures = NDArray[np.uint8]
SIDE = 28
SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "GEORGIAN")
"""First words of the names of classes."""
TYPEFACES = (
    *(f"DejaVu{family}{style}" for family in ("Sans", "SansMono")
      for style in ("", "-Oblique", "-Bold", "-BoldOblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Italic", "-Bold", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Italic", "Bol", "BolIta")),
)  # fmt: skip
IN_TYPEFACES = 12
ALIKE = 0.02
"""Two pictures are alike when their squared difference is at most this share of their mean square.

Letters that share an outline are below 0.003, those that differ by a dot or a serif above 0.01."""
_EM, _BASE = 20, 21
"""Pixels of the typeface's square, and the row of its base line."""
_FINER = 4
"""Letters are drawn so many times larger and then averaged."""
_LETTERS = ("Lu", "Ll", "Lt", "Lo")
_BREATHINGS = range(0x1F00, 0x2000)


def load(
    split: Literal["test", "train", "all"] = "test",
    folder: str | os.PathLike[str] | None = None,
) -> ImageData:
    """Draw the characters; takes a few seconds, once in a process.

    Args:
        split: ``train`` (80 % of the pictures of each letter), ``test`` (20 %), or ``all``, which
            is what embedders want: they hold back whole letters instead. The stratified split is
            ours and never changes; both parts hold pictures of each typeface.
        folder: Must be None: the typefaces are part of matplotlib.

    Returns:
        Images (N, 28, 28) uint8, bright on black, labels (N,) int64, and Unicode's names of the
        letters ("LATIN SMALL LETTER A"), which begin with one of `SCRIPTS`.

    Raises:
        MissingExtraError: matplotlib is not installed.
        OptionError: There is no such split, or a folder was named.
        SourceError: This matplotlib lacks a typeface.
    """
    if folder is not None:
        raise OptionError(f"The characters are drawn, not read from a folder ({folder}).")
    data = _drawn()
    return data.select(part("characters", split, data.labels))


@cache
def _drawn() -> ImageData:
    """All pictures, letter by letter."""
    fonts = [_open(name) for name in TYPEFACES]
    has = [frozenset(font.get_charmap()) for font in fonts]
    codes = [code for code, n in Counter(c for one in has for c in one).items()
             if n >= IN_TYPEFACES and _wanted(code)]  # fmt: skip
    codes.sort()
    pictures = np.zeros((len(fonts), len(codes), SIDE, SIDE), np.uint8)
    there = np.zeros(pictures.shape[:2], np.bool_)
    fits = np.ones(len(codes), np.bool_)
    for row, column in np.argwhere([[code in one for code in codes] for one in has]):
        picture = _draw(fonts[row], codes[column])
        if picture is None:
            fits[column] = False
        else:
            pictures[row, column], there[row, column] = picture, True
    kept = first_of_alike(pictures[:, fits], there[:, fits])
    columns = np.flatnonzero(fits)[kept]
    # Letter by letter: (letters, typefaces).
    labels, rows = np.nonzero(there[:, columns].T)
    names = tuple(unicodedata.name(chr(codes[column])) for column in columns)
    drawn = pictures[rows, columns[labels]]
    # Some letters are not slanted where the typeface is: the same picture would come twice.
    once = np.sort(np.unique(drawn.reshape(len(drawn), -1), axis=0, return_index=True)[1])
    return ImageData(drawn[once], labels[once].astype(np.int64), names)


def first_of_alike(pictures: Pictures, there: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Letters that look like no letter before them that stays, in any typeface.

    Args:
        pictures: (typefaces, letters, H, W).
        there: (typefaces, letters) whether there is a picture.

    Returns:
        (n,) numbers of the letters, rising.
    """
    letters = pictures.shape[1]
    alike = np.zeros((letters, letters), np.bool_)
    for flat, has in zip(pictures.reshape(*pictures.shape[:2], -1), there, strict=True):
        values = flat.astype(np.float32) / 255
        squares = np.square(values).sum(axis=1)
        total = squares[:, None] + squares
        difference = total - 2 * values @ values.T
        alike |= (difference <= ALIKE * total / 2) & has[:, None] & has
    kept: list[int] = []
    for letter in range(letters):
        if not alike[letter, kept].any():
            kept.append(letter)
    return np.array(kept, np.int64)


def _wanted(code: int) -> bool:
    """Whether it is a single letter of the scripts."""
    letter = chr(code)
    name = unicodedata.name(letter, "")
    return (
        unicodedata.category(letter) in _LETTERS
        and name.startswith(SCRIPTS)
        and "LIGATURE" not in name.split()
        and code not in _BREATHINGS
    )


def _open(typeface: str) -> Any:
    """A typeface of matplotlib, at the size that is drawn."""
    folder = Path(require("matplotlib", extra="train").get_data_path()) / "fonts" / "ttf"
    file = folder / f"{typeface}.ttf"
    if not file.is_file():
        raise SourceError(
            f"The characters are drawn in typefaces of matplotlib, but {file} is not there. "
            "Install matplotlib from its own wheel: pip install --force-reinstall matplotlib"
        )
    font = require("matplotlib.ft2font", extra="train").FT2Font(str(file))
    font.set_size(_EM * _FINER, 72)
    return font


def _draw(font: Any, code: int) -> Pictures | None:
    """A letter, (28, 28); None when it does not fit."""
    # Without hints: they would bend outlines to the pixels of the larger picture.
    plain = require("matplotlib.ft2font", extra="train").LoadFlags.NO_HINTING
    font.clear()
    font.set_text(chr(code), 0.0, flags=plain)
    font.draw_glyphs_to_bitmap(antialiased=True)
    drawn = np.asarray(font.get_image())
    ys, xs = np.nonzero(drawn)
    if not len(ys):
        return None
    ink = drawn[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    side = SIDE * _FINER
    bottom = _BASE * _FINER + round(font.get_descent() / 64)
    top = bottom - len(drawn) + int(ys.min())
    left = (side - ink.shape[1]) // 2
    if left < 0 or top < 0 or top + ink.shape[0] > side:
        return None
    large = np.zeros((side, side), np.uint8)
    large[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return np.asarray(cv2.resize(large, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
