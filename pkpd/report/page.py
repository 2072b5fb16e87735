"""Building blocks of a self-contained HTML page: skeleton, tables, pictures, numbers as people read them.

Everything that came from a user is escaped; nothing is fetched from anywhere, so that a page opens offline and
prints. Knows nothing of drugs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from pkpd.research_use import RESEARCH_USE

__all__ = [
    "Html",
    "breakable",
    "clock",
    "concentration",
    "definitions",
    "number",
    "page",
    "paragraph",
    "picture",
    "section",
    "table",
    "text",
    "time",
]

_REM_A_POINT = 0.088  # a letter of 9 points is as high as small print of the page
_WIDE_POINTS = 480.0  # a wider picture has a row of a grid for itself

_CSS = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif;
  color: #1c1c1c;  background: #fff; max-width: 78rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .4rem 0; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .6rem; border-bottom: 2px solid #0072B2; padding-bottom: .2rem; }
h3 { font-size: 1.05rem; margin: 0 0 .3rem; }
p { margin: .4rem 0; } p, ul { max-width: 56rem; }
.use { background: #FFF4D6; border-left: 4px solid #B87A00; padding: .5rem .8rem; margin: .8rem 0; }
.quiet { color: #555; font-size: .9rem; }
.scroll { overflow-x: auto; margin: .6rem 0; }
@media screen { td:first-child, th:first-child { position: sticky; left: 0; background: #fff; }
  th:first-child { background: #F1F5F8; } }
table { border-collapse: collapse; font-size: .875rem; min-width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .5rem; border-bottom: 1px solid #ddd;
  overflow-wrap: normal; }
th { background: #F1F5F8; vertical-align: bottom; }
th.n { text-align: right; }
td.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.n small { color: #555; }
td.long { min-width: 14rem; }
td:first-child { min-width: 9rem; }
.bad { color: #A32A00; font-weight: 600; }
.good { color: #00664B; }
code { font: .9em ui-monospace, "Liberation Mono", Consolas, monospace; background: #F4F4F4; padding: .05rem .25rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .5rem 0; font-size: .9rem; }
dt { color: #555; } dd { margin: 0; }
article { border: 1px solid #ddd; border-radius: 6px; padding: .8rem 1rem; margin: 1rem 0; break-inside: avoid; }
figure { margin: .6rem 0; } figure svg { width: 100%; height: auto; display: block; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 25rem), 1fr)); gap: 0 1.5rem; }
.grid figure.wide { grid-column: 1 / -1; }
nav a { margin-right: 1rem; white-space: nowrap; }
a { color: #005A8C; }
@media (max-width: 40rem) { body { padding: .6rem; font-size: 15px; }
  dl { grid-template-columns: 6.5rem 1fr; } td:first-child { min-width: 7rem; } }
@media print { body { max-width: none; font-size: 10pt; padding: 0; } nav { display: none; }
  .scroll { overflow: visible; } table { font-size: 8pt; } th { white-space: normal; } h2 { break-after: avoid; }
  tr, figure { break-inside: avoid; } a { color: inherit; } }
"""


class Html(str):
    """Text that is HTML already; any other text is escaped where it enters a page."""

    __slots__ = ()


def text(value: object) -> Html:
    """The value as HTML, escaped unless it is HTML already."""
    return value if isinstance(value, Html) else Html(escape(str(value)))


def page(title: str, parts: Iterable[str]) -> str:
    """A whole page: title, the research-use line, then the parts."""
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_CSS}</style>\n</head>\n<body>\n"
        f'<h1>{breakable(title)}</h1>\n<p class="use">{RESEARCH_USE}</p>\n{body}\n</body>\n</html>\n'
    )


def breakable(name: object) -> Html:
    """A name that a narrow column may break behind its underscores."""
    return Html(text(name).replace("_", "_<wbr>"))


def section(title: str, *parts: str, anchor: str = "") -> Html:
    """A heading and what stands under it."""
    name = f' id="{escape(anchor)}"' if anchor else ""
    return Html(f"<section{name}>\n<h2>{text(title)}</h2>\n" + "\n".join(parts) + "\n</section>")


def paragraph(content: object, kind: str = "") -> Html:
    """A paragraph, of the class `kind`."""
    return Html(f'<p class="{kind}">{text(content)}</p>' if kind else f"<p>{text(content)}</p>")


def table(
    header: Sequence[str], rows: Iterable[Sequence[object]], numeric: Sequence[int] = (), long: Sequence[int] = ()
) -> Html:
    """A table that scrolls by itself on a narrow screen.

    Parameters
    ----------
    header : sequence of str
    rows : iterable of sequences
        Cells; what is no `Html` is escaped. The last cell of a short row reaches to the end.
    numeric, long : sequence of int
        Columns set to the right, and columns that may wrap.
    """
    kinds = {**dict.fromkeys(numeric, ' class="n"'), **dict.fromkeys(long, ' class="long"')}
    head = "".join(f"<th{kinds.get(place, '')}>{text(cell)}</th>" for place, cell in enumerate(header))
    body = "\n".join(_row(row, kinds, len(header)) for row in rows)
    return Html(f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>')


def _row(row: Sequence[object], kinds: Mapping[int, str], width: int) -> str:
    """One row; if it is short, its last cell reaches to the end of the table."""
    cells = []
    for place, cell in enumerate(row):
        rest = width - place if place == len(row) - 1 else 1
        kind = kinds.get(place, "") if rest == 1 else f' colspan="{rest}"'
        cells.append(f"<td{kind}>{text(cell)}</td>")
    return "<tr>" + "".join(cells) + "</tr>"


def definitions(items: Mapping[str, object]) -> Html:
    """Names and what they stand for; empty ones are left out."""
    shown = {name: value for name, value in items.items() if str(value) != ""}
    return Html("<dl>" + "".join(f"<dt>{text(k)}</dt><dd>{text(v)}</dd>" for k, v in shown.items()) + "</dl>")


def picture(svg: str, label: str, mark: str) -> Html:
    """An SVG picture inside the page; `mark` keeps its internal names apart from those of other pictures.

    A picture is as large as its own size says, so that letters have one size over the page, or as its place allows.
    """
    inner = svg[svg.index("<svg") :]
    inner = re.sub(r"<metadata>.*?</metadata>", "", inner, flags=re.DOTALL)
    inner = re.sub(r'\bid="', f'id="{mark}-', inner)
    inner = re.sub(r'(href="#|url\(#)', rf"\g<1>{mark}-", inner)
    width = re.search(r'<svg[^>]*?\bwidth="([\d.]+)pt"', inner)
    points = float(width[1]) if width else 0.0
    size = f' style="max-width: {points * _REM_A_POINT:.1f}rem"' if points else ""
    kind = ' class="wide"' if points > _WIDE_POINTS else ""
    inner = inner.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"{size}', 1)
    return Html(f"<figure{kind}>{inner}</figure>")


def number(value: float | None, digits: int = 3) -> str:
    """A number to some significant digits; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    scientific = f"{value:.{digits - 1}e}"
    power = int(scientific.partition("e")[2])  # after rounding: 9.999 is 10.0, not 10.00
    return f"{value:,.{max(0, digits - 1 - power)}f}" if -4 <= power < 7 else scientific


def concentration(value: float | None) -> str:
    """A concentration in mg/L as people read it."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{number(value)} mg/L" if value >= 0.1 or value == 0 else f"{number(value * 1000)} µg/L"


def time(hours: float | None) -> str:
    """A time in hours as people read it."""
    if hours is None or not math.isfinite(hours):
        return "–"
    if 0 < abs(hours) < 1:
        return f"{number(hours * 60)} min"
    return f"{number(hours)} h" if abs(hours) < 72 else f"{number(hours / 24)} days"


def clock(hours: float | None) -> str:
    """A moment as an order names it: minutes up to six hours, where minutes matter, then hours and days."""
    if hours is None or not math.isfinite(hours):
        return "–"
    if 0 < abs(hours) <= 6:
        return f"{hours * 60:.4g} min"
    return f"{hours:.4g} h" if abs(hours) <= 72 else f"{hours / 24:.4g} days"
