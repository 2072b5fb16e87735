"""Where everything of a fit stands: histories, doses, parameter sets and observations, unit by unit; arrays only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["GivenDoses", "Layout", "Plan", "plan_of", "plan_of_one"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class GivenDoses(NamedTuple):
    """Dose records as they stand in the data, shape (n_doses,), sorted by piece and row.

    `entry` is the position of the system's entry that the dose takes.
    """

    piece: IntArray
    row: IntArray
    entry: IntArray
    amount: FloatArray
    rate: FloatArray
    interval: FloatArray
    additional: IntArray
    steady: IntArray


class Layout(NamedTuple):
    """Where everything stands; a unit is what is fitted by itself: a subject, or all of them.

    Pieces (histories that begin empty) are sorted by unit; observations, doses and parameter sets by piece and row.
    A set is in force from its row on; each piece has one at its first row.
    """

    time: FloatArray  # (n_rows,) of the data
    unit: IntArray  # (n_pieces,)
    start: IntArray  # (n_pieces,) first row
    stop: IntArray  # (n_pieces,)
    set_piece: IntArray  # (n_sets,)
    set_row: IntArray
    obs_piece: IntArray  # (n_obs,)
    obs_row: IntArray
    obs_output: IntArray
    dose: GivenDoses


class Plan(NamedTuple):
    """Index arrays of a choice of units; positions are within the choice."""

    pieces: IntArray
    sets: IntArray
    set_unit: IntArray
    set_begins: IntArray  # position of the first set of each piece
    obs_unit: IntArray
    obs_slot: IntArray  # position of the observation within its unit
    obs_set: IntArray
    obs_output: IntArray
    obs_start: IntArray  # (n_pieces,) positions of the observations of each piece
    obs_stop: IntArray
    dose: GivenDoses  # its piece is a position
    dose_set: IntArray
    times: FloatArray
    orders: IntArray


def plan_of(at: Layout, units: IntArray, n_units: int) -> Plan:
    """Return the index arrays of a choice of units."""
    chosen = np.zeros(n_units, dtype=np.bool_)
    chosen[units] = True
    place = np.cumsum(chosen) - 1
    pieces = np.flatnonzero(chosen[at.unit])
    piece_place = np.cumsum(chosen[at.unit]) - 1
    obs, sets, doses = (
        np.flatnonzero(chosen[at.unit[column]]) for column in (at.obs_piece, at.set_piece, at.dose.piece)
    )
    obs_piece, set_piece = at.obs_piece[obs], at.set_piece[sets]
    obs_unit = place[at.unit[obs_piece]]
    counts = np.bincount(obs_unit, minlength=len(units))
    dose = GivenDoses(*(column[doses] for column in at.dose))  # type: ignore[arg-type]
    key = _key(at, set_piece, at.set_row[sets])
    return Plan(
        pieces=pieces,
        sets=sets,
        set_unit=place[at.unit[set_piece]],
        set_begins=np.searchsorted(set_piece, pieces),
        obs_unit=obs_unit,
        obs_slot=np.arange(len(obs)) - (np.cumsum(counts) - counts)[obs_unit],
        obs_set=np.searchsorted(key, _key(at, obs_piece, at.obs_row[obs]), side="right") - 1,
        obs_output=at.obs_output[obs],
        obs_start=np.searchsorted(obs_piece, pieces),
        obs_stop=np.searchsorted(obs_piece, pieces, side="right"),
        dose=dose._replace(piece=piece_place[dose.piece]),
        dose_set=np.searchsorted(key, _key(at, dose.piece, dose.row), side="right") - 1,
        times=at.time[at.obs_row[obs]],
        orders=at.obs_row[obs],
    )


def plan_of_one(whole: Plan, unit: int) -> Plan:
    """Return the index arrays of one unit, cut out of those of all units."""
    obs = slice(*np.searchsorted(whole.obs_unit, (unit, unit + 1)).tolist())
    sets = slice(*np.searchsorted(whole.set_unit, (unit, unit + 1)).tolist())
    pieces = slice(*np.searchsorted(whole.set_begins, (sets.start, sets.stop)).tolist())
    doses = slice(*np.searchsorted(whole.dose.piece, (pieces.start, pieces.stop)).tolist())
    dose = GivenDoses(*(column[doses] for column in whole.dose))  # type: ignore[arg-type]
    return Plan(
        pieces=whole.pieces[pieces],
        sets=whole.sets[sets],
        set_unit=np.zeros(sets.stop - sets.start, dtype=np.int64),
        set_begins=whole.set_begins[pieces] - sets.start,
        obs_unit=np.zeros(obs.stop - obs.start, dtype=np.int64),
        obs_slot=whole.obs_slot[obs],
        obs_set=whole.obs_set[obs] - sets.start,
        obs_output=whole.obs_output[obs],
        obs_start=whole.obs_start[pieces] - obs.start,
        obs_stop=whole.obs_stop[pieces] - obs.start,
        dose=dose._replace(piece=dose.piece - pieces.start),
        dose_set=whole.dose_set[doses] - sets.start,
        times=whole.times[obs],
        orders=whole.orders[obs],
    )


def _key(at: Layout, piece: IntArray, row: IntArray) -> IntArray:
    """One number that sorts by piece, then row."""
    return piece * (len(at.time) + 1) + row
