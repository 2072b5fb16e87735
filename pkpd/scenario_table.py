"""A table of scenarios: reads it from a CSV file or a DataFrame and refuses a table that cannot be meant.

What concerns the whole table (columns, names, encoding) is refused here before anything runs; what concerns one row
is left to that row. Cells stay the text that the user typed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pkpd.errors import DataError
from pkpd.patient_columns import COLUMNS, check_column_names, is_missing

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OPTIONAL", "REQUIRED", "ScenarioTable", "TableRow", "read_scenarios"]

REQUIRED = ("scenario", "regimen", "until")
OPTIONAL = ("n", "seed", "every", "evidence", "models", "seizure", "seizure_onset", "condition")
_WRITTEN = ("status", "reason", "warnings")

# An unknown column made of a known stem and one of these is the known column in another unit; carried along unread
# it would leave the patient at the default.
_UNITS = set(
    "y yr yrs year years m mo month months w wk week weeks d day days h hr hour hours min minute minutes s sec g kg lb "
    "lbs pound pounds st cm mm in inch inches ft c f k celsius mg ug umol mmol l dl ml percent".split()
)
_OTHER_NAMES = {"wt": "weight_kg", "bodyweight": "weight_kg", "ht": "height_cm", "gender": "sex"}


@dataclass(frozen=True)
class TableRow:
    """One row as typed: its place in the table and its cells, one a column of the table."""

    position: int
    line: int
    cells: tuple[str, ...]
    broken: str = ""


@dataclass(frozen=True)
class ScenarioTable:
    """A validated table.

    Attributes
    ----------
    where : str
        File name, or ``"scenarios"`` for a DataFrame; errors begin with it.
    columns : tuple of str
        Names as typed, for the output.
    names : tuple of str
        The same names without surrounding blanks, for recognition.
    rows : list of TableRow
    sha256 : str
        Of the file's bytes; of the cells for a DataFrame.
    frame : DataFrame or None
        The table that was passed in, if it was one; results repeat its columns.
    """

    where: str
    columns: tuple[str, ...]
    names: tuple[str, ...]
    rows: list[TableRow]
    sha256: str

    frame: pd.DataFrame | None = None

    def place(self, row: TableRow) -> str:
        """Where a row stands, for errors: ``"x.csv line 3"``, or the row number of a DataFrame."""
        return f"{self.where} {'line' if self.frame is None else 'row'} {row.line}"

    def column(self, name: str) -> list[str]:
        """Cells of one column, in row order."""
        place = self.names.index(name)
        return [row.cells[place] for row in self.rows]


def read_scenarios(source: str | os.PathLike[str] | pd.DataFrame) -> ScenarioTable:
    """Read and validate a table of scenarios.

    Parameters
    ----------
    source : path or DataFrame
        A CSV file in UTF-8 (comma-separated, first line the column names), or the same table in memory.

    Returns
    -------
    ScenarioTable

    Raises
    ------
    DataError
        If the file cannot be read, is empty or in another encoding; a required column is missing; a column looks
        like a misspelt known one; a column stands twice; two rows have one name.
    """
    if isinstance(source, str | os.PathLike):
        table = _from_file(Path(source))
    elif hasattr(source, "columns"):
        table = _from_frame(source)
    else:
        raise DataError(
            f"scenarios: a {type(source).__name__} is not a table; expected the path of a CSV file or a DataFrame. "
            "Pass one of them."
        )
    _check_columns(table)
    if not table.rows:
        raise DataError(
            f"{table.where}: there is no row under the column names; expected one scenario a row. Add a scenario."
        )
    _check_names(table)
    return table


def _from_file(path: Path) -> ScenarioTable:
    try:
        raw = path.read_bytes()
    except OSError as error:
        what = "it is a folder" if path.is_dir() else (error.strerror or str(error)).lower()
        raise DataError(
            f"{path}: cannot be read ({what}); expected a CSV file of scenarios. Check the path and its permissions."
        ) from None
    text = _decode(path, raw)
    if not text.strip():
        raise DataError(
            f"{path}: the file is empty; expected a line of column names ({', '.join(REQUIRED)}, ...) and one "
            "scenario a row. Check the path, or save the table again."
        )
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{path} line {line}: the row cannot be split into cells ({error}); expected comma-separated text with "
            'double quotes around a cell that has a comma, and a quote inside it doubled (""). Correct the quotes.'
        ) from None
    header = lines[0][1]
    _check_separator(path, header)
    rows = [_row(number, at, cells, len(header)) for number, (at, cells) in enumerate(lines[1:])]
    names = tuple(name.strip() for name in header)
    return ScenarioTable(str(path), tuple(header), names, rows, hashlib.sha256(raw).hexdigest())


def _decode(path: Path, raw: bytes) -> str:
    if raw[:4] == b"PK\x03\x04":
        raise DataError(
            f"{path}: this is a workbook, not text; expected a CSV file in UTF-8. Save it as 'CSV UTF-8 "
            "(comma delimited)' in the spreadsheet program."
        )
    try:
        text = raw.decode("utf-8-sig")
        wrong = text.find("\0")
        place = text.count("\n", 0, wrong) + 1
        found = "a zero byte"
    except UnicodeDecodeError as error:
        wrong = error.start
        place = raw.count(b"\n", 0, wrong) + 1
        found = f"byte 0x{raw[wrong]:02x}"
    if wrong >= 0:
        raise DataError(
            f"{path} line {place}: {found} is not UTF-8 text; expected a CSV file in UTF-8. Save it as "
            "'CSV UTF-8 (comma delimited)', or convert it to that encoding."
        )
    return text


def _check_separator(path: Path, header: Sequence[str]) -> None:
    """A table with another separator has one column; say so instead of naming three missing ones."""
    if len(header) > 1:
        return
    for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if header[0].count(mark) >= len(REQUIRED) - 1:
            raise DataError(
                f"{path} line 1: the columns are separated by {name}; expected commas, as regimens contain "
                "semicolons. Save the file as comma-separated CSV."
            )


def _row(number: int, line: int, cells: list[str], width: int) -> TableRow:
    broken = ""
    if len(cells) != width:
        more = len(cells) > width
        broken = (
            f"line {line}: the row has {len(cells)} cells, but the table {width} columns; expected one cell a column. "
            + ('Put double quotes around a text with a comma, and write decimals with a point.' if more else
               "Add the missing commas.")
        )  # fmt: skip
    padded = (*cells[:width], *[""] * (width - len(cells)))
    return TableRow(number, line, padded, broken)


def _from_frame(frame: pd.DataFrame) -> ScenarioTable:
    columns = tuple(str(name) for name in frame.columns)
    texts = [[_cell_text(value) for value in frame.iloc[:, place].tolist()] for place in range(len(columns))]
    rows = [TableRow(number, number + 1, cells) for number, cells in enumerate(zip(*texts))]
    digest = hashlib.sha256(repr((columns, [row.cells for row in rows])).encode()).hexdigest()
    return ScenarioTable("scenarios", columns, tuple(name.strip() for name in columns), rows, digest, frame)


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
        if name in _WRITTEN:
            raise DataError(
                f"{table.where}, column '{name}': this name is written by the run ({', '.join(_WRITTEN)}); expected a "
                "table of scenarios, not of results. Rename or delete the column."
            )
    check_column_names(table.names, also=(*REQUIRED, *OPTIONAL), where=table.where)
    for name in table.names:
        _check_look_alike(table, name)
    missing = [name for name in REQUIRED if name not in table.names]
    if missing:
        raise DataError(
            f"{table.where}: required column '{missing[0]}' is missing; expected the columns {', '.join(REQUIRED)}, "
            f"found {', '.join(table.names[:12])}. Add the column '{missing[0]}'."
        )


def _check_look_alike(table: ScenarioTable, name: str) -> None:
    """Refuse a known quantity in an unknown unit (``age_months``, ``until_h``), and ``wt`` or ``gender``."""
    if name in COLUMNS or name in REQUIRED or name in OPTIONAL:
        return
    word = name.lower()
    stems = {column.stem.lower(): column.name for column in COLUMNS.values() if column.unit}
    stems |= {"until": "until", "every": "every", "seizure_onset": "seizure_onset"}
    stem = max((s for s in stems if word.startswith(s + "_")), key=len, default=None)
    known = _OTHER_NAMES.get(word)
    if known is None and stem is not None and set(word[len(stem) + 1 :].split("_")) <= _UNITS:
        known = stems[stem]
    if known is not None:
        raise DataError(
            f"{table.where}, column '{name}': the name is not known, but it means the same as '{known}'; expected "
            f"that column, in its own unit. Did you mean '{known}'?"
        )


def _check_names(table: ScenarioTable) -> None:
    seen: dict[str, TableRow] = {}
    for row, name in zip(table.rows, table.column("scenario")):
        name = name.strip()
        if name and name in seen:
            raise DataError(
                f"{table.place(row)}: scenario '{name}' is already the name of {table.place(seen[name])}; expected a "
                "name of its own for each scenario. Rename one of them."
            )
        seen[name] = row
