from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from edgecnn.errors import EdgeCNNError, OptionError
from edgecnn.registry import DATASETS

pytest.importorskip("matplotlib")

from edgecnn.data import characters
from edgecnn.data.leakage import find_leaks


def of(name: str) -> np.ndarray:
    data = characters.load("all")
    return np.asarray(data.images[data.labels == data.names.index(name)])


def test_there_are_many_letters_with_few_pictures_each() -> None:
    data = characters.load("all")
    assert data.images.shape[1:] == (28, 28)
    assert len(data.names) > 800
    assert len(set(data.names)) == len(data.names)
    counts = np.bincount(data.labels, minlength=len(data.names))
    assert 10 <= counts.min() <= counts.max() == len(characters.TYPEFACES)
    scripts = Counter(name.split()[0] for name in data.names)
    assert tuple(sorted(scripts)) == tuple(sorted(characters.SCRIPTS))
    assert min(scripts.values()) > 30


def test_pictures_show_the_letters_upright_and_bright_on_black() -> None:
    letter = of("LATIN CAPITAL LETTER L").astype(float)
    stem, foot, above = letter[:, 8:20, :14], letter[:, 18:22, 14:22], letter[:, 8:16, 17:]
    assert stem.max() == 255
    assert foot.mean() > 4 * above.mean()
    # The base line is that of the typeface: a p goes below it, a b above the others.
    assert of("LATIN SMALL LETTER P")[:, 22:].max() > 200
    assert of("LATIN SMALL LETTER B")[:, 22:].max() < 100


@pytest.mark.parametrize(
    ("stays", "gone"),
    [
        ("LATIN CAPITAL LETTER A", "GREEK CAPITAL LETTER ALPHA"),
        ("LATIN CAPITAL LETTER A", "CYRILLIC CAPITAL LETTER A"),
        ("LATIN SMALL LETTER O", "GREEK SMALL LETTER OMICRON"),
        ("LATIN SMALL LETTER O", "ARMENIAN SMALL LETTER OH"),
        ("LATIN SMALL LETTER M", "CYRILLIC SMALL LETTER TE"),
    ],
)
def test_what_looks_like_an_earlier_letter_is_no_letter_of_its_own(stays: str, gone: str) -> None:
    names = characters.load("all").names
    assert stays in names
    assert gone not in names


def test_of_what_looks_alike_in_any_typeface_the_first_stays() -> None:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (2, 4, 6, 6), np.uint8)
    there = np.ones((2, 4), np.bool_)
    assert characters.first_of_alike(pictures, there).tolist() == [0, 1, 2, 3]
    pictures[1, 2] = pictures[1, 0]
    pictures[0, 3] = pictures[0, 2]
    # The third is like the first; the fourth only like the third, which is gone.
    assert characters.first_of_alike(pictures, there).tolist() == [0, 1, 3]
    there[1, 0] = False
    assert characters.first_of_alike(pictures, there).tolist() == [0, 1, 2]


def test_parts_have_the_same_letters_and_no_picture_in_common() -> None:
    train, test, everything = (DATASETS["characters"](part) for part in ("train", "test", "all"))
    assert train.names == test.names == everything.names
    assert len(train) + len(test) == len(everything)
    assert set(train.labels) == set(test.labels) == set(range(len(train.names)))
    assert not len(find_leaks(train.images, test.images, max_distance=None).exact)


def test_a_caller_may_write_into_the_pictures() -> None:
    before = characters.load("test").images[0].copy()
    characters.load("test").images[0] = 0
    np.testing.assert_array_equal(characters.load("test").images[0], before)


def test_characters_know_no_folder_and_no_other_split(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="drawn, not read from a folder"):
        characters.load(folder=tmp_path)
    with pytest.raises(OptionError, match="all, test and train"):
        characters.load("validation")  # type: ignore[arg-type]


def test_a_matplotlib_without_its_typefaces_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import matplotlib

    monkeypatch.setattr(matplotlib, "get_data_path", lambda: str(tmp_path))
    characters._drawn.cache_clear()
    with pytest.raises(EdgeCNNError, match="DejaVuSans.ttf is not there"):
        characters.load()
