"""A table of scenarios: reads it from a CSV file or a DataFrame and refuses a table that cannot be meant.

What concerns the whole table (columns, names, encoding) is refused here before anything runs; what concerns one row
is left to that row. Cells stay the text that the user typed.
"""

from __future__ import annotations

import hashlib
import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pkpd.batch.file import TableRow, check_bytes, file_rows, read_header
from pkpd.errors import DataError
from pkpd.options import a_kind
from pkpd.patients.columns import check_column_names, is_missing
from pkpd.patients.look_alikes import check_look_alikes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OPTIONAL", "REQUIRED", "WRITTEN", "ScenarioTable", "Span", "TableRow", "hash_of", "read_scenarios"]

REQUIRED = ("scenario", "regimen", "until")
OPTIONAL = ("n", "seed", "every", "evidence", "models", "seizure", "seizure_onset", "condition")
WRITTEN = ("status", "reason", "warnings")
#: Work of one span; a row of n subjects counts n, and one with a seizure so many times more.
SPAN_WORK = 5_000
SEIZURE_WORK = 10
FRAME_ROWS = 1000
MOST_SEEDS = 1000

# An unknown column made of a known stem and one of these is the known column in another unit; carried along unread
# it would leave the patient at the default.


class Span(NamedTuple):
    """A run of neighbouring rows, worked and written together: positions `first` to before `stop`, and their hash."""

    first: int
    stop: int
    sha256: str


@dataclass(frozen=True)
class ScenarioTable:
    """A validated table, whose rows are read anew each time they are asked for.

    Attributes
    ----------
    where : str
        File name, or ``"scenarios"`` for a DataFrame; errors begin with it.
    columns : tuple of str
        Names as typed, for the output.
    names : tuple of str
        The same names without surrounding blanks, for recognition.
    count : int
        Number of rows.
    sha256 : str
        Of the file's bytes; of the cells for a DataFrame.
    spans : tuple of Span
        The rows cut into runs of about equal work, which depends on nothing but the table.
    seeds : tuple of str
        The different seeds that the rows state, sorted; of more than 1000 only their number.
    frame : DataFrame or None
        The table that was passed in, if it was one; results repeat its columns.
    """

    where: str
    columns: tuple[str, ...]
    names: tuple[str, ...]
    count: int = 0
    sha256: str = ""
    spans: tuple[Span, ...] = ()
    seeds: tuple[str, ...] = ()
    frame: pd.DataFrame | None = None

    def place(self, row: TableRow) -> str:
        """Where a row stands, for errors: ``"x.csv line 3"``, or the row number of a DataFrame."""
        return f"{self.where} {'line' if self.frame is None else 'row'} {row.line}"

    def stream(self) -> Iterator[TableRow]:
        """Rows one by one, read from the file or the DataFrame."""
        return file_rows(Path(self.where), len(self.columns)) if self.frame is None else _frame_rows(self.frame)

    def head(self, count: int) -> list[TableRow]:
        """The first rows."""
        return list(islice(self.stream(), count))

    @cached_property
    def rows(self) -> list[TableRow]:
        """All rows, kept in memory: for tables of moderate size."""
        return self.head(self.count)

    def column(self, name: str) -> list[str]:
        """Cells of one column, in row order."""
        place = self.names.index(name)
        return [row.cells[place] for row in self.rows]


def read_scenarios(source: str | os.PathLike[str] | pd.DataFrame) -> ScenarioTable:
    """Read a table of scenarios once from end to end, and validate it.

    Parameters
    ----------
    source : path or DataFrame
        A CSV file in UTF-8 (comma-separated, first line the column names), or the same table in memory.

    Returns
    -------
    ScenarioTable
        It holds no row yet.

    Raises
    ------
    DataError
        If the file cannot be read, is empty or in another encoding; a required column is missing; a column looks
        like a misspelt known one; a column stands twice; two rows have one name.
    """
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        sha256 = check_bytes(path)
        columns = read_header(path, REQUIRED)
        table = ScenarioTable(str(path), columns, tuple(name.strip() for name in columns), sha256=sha256)
    elif hasattr(source, "columns"):
        columns = tuple(str(name) for name in source.columns)
        table = ScenarioTable("scenarios", columns, tuple(name.strip() for name in columns), frame=source)
    else:
        raise DataError(
            f"scenarios: {a_kind(source)} is not a table; expected the path of a CSV file or a DataFrame. "
            "Pass one of them."
        )
    _check_columns(table)
    table = _survey(table)
    if not table.count:
        raise DataError(
            f"{table.where}: there is no row under the column names; expected one scenario a row. Add a scenario."
        )
    return table


def hash_of(rows: Iterable[TableRow]) -> str:
    """sha256 of the cells of some rows."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(("\x1f".join(row.cells) + "\x1e" + row.broken).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _survey(table: ScenarioTable) -> ScenarioTable:
    """One pass over the rows: their number, their seeds, the runs in which they are worked; no name twice."""
    name_place = table.names.index("scenario")
    seed_place = table.names.index("seed") if "seed" in table.names else None
    work = _Work(table.names)
    spans: list[Span] = []
    names, seeds, pending, weight = array("q"), set[str](), list[TableRow](), 0
    for row in table.stream():
        more = work.of(row)
        if pending and weight + more > SPAN_WORK:
            spans.append(Span(pending[0].position, row.position, hash_of(pending)))
            pending, weight = [], 0
        pending.append(row)
        weight += more
        names.append(hash(row.cells[name_place].strip()))
        if seed_place is not None and len(seeds) <= MOST_SEEDS:
            seeds.add(row.cells[seed_place].strip())
    if pending:
        spans.append(Span(pending[0].position, pending[-1].position + 1, hash_of(pending)))
    _check_names(table, name_place, names)
    said = sorted(seeds - {""}) if len(seeds) <= MOST_SEEDS else [f"more than {MOST_SEEDS} different ones"]
    sha256 = table.sha256 or hashlib.sha256(repr((table.columns, spans)).encode()).hexdigest()
    return replace(table, count=len(names), sha256=sha256, spans=tuple(spans), seeds=tuple(said))


class _Work:
    """How much work a row is, in typical patients without a seizure."""

    def __init__(self, names: Sequence[str]) -> None:
        self._n = names.index("n") if "n" in names else None
        self._seizure = names.index("seizure") if "seizure" in names else None

    def of(self, row: TableRow) -> int:
        """At least 1; a cell that cannot be read makes an error row, which costs nothing more."""
        work = 1
        if self._n is not None and (digits := row.cells[self._n].strip().removesuffix(".0")).isdecimal():
            work = max(1, min(int(digits), SPAN_WORK))
        if self._seizure is not None and row.cells[self._seizure].strip() not in ("", "none"):
            work *= SEIZURE_WORK
        return work


def _check_names(table: ScenarioTable, place: int, hashes: array[int]) -> None:
    """Refuse a name that stands twice. Hashes find candidates in little memory; their names decide."""
    ordered = np.sort(np.frombuffer(hashes, dtype=np.int64))
    again = set(ordered[1:][ordered[1:] == ordered[:-1]].tolist()) - {hash("")}
    if not again:
        return
    seen: dict[str, TableRow] = {}
    for row in table.stream():
        name = row.cells[place].strip()
        if hash(name) not in again:
            continue
        if name in seen:
            raise DataError(
                f"{table.place(row)}: scenario '{name}' is already the name of {table.place(seen[name])}; expected a "
                "name of its own for each scenario. Rename one of them."
            )
        seen[name] = row


def _frame_rows(frame: pd.DataFrame) -> Iterator[TableRow]:
    for start in range(0, len(frame), FRAME_ROWS):
        part = frame.iloc[start : start + FRAME_ROWS]
        texts = [[_cell_text(value) for value in part.iloc[:, place].tolist()] for place in range(part.shape[1])]
        yield from (TableRow(start + at, start + at + 1, cells) for at, cells in enumerate(zip(*texts)))


def _cell_text(value: object) -> str:
    """A cell as it would stand in a file: empty when missing, 1 for 1.0 and for True."""
    if isinstance(value, str):
        return value
    if is_missing(value):
        return ""
    if isinstance(value, dict):
        return "; ".join(f"{name}={item}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ";".join(str(item) for item in value)
    number = getattr(value, "item", lambda: value)()
    if isinstance(number, bool) or (isinstance(number, float) and number.is_integer() and abs(number) < 1e15):
        return str(int(number))
    return str(number)


def _check_columns(table: ScenarioTable) -> None:
    for place, name in enumerate(table.names):
        first = table.names.index(name)
        if first != place:
            raise DataError(
                f"{table.where}, column '{name}': it stands twice (columns {first + 1} and {place + 1}); expected each "
                "name once. Delete or rename one."
            )
        if name in WRITTEN:
            raise DataError(
                f"{table.where}, column '{name}': this name is written by the run ({', '.join(WRITTEN)}); expected a "
                "table of scenarios, not of results. Rename or delete the column."
            )
    check_column_names(table.names, also=(*REQUIRED, *OPTIONAL), where=table.where)
    check_look_alikes(table.names, also=(*REQUIRED, *OPTIONAL), where=table.where)
    missing = [name for name in REQUIRED if name not in table.names]
    if missing:
        raise DataError(
            f"{table.where}: required column '{missing[0]}' is missing; expected the columns {', '.join(REQUIRED)}, "
            f"found {', '.join(table.names[:12])}. Add the column '{missing[0]}'."
        )
