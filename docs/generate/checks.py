"""The check points of a drug: what was published or derived by hand, and whether the library meets it."""

from __future__ import annotations

from functools import cache

from docs.generate.markdown import code, table
from validation.published import read_rows

__all__ = ["check_points", "tolerance"]


@cache
def _rows() -> list[dict[str, str]]:
    return read_rows()


def check_points(drug: str) -> str:
    """Return the table of a drug; the tests compute every row."""
    rows = [row for row in _rows() if row["drug"] == drug]
    if not rows:
        return ""
    failed = sum(bool(row["expect_fail"]) for row in rows)
    published = sum(row["kind"] == "published" for row in rows)
    about = (
        f"{len(rows)} rows of `data/reference/`: {published} published values and {len(rows) - published} that follow "
        f"from the published equations by hand. {len(rows) - failed} are met, {failed} "
        f"{'is' if failed == 1 else 'are'} not. The values that we get: [validation](../validation.md)."
    )
    head = ("given", "asked", "expected", "unit", "tolerance", "kind", "source", "met")
    lines = [
        (_given(row), code(row["quantity"]), row["expected"], "" if row["unit"] == "1" else row["unit"],
         tolerance(row["tolerance"]), row["kind"], row["source"], _verdict(row))
        for row in rows
    ]  # fmt: skip
    return f"{about}\n\n{table(head, lines)}"


def _given(row: dict[str, str]) -> str:
    parts = [code(row["model"])] if row["model"] else []
    return "; ".join([*parts, *(item.replace("=", " ") for item in row["inputs"].split(";") if item)])


def tolerance(text: str) -> str:
    """A tolerance in words."""
    if text in ("lower", "upper"):
        return {"lower": "at least", "upper": "at most"}[text]
    if text.startswith("abs "):
        return f"± {text[4:]}"
    share = 100.0 * float(text)
    return f"{share:g} %"


def _verdict(row: dict[str, str]) -> str:
    return f"**no: we get {row['expect_fail']}**" if row["expect_fail"] else "yes"
