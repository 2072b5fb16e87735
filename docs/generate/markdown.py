"""Markdown as text: tables, headings and the line that says where a page comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["code", "number", "page", "table"]

_NOTICE = "<!-- Written by `python -m docs.generate`; change the data or docs/generate/, not this page. -->"


def page(title: str, *parts: str) -> str:
    """A page of its parts, those that are empty left out."""
    return "\n\n".join([_NOTICE, f"# {title}", *(part.strip("\n") for part in parts if part.strip())]) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table, or nothing where there is no row; columns in which no row says anything are left out."""
    body = [[_cell(value) for value in row] for row in rows]
    if not body:
        return ""
    kept = [place for place in range(len(header)) if any(row[place] for row in body)]
    lines = [[header[place] for place in kept], ["---"] * len(kept)]
    lines += [[row[place] for place in kept] for row in body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(value: object) -> str:
    """A value in a cell: one line, and signs of markdown as they are; what stands between backticks is left alone."""
    text = "" if value is None else " ".join(str(value).split()).replace("|", "\\|")
    if text.startswith("**") and text.endswith("**"):  # a cell in bold type
        return f"**{_cell(text[2:-2])}**"
    parts = text.split("`")
    parts[::2] = [re.sub(r"([*<~]|\[(?![^]]*\]\())", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


def code(text: object) -> str:
    """The text as code, nothing for nothing."""
    return f"`{text}`" if str(text) else ""


def number(value: float | None, digits: int = 6) -> str:
    """A number without needless digits; nothing for None."""
    return "" if value is None else f"{value:.{digits}g}"
