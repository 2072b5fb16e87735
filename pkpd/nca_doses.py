"""Which dose a profile follows, and which samples belong to it.

Of each ID the first dose counts, together with others of the same moment, up to the next dose or reset. Knows records
and times; nothing about areas and slopes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd.data_units import DataUnits
from pkpd.dataset import Dataset, Table
from pkpd.nca_profile import BOLUS, EXTRAVASCULAR, INFUSION, UNKNOWN
from pkpd.observations import Observations
from pkpd.record_rules import Records, number

__all__ = ["Followed", "followed"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

KINDS = {BOLUS: "bolus", INFUSION: "infusion", EXTRAVASCULAR: "extravascular", UNKNOWN: ""}
#: What a column ROUTE may say of a dose into a vein; any other word is a route with absorption.
INTRAVENOUS = {"iv", "intravenous", "bolus", "infusion", "iv bolus", "iv infusion"}


class Followed(NamedTuple):
    """The dose that the profile of one ID follows, in h and mg, and its samples."""

    kind: int
    route: str  # as a column ROUTE says it, else bolus, infusion or extravascular
    amount: float  # NaN where it is not known
    duration: float  # of the infusion; 0 without one, NaN where it is not known
    mean_input: float  # mean time at which an intravenous dose enters, half the duration of one infusion
    tau: float  # dosing interval at steady state; 0 after a single dose
    time: float  # of the dose, as in the data
    samples: IntArray  # positions in the observations
    notes: tuple[str, ...]


def followed(data: Dataset, table: Table, seen: Observations, units: DataUnits) -> list[Followed]:
    """Return the dose and the samples of each ID, in the order of `table.ids`."""
    bounds = np.append(table.starts, len(table.time))
    of_record = np.searchsorted(table.records.row, bounds)
    of_sample = np.searchsorted(seen.row, bounds)
    places = _Places(data)
    return [
        _of_one(table, seen, units, places, slice(*of_record[i : i + 2]), np.arange(*of_sample[i : i + 2]))
        for i in range(len(table.ids))
    ]


class _Places:
    """What the columns CMT and ROUTE say of a row."""

    def __init__(self, data: Dataset) -> None:
        cmt = data.numbers("CMT")
        self.cmt = np.zeros(len(data)) if cmt is None else np.nan_to_num(cmt.astype(np.float64), nan=0.0)
        self._route = data.frame[data.names["ROUTE"]].to_numpy(dtype=object) if "ROUTE" in data.names else None

    def route(self, row: int) -> str:
        """The word in ROUTE, in lower case; empty where there is none."""
        word = "" if self._route is None else str(self._route[row]).strip().lower()
        return "" if word in (".", "nan", "none", "na", "<na>") else word


def _of_one(
    table: Table, seen: Observations, units: DataUnits, places: _Places, records: slice, samples: IntArray
) -> Followed:
    """The dose that one ID follows."""
    r = Records(**{name: column[records] for name, column in table.records._asdict().items()})
    given = np.flatnonzero((r.evid == 1) | (r.evid == 4))
    if len(given) == 0:
        note = "there is no dose: times count from 0, the area begins at the first sample; no cl, vz and mrt"
        return Followed(UNKNOWN, "", np.nan, 0.0, 0.0, 0.0, 0.0, samples, (note,))
    first = int(given[0])
    row, when = int(r.row[first]), float(table.time[r.row[first]])
    end = _end_row(table, r, first)
    same = given[(table.time[r.row[given]] == when) & (r.row[given] < end)]
    used, notes = _samples_of(table, seen, units, r, first, end, samples)
    durations = _durations(r, same, units)
    kinds, route, guess = _kind(r, same, places, seen, used, table.time)
    kind = BOLUS if BOLUS in kinds else kinds[0]
    if kind == BOLUS:
        used = used[seen.row[used] > row]  # what was drawn before a bolus says nothing of the curve after it
    wrong = used[~seen.blq[used] & ~((seen.dv[used] >= 0) & np.isfinite(seen.dv[used]))]
    if len(wrong):
        at = wrong[0]
        notes += (f"DV {number(seen.dv[at])} at TIME {number(seen.time[at])} is no concentration; correct it",)
        used = used[:0]
    amounts = r.amt[same] * units.amount
    steady = bool(r.ss[first] > 0)
    if steady and r.ii[first] == 0:
        amounts = amounts * np.nan
        notes += ("a constant infusion at steady state has no dose: no cl, vz and mrt",)
    elif EXTRAVASCULAR in kinds and len(set(kinds)) > 1:
        amounts = amounts * np.nan
        notes += ("doses into a vein and elsewhere at one time cannot be told apart: no cl, vz and mrt",)
    total = float(amounts.sum())
    mean_input = float((amounts * durations).sum() / (2 * total)) if total > 0 else 0.0
    tau = float(r.ii[first]) * units.interval if steady else 0.0
    notes = (*guess, *notes)
    return Followed(kind, route, total, float(durations.max()), mean_input, tau, when, used, notes)


def _end_row(table: Table, r: Records, first: int) -> int:
    """The row of the next dose at another time, or of the next reset; the number of rows where there is none."""
    resets = (r.evid == 3) | (r.evid == 4)
    another = resets | ((r.evid == 1) & (table.time[r.row] > table.time[r.row[first]]))
    later = r.row[another & (np.arange(len(r.row)) > first)]
    return int(later[0]) if len(later) else len(table.time)


def _samples_of(
    table: Table, seen: Observations, units: DataUnits, r: Records, first: int, end: int, samples: IntArray
) -> tuple[IntArray, tuple[str, ...]]:
    """The samples from the dose up to the next dose or reset, and what was left out."""
    when = float(table.time[r.row[first]])
    rows, time = seen.row[samples], seen.time[samples]
    implied = when + float(r.ii[first]) * units.interval / units.time if r.addl[first] > 0 else np.inf
    after = (rows > end) | (time > implied)
    before = (time < when) & ~after
    notes = []
    if early := int((before & ~seen.blq[samples] & (seen.dv[samples] > 0)).sum()):
        notes.append(f"{_count(early)} before the dose left out")
    if after.any():
        stop = min(float(table.time[end]), implied) if end < len(table.time) else implied
        notes.append(
            f"{_count(int(after.sum()))} from the next dose or reset (TIME {number(stop)}) on left out; name the "
            "column of the occasions (by), or state a steady state (SS and II on the dose)"
        )
    return samples[~before & ~after], tuple(notes)


def _count(n: int) -> str:
    return f"{n} sample" if n == 1 else f"{n} samples"


def _durations(r: Records, same: IntArray, units: DataUnits) -> FloatArray:
    """Duration of each of the doses, h: 0 for one at once, NaN where the data leave it to the parameters."""
    rate, amount = r.rate[same] * units.rate, r.amt[same] * units.amount
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(rate == 0, 0.0, np.where(rate > 0, amount / rate, np.nan))


def _kind(
    r: Records, same: IntArray, places: _Places, seen: Observations, used: IntArray, time: FloatArray
) -> tuple[Sequence[int], str, tuple[str, ...]]:
    """How each dose enters, the word for it, and a note where nothing says it and the samples have to."""
    words = [places.route(int(row)) for row in r.row[same]]
    kinds, guessed = [], False
    sampled = float(places.cmt[seen.row[used[0]]]) if len(used) else 0.0
    for dose, word in zip(same, words):
        into = float(r.cmt[dose])
        if word and word not in INTRAVENOUS:
            kinds.append(EXTRAVASCULAR)
        elif r.rate[dose] != 0:
            kinds.append(INFUSION)
        elif word or (into > 0 and into == sampled) or (into > 1 and sampled == 0):
            kinds.append(BOLUS)
        elif into > 0 and sampled > 0:
            kinds.append(EXTRAVASCULAR)
        else:
            guessed = True
            kinds.append(BOLUS if _falls(seen, used, int(r.row[same[0]])) else EXTRAVASCULAR)
    stated = [word for word in words if word and word not in INTRAVENOUS]
    route = " + ".join(dict.fromkeys(stated or (KINDS[kind] for kind in kinds)))
    if not guessed:
        return kinds, route, ()
    why = "falls from the first sample on" if kinds[0] == BOLUS else "does not fall from the first sample on"
    return kinds, route, (f"neither ROUTE nor CMT says how the dose enters: {route}, as the curve {why}",)


def _falls(seen: Observations, used: IntArray, dose_row: int) -> bool:
    """Whether the highest concentration after the dose is that of the first sample."""
    later = used[seen.row[used] > dose_row]
    if len(later) == 0 or seen.blq[later[0]]:
        return False
    return bool(seen.dv[later[0]] > 0 and seen.dv[later[0]] >= np.where(seen.blq[later], 0, seen.dv[later]).max())
