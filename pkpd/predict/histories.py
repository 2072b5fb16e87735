"""Histories in a data set: where a system begins empty, and in which order the rows of one time act."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pkpd.dataset.dataset import Table

if TYPE_CHECKING:
    from pkpd.engine.events import Pieces

__all__ = ["dose_first", "histories", "reordered"]

IntArray = NDArray[np.int64]


def histories(table: Table) -> Pieces:
    """Ranges of rows with one history: an ID, cut where a record clears all that was before (EVID 3, 4 and SS 1).

    SS=1 also cancels running infusions and additional doses of earlier records, so nothing passes the cut.
    """
    from pkpd.engine.events import Pieces

    r = table.records
    clears = (r.evid == 3) | (r.evid == 4) | ((r.evid == 1) & (r.ss == 1))
    start = table.starts
    if clears.any():
        start = np.union1d(start, r.row[clears])
    return Pieces(start, np.append(start[1:], len(table.time)))


def dose_first(table: Table) -> IntArray | None:
    """Rows in the order in which they act when doses come first; None where that is the order of the file."""
    r, n = table.records, len(table.time)
    begins = np.zeros(n, dtype=np.bool_)
    begins[1:] = table.time[1:] != table.time[:-1]
    begins[table.starts] = True
    begins[r.row[(r.evid == 3) | (r.evid == 4)]] = True
    start = np.flatnonzero(begins)
    length = np.diff(np.append(start, n))
    dose = r.row[r.evid == 1]
    run = np.searchsorted(start, dose, side="right") - 1
    affected = np.zeros(len(start), dtype=np.bool_)
    affected[run[dose > start[run]]] = True
    if not affected.any():
        return None
    later = np.ones(n, dtype=np.int64)
    later[r.row[r.dose]] = 0
    rows = np.flatnonzero(np.repeat(affected, length))
    group = np.repeat(np.arange(len(start))[affected], length[affected])
    order = np.arange(n)
    order[rows] = rows[np.lexsort((later[rows], group))]
    return order


def reordered(table: Table, order: IntArray) -> Table:
    """The table with its rows in another order inside runs of one time."""
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    row = place[table.records.row]
    return table._replace(records=table.records._replace(row=row).take(np.argsort(row)))
