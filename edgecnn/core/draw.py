"""Results drawn on pictures: boxes, faces, class bars, tinted regions."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from edgecnn.core.chips import (
    Pixels,
    Rectangle,
    Style,
    make_chip,
    paint_backing,
    paint_chip,
    paint_text,
    place_chips,
    shortened,
    text_width,
)
from edgecnn.core.image import check_pixels, convert_color
from edgecnn.core.palette import INK_RGB, MUTED_RGB, PAPER_RGB, Triple, class_color, in_order
from edgecnn.core.results import (
    Classification,
    Detections,
    Embedding,
    Faces,
    Floats,
    Result,
    Segmentation,
)
from edgecnn.errors import OptionError

_MAX_BARS = 5
_TINT = 0.45
_NOT_TINTED = frozenset({"background", "other"})


def draw(pixels: Pixels, result: Result, *, color: str) -> Pixels:
    """A copy of a picture with a result drawn on it.

    Lines and text grow with the picture. Labels stay inside it and apart from one another as far
    as there is room; the better the score, the earlier a label chooses its place.

    Args:
        pixels: (H, W, 3) uint8, or (H, W) for ``gray``; not changed.
        result: What a task answered about it.
        color: ``"bgr"``, ``"rgb"`` or ``"gray"``.

    Returns:
        (H, W, 3) uint8 in the order ``color``; BGR for a grey picture.

    Raises:
        ImageError: Not a picture in that colour order.
        OptionError: A result that does not say what it means (`Tensors`).
    """
    checked = check_pixels(pixels, color)
    order = "bgr" if color == "gray" else color
    canvas = np.array(convert_color(checked, color, order), order="C")
    style = Style.of((canvas.shape[1], canvas.shape[0]))
    if isinstance(result, Classification):
        _draw_bars(canvas, result, style, order)
    elif isinstance(result, Detections):
        texts = [(_named(d.label, d.track_id), _score(d.score)) for d in result]
        colors = [class_color(int(class_id), order) for class_id in result.class_ids]
        _draw_boxes(canvas, result.boxes_xyxy, texts, colors, style, order)
    elif isinstance(result, Faces):
        _draw_faces(canvas, result, style, order)
    elif isinstance(result, Segmentation):
        _draw_regions(canvas, result, style, order)
    elif isinstance(result, Embedding):
        _draw_corner_chips(canvas, [(result.space, f"{len(result)} numbers", 0)], style, order)
    else:
        raise OptionError(
            f"A {type(result).__name__} cannot be drawn: arrays do not say what they mean."
        )
    return canvas


def _percent(share: float) -> str:
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def _score(score: float) -> str:
    """A score is a share of 1: shown as a percentage it would be read as a probability."""
    return f"{score:.2f}"


def _named(label: str, track_id: int | None) -> str:
    """A label with the number that its object keeps through a stream."""
    return label if track_id is None else f"{label} #{track_id}"


def _draw_boxes(
    canvas: Pixels,
    boxes_xyxy: Floats,
    texts: Sequence[tuple[str, str]],
    colors: Sequence[Triple],
    style: Style,
    order: str,
) -> None:
    """Boxes, the best on top, then all labels above all boxes."""
    size_wh = (canvas.shape[1], canvas.shape[0])
    outlines = [_outline(box, size_wh, style) for box in boxes_xyxy]
    ink = in_order(INK_RGB, order)
    for (x0, y0, x1, y1), line_color in reversed(list(zip(outlines, colors, strict=True))):
        # A dark rim on either side keeps a light line visible on a light ground.
        cv2.rectangle(canvas, (x0, y0), (x1, y1), ink, style.line + 2)
        cv2.rectangle(canvas, (x0, y0), (x1, y1), line_color, style.line)
    chips = [
        make_chip(words, detail, chip_color, style, size_wh[0])
        for (words, detail), chip_color in zip(texts, colors, strict=True)
    ]
    half = style.line // 2 + 1
    width, height = size_wh
    rims = [
        (max(x0 - half, 0), max(y0 - half, 0), min(x1 + half, width), min(y1 + half, height))
        for x0, y0, x1, y1 in outlines
    ]
    corners = place_chips(chips, rims, size_wh)
    for chip, corner in reversed(list(zip(chips, corners, strict=True))):
        paint_chip(canvas, chip, corner, style, order)


def _outline(box_xyxy: Floats, size_wh: tuple[int, int], style: Style) -> Rectangle:
    """Whole pixels of a box, moved in where its line would leave the picture."""
    margin = style.line // 2
    limit = np.array(size_wh * 2) - 1 - margin
    x0, y0, x1, y1 = np.clip(np.round(box_xyxy), margin, np.maximum(limit, margin)).astype(int)
    return int(x0), int(y0), int(x1), int(y1)


def _draw_faces(canvas: Pixels, faces: Faces, style: Style, order: str) -> None:
    colors = [class_color(face.tone, order) for face in faces]
    texts = [face.caption for face in faces]
    _draw_boxes(canvas, faces.boxes_xyxy, texts, colors, style, order)
    ink, dot = in_order(INK_RGB, order), in_order(PAPER_RGB, order)
    for box, points in zip(faces.boxes_xyxy, faces.points_xy, strict=True):
        # Dots follow the face, not the picture: six of them must leave a small face visible.
        radius = max(1, min(style.line + 1, round(float(box[2] - box[0]) / 40)))
        # Sixteenths of a pixel, of which OpenCV knows how to make small dots round.
        for x, y in np.round(points * 16 - 8).astype(int).tolist():
            for size, tone in ((radius + 1, ink), (radius, dot)):
                cv2.circle(canvas, (x, y), size * 16 + 8, tone, cv2.FILLED, cv2.LINE_AA, shift=4)


def _draw_bars(canvas: Pixels, result: Classification, style: Style, order: str) -> None:
    """The best classes in a panel at the lower left, each with a bar as long as its score."""
    height, width = canvas.shape[:2]
    pad, bar = style.pad, max(2, style.line)
    row = style.capital + bar + 3 * pad
    margin = min(2 * pad, width // 20)
    room = height - 2 * margin - pad
    count = min(len(result), _MAX_BARS, max(room * 2 // 3 // row, room // row > 0))
    if count == 0:
        return
    shown = [result[index] for index in range(count)]
    reading = max(text_width(_score(1.0), style), 1)
    widest = max(text_width(item.label, style, bold=index == 0) for index, item in enumerate(shown))
    # Not wider than the picture allows, nor so narrow that bars cannot be compared.
    panel = min(max(widest + reading + 5 * pad, 16 * style.capital), max(width * 3 // 5, 90))
    panel = min(panel, width - 2 * margin)
    x0, y1 = margin, height - margin
    y0 = y1 - count * row - pad
    paint_backing(canvas, (x0, y0, x0 + panel, y1), order)
    left, right = x0 + 2 * pad, x0 + panel - 2 * pad
    for index, item in enumerate(shown):
        best = index == 0
        tone = in_order(PAPER_RGB if best else MUTED_RGB, order)
        base = y0 + 2 * pad + index * row + style.capital
        words = shortened(item.label, right - left - reading - pad, style, bold=best)
        paint_text(canvas, words, (left, base), style, tone, bold=best)
        share = _score(item.score)
        start = right - text_width(share, style, bold=best)
        paint_text(canvas, share, (start, base), style, tone, bold=best)
        track = base + pad
        canvas[track : track + bar, left:right] = in_order((70, 76, 84), order)
        end = left + round((right - left) * min(max(item.score, 0.0), 1.0))
        fill = class_color(0, order) if best else in_order((150, 158, 168), order)
        canvas[track : track + bar, left:end] = fill


def _draw_regions(canvas: Pixels, result: Segmentation, style: Style, order: str) -> None:
    """Each class tinted where it is likelier than not, with a line around it."""
    size_wh = (canvas.shape[1], canvas.shape[0])
    legend = []
    for index, label in enumerate(result.labels):
        probability = cv2.resize(result.probabilities[index], size_wh)
        mask = (probability >= 0.5).astype(np.uint8)
        if label in _NOT_TINTED or not mask.any():
            continue
        tint = class_color(index, order)
        # The tint fades in around the border instead of ending in steps.
        strength = np.clip((probability - 0.3) * 2.5, 0, 1).astype(np.float32) * np.float32(_TINT)
        full = np.full_like(canvas, tint)
        canvas[:] = cv2.blendLinear(canvas, full, 1 - strength, strength)
        # A region goes on beyond the picture's edge, so that no line runs along the edge.
        rim = style.line + 1
        padded = cv2.copyMakeBorder(mask, rim, rim, rim, rim, cv2.BORDER_REPLICATE)
        outlines, _ = cv2.findContours(
            padded, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE, offset=(-rim, -rim)
        )
        cv2.drawContours(canvas, outlines, -1, tint, style.line, cv2.LINE_AA)
        legend.append((label, _percent(float(mask.mean())), index))
    _draw_corner_chips(canvas, legend, style, order)


def _draw_corner_chips(
    canvas: Pixels, lines: Sequence[tuple[str, str, int]], style: Style, order: str
) -> None:
    """Chips below one another in the left upper corner: words, detail, class id."""
    height, width = canvas.shape[:2]
    x = y = min(2 * style.pad, width // 20)
    for words, detail, class_id in lines:
        chip = make_chip(words, detail, class_color(class_id, order), style, width - 2 * x)
        if y + chip.size_wh[1] > height:
            break
        paint_chip(canvas, chip, (x, y), style, order)
        y += chip.size_wh[1] + style.pad // 2
