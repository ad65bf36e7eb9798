from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from matplotlib.text import Text

from converters.report import plots, plots_int8
from converters.report.canvas import clean, new_figure, place_labels, style
from tests.helpers.reports import LABELS, confusion, failed, full, latency, layers, minimal, proven


def texts(figure: Any) -> list[Text]:
    """Every text of a figure that is drawn."""
    figure.canvas.draw()
    beyond = {
        id(text)
        for axes in figure.axes
        for number, (axis, limits) in enumerate(
            ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim()))
        )
        for text in axis.get_ticklabels()
        if not min(limits) <= text.get_position()[number] <= max(limits)
    }
    return [
        text
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in beyond
    ]


def overlapping(figure: Any) -> list[tuple[str, str]]:
    """Pairs of texts that cover each other; slanted ones aside, whose boxes say too much."""
    renderer = figure.canvas.get_renderer()
    boxes = [
        (text.get_text(), Text.get_window_extent(text, renderer))
        for text in texts(figure)
        if text.get_rotation() == 0
    ]
    return [
        (one, other)
        for (one, a), (other, b) in itertools.combinations(boxes, 2)
        if a.padded(-0.5).overlaps(b.padded(-0.5))
    ]


def outside(figure: Any) -> list[str]:
    """Texts that stick out of the figure."""
    renderer = figure.canvas.get_renderer()
    page = figure.bbox.padded(1)
    found = []
    for text in texts(figure):
        box = Text.get_window_extent(text, renderer)
        if not (page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 <= box.y1 <= page.y1):
            found.append(text.get_text())
    return found


def crowded() -> Any:
    ways = tuple(
        proven(
            f"int8_{n}.tflite",
            ("litert", "openvino", "a_backend_of_others")[n % 3],
            metric=0.9 - 0.0001 * n,
            latency=latency(1 + 0.01 * n * (-1) ** n, 1.0),
        )
        for n in range(9)
    )
    return full(proven=ways)


LONG = tuple(f"a rather long name of class {n}" for n in range(30))


@pytest.mark.parametrize(
    ("draw", "argument"),
    [
        (plots.draw_pareto, full()),
        (plots.draw_pareto, failed()),
        (plots.draw_pareto, crowded()),
        (plots_int8.draw_layers, layers()),
        (plots_int8.draw_layers, layers(300)),
        (plots_int8.draw_layers, layers(1)),
        (lambda one: plots_int8.draw_confusion(one, LABELS), confusion()),
        (lambda one: plots_int8.draw_confusion(one, LONG), confusion(30)),
    ],
)
def test_no_text_covers_another_or_leaves_the_figure(draw: Any, argument: Any) -> None:
    with style():
        figure = draw(argument)
        assert outside(figure) == []
        assert overlapping(figure) == []


def test_plots_are_wellformed_xml_with_their_words_as_text() -> None:
    made = (
        plots.pareto(full()),
        plots_int8.layer_errors(layers(), "layers"),
        plots_int8.confusion(confusion(), full(), "confusion"),
    )
    words = []
    for plot in made:
        assert plot is not None
        root = ET.fromstring(plot.svg)
        words += [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "openvino/int8.xml \u00b7 0.43 MB" in words
    assert "1  features/block_27_expand/hard_swish/mul_27" in words
    assert "Ankle boot" in words


def test_a_plot_that_would_show_nothing_is_not_made() -> None:
    assert plots.pareto(minimal()) is None
    assert plots.pareto(minimal(task="tensors", proven=(proven(), proven("int8.tflite")))) is None
    assert plots_int8.layer_errors((), "layers") is None
    assert plots_int8.confusion(confusion(class_ids=(), counts=()), full(), "confusion") is None


def test_without_latencies_the_size_is_the_cost() -> None:
    with style():
        figure = plots.draw_pareto(
            minimal(proven=(proven(), proven("int8.tflite", agreement={"top1_agreement": 0.98})))
        )
        assert figure.axes[0].get_xlabel() == "size, MB"


def test_the_accuracy_axis_does_not_blow_up_noise_nor_promise_more_than_all() -> None:
    same = tuple(
        proven(f"int8_{n}.tflite", metric=0.99999, latency=latency(n + 1.0, 1.0)) for n in range(2)
    )
    with style():
        axes = plots.draw_pareto(minimal(proven=same)).axes[0]
        low, high = axes.get_ylim()
        assert high - low >= plots.LEAST_SPAN
        assert max(axes.get_yticks()) <= 100.001


def test_a_label_without_a_free_place_is_left_out() -> None:
    with style():
        axes = new_figure(2).add_subplot()
        axes.set(xlim=(0, 1), ylim=(0, 1))
        wide = "x" * 400
        assert place_labels(axes, [(0.5, 0.5, wide)], 5) == []
        assert len(place_labels(axes, [(0.5, 0.5, "a"), (0.5, 0.5, "b")], 5)) == 2
        assert len(axes.texts) == 2


def test_long_names_keep_their_end_and_control_characters_go() -> None:
    short = clean("a" * 100 + "/the_layer", 20)
    assert len(short) == 20
    assert short.endswith("/the_layer")
    assert clean("two\nlines\x00") == "two lines"
