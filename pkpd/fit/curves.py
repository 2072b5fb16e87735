"""Predicted curves of a fit on a fine grid, for pictures: each history from its first record to its last."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd.fit.fitted import Fitted
from pkpd.fit.layout import Layout
from pkpd.fit.problem import Problem

__all__ = ["Curve", "curves"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Intervals of an even grid, to which come the times of the records and both sides of each dose.
INTERVALS = 120
#: How long before a dose the level before it is drawn, as a share of the history.
BEFORE = 1e-7


class Curve(NamedTuple):
    """The predictions of one history, in the units of the data.

    Attributes
    ----------
    piece : int
        Position of the history in the layout of the fit.
    output : int
    time : ndarray, shape (n,)
    ipred : ndarray, shape (n,)
        NaN throughout for a subject that was not fitted.
    pred : ndarray, shape (n,), or None
        At the typical values of a prior.
    """

    piece: int
    output: int
    time: FloatArray
    ipred: FloatArray
    pred: FloatArray | None


def curves(fitted: Fitted) -> list[Curve]:
    """Return the predictions of every history and observed output, history by history."""
    setup, objective = fitted.setup, fitted.estimate.objective
    problem = objective.problem
    outputs = np.unique(problem.layout.obs_output)
    fine = _refined(problem.layout, outputs)
    dense = Problem(problem.system, fine, problem.values, problem.acts_on_doses)
    n = len(setup.unit_ids)
    padded = np.full((n, dense.width), np.nan)
    if len(fitted.units):
        padded[fitted.units] = dense.predict(fitted.units, fitted.estimate.x[fitted.units][:, None])[:, 0]
    levels = [dense.gathered(padded)]
    if objective.prior is not None:
        levels.append(dense.gathered(dense.predict(np.arange(n), objective.prior.mean[:, None])[:, 0]))
    scale = fitted.units_of_data
    time = fine.time[fine.obs_row] / (scale.units.time if scale.canonical else 1.0)
    found = []
    for piece in range(len(fine.unit)):
        for output in outputs:
            at = np.flatnonzero((fine.obs_piece == piece) & (fine.obs_output == output))
            ipred, *pred = (level[at] / scale.factor for level in levels)
            found.append(Curve(piece, int(output), time[at], ipred, pred[0] if pred else None))
    return found


def _refined(at: Layout, outputs: IntArray) -> Layout:
    """The same histories and doses, with rows between the records; every output is observed on the new rows."""
    place = np.empty(len(at.time), dtype=np.int64)
    times, starts, stops, rows, pieces = [], [], [], [], []
    n = 0
    for piece, (start, stop) in enumerate(zip(at.start, at.stop)):
        old, grid = at.time[start:stop], _grid(at, piece)
        before = np.searchsorted(old, grid, side="right")  # a new row stands behind the records of its time
        times.append(np.insert(old, before, grid))
        place[start:stop] = n + np.arange(len(old)) + np.searchsorted(before, np.arange(len(old)), side="right")
        starts.append(n)
        rows.append(n + before + np.arange(len(grid)))
        pieces.append(np.full(len(grid), piece))
        n += len(times[-1])
        stops.append(n)
    row, piece_of_row = np.repeat(np.concatenate(rows), len(outputs)), np.repeat(np.concatenate(pieces), len(outputs))
    return at._replace(
        time=np.concatenate(times),
        start=np.array(starts, dtype=np.int64),
        stop=np.array(stops, dtype=np.int64),
        set_row=place[at.set_row],
        obs_piece=piece_of_row,
        obs_row=row,
        obs_output=np.tile(outputs, len(row) // len(outputs)),
        dose=at.dose._replace(row=place[at.dose.row]),
    )


def _grid(at: Layout, piece: int) -> FloatArray:
    """Times at which a history is drawn."""
    records = at.time[at.start[piece] : at.stop[piece]]
    first, last = records[0], records[-1]
    mine = np.flatnonzero(at.dose.piece == piece)
    given = [at.time[at.dose.row[i]] + at.dose.interval[i] * np.arange(at.dose.additional[i] + 1) for i in mine]
    doses = np.concatenate(given) if given else np.empty(0)
    edges = np.concatenate((doses, doses - BEFORE * (last - first)))
    grid = np.concatenate((np.linspace(first, last, INTERVALS + 1), records, edges))
    return np.unique(grid[(grid >= first) & (grid <= last)])
