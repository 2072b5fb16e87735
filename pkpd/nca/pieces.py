"""Which rows of a data set are one profile.

An ID is one profile, or one for each reset (EVID 3 and 4) or steady state (SS 1) that begins anew. Of each the first
dose counts, together with others of the same moment, and the samples up to the next dose; or all of its doses, where
each is followed by enough samples. All profiles at once.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd.dataset.dataset import Table
from pkpd.dataset.observations import Observations
from pkpd.dataset.records import number
from pkpd.dataset.units import DataUnits

__all__ = ["Doses", "Pieces", "Samples", "doses_of", "pieces_of", "samples_of"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


#: Quantifiable samples after each of several doses, for all of them to be one profile.
ENOUGH = 3


class Pieces(NamedTuple):
    """Ranges of rows that are profiles, shape (n_profiles,)."""

    start: IntArray
    stop: IntArray
    names: list[Any]  # the ID, or "3 / 2" for the second profile of ID 3 where any ID has several
    lost: IntArray  # samples of the ID that lie outside of all its profiles; told with the first of them

    def of(self, row: IntArray) -> tuple[IntArray, BoolArray]:
        """The profile of each row, and whether the row is in it."""
        profile = np.maximum(np.searchsorted(self.start, row, side="right") - 1, 0)
        return profile, (row >= self.start[profile]) & (row < self.stop[profile])


class Doses(NamedTuple):
    """The first dose of each profile, shape (n_profiles,), and the records that count with it, shape (n_doses,)."""

    row: IntArray  # -1 without a dose
    time: FloatArray  # as in the data; 0 without a dose
    steady: BoolArray  # SS 1 or 2
    interval: FloatArray  # II, h
    end: IntArray  # row of the next dose that does not count, else the end of the profile
    implied: FloatArray  # time of the next dose by ADDL, else inf
    record: IntArray  # positions in the records of the doses that count
    profile: IntArray  # and the profile of each
    since: FloatArray  # and its time since the first dose, h


class Samples(NamedTuple):
    """The profile of each observation, and where it lies, shape (n_observations,)."""

    profile: IntArray
    used: BoolArray  # from the dose up to the next one
    before: BoolArray  # the dose
    after: BoolArray  # the next dose


def pieces_of(table: Table, seen: Observations) -> Pieces:
    """Return the profiles: the pieces between resets that have a dose and a sample, or one for an ID without any."""
    r = table.records
    dose = r.dose
    anew = (r.evid == 3) | (r.evid == 4) | (dose & (r.ss == 1))
    start = np.union1d(table.starts, r.row[anew])
    bounds = np.append(start, len(table.time))
    id_index = table.id_index(start)
    sampled = np.diff(np.searchsorted(seen.row, bounds))
    complete = (np.diff(np.searchsorted(r.row[dose], bounds)) > 0) & (sampled > 0)
    some = np.bincount(id_index, complete, len(table.starts)) > 0
    keep = np.where(some[id_index], complete, np.append(True, id_index[1:] != id_index[:-1]))
    whose = id_index[keep]
    stop = np.where(some[whose], bounds[1:][keep], np.append(table.starts[1:], len(table.time))[whose])
    lost = np.bincount(id_index, np.where(keep, 0, sampled), len(table.starts)).astype(np.int64)
    first = np.append(True, whose[1:] != whose[:-1])
    return Pieces(start[keep], stop, _names(table.ids, whose), np.where(some[whose] & first, lost[whose], 0))


def _names(ids: list[Any], whose: IntArray) -> list[Any]:
    names = [ids[i] for i in whose.tolist()]
    if len(names) == len(ids):
        return names
    counts: Counter[int] = Counter()
    numbered = []
    for i, name in zip(whose.tolist(), names):
        counts[i] += 1
        numbered.append(f"{number(name) if isinstance(name, float) else name} / {counts[i]}")
    return numbered


def doses_of(table: Table, seen: Observations, pieces: Pieces, units: DataUnits) -> Doses:
    """Return the doses that each profile follows."""
    r, n = table.records, len(pieces.start)
    dose = np.flatnonzero(r.dose)
    profile, inside = pieces.of(r.row[dose])
    dose, profile = dose[inside], profile[inside]
    whose, first = np.unique(profile, return_index=True)
    row, time, interval, implied = np.full(n, -1), np.zeros(n), np.zeros(n), np.full(n, np.inf)
    steady = np.zeros(n, dtype=np.bool_)
    start = dose[first]
    row[whose], steady[whose], interval[whose] = r.row[start], r.ss[start] > 0, r.ii[start] * units.interval
    time[whose] = table.time[row[whose]]
    again = r.addl[start] > 0
    implied[whose[again]] = time[whose[again]] + interval[whose[again]] / units.time
    since = (table.time[r.row[dose]] - time[profile]) * units.time
    counts = (since == 0) | _covered(table, seen, pieces, dose, profile, steady)[profile]
    end = pieces.stop.copy()
    np.minimum.at(end, profile[~counts], r.row[dose[~counts]])
    return Doses(row, time, steady, interval, end, implied, dose[counts], profile[counts], since[counts])


def _covered(
    table: Table, seen: Observations, pieces: Pieces, dose: IntArray, profile: IntArray, steady: BoolArray
) -> BoolArray:
    """Whether all doses of a profile count: each is stated, and followed by enough samples before the next."""
    r = table.records
    time = table.time[r.row[dose]]
    moment = np.flatnonzero(np.append(True, (profile[1:] != profile[:-1]) | (time[1:] != time[:-1]))[: len(dose)])
    quantified = seen.row[~seen.blq & (seen.dv > 0)]
    at = np.searchsorted(r.row[dose[moment]], quantified, side="right") - 1
    at = at[(at >= 0) & (pieces.of(quantified)[0] == profile[moment[at]])] if len(moment) else at[:0]
    few = np.bincount(at, minlength=len(moment)) < ENOUGH
    covered = ~steady
    covered[profile[moment[few]]] = False
    covered[profile[(r.addl[dose] > 0) | (r.ss[dose] > 0)]] = False
    return covered


def samples_of(seen: Observations, pieces: Pieces, doses: Doses) -> Samples:
    """Return which observations lie in the window of their profile."""
    profile, inside = pieces.of(seen.row)
    after = inside & ((seen.row > doses.end[profile]) | (seen.time > doses.implied[profile]))
    before = inside & ~after & (seen.time < doses.time[profile])
    return Samples(profile, inside & ~after & ~before, before, after)
