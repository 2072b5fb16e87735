"""The starts of a fit: what the user or the library says, and candidates stripped from the curves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pkpd.errors import ParameterError
from pkpd.fit.likelihood import Observed
from pkpd.fit.setup import Setup
from pkpd.fit.stripping import candidate_shapes, scaled, terminal_slope

__all__ = ["find_starts", "time_after_dose"]

FloatArray = NDArray[np.float64]
#: Where a bioavailability begins, and a lag as a share of the time to the first observation.
FRACTION, LAG = 0.5, 0.3
KEPT = 6


def find_starts(setup: Setup) -> list[FloatArray]:
    """Return starts, the best first; each of shape (n_units, p), logarithms."""
    problem, system = setup.objective.problem, setup.model.system
    slope = terminal_slope(problem.scattered(time_after_dose(setup)), setup.objective.observed)
    absorbed = any(entry.rate_constant for entry in system.entries.values())
    shapes = candidate_shapes(system.compartments, absorbed, system.saturable)
    middle, top = _levels(setup.objective.observed)
    volume = _volume(setup, top)
    candidates = np.stack([_candidate(setup, shape, slope, middle, volume) for shape in shapes], axis=1)
    candidates, level = _levelled(setup, candidates)
    rank = np.argsort(level, axis=1, kind="stable")[:, :KEPT]
    best = np.take_along_axis(candidates, rank[:, :, None], axis=1)
    starts = [best[:, place] for place in range(best.shape[1])]
    for given in (setup.reference, setup.choice.start):
        if any(name in given for name in setup.choice.estimated):
            starts.insert(0, _with(setup, starts[0], given))
    return [np.clip(_idle(setup, start), setup.space.low, setup.space.high) for start in starts]


def _idle(setup: Setup, start: FloatArray) -> FloatArray:
    """Fractions that nobody asked for stay at the model's value where a subject has one way in only."""
    for column, name in enumerate(setup.choice.estimated):
        if name in setup.choice.auto:
            value = np.broadcast_to(setup.reference.get(name, setup.model.known.values[name]), len(start))
            start[:, column] = np.where(setup.space.active[:, column], start[:, column], np.log(value))
    return start


def _with(setup: Setup, start: FloatArray, given: Mapping[str, FloatArray] | Mapping[str, float]) -> FloatArray:
    found = start.copy()
    for column, name in enumerate(setup.choice.estimated):
        if name in given and np.all(np.asarray(given[name]) > 0.0):
            found[:, column] = np.log(given[name])
    return found


def time_after_dose(setup: Setup) -> FloatArray:
    """Time of each observation since the last dose (repeated ones included), shape (n_obs,)."""
    at, dose = setup.layout, setup.layout.dose
    size = len(at.time) + 1
    last = np.searchsorted(dose.piece * size + dose.row, at.obs_piece * size + at.obs_row, side="right") - 1
    here = (last >= 0) & (dose.piece[last] == at.obs_piece) if len(dose.row) else np.zeros(len(at.obs_row), dtype=bool)
    if not here.any():
        return at.time[at.obs_row]
    since = at.time[at.obs_row] - at.time[dose.row[last]]
    interval = np.where(here & (dose.additional[last] > 0), dose.interval[last], np.inf)
    repeats = np.minimum(np.floor(since / interval), dose.additional[last])
    since = since - np.where(repeats > 0, repeats * np.where(np.isfinite(interval), interval, 0.0), 0.0)
    return np.where(here, since, at.time[at.obs_row])


def _levels(observed: Observed) -> tuple[FloatArray, FloatArray]:
    """Median and largest of the positive observations of each unit; 1 where there is none."""
    dv = np.where(observed.used & (observed.dv > 0), observed.dv, np.nan)
    dv[np.isnan(dv).all(axis=1)] = 1.0
    return np.nanmedian(dv, axis=1), np.nanmax(dv, axis=1)


def _candidate(
    setup: Setup, shape: Mapping[str, float], slope: FloatArray, middle: FloatArray, volume: FloatArray
) -> FloatArray:
    """One candidate for all units, shape (n_units, p); volumes and clearances for a V1 of 1, or of its held value."""
    constants = {entry.rate_constant for entry in setup.model.system.entries.values()}
    if "V1" in setup.choice.estimated and "CL" in setup.held:
        volume = _first_held(setup, "CL") / scaled(shape, slope, "CL")
    km = shape["KM"] * middle
    found = np.zeros((len(slope), len(setup.choice.estimated)))
    for column, name in enumerate(setup.choice.estimated):
        if name in constants:
            value = scaled(shape, slope, "KA")
        elif name in ("CL", "V1", "Q2", "V2", "Q3", "V3"):
            value = scaled(shape, slope, name) * volume
        elif name == "KM":
            value = km
        elif name == "VM":
            value = scaled(shape, slope, "CL") * volume * (km + middle)
        else:
            value = _other(setup, name)
        found[:, column] = np.log(value)
    return found


def _volume(setup: Setup, top: FloatArray) -> FloatArray:
    """V1 where it is held; where elimination is saturable, dose over the highest level; else 1."""
    n = len(top)
    if "V1" in setup.held:
        return _first_held(setup, "V1")
    if not setup.model.system.saturable:
        return np.ones(n)
    dose, unit = setup.layout.dose, setup.layout.unit
    largest = np.zeros(n)
    np.maximum.at(largest, unit[dose.piece], dose.amount)
    return np.where(largest > 0, largest / top, 1.0)


def _first_held(setup: Setup, name: str) -> FloatArray:
    """A held parameter in the first set of each unit."""
    unit = setup.layout.unit[setup.layout.set_piece]
    return setup.held[name][np.searchsorted(unit, np.arange(len(setup.unit_ids)))]


def _other(setup: Setup, name: str) -> FloatArray:
    """A parameter that no curve shows: from the user, else a usual value."""
    n = len(setup.unit_ids)
    if name.startswith("ALAG"):
        time = setup.objective.problem.scattered(time_after_dose(setup))
        first = np.where(setup.objective.observed.used & (time > 0), time, np.inf).min(axis=1)
        stated = setup.choice.start.get(name) or setup.model.known.values.get(name) or np.inf
        # One that is stated may lie behind the first level, which then has no prediction.
        return np.where(stated < first, np.minimum(stated, 1e6), np.where(np.isfinite(first), LAG * first, 1.0))
    for source in (setup.choice.start, setup.model.known.values):
        if source.get(name, 0.0) > 0.0 and not (name[0] == "F" and source is setup.model.known.values):
            return np.full(n, source[name])
    if name[0] == "F":
        return np.full(n, FRACTION)
    raise ParameterError(
        f"start: '{name}' is estimated, and the data do not show where to begin; expected a start for it. "
        f"Give start={{'{name}': ...}}."
    )


def _levelled(setup: Setup, candidates: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Candidates with the volume that puts them at the level of the observations, and how far they then are off."""
    problem, observed = setup.objective.problem, setup.objective.observed
    names, n = setup.choice.estimated, len(candidates)
    every = np.arange(n)
    sized = [i for i, name in enumerate(names) if name in ("CL", "V1", "Q2", "V2", "Q3", "V3")]
    if "V1" in names and "CL" in names and not setup.model.system.saturable:
        off = _off(problem.predict(every, candidates), observed.dv, observed.used)
        off[np.isnan(off).all(axis=2)] = 0.0
        shift = np.nanmedian(off, axis=2)
        candidates[:, :, sized] += shift[:, :, None]
    off = _off(problem.predict(every, candidates), observed.dv, observed.used)
    count = np.maximum(np.isfinite(off).sum(axis=2), 1)
    spread = np.where(np.isfinite(off), off**2, 0.0).sum(axis=2) / count
    return candidates, np.where(np.isfinite(off).any(axis=2), spread, np.inf)


def _off(predicted: FloatArray, dv: FloatArray, used: NDArray[np.bool_]) -> FloatArray:
    """Logarithm of prediction over observation, NaN where there is none; shape (m, k, width)."""
    good = (used & (dv > 0))[:, None] & (predicted > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(good, np.log(predicted) - np.log(np.where(dv > 0, dv, 1.0))[:, None], np.nan)
