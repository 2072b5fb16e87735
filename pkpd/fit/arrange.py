"""From a case to the arrays of a problem: pieces, doses, parameter sets and observations, unit by unit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pkpd.fit.case import Case
from pkpd.fit.layout import GivenDoses, Layout

__all__ = ["layout_of"]

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def layout_of(case: Case, unit_of_subject: IntArray, entry_of_dose: IntArray, new_set: BoolArray | None) -> Layout:
    """Return where everything stands.

    Parameters
    ----------
    case : Case
    unit_of_subject : ndarray of int
        Not decreasing: the subjects themselves, or 0 for all.
    entry_of_dose : ndarray of int
        The way in of each dose record of the table, in its order.
    new_set : ndarray of bool, shape (n_rows,), or None
        Rows of the table on which other parameters come into force; None: only where a history begins.
    """
    table, pieces = case.table, case.pieces
    piece_of_row = np.empty(len(table.time), dtype=np.int64)
    for number, (start, stop) in enumerate(zip(pieces.start, pieces.stop, strict=True)):
        piece_of_row[start:stop] = number
    begins = np.zeros(len(table.time), dtype=np.bool_) if new_set is None else new_set.copy()
    begins[pieces.start] = True
    rows = np.flatnonzero(begins)
    sets = rows[np.lexsort((rows, piece_of_row[rows]))]
    r = table.records
    given = r.dose
    dose_row = r.row[given]
    sorting = np.lexsort((dose_row, piece_of_row[dose_row]))
    columns = (
        piece_of_row[dose_row], dose_row, entry_of_dose, r.amt[given], r.rate[given], r.ii[given],
        r.addl[given].astype(np.int64), r.ss[given].astype(np.int64),
    )  # fmt: skip
    return Layout(
        time=table.time,
        unit=unit_of_subject[case.piece_subject],
        start=pieces.start,
        stop=pieces.stop,
        set_piece=piece_of_row[sets],
        set_row=sets,
        obs_piece=piece_of_row[case.acting_row],
        obs_row=case.acting_row,
        obs_output=case.output,
        dose=GivenDoses(*(column[sorting] for column in columns)),  # type: ignore[arg-type]
    )
