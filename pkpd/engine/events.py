"""From dose records to the actions of the engine, by NONMEM's rules.

A dose record may stand for many things that happen: additional doses, a lag, an infusion that ends, the doses of a
steady-state history that are still to come or still run. Numbers only: what a column means, and whether it may stand,
has been settled before.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

from pkpd.engine.trajectory import BOLUS, PARAMETERS, RATE, STEADY_ADD, STEADY_SET, Actions  # noqa: E402

__all__ = ["Changes", "Doses", "Pieces", "expand"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: A dose that is computed to fall this close to a record (relative) falls on it: 3 x 0.1 h is 0.3 h.
SAME_TIME = 1e-12
#: Rows of the table of actions: the piece, then the fields of `Actions`; and which of them hold whole numbers.
FIELDS = 1 + len(Actions._fields)
WHOLE = (0, 2, 3, 4)


class Pieces(NamedTuple):
    """Rows start[p] to stop[p] of the data: records that share one history, from an empty system or a reset on."""

    start: IntArray
    stop: IntArray


class Doses(NamedTuple):
    """Dose records in the order of the data, shape (n_doses,); times in the unit of the data."""

    piece: IntArray
    row: IntArray  # row of the data, which is also the order of the record among those of its time
    state: IntArray
    amount: FloatArray  # what reaches the system, F included; 0 for a constant infusion at steady state
    rate: FloatArray  # 0 for a bolus
    duration: FloatArray  # 0 for a bolus
    lag: FloatArray
    interval: FloatArray  # II
    additional: IntArray  # ADDL
    steady: IntArray  # SS


class Changes(NamedTuple):
    """Rows of the data from which on another parameter set is in force, shape (n_changes,)."""

    piece: IntArray
    row: IntArray
    parameter_set: IntArray


def expand(
    time: FloatArray, pieces: Pieces, doses: Doses, changes: Changes, *, changes_first: bool
) -> tuple[Actions, IntArray, IntArray]:
    """Return the actions that the dose records and the changes of parameters stand for.

    Parameters
    ----------
    time : ndarray, shape (n_rows,)
        Time of every row; not decreasing within a piece.
    pieces, doses, changes
        See there.
    changes_first : bool
        Whether a change of parameters acts before the doses of its own row.

    Returns
    -------
    actions : Actions
        Sorted by piece, time and order. What a record does itself has the row as its order; what it implies for
        later has -1 and so acts before the records of that time.
    start, stop : ndarray, shape (n_pieces,)
        Range of the actions of each piece.
    """
    number = _walk(time, *pieces, *doses, np.empty((FIELDS, 0)))
    table = np.empty((FIELDS, number))
    _walk(time, *pieces, *doses, table)
    found = tuple(column.astype(np.int64) if i in WHOLE else column for i, column in enumerate(table))
    if len(changes.row):
        zeros = np.zeros(len(changes.row))
        added = (
            changes.piece,
            time[changes.row],
            changes.row,
            np.full(len(changes.row), PARAMETERS),
            np.zeros(len(changes.row), dtype=np.int64),
            changes.parameter_set.astype(np.float64),
            zeros,
            zeros,
            zeros,
        )
        pairs = zip(added, found) if changes_first else zip(found, added)
        found = tuple(np.concatenate(pair) for pair in pairs)
    piece, when, order = found[:3]
    if not _is_sorted(piece, when, order):
        rank = np.lexsort((order, when, piece))
        found = tuple(column[rank] for column in found)
    bounds = np.searchsorted(found[0], np.arange(len(pieces.start) + 1))
    return Actions(*found[1:]), bounds[:-1], bounds[1:]


@njit(cache=True, nogil=True)
def _is_sorted(piece, time, order) -> bool:
    for i in range(1, piece.size):
        if piece[i] != piece[i - 1]:
            if piece[i] < piece[i - 1]:
                return False
        elif time[i] < time[i - 1] or (time[i] == time[i - 1] and order[i] < order[i - 1]):
            return False
    return True


@njit(cache=True, nogil=True)
def _on_record(when, time, first, stop):
    """`when`, or the time of the record that it falls on but for rounding."""
    low, high = first, stop
    while low < high:
        middle = (low + high) // 2
        if time[middle] < when:
            low = middle + 1
        else:
            high = middle
    margin = SAME_TIME * abs(when)
    if low < stop and time[low] - when <= margin:
        return time[low]
    if low > first and when - time[low - 1] <= margin:
        return time[low - 1]
    return when


@njit(cache=True, nogil=True)
def _put(n, out, piece, when, order, kind, state, value, interval, duration, phase):
    """Write action n, unless `out` has no room because actions are only counted; return the number so far."""
    if n < out.shape[1]:
        out[0, n], out[1, n], out[2, n], out[3, n], out[4, n] = piece, when, order, kind, state
        out[5, n], out[6, n], out[7, n], out[8, n] = value, interval, duration, phase
    return n + 1


@njit(cache=True, nogil=True)
def _give(n, out, piece, row, state, when, now, end, amount, rate, duration):
    """One dose at `when` of a record of time `now`; the end of an infusion after the piece's last row is left out."""
    order = row if when <= now else -1
    if rate == 0.0:
        return _put(n, out, piece, when, order, BOLUS, state, amount, 0.0, 0.0, 0.0)
    n = _put(n, out, piece, when, order, RATE, state, rate, 0.0, 0.0, 0.0)
    off = when + duration
    if off <= end:
        n = _put(n, out, piece, off, row if off <= now else -1, RATE, state, -rate, 0.0, 0.0, 0.0)
    return n


@njit(cache=True, nogil=True)
def _history(n, out, piece, row, state, time, first, stop, now, end, amount, rate, duration, lag, ii, kind):
    """The steady state at the record, and the doses of its history that still run or, with a lag, still come.

    The history was given at now + lag - j*ii, j = 1, 2, ...; those of j <= waiting have not been given yet.
    """
    waiting = np.int64(np.floor(lag / ii))
    phase = (waiting + 1) * ii - lag
    if phase <= 0.0:
        waiting += 1
        phase += ii
    phase = min(phase, ii)
    value = amount if rate == 0.0 else rate
    n = _put(n, out, piece, now, row, kind, state, value, ii, duration, phase)
    if rate > 0.0:
        oldest = np.int64(np.ceil((lag + duration) / ii)) - 1
        if oldest > waiting:
            running = rate * (oldest - waiting)
            n = _put(n, out, piece, now, row, RATE, state, running, 0.0, 0.0, 0.0)
        for j in range(oldest, waiting, -1):
            off = now + (lag + duration - j * ii)
            if off > end:
                break
            n = _put(n, out, piece, off, row if off <= now else -1, RATE, state, -rate, 0.0, 0.0, 0.0)
    for j in range(waiting, 0, -1):
        when = _on_record(now + (lag - j * ii), time, first, stop)
        if when > end:
            break
        n = _give(n, out, piece, row, state, when, now, end, amount, rate, duration)
    return n


@njit(cache=True, nogil=True)
def _walk(
    time, start, stop, d_piece, d_row, d_state, d_amount, d_rate, d_duration, d_lag, d_interval, d_additional, d_steady,
    out,
):  # fmt: skip
    """Write the actions of all doses into the columns of `out`, and return their number.

    An `out` without columns only counts. What comes after the last row of a piece is left out.
    """
    n = 0
    for d in range(d_row.size):
        piece, row, state, amount, rate, duration = (
            d_piece[d], d_row[d], d_state[d], d_amount[d], d_rate[d], d_duration[d],
        )  # fmt: skip
        lag, ii = d_lag[d], d_interval[d]
        first, last = start[piece], stop[piece]
        now, end = time[row], time[last - 1]
        kind = STEADY_SET if d_steady[d] == 1 else STEADY_ADD
        if d_steady[d] > 0 and ii == 0.0:
            # A constant infusion since ever: it ends at the record, or when a lag delays it at the end of the lag.
            n = _put(n, out, piece, now, row, kind, state, rate, 0.0, 0.0, 0.0)
            if lag > 0.0:
                n = _give(n, out, piece, row, state, now, now, end, amount, rate, lag)
            continue
        if amount == 0.0:
            continue
        if d_steady[d] > 0:
            n = _history(n, out, piece, row, state, time, first, last, now, end, amount, rate, duration, lag, ii, kind)
        for k in range(d_additional[d] + 1):
            when = now + (lag + k * ii)
            if when > now:
                when = _on_record(when, time, first, last)
            if when > end:
                break
            n = _give(n, out, piece, row, state, when, now, end, amount, rate, duration)
    return n
