"""What may be said about false matches, in words and on the slider."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from edgecnn.errors import GalleryError
from edgecnn.faces.calibrate import pairs_needed
from gui.faces.rate_row import RateRow
from gui.faces.rates import decide_by, read_rates
from tests.faces.people import make_gallery, make_table_of

NAMES = ("Ada", "Grace", "Edith")
PEOPLE = 26
"""325 pairs: enough for 1 in 100, too few for 1 in 1,000."""


@pytest.fixture
def few(tmp_path):
    return make_gallery(tmp_path, *NAMES)


@pytest.fixture
def enough(tmp_path):
    distances = np.linspace(0.9, 1.4, PEOPLE * (PEOPLE - 1) // 2)
    folder = tmp_path / "enough"
    folder.mkdir()
    return make_gallery(folder, *NAMES, table=make_table_of(distances, PEOPLE))


@pytest.fixture
def row(qtbot):
    made = RateRow()
    qtbot.addWidget(made)
    made.show()
    return made


def test_three_people_support_no_rate_and_the_words_say_what_would(few):
    rates = read_rates(few)
    assert rates.rule.target is None
    assert not rates.supported
    assert "No rate is claimed" in rates.in_use
    for target in (0.01, 0.001, 0.0001):
        assert f"{pairs_needed(target):,} pairs" in rates.lacking(target)
        assert "There are 3" in rates.lacking(target)
    with pytest.raises(GalleryError):
        decide_by(few, 0.01)
    assert few.contents.calibration is None


def test_a_supported_rate_is_kept_in_the_gallery_and_can_be_taken_back(enough):
    rates = read_rates(enough)
    assert rates.supported == {0.01}
    rates = decide_by(enough, 0.01)
    assert enough.contents.calibration.target == 0.01
    assert "1 in 100" in rates.in_use
    assert "95 % confidence" in rates.in_use
    assert "strangers" in rates.in_use
    decide_by(enough, None)
    assert enough.contents.calibration is None


def test_what_a_rate_costs_is_counted_in_photos(enough):
    assert "of 6 photos" in read_rates(enough).price()


def test_no_words_give_a_percentage_of_identity(few, enough):
    for gallery in (few, enough):
        rates = read_rates(gallery)
        words = [rates.in_use, rates.price(), *(rates.lacking(t) for t in rates.stops if t)]
        assert not any("%" in word.replace("95 % confidence", "") for word in words)


def test_the_slider_wishes_for_a_supported_rate(row, enough, qtbot):
    row.show_rates(read_rates(enough))
    assert row.reading.text() == row.tr("1 in 100")  # the strictest that the table supports
    with qtbot.waitSignal(row.wished) as asked:
        qtbot.keyClick(row.slider, Qt.Key.Key_Left)
    assert asked.args == [None]


def test_the_slider_goes_back_from_a_rate_that_cannot_be_had(row, few, qtbot):
    row.show_rates(read_rates(few))
    wished = []
    row.wished.connect(wished.append)
    qtbot.keyClick(row.slider, Qt.Key.Key_End)
    assert row.reading.text() == "1 in 10,000"
    assert "29,956 pairs" in row.words.text()
    qtbot.waitUntil(lambda: row.slider.value() == 0, timeout=10_000)
    assert row.reading.text() == "no claim"
    assert "29,956 pairs" in row.words.text()  # can still be read
    assert not wished


def test_while_the_handle_is_held_nothing_is_wished(row, enough, qtbot):
    row.show_rates(read_rates(enough))
    wished = []
    row.wished.connect(wished.append)
    row.slider.setSliderDown(True)
    row.slider.setValue(0)
    assert not wished
    row.slider.setSliderDown(False)
    assert wished == [None]
