"""The check points of a drug: what was published or derived by hand, and whether the library meets it."""

from __future__ import annotations

from functools import cache

from docs.generate.markdown import code, table
from pkpd.regimen.words import time_text
from validation.published import read_rows

__all__ = ["check_points", "given", "tolerance"]


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
    head = ("asked", "expected", "unit", "tolerance", "met", "given", "kind", "source")
    lines = [
        (code(row["quantity"]), row["expected"], "" if row["unit"] == "1" else row["unit"],
         tolerance(row["tolerance"]), _verdict(row), given(row), row["kind"], row["source"])
        for row in rows
    ]  # fmt: skip
    return f"{about}\n\n{table(head, lines)}"


def given(row: dict[str, str]) -> str:
    """The model and the inputs of a row, times in the unit in which they read well."""
    parts = [code(row["model"])] if row["model"] else []
    for item in filter(None, row["inputs"].split(";")):
        name, _, value = item.partition("=")
        if name in ("time_h", "duration_h", "every_h", "tmax_h"):
            name, value = name.removesuffix("_h"), time_text(float(f"{float(value) * 3600.0:.6g}") / 3600.0)
        parts.append(f"{name} {value}")
    return "; ".join(parts)


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
