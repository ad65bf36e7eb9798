"""The look that all plots share, and how a figure becomes SVG that stands inside a page.

Figures are drawn with the colours of the light theme; in the SVG each becomes a CSS variable, so
that the page's theme rules. The same figure gives the same bytes, and text stays text: it can be
selected, found and read aloud.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgecnn.optional import require

COLORS = {
    "ink": "#1b1e24",
    "muted": "#5c6470",
    "rule": "#d5d9e0",
    "panel": "#ffffff",
    "accent": "#1f6feb",
    "second": "#b4540a",
    "bad": "#b3261e",
}
"""Role -> its colour in the light theme; in a page it is ``var(--ROLE)``."""
DARK = {
    "ink": "#e6e8ec",
    "muted": "#9aa1ad",
    "rule": "#353a45",
    "panel": "#1e2128",
    "accent": "#4c8dff",
    "second": "#f0a35e",
    "bad": "#ff8a80",
}
"""The same roles in the dark theme."""
Point = tuple[float, float]
WIDTH_IN = 8.4
BODY_PT, SMALL_PT = 9.0, 8.0
LINE_PT = 0.8
MAX_LABEL = 46
_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": BODY_PT,
    "text.parse_math": False,
    "text.color": COLORS["ink"],
    "axes.edgecolor": COLORS["rule"],
    "axes.facecolor": "none",
    "axes.labelcolor": COLORS["muted"],
    "axes.labelsize": BODY_PT,
    "axes.linewidth": LINE_PT,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "grid.color": COLORS["rule"],
    "grid.linewidth": LINE_PT * 0.75,
    "svg.fonttype": "none",
    "svg.hashsalt": "edgecnn",
    "xtick.color": COLORS["rule"],
    "ytick.color": COLORS["rule"],
    "xtick.labelcolor": COLORS["muted"],
    "ytick.labelcolor": COLORS["muted"],
    "xtick.labelsize": SMALL_PT,
    "ytick.labelsize": SMALL_PT,
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]+")
_ID = re.compile(r'(?<![\w-])(id="|href="#|url\(#)')
_FONT = re.compile(r" font-family: [^;\"]*;")
_STYLE_SHEET = re.compile(r"<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Plot:
    """An SVG, and what it shows in a sentence or two."""

    svg: str
    caption: str


def style() -> Any:
    """A context in which figures have our look; nothing outside of it changes."""
    return require("matplotlib", extra="convert").rc_context(_STYLE)


def new_figure(height_in: float) -> Any:
    """An empty figure of the page's width; to be made, and drawn on, inside of `style`."""
    require("matplotlib", extra="convert")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_IN, height_in))
    FigureCanvasAgg(figure)  # measures text
    return figure


def clean(text: str, longest: int = MAX_LABEL) -> str:
    """Text for a plot: no control characters, and shortened in the middle where it is long."""
    plain = _CONTROL.sub(" ", text).strip()
    if len(plain) <= longest:
        return plain
    tail = (longest - 1) * 2 // 3  # what tells layers and files apart stands at their end
    return f"{plain[: longest - 1 - tail]}\u2026{plain[-tail:]}"


def to_svg(figure: Any, *, key: str, title: str) -> str:
    """A figure as an ``<svg>`` element.

    Args:
        figure: From `new_figure`.
        key: Made part of every id, so that several SVGs can stand in one page.
        title: What it shows, for those who hear the page.
    """
    import matplotlib.backends.backend_svg  # noqa: F401 (print_figure finds it by the format)

    buffer = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(buffer, format="svg", metadata=metadata)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    head, _, body = text.partition(">")
    box = re.search(r'viewBox="[^"]*"', head)
    view = box.group(0) if box else ""
    body = _ID.sub(lambda match: f"{match.group(1)}{key}-", body)
    body = _FONT.sub("", _STYLE_SHEET.sub("", body, count=1))
    for role, color in COLORS.items():
        body = body.replace(color, f"var(--{role})")
    name = escape_attribute(title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'{view} role="img" aria-label="{name}" stroke-linejoin="round">{body.strip()}'
    )


def escape_attribute(text: str) -> str:
    """Text for a quoted attribute of XML or HTML."""
    for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(sign, name)
    return _CONTROL.sub(" ", text)


def place_labels(
    axes: Any,
    labels: Sequence[tuple[float, float, str]],
    gap_pt: float,
    *,
    lines: Sequence[tuple[Point, Point]] = (),
) -> list[Any]:
    """Write labels beside points, each where it covers no other label, point, line or edge.

    Args:
        axes: Their limits have to be final.
        labels: x and y in data units, and the text.
        gap_pt: Between a point and its label, in points.
        lines: Horizontal and vertical lines to keep off, from one point to another, in data units.

    Returns:
        The texts written; a label without a free place is left out.
    """
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox

    figure = axes.figure
    renderer = figure.canvas.get_renderer()
    inner = axes.get_window_extent(renderer)
    per_pt = figure.dpi / 72
    radius = gap_pt * per_pt
    taken = []
    for x, y, _ in labels:
        px, py = axes.transData.transform((x, y))
        taken.append(Bbox.from_extents(px - radius, py - radius, px + radius, py + radius))
    for start, end in lines:
        (x0, y0), (x1, y1) = axes.transData.transform([start, end])
        taken.append(Bbox.from_extents(min(x0, x1), min(y0, y1) - 1, max(x0, x1) + 1, max(y0, y1)))
    written = []
    for own, (x, y, text) in enumerate(labels):
        for dx, dy, across, up in _SIDES:
            label = axes.annotate(
                text,
                (x, y),
                xytext=(dx * (gap_pt + 2), dy * (gap_pt + 2)),
                textcoords="offset points",
                ha=across,
                va=up,
                fontsize=SMALL_PT,
                parse_math=False,
                arrowprops=_LEADER if abs(dy) > 1 else None,
            )
            label.update_positions(renderer)
            box = Text.get_window_extent(label, renderer)  # without its leader
            inside = inner.x0 <= box.x0 and box.x1 <= inner.x1 and inner.y0 <= box.y0
            inside = inside and box.y1 <= inner.y1
            others = [one for n, one in enumerate(taken) if n != own]
            if inside and not any(box.overlaps(one) for one in others):
                taken.append(box)
                written.append(label)
                break
            label.remove()
    return written


_SIDES = (
    (1, 0, "left", "center"),
    (-1, 0, "right", "center"),
    (0, 1, "center", "bottom"),
    (0, -1, "center", "top"),
    (1, 1, "left", "bottom"),
    (-1, 1, "right", "bottom"),
    (1, -1, "left", "top"),
    (-1, -1, "right", "top"),
    (1, 3, "left", "bottom"),
    (-1, 3, "right", "bottom"),
    (1, -3, "left", "top"),
    (-1, -3, "right", "top"),
)
"""Where a label is tried: offsets in gaps, and its alignment."""
_LEADER = {"arrowstyle": "-", "color": COLORS["muted"], "linewidth": 0.6, "shrinkB": 4.0}
"""A thin line from a label that stands far off to its point."""
