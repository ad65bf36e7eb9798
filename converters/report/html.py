"""The report as one page (``report.html``): no scripts, nothing loaded from anywhere, plots inside.

The page follows the reader's light or dark theme, is read in order by a screen reader, and prints.
Every text is escaped; a content security policy forbids scripts even so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape as _escape

from converters.report import plots, plots_int8
from converters.report.canvas import COLORS, DARK, Plot
from converters.report.content import sections, unrepaired_layers
from converters.report.schema import Report
from converters.report.section import Section, Table
from converters.report.text import MAX_REASONS, reasons, summary, verdict

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_LIGHT = {"window": "#f6f7f9", "good": "#1a6e37", **COLORS}
_DARK = {"window": "#16181d", "good": "#57c785", **DARK}


def html(report: Report) -> str:
    """The whole page."""
    word = "passed" if report.passed else "failed"
    title = f"Conversion of {report.name}: {word}"
    shown = _plots(report)
    body = "\n".join(
        [
            *_head(report, word),
            *(_section(section, shown.get(section.key)) for section in sections(report)),
        ]
    )
    return _PAGE.format(title=escape(title), style=_css(), body=body)


def escape(text: str) -> str:
    """Text for HTML, inside of an element or of a quoted attribute."""
    return _escape(_CONTROL.sub(" ", text), quote=True)


def _plots(report: Report) -> dict[str, Plot]:
    """Key of a section -> its plot."""
    found: dict[str, Plot | None] = {"variants": plots.pareto(report)}
    for index, repair in enumerate(report.repairs):
        key = f"repair-{index}"
        found[key] = plots_int8.layer_errors(repair.layers, key)
    for index, (_, layers) in enumerate(unrepaired_layers(report)):
        key = f"layers-{index}"
        found[key] = plots_int8.layer_errors(layers, key)
    for index, one in enumerate(report.confusion):
        key = f"confusion-{index}"
        found[key] = plots_int8.confusion(one, report, key)
    return {key: plot for key, plot in found.items() if plot is not None}


def _head(report: Report, word: str) -> Iterator[str]:
    sign = "\u2713" if report.passed else "\u2717"
    yield "<header>"
    yield (
        f'<p class="badge {word}"><span aria-hidden="true">{sign}</span> {word.capitalize()}</p>'
    )
    yield f"<h1>Conversion of {escape(report.name)}</h1>"
    yield f'<p class="verdict">{escape(verdict(report))}</p>'
    why = reasons(report)
    if why:
        more = [f"and {len(why) - MAX_REASONS} more, under Gates"] if len(why) > MAX_REASONS else []
        yield _list([*why[:MAX_REASONS], *more], "reasons")
    yield "<dl>"
    for name, value in summary(report):
        yield f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
    yield "</dl>"
    warned = [f"Warning: {text}" for text in report.warnings if text not in why]
    if warned:
        yield _list(warned, "warnings")
    yield "</header>"


def _list(texts: list[str], kind: str) -> str:
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f'<ul class="{kind}">{items}</ul>'


def _section(section: Section, plot: Plot | None) -> str:
    key = escape(section.key)
    parts = [
        f'<section aria-labelledby="{key}">',
        f'<h2 id="{key}">{escape(section.title)}</h2>',
        *(f"<p>{escape(text)}</p>" for text in section.text),
    ]
    if section.warnings:
        parts.append(_list([f"Warning: {text}" for text in section.warnings], "warnings"))
    if plot is not None:
        parts.append(
            f'<figure><div class="wide" tabindex="0">{plot.svg}</div>'
            f"<figcaption>{escape(plot.caption)}</figcaption></figure>"
        )
    parts += [_table(table, section.title) for table in section.tables]
    return "\n".join([*parts, "</section>"])


def _table(table: Table, title: str) -> str:
    number = [table.numeric(column) for column in range(len(table.head))]
    right = [' class="number"' if numeric else "" for numeric in number]
    caption = f"<caption>{escape(table.caption)}</caption>" if table.caption else ""
    head = "".join(
        f'<th scope="col"{kind}>{escape(name)}</th>'
        for name, kind in zip(table.head, right, strict=True)
    )
    rows = []
    for n, row in enumerate(table.rows):
        cells = "".join(
            f"<td{kind}>{escape(cell)}</td>" for cell, kind in zip(row, right, strict=True)
        )
        rows.append(f'<tr class="bad">{cells}</tr>' if n in table.marked else f"<tr>{cells}</tr>")
    return (
        f'<div class="wide" role="region" aria-label="{escape(title)}" tabindex="0"><table>'
        f"{caption}<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _css() -> str:
    light = ";".join(f"--{role}:{color}" for role, color in _LIGHT.items())
    dark = ";".join(f"--{role}:{color}" for role, color in _DARK.items())
    return (
        f":root{{color-scheme:light dark;{light}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
        f"@media print{{:root{{{light}}}}}\n{_RULES}"
    )


_RULES = """
*{box-sizing:border-box}
body{margin:0;background:var(--window);color:var(--ink);
 font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;
 font-variant-numeric:tabular-nums}
main{max-width:1040px;margin:0 auto;padding:32px 16px 48px}
header,section{background:var(--panel);border:1px solid var(--rule);border-radius:8px;
 padding:20px 24px;margin:0 0 16px}
h1{font-size:24px;line-height:1.25;margin:8px 0 4px;overflow-wrap:anywhere}
h2{font-size:17px;line-height:1.3;margin:0 0 8px;overflow-wrap:anywhere}
p{margin:0 0 8px;max-width:80ch}
.badge{display:inline-block;margin:0;padding:2px 12px;border-radius:12px;border:1px solid;
 font-weight:600}
.passed{color:var(--good)}
.failed,.reasons,tr.bad td{color:var(--bad)}
.verdict{font-size:17px}
ul{margin:8px 0;padding-left:20px}
.warnings{color:var(--second)}
dl{display:grid;gap:8px;margin:16px 0 0}
dl div{display:grid;grid-template-columns:160px 1fr;gap:16px}
dt{color:var(--muted)}
dd{margin:0;overflow-wrap:anywhere}
figure{margin:16px 0}
figure svg{display:block;width:100%;min-width:640px;height:auto;font-family:inherit}
figcaption,caption{color:var(--muted);font-size:13px;text-align:left;padding:4px 0 8px}
.wide{overflow-x:auto;margin:12px 0}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
table{border-collapse:collapse;width:100%;font-size:13px}
th{color:var(--muted);font-weight:600;text-align:left;vertical-align:bottom}
th,td{padding:5px 12px 5px 0;border-bottom:1px solid var(--rule);vertical-align:top}
td:not(.number){overflow-wrap:anywhere;min-width:8ch}
td:first-child:not(.number){min-width:20ch}
.number{text-align:right;white-space:nowrap}
@media (max-width:640px){dl div{grid-template-columns:1fr;gap:0}header,section{padding:16px}}
@media print{body{background:none}header,section{border:0;padding:0;break-inside:avoid}}
"""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""
