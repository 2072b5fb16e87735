"""Which dose a profile follows, and which samples belong to it.

An ID is one profile, or one for each reset (EVID 3 and 4) or steady state (SS 1) that begins anew. Of each the first
dose counts, together with others of the same moment, up to the next dose. Knows records and times; nothing about
areas and slopes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

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
    """The dose that one profile follows, in h and mg, and its samples."""

    kind: int
    route: str  # as a column ROUTE says it, else bolus, infusion or extravascular
    amount: float  # NaN where it is not known
    duration: float  # of the infusion; 0 without one, NaN where it is not known
    mean_input: float  # mean time at which an intravenous dose enters, half the duration of one infusion
    tau: float  # dosing interval at steady state; 0 after a single dose
    time: float  # of the dose, as in the data
    samples: IntArray  # positions in the observations
    notes: tuple[str, ...]


class _Source(NamedTuple):
    """The data set as numbers; CMT is 0 where it is missing, `routes` is None without a column ROUTE."""

    table: Table
    seen: Observations
    units: DataUnits
    cmt: FloatArray
    routes: NDArray[np.object_] | None


class _Pieces(NamedTuple):
    """Ranges of rows that are profiles, and the ID of each; `lost` samples of that ID lie outside of all of them."""

    start: IntArray
    stop: IntArray
    id_index: IntArray
    lost: IntArray


def followed(data: Dataset, table: Table, seen: Observations, units: DataUnits) -> tuple[list[Any], list[Followed]]:
    """Return the name of each profile, and the dose and the samples that make it.

    The name is the ID, or ``"3 / 2"`` for the second profile of ID 3 where any ID has several.
    """
    cmt = data.numbers("CMT")
    source = _Source(
        table,
        seen,
        units,
        np.zeros(len(data)) if cmt is None else np.nan_to_num(cmt.astype(np.float64), nan=0.0),
        data.frame[data.names["ROUTE"]].to_numpy(dtype=object) if "ROUTE" in data.names else None,
    )
    pieces = _pieces(table, seen)
    records = zip(*(np.searchsorted(table.records.row, bound) for bound in pieces[:2]))
    samples = zip(*(np.searchsorted(seen.row, bound) for bound in pieces[:2]))
    found = [_follow(source, slice(*r), np.arange(*s), stop) for r, s, stop in zip(records, samples, pieces.stop)]
    for i in np.flatnonzero(pieces.lost):
        note = f"{_count(int(pieces.lost[i]))} outside of the doses' occasions left out"
        found[i] = found[i]._replace(notes=(*found[i].notes, note))
    return _names(table, pieces), found


def _pieces(table: Table, seen: Observations) -> _Pieces:
    """The profiles: of the pieces of an ID between resets those with a dose and a sample, or one if there is none."""
    r = table.records
    dose = (r.evid == 1) | (r.evid == 4)
    anew = (r.evid == 3) | (r.evid == 4) | (dose & (r.ss == 1))
    start = np.union1d(table.starts, r.row[anew])
    stop = np.append(start[1:], len(table.time))
    id_index = np.searchsorted(table.starts, start, side="right") - 1
    sampled = np.diff(np.searchsorted(seen.row, np.append(start, len(table.time))))
    dosed = np.diff(np.searchsorted(r.row[dose], np.append(start, len(table.time)))) > 0
    # Best a dose with samples, then a dose alone, then the rows of an ID without a dose.
    rank = np.where(dosed, np.where(sampled > 0, 2, 1), 0)
    best = np.zeros(len(table.starts), dtype=np.int64)
    np.maximum.at(best, id_index, rank)
    first = np.append(True, id_index[1:] != id_index[:-1])
    keep = (rank == 2) | ((best[id_index] < 2) & first)
    whole = best[id_index[keep]] < 2
    ends = np.append(table.starts[1:], len(table.time))
    lost = np.bincount(id_index, np.where(keep, 0, sampled), len(table.starts)).astype(np.int64)
    kept_first = np.append(True, id_index[keep][1:] != id_index[keep][:-1])
    return _Pieces(
        start[keep],
        np.where(whole, ends[id_index[keep]], stop[keep]),
        id_index[keep],
        np.where(kept_first & ~whole, lost[id_index[keep]], 0),
    )


def _names(table: Table, pieces: _Pieces) -> list[Any]:
    """The ID of each profile, with the number of the profile where any ID has several."""
    names = [table.ids[i] for i in pieces.id_index]
    if len(set(pieces.id_index.tolist())) == len(names):
        return names
    counts: Counter[int] = Counter()
    numbered = []
    for i, name in zip(pieces.id_index.tolist(), names):
        counts[i] += 1
        numbered.append(f"{number(name) if isinstance(name, float) else name} / {counts[i]}")
    return numbered


def _follow(source: _Source, records: slice, samples: IntArray, end: int) -> Followed:
    """The dose that one piece of the data follows; its rows end before `end`."""
    r = Records(**{name: column[records] for name, column in source.table.records._asdict().items()})
    given = np.flatnonzero((r.evid == 1) | (r.evid == 4))
    if len(given) == 0:
        note = "there is no dose: times count from 0, the area begins at the first sample; no cl, vz and mrt"
        return Followed(UNKNOWN, "", np.nan, 0.0, 0.0, 0.0, 0.0, samples, (note,))
    times, seen, units = source.table.time[r.row[given]], source.seen, source.units
    first, same, later = int(given[0]), given[times == times[0]], given[times > times[0]]
    used, notes = _samples_of(source, r, first, int(r.row[later[0]]) if len(later) else end, samples)
    durations = _durations(r, same, units)
    kinds, route, guess = _kinds(source, r, same, samples, used)
    kind = BOLUS if BOLUS in kinds else kinds[0]
    if kind == BOLUS:
        used = used[seen.row[used] > r.row[first]]  # what was drawn before a bolus says nothing of the curve after it
    wrong = used[~seen.blq[used] & ~((seen.dv[used] >= 0) & np.isfinite(seen.dv[used]))]
    if len(wrong):
        where = f"DV {number(seen.dv[wrong[0]])} at TIME {number(seen.time[wrong[0]])}"
        used, notes = used[:0], (*notes, f"{where} is no concentration; correct it")
    total, why = float((r.amt[same] * units.amount).sum()), ""
    if r.ss[first] > 0 and r.ii[first] == 0:
        why = "a constant infusion at steady state has no dose: no cl, vz and mrt"
    elif EXTRAVASCULAR in kinds and len(set(kinds)) > 1:
        why = "doses into a vein and elsewhere at one time cannot be told apart: no cl, vz and mrt"
    mean_input = float((r.amt[same] * units.amount * durations).sum() / (2 * total)) if total > 0 else 0.0
    tau = float(r.ii[first]) * units.interval if r.ss[first] > 0 else 0.0
    notes = (*guess, *notes, *filter(None, [why]))
    amount = np.nan if why else total
    return Followed(kind, route, amount, float(durations.max()), mean_input, tau, float(times[0]), used, notes)


def _samples_of(
    source: _Source, r: Records, first: int, end: int, samples: IntArray
) -> tuple[IntArray, tuple[str, ...]]:
    """The samples from the dose up to the next one, which stands in row `end`, and what was left out."""
    table, seen, units = source.table, source.seen, source.units
    when = float(table.time[r.row[first]])
    time = seen.time[samples]
    implied = when + float(r.ii[first]) * units.interval / units.time if r.addl[first] > 0 else np.inf
    after = (seen.row[samples] > end) | (time > implied)
    before = (time < when) & ~after
    notes = []
    if early := int((before & ~seen.blq[samples] & (seen.dv[samples] > 0)).sum()):
        notes.append(f"{_count(early)} before the dose left out")
    if after.any():
        stop = min(float(table.time[end]), implied) if end < len(table.time) else implied
        notes.append(
            f"{_count(int(after.sum()))} after the next dose (TIME {number(stop)}) left out; name the column of the "
            "occasions (by), or state a steady state (SS and II on the dose)"
        )
    return samples[~before & ~after], tuple(notes)


def _count(n: int) -> str:
    return f"{n} sample" if n == 1 else f"{n} samples"


def _durations(r: Records, same: IntArray, units: DataUnits) -> FloatArray:
    """Duration of each of the doses, h: 0 for one at once, NaN where the data leave it to the parameters."""
    rate, amount = r.rate[same] * units.rate, r.amt[same] * units.amount
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(rate == 0, 0.0, np.where(rate > 0, amount / rate, np.nan))


def _kinds(
    source: _Source, r: Records, same: IntArray, samples: IntArray, used: IntArray
) -> tuple[Sequence[int], str, tuple[str, ...]]:
    """How each dose enters, the word for it, and a note where nothing says it and the samples have to."""
    words = [_route(source, int(row)) for row in r.row[same]]
    kinds, guessed = [], False
    sampled = float(source.cmt[source.seen.row[samples[0]]]) if len(samples) else 0.0
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
            kinds.append(BOLUS if _falls(source.seen, used, int(r.row[same[0]])) else EXTRAVASCULAR)
    stated = [word for word in words if word and word not in INTRAVENOUS]
    route = " + ".join(dict.fromkeys(stated or (KINDS[kind] for kind in kinds)))
    if not guessed or len(used) == 0:
        return kinds, "" if guessed else route, ()
    why = "falls from the first sample on" if kinds[0] == BOLUS else "does not fall from the first sample on"
    return kinds, route, (f"neither ROUTE nor CMT says how the dose enters: {route}, as the curve {why}",)


def _route(source: _Source, row: int) -> str:
    """The word in ROUTE, in lower case; empty where there is none."""
    word = "" if source.routes is None else str(source.routes[row]).strip().lower()
    return "" if word in (".", "nan", "none", "na", "<na>") else word


def _falls(seen: Observations, used: IntArray, dose_row: int) -> bool:
    """Whether the highest concentration after the dose is that of the first sample."""
    later = used[seen.row[used] > dose_row]
    if len(later) == 0 or seen.blq[later[0]]:
        return False
    return bool(seen.dv[later[0]] > 0 and seen.dv[later[0]] >= np.where(seen.blq[later], 0, seen.dv[later]).max())
