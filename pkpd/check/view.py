"""A data set as the rules see it: one array a column, missing cells filled or NaN, and where subjects begin.

Built even where the data have errors, so that one bad cell does not hide what else is to be said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pkpd.dataset.dataset import Dataset
from pkpd.dataset.inspection import Table
from pkpd.dataset.observations import kinds_of
from pkpd.dataset.records import number
from pkpd.dataset.rules import Reporter

__all__ = ["View", "make_view"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class View:
    """The columns of a data set, each of shape (n_rows,).

    `subject` is the position in `table.ids`; `piece` counts the stretches in time order, which EVID 3 and 4 begin.
    EVID, AMT, RATE, II, ADDL, SS and BLQ are 0 where missing; MDV, DV, LLOQ and CMT are NaN.
    """

    data: Dataset
    table: Table
    report: Reporter
    subject: IntArray
    piece: IntArray
    time: FloatArray
    evid: FloatArray
    amt: FloatArray
    rate: FloatArray
    ii: FloatArray
    addl: FloatArray
    ss: FloatArray
    mdv: FloatArray
    dv: FloatArray
    blq: FloatArray
    lloq: FloatArray
    cmt: FloatArray

    def __len__(self) -> int:
        return len(self.time)

    @property
    def dose(self) -> BoolArray:
        """Rows that are doses."""
        return (self.evid == 1) | (self.evid == 4)

    @cached_property
    def piece_bounds(self) -> IntArray:
        """First row of each piece, and the number of rows, shape (n_pieces + 1,)."""
        return np.append(np.unique(self.piece, return_index=True)[1], len(self))

    @property
    def seen(self) -> BoolArray:
        """Rows that are observations: EVID 0, below the limit or with a DV that MDV does not hide."""
        hidden = np.nan_to_num(self.mdv, nan=0.0) != 0
        return (self.evid == 0) & ((self.blq == 1) | (~hidden & ~np.isnan(self.dv)))

    @property
    def first_kind(self) -> BoolArray:
        """Observations of the lowest DVID that has one; all of them without that column."""
        seen = self.seen
        if not self.has("DVID") or not seen.any():
            return seen
        kinds = kinds_of(self.data)
        return seen & np.asarray(kinds == min(kinds[seen]))

    def has(self, name: str) -> bool:
        """Whether the data have this standard column."""
        return name in self.data.names

    def find(
        self,
        severity: str,
        rule: str,
        column: str,
        where: BoolArray | IntArray | Sequence[int],
        message: Callable[[int], str],
        fix: str | Callable[[int], str],
    ) -> None:
        """Add a finding for each row of a mask, or each of the listed rows; `message` and `fix` get the row."""
        rows = np.asarray(where)
        rows = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows.astype(np.int64)
        todo = fix if isinstance(fix, str) else (lambda i: fix(int(rows[i])))
        self.report.report(rule, column, rows, lambda i: message(int(rows[i])), todo, severity)

    def who(self, row: int) -> object:
        """The ID of a row."""
        return self.table.ids[int(self.subject[row])]

    def line(self, row: int) -> int:
        """The line of the file of a row."""
        return self.data.line(row)

    def cells(self, name: str, row: int) -> str:
        """The number in a column of the view, as a user would type it."""
        return number(float(getattr(self, name)[row]))


def make_view(data: Dataset, table: Table) -> View:
    """Return the columns of `data`, whose `table` is what `inspect` gives."""
    n = len(table.time)
    begins = np.zeros(n, dtype=np.bool_)
    begins[table.starts] = True
    subject = np.cumsum(begins) - 1
    evid = np.zeros(n)
    evid[table.records.row] = table.records.evid
    begins |= (evid == 3) | (evid == 4)
    begins[1:] |= table.time[1:] < table.time[:-1]  # an error of its own; what follows is judged apart

    def column(name: str, missing: float) -> FloatArray:
        values = data.numbers(name)
        if values is None:
            return np.full(n, missing)
        values = values.astype(np.float64)
        return values if np.isnan(missing) else np.nan_to_num(values, nan=missing, posinf=np.inf, neginf=-np.inf)

    zeros = {name.lower(): column(name, 0.0) for name in ("AMT", "RATE", "II", "ADDL", "SS", "BLQ")}
    gaps = {name.lower(): column(name, np.nan) for name in ("MDV", "DV", "LLOQ", "CMT")}
    report = Reporter(data.line, lambda row: table.ids[int(subject[row])])
    return View(data, table, report, subject, np.cumsum(begins) - 1, table.time, evid, **zeros, **gaps)
