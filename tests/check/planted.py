"""Clean data sets, and the means to plant one defect into a copy of one."""

import csv
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OBSERVED = ROOT / "data" / "observed"

#: Units of the sets, as their comments state them; a planted copy has no comments, so that row i is line i + 2.
UNITS = {"propofol": {"TIME": "min", "AMT": "mg", "RATE": "mg/min", "DV": "mg/L"}}

Rows = list[dict[str, str]]


def rows_of(name: str) -> Rows:
    """The rows of a shipped set as text."""
    lines = (OBSERVED / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def planted(folder: Path, name: str, change: Callable[[Rows], Rows | None]) -> Path:
    """A copy of a set with one change; a cell that a row lacks is empty."""
    rows = rows_of(name)
    rows = change(rows) or rows
    header = list(dict.fromkeys(key for row in rows for key in row))
    path = folder / f"{name}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, header, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def cell(row: int, **cells: object) -> Callable[[Rows], None]:
    """Write cells of one row."""

    def change(rows: Rows) -> None:
        rows[row].update({key: str(value) for key, value in cells.items()})

    return change


def renamed(old: str, new: str) -> Callable[[Rows], Rows]:
    """Rename a column."""
    return lambda rows: [{new if key == old else key: value for key, value in row.items()} for row in rows]


def without(column: str) -> Callable[[Rows], Rows]:
    """Delete a column."""
    return lambda rows: [{key: value for key, value in row.items() if key != column} for row in rows]


def scaled(column: str, factor: float, who: str = "") -> Callable[[Rows], None]:
    """Multiply a column, of one ID or of all."""

    def change(rows: Rows) -> None:
        for row in rows:
            if row[column] and (not who or row["ID"] == who):
                row[column] = repr(float(row[column]) * factor)

    return change


def copied(row: int, **cells: object) -> Callable[[Rows], Rows]:
    """Put a copy of a row, with some cells changed, below it."""
    return lambda rows: [
        *rows[: row + 1],
        {**rows[row], **{key: str(value) for key, value in cells.items()}},
        *rows[row + 1 :],
    ]
