"""The rows of data/reference, and whether a value meets what a row expects."""

from __future__ import annotations

import csv
import math
from pathlib import Path

__all__ = ["FOLDER", "read_rows", "reasons", "within"]

FOLDER = Path(__file__).resolve().parent.parent / "data" / "reference"


def read_rows() -> list[dict[str, str]]:
    """Every row of every file, as text by column."""
    rows: list[dict[str, str]] = []
    for path in sorted(FOLDER.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            rows += csv.DictReader(file)
    return rows


def reasons() -> dict[str, str]:
    """Why a row is not met, by its id: the last column of the list of failures in the README."""
    lines = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| `")]
    return {row[0].strip("`"): row[-1] for row in cells if len(row) == 4}


def within(value: float | str, expected: str, tolerance: str) -> bool:
    """Whether a value meets an expectation: relative tolerance, ``abs x``, or a bound (``lower``, ``upper``)."""
    if isinstance(value, str) or expected == "none":
        return value == expected
    target = float(expected)
    if tolerance == "lower":
        return value >= target
    if tolerance == "upper":
        return value <= target
    if tolerance.startswith("abs "):
        return math.isclose(value, target, rel_tol=0.0, abs_tol=float(tolerance[4:]))
    return math.isclose(value, target, rel_tol=float(tolerance), abs_tol=0.0)
