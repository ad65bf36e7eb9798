from __future__ import annotations

import pytest

from gui.catalogue import ModelCard, VariantCard, size_words
from gui.compare.bars import BarRow
from gui.state import ModelChoice
from gui.widgets.variant_picker import detail_of


@pytest.mark.parametrize(
    ("megabytes", "words"),
    [(0.004, "4 kB"), (0.0946, "95 kB"), (0.1, "0.1 MB"), (23.04, "23.0 MB")],
)
def test_the_size_of_a_small_net_is_not_nothing(megabytes: float, words: str) -> None:
    assert size_words(megabytes) == words
    variant = VariantCard(ModelChoice("tiny"), megabytes, "", None, None)
    assert detail_of(variant).startswith(words)
    assert BarRow("tiny", megabytes).size_words == words


@pytest.mark.parametrize(
    ("detail", "licence", "words"),
    [
        ("faces", "MIT", "MIT · faces"),
        ("", "MIT", "MIT"),
        ("", "unknown", "licence unknown"),
        ("faces", "", "licence unknown · faces"),
    ],
)
def test_a_model_that_says_little_of_itself_is_told_in_whole_words(
    detail: str, licence: str, words: str
) -> None:
    assert ModelCard("tiny", "Tiny", detail, licence, (), ()).about == words
