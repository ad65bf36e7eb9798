from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from converters.report.canvas import COLORS, DARK
from converters.report.html import html
from converters.report.schema import Report
from tests.helpers.reports import LABELS, confusion, failed, full, layers, minimal, proven

HOSTILE = "</title></text><script>alert(1)</script><img src=x onerror='y'> \"q\" $x^{2 & \x00 <!--"
VOID = {"meta", "br", "img", "link", "input", "hr"}


class Reader(HTMLParser):
    """Collects tags, ids, text and what is loaded from where; complains about wrong nesting."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, Any]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def named(self, name: str) -> list[dict[str, Any]]:
        return [attrs for tag, attrs in self.tags if tag == name]


@pytest.fixture(scope="module")
def full_page() -> str:
    return html(full())


@pytest.fixture(scope="module")
def page(full_page: str) -> Reader:
    return Reader(full_page)


def hostile() -> Report:
    one = confusion(class_ids=(0, 1), counts=((9, 2), (0, 9)))
    bad = tuple(
        type(layer)(**{f: getattr(layer, f) for f in layer.__struct_fields__} | {"name": HOSTILE})
        for layer in layers(3)
    )
    return full(
        labels=(HOSTILE, *LABELS[1:]),
        confusion=(one,),
        name=HOSTILE,
        layers={HOSTILE: bad},
        proven=(*full().proven, proven(HOSTILE + "int8.tflite", HOSTILE, metric=0.9)),
        warnings=(HOSTILE,),
    )


def test_the_page_is_well_formed(page: Reader) -> None:
    assert page.open == []


def test_nothing_is_loaded_and_no_script_runs(page: Reader, full_page: str) -> None:
    assert not {"script", "link", "img", "iframe", "object", "base"} & {tag for tag, _ in page.tags}
    for tag, attrs in page.tags:
        for name, value in attrs.items():
            assert not name.startswith("on")
            if name in ("src", "href", "xlink:href"):
                assert value.startswith("#"), (tag, name, value)
    assert "@import" not in full_page
    assert not re.search(r"url\((?!#)", full_page)


def test_every_id_is_there_once_and_every_reference_leads_to_one(page: Reader) -> None:
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    wanted = {attrs["xlink:href"][1:] for attrs in page.named("use")}
    wanted |= {attrs["aria-labelledby"] for attrs in page.named("section")}
    assert wanted
    assert wanted <= set(ids)


def test_plots_have_a_name_for_who_hears_the_page(page: Reader) -> None:
    svgs = page.named("svg")
    assert [attrs["aria-label"] for attrs in svgs] == [
        "Accuracy, latency and size of variants",
        "Quantization error of each layer",
        "Quantization error of each layer",
        "Answers of float against int8",
    ]
    assert all(attrs["role"] == "img" for attrs in svgs)
    assert len(page.named("figcaption")) == len(svgs)


def test_both_themes_define_every_colour_that_is_used(full_page: str) -> None:
    used = set(re.findall(r"var\(--(\w+)\)", full_page))
    assert used >= set(COLORS) - {"panel"}
    for theme in re.findall(r":root\{([^}]*)\}", full_page):
        assert used <= set(re.findall(r"--(\w+):", theme))
    assert "prefers-color-scheme:dark" in full_page
    body = full_page.partition("<body>")[2]
    assert not [color for color in (*COLORS.values(), *DARK.values()) if color in body]


def test_text_is_readable_in_both_themes() -> None:
    for theme in (COLORS, DARK):
        for role in ("ink", "muted", "accent", "second", "bad"):
            assert contrast(theme[role], theme["panel"]) >= 4.5, (role, theme)


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two colours ``#rrggbb``."""

    def luminance(color: str) -> float:
        levels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in levels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_a_failed_report_says_why_before_anything_else() -> None:
    text = html(failed())
    reason = "int8.max_drop: 0.034, at most 0.01 is demanded"
    assert text.index("Failed: 1 of 6") < text.index(reason) < text.index("<dl>")


def test_empty_parts_do_not_appear() -> None:
    reader = Reader(html(minimal()))
    assert [attrs["id"] for attrs in reader.named("h2")] == ["variants", "outputs", "about"]
    assert reader.named("svg") == []


def test_hostile_names_stay_text() -> None:
    text = html(hostile())
    reader = Reader(text)
    assert reader.open == []
    tags = {tag for tag, _ in reader.tags}
    assert not {"script", "img"} & tags
    assert "\x00" not in text
    assert any("<script>alert(1)</script>" in words for words in reader.words)


def test_the_same_report_gives_the_same_page(full_page: str) -> None:
    assert html(full()) == full_page
