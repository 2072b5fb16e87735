"""How the dose of each profile enters, how much it is, and which samples are taken with it.

Knows CMT, RATE, ROUTE and SS, and what has to be told: what was left out, and what the data do not say. Nothing about
areas and slopes. All profiles are settled at once; only what has to be told goes through them one by one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd.dataset.dataset import Dataset, Table
from pkpd.dataset.observations import Observations
from pkpd.dataset.records import number
from pkpd.dataset.units import DataUnits
from pkpd.nca.pieces import Doses, Pieces, Samples, doses_of, pieces_of, samples_of
from pkpd.nca.profile import BOLUS, EXTRAVASCULAR, INFUSION, UNKNOWN

__all__ = ["Followed", "followed"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

KINDS = {BOLUS: "bolus", INFUSION: "infusion", EXTRAVASCULAR: "extravascular", UNKNOWN: ""}
#: What a column ROUTE may say of a dose into a vein; any other word is a route with absorption.
INTRAVENOUS = ("iv", "intravenous", "bolus", "infusion", "iv bolus", "iv infusion")
MISSING = ("", ".", "nan", "none", "na", "<na>")


class Followed(NamedTuple):
    """The doses that the profiles follow, in h and mg, shape (n_profiles,), and their samples, shape (n_samples,)."""

    names: list[Any]  # the ID, or "3 / 2" for the second profile of ID 3 where any ID has several
    kind: IntArray  # of the first dose
    route: list[str]  # as a column ROUTE says it, else bolus, infusion or extravascular
    amount: FloatArray  # NaN where it is not known
    infused: FloatArray  # end of the last infusion since the first dose; 0 without one, NaN where it is not known
    mean_input: FloatArray  # mean time at which the dose is given, half the duration of a single infusion
    tau: FloatArray  # dosing interval at steady state; 0 otherwise
    notes: list[list[str]]  # what has to be told of each profile
    sample: IntArray  # positions in the observations
    profile: IntArray  # and the profile of each
    time: FloatArray  # since the first dose, h
    later: IntArray  # (n_later,) profile of each later moment at which a dose is given
    later_time: FloatArray  # since the first dose, h
    later_kind: IntArray


class _Kinds(NamedTuple):
    """How the doses of each profile enter, shape (n_profiles,)."""

    of_dose: IntArray  # (n_doses,)
    kind: IntArray  # at the first moment
    route: list[str]
    guessed: BoolArray  # the data do not say it, the curve does
    mixed: BoolArray  # into a vein and elsewhere


def followed(data: Dataset, table: Table, seen: Observations, units: DataUnits) -> Followed:
    """Return the dose and the samples that make each profile."""
    pieces = pieces_of(table, seen)
    doses = doses_of(table, seen, pieces, units)
    samples = samples_of(seen, pieces, doses)
    kinds = _kinds(data, table, seen, doses, samples)
    # What was drawn before a bolus says nothing of the curve after it.
    drawn_after = seen.row > doses.row[samples.profile]
    used = samples.used & (drawn_after | (kinds.kind[samples.profile] != BOLUS))
    wrong = used & ~seen.blq & ~((seen.dv >= 0) & np.isfinite(seen.dv))
    refused = np.bincount(samples.profile[wrong], minlength=len(doses.row)) > 0
    used &= ~refused[samples.profile]
    return Followed(
        pieces.names,
        kinds.kind,
        kinds.route,
        *_amounts(table, doses, kinds, units),
        _notes(table, seen, pieces, doses, samples, kinds, wrong),
        np.flatnonzero(used),
        samples.profile[used],
        (seen.time - doses.time[samples.profile])[used] * units.time,
        *_later(doses, kinds.of_dose),
    )


def _later(doses: Doses, kind: IntArray) -> tuple[IntArray, FloatArray, IntArray]:
    """Profile, time and kind of each moment after the first at which a dose is given."""
    at = np.flatnonzero(doses.since > 0)
    profile, since = doses.profile[at], doses.since[at]
    anew = np.flatnonzero(np.append(True, (profile[1:] != profile[:-1]) | (since[1:] != since[:-1]))[: len(at)])
    return profile[anew], since[anew], np.minimum.reduceat(kind[at], anew) if len(at) else kind[at]


def _kinds(data: Dataset, table: Table, seen: Observations, doses: Doses, samples: Samples) -> _Kinds:
    """How each dose enters: what ROUTE, RATE and CMT say, else what the curve looks like."""
    n, records = len(doses.row), table.records
    row, into = records.row[doses.record], records.cmt[doses.record]
    word = _words(data, row)
    sampled = _sampled_compartment(data, seen, samples, n)[doses.profile]
    absorbed = ~np.isin(word, (*INTRAVENOUS, ""))
    vein = (word != "") | ((into > 0) & (into == sampled)) | ((into > 1) & (sampled == 0))
    depot = (into > 0) & (sampled > 0)
    falls = _falls(seen, doses, samples)[doses.profile]
    infused = records.rate[doses.record] != 0
    kind = np.select(
        [absorbed, infused, vein, depot, falls], [EXTRAVASCULAR, INFUSION, BOLUS, EXTRAVASCULAR, BOLUS], EXTRAVASCULAR
    )
    guess = doses.profile[~(absorbed | infused | vein | depot)]
    used = np.bincount(samples.profile[samples.used], minlength=n) > 0
    guessed, outside, inside = (np.zeros(n, dtype=np.bool_) for _ in range(3))
    guessed[guess] = True
    outside[doses.profile[kind == EXTRAVASCULAR]] = True
    inside[doses.profile[kind != EXTRAVASCULAR]] = True
    of_profile, first = np.full(n, UNKNOWN), doses.since == 0
    np.minimum.at(of_profile, doses.profile[first], kind[first])  # a bolus comes before an infusion
    names = np.where(absorbed, word, np.array([KINDS[k] for k in range(4)], dtype=object)[kind])
    route = [""] * n
    for i, name in zip(doses.profile.tolist(), names.tolist()):
        if name not in route[i].split(" + ") and (used[i] or not guessed[i]):
            route[i] = f"{route[i]} + {name}" if route[i] else name
    return _Kinds(kind, of_profile, route, guessed & used, outside & inside)


def _words(data: Dataset, row: IntArray) -> NDArray[np.str_]:
    """What the column ROUTE says of these rows, in lower case; empty where it says nothing."""
    if "ROUTE" not in data.names:
        return np.full(len(row), "", dtype=object)
    cells = data.frame[data.names["ROUTE"]].to_numpy(dtype=object)[row]
    words = (str(cell).strip().lower() for cell in cells)
    return np.array(["" if word in MISSING else word for word in words], dtype=object)


def _sampled_compartment(data: Dataset, seen: Observations, samples: Samples, n: int) -> FloatArray:
    """CMT of the first sample of each profile; 0 where it is missing."""
    sampled, cmt = np.zeros(n), data.numbers("CMT")
    if cmt is not None:
        whose, first = np.unique(samples.profile, return_index=True)
        sampled[whose] = np.nan_to_num(cmt[seen.row[first]].astype(np.float64), nan=0.0)
    return sampled


def _falls(seen: Observations, doses: Doses, samples: Samples) -> BoolArray:
    """Whether the highest concentration after the dose is that of the first sample."""
    at = np.flatnonzero(samples.used & (seen.row > doses.row[samples.profile]))
    value = np.where(seen.blq[at], 0.0, seen.dv[at])
    highest = np.zeros(len(doses.row))
    np.maximum.at(highest, samples.profile[at], value)
    whose, first = np.unique(samples.profile[at], return_index=True)
    falls = np.zeros(len(doses.row), dtype=np.bool_)
    falls[whose] = (value[first] > 0) & (value[first] >= highest[whose])
    return falls


def _amounts(
    table: Table, doses: Doses, kinds: _Kinds, units: DataUnits
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Amount, end of the infusions, mean time of input and dosing interval of each profile."""
    r, n = table.records, len(doses.row)
    given, rate = r.amt[doses.record] * units.amount, r.rate[doses.record] * units.rate
    length = np.divide(given, rate, out=np.where(rate < 0, np.nan, 0.0), where=rate > 0)
    amount = np.bincount(doses.profile, given, n)
    entered = np.bincount(doses.profile, given * (doses.since + length / 2), n)
    infused = np.zeros(n)
    with np.errstate(invalid="ignore"):  # of an unknown duration
        np.maximum.at(infused, doses.profile, np.where(length == 0, 0.0, doses.since + length))
    mean_input = np.divide(entered, amount, out=np.zeros(n), where=amount > 0)
    known = np.where((amount > 0) & ~kinds.mixed, amount, np.nan)
    return known, infused, mean_input, np.where(doses.steady, doses.interval, 0.0)


def _notes(
    table: Table, seen: Observations, pieces: Pieces, doses: Doses, samples: Samples, kinds: _Kinds, wrong: BoolArray
) -> list[list[str]]:
    """What has to be told of each profile."""
    notes: list[list[str]] = [[] for _ in doses.row]
    for i in np.flatnonzero(doses.row < 0).tolist():
        notes[i].append("there is no dose: times count from 0, the area begins at the first sample; no cl, vz and mrt")
    for i in np.flatnonzero(kinds.guessed).tolist():
        why = "falls from the first sample on" if kinds.kind[i] == BOLUS else "does not fall from the first sample on"
        notes[i].append(
            f"neither ROUTE nor CMT says how the dose enters: {kinds.route[i]}, as the curve {why} (a column ROUTE "
            "with iv, po or im says it)"
        )
    for i, count in _counts(samples.profile, samples.before & ~seen.blq & (seen.dv > 0)):
        notes[i].append(f"{count} before the dose left out")
    for i, count in _counts(samples.profile, samples.after):
        end = doses.end[i]
        stop = min(float(table.time[end]) if end < pieces.stop[i] else np.inf, float(doses.implied[i]))
        notes[i].append(
            f"{count} from the next dose (TIME {number(stop)}) on left out, as fewer than 3 follow each dose; name the "
            "column of the occasions (by), or state a steady state (SS and II on the dose)"
        )
    whose, first = np.unique(samples.profile[wrong], return_index=True)
    for i, at in zip(whose.tolist(), np.flatnonzero(wrong)[first]):
        notes[i].append(f"DV {number(seen.dv[at])} at TIME {number(seen.time[at])} is no concentration; correct it")
    for i in np.flatnonzero(doses.steady & (doses.interval == 0)).tolist():
        notes[i].append("a constant infusion at steady state has no dose: no cl, vz and mrt")
    for i in np.flatnonzero(kinds.mixed).tolist():
        notes[i].append("doses into a vein and elsewhere in one profile cannot be told apart: no cl, vz and mrt")
    for i in np.flatnonzero(pieces.lost).tolist():
        notes[i].append(f"{_samples(int(pieces.lost[i]))} outside of the doses' occasions left out")
    return notes


def _counts(profile: IntArray, marked: BoolArray) -> list[tuple[int, str]]:
    """The profiles with marked samples, and how many these are, in words."""
    numbers = np.bincount(profile[marked])
    return [(int(i), _samples(int(numbers[i]))) for i in np.flatnonzero(numbers)]


def _samples(n: int) -> str:
    return f"{n} sample" if n == 1 else f"{n} samples"
