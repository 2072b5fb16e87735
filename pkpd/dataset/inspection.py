"""The look through a data set that everything takes which reads one: cells, rows and records, as numbers.

Finds what is an error (see `pkpd.dataset.rules`) and gives the table of numbers that the engine works on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd.dataset.columns import NUMERIC, id_codes, to_numbers
from pkpd.dataset.records import Records
from pkpd.dataset.rules import MOST_PER_RULE, Reporter, Rows, record_findings, row_findings

if TYPE_CHECKING:
    from pkpd.dataset.dataset import Dataset

__all__ = ["Table", "cell_findings", "inspect"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Table(NamedTuple):
    """A data set that has passed the checks, as numbers."""

    time: FloatArray  # (n_rows,)
    starts: IntArray  # (n_ids,) first row of each ID
    ids: list[Any]  # the ID of each, as in the data
    records: Records  # rows on which anything but an observation stands

    def id_index(self, rows: IntArray | int) -> IntArray:
        """Position in `ids` of the ID to which each row belongs."""
        return np.asarray(np.searchsorted(self.starts, rows, side="right") - 1)


def cell_findings(data: Dataset) -> Reporter:
    """Find the cells of numeric columns that hold no number."""
    report = Reporter(data.line, lambda row: data.frame[data.names["ID"]].iloc[row] if "ID" in data.names else "")
    for name in NUMERIC:
        if name not in data.names:
            continue
        column = data.frame[data.names[name]]
        if column.dtype.kind in "fiu":
            continue
        rows = to_numbers(column)[1]
        cells = [str(column.iloc[row]) for row in rows[:MOST_PER_RULE]]
        report.report("not-numeric", name, rows, _no_number(name, cells), _number_fix(name, cells))
    return report


def _no_number(name: str, cells: list[str]) -> Callable[[int], str]:
    return lambda i: f"{name} {cells[i]!r} is not a number; expected a number, or '.' for a missing one."


def _number_fix(name: str, cells: list[str]) -> Callable[[int], str]:
    return lambda i: _remedy(name, cells[i])


def _remedy(name: str, cell: str) -> str:
    """What to do about a cell that is no number, by what it looks like."""
    if "," in cell:
        return "Write it with a decimal point; in Python, pandas.read_csv(..., decimal=',') reads commas."
    if (name == "TIME" and ":" in cell) or cell.count("-") == 2 or cell.count("/") == 2:
        return f"Write {name} as hours since the first dose of the subject, such as 1.5, not as a date or a clock time."
    if name == "DV" and (cell.lstrip()[:1] == "<" or cell.strip().upper() in ("BLQ", "BLOQ", "BQL", "LLOQ", "ND")):
        return "Below the limit of quantification: write 1 in a column BLQ, and '.' or the limit here."
    return f"Correct {name}."


def inspect(data: Dataset, compartments: int | None) -> tuple[Table, Reporter]:
    """Return the data as numbers, and the errors of their rows and records.

    Parameters
    ----------
    data : Dataset
        With columns ID and TIME.
    compartments : int or None
        Number of compartments of the model, depot included, to check CMT against.
    """
    from pkpd.engine.scan import scan_rows

    ids = data.frame[data.names["ID"]]
    codes, missing = id_codes(ids)
    starts, time, odd, earlier = scan_rows(codes, np.asarray(data.numbers("TIME")))
    names = ids.iloc[starts].tolist()
    report = Reporter(data.line, lambda row: ids.iloc[row])
    records = _records(data, compartments)
    resets = records.row[(records.evid == 3) | (records.evid == 4)]
    row_findings(report, Rows(time, starts, names, missing, odd, earlier, resets))
    record_findings(report, records, compartments)
    return Table(time, starts, names, records), report


def _records(data: Dataset, compartments: int | None) -> Records:
    """The rows on which anything but an observation may stand; a missing cell is 0."""
    from pkpd.engine.scan import mark_filled, mark_outside

    columns = {name: data.numbers(name) for name in ("EVID", "AMT", "RATE", "II", "ADDL", "SS", "CMT")}
    active = np.zeros(len(data), dtype=np.bool_)
    for name in ("EVID", "AMT", "RATE", "ADDL", "SS"):
        if (values := columns[name]) is not None:
            mark_filled(values, active)
    if compartments is not None and (values := columns["CMT"]) is not None:
        mark_outside(values, compartments, active)
    row = np.flatnonzero(active)
    picked = {}
    for name, values in columns.items():
        cells = np.zeros(len(row)) if values is None else values[row].astype(np.float64)
        picked[name.lower()] = np.where(np.isnan(cells), 0.0, cells)
    if columns["EVID"] is None:
        constant = (picked["ss"] > 0) & (picked["rate"] != 0) & (picked["ii"] == 0)
        picked["evid"] = ((picked["amt"] != 0) | constant).astype(float)
    return Records(row, **picked)
