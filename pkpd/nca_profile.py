"""Areas, moments and terminal slopes of many concentration profiles at once.

Numbers only: times since the dose, concentrations, and which of them are below quantification. What the columns of a
data set mean, and why a quantity is missing, is the business of `pkpd.nca`. Everything here is a plain loop over the
points of one profile, compiled; a quantity that cannot be had is NaN.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

__all__ = ["BOLUS", "EXTRAVASCULAR", "INFUSION", "UNKNOWN", "Measures", "Profiles", "measure"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: How a dose enters: at once, at a constant rate, by absorption, or nobody knows (there is no dose).
BOLUS, INFUSION, EXTRAVASCULAR, UNKNOWN = 0, 1, 2, 3
#: Columns of what the compiled loop writes: the fields of `Measures` in their order.
COLUMNS = range(12)
CMAX, TMAX, C_LAST, T_LAST, AUC, AUMC, AUC_TAU, AUMC_TAU, SLOPE, R2_ADJ, POINTS, CANDIDATES = COLUMNS
#: Fewest points of a terminal slope; and how far below the best adjusted r2 a slope over more points is preferred.
FEWEST, AS_GOOD = 3, 1e-4
#: A bound this close after the last sample (relative) is at that sample: minutes become hours with a rounding.
SAME_TIME = 1e-9
#: Below this exponent of a log-linear piece its first moment is summed as a series, where the formula loses digits.
FLAT = 0.03


class Profiles(NamedTuple):
    """Samples of profile p are start[p] to stop[p], in the order of time; times since the dose, h; mg/L."""

    time: FloatArray  # (n_samples,)
    conc: FloatArray  # (n_samples,)
    blq: NDArray[np.bool_]  # (n_samples,) below quantification; the value of such a sample is not looked at
    start: IntArray  # (n_profiles,)
    stop: IntArray
    kind: IntArray  # BOLUS, INFUSION, EXTRAVASCULAR or UNKNOWN
    duration: FloatArray  # of the infusion, h; 0 without one, NaN where it is not known
    tau: FloatArray  # dosing interval at steady state, h; 0 after a single dose


class Measures(NamedTuple):
    """What was measured of each profile, shape (n_profiles,); NaN where it cannot be had."""

    cmax: FloatArray
    tmax: FloatArray
    c_last: FloatArray  # last quantifiable concentration, and its time
    t_last: FloatArray
    auc_last: FloatArray
    aumc_last: FloatArray  # first moment, concentration x h^2
    auc_tau: FloatArray
    aumc_tau: FloatArray
    lambda_z: FloatArray
    r2_adj: FloatArray
    n_lambda_z: FloatArray  # points of the slope, 0 without one
    n_candidates: FloatArray  # quantifiable samples from which the slope may be taken
    areas: FloatArray  # (n_profiles, n_bounds) partial areas


def measure(profiles: Profiles, bounds: FloatArray, *, log_down: bool = True) -> Measures:
    """Measure the profiles.

    Parameters
    ----------
    profiles : Profiles
    bounds : ndarray, shape (n_bounds, 2), h
        Partial areas that are wanted, from and to, since the dose.
    log_down : bool
        Whether falling pieces are log-linear; otherwise all pieces are straight.

    Returns
    -------
    Measures

    Notes
    -----
    Between two samples the area is ``dt (c1 + c2) / 2``, or ``dt (c1 - c2) / ln(c1 / c2)`` for a falling log-linear
    piece. The curve begins at the dose: with the observed value, else with the concentration extrapolated
    log-linearly through the first two samples (bolus; the first sample where these do not fall), with 0 (single dose)
    or with the value one interval later (steady state). Samples below quantification before the first quantifiable
    one are 0, the others are left out. The slope is that of least squares of ln c on time over the last samples after
    the peak (bolus: from the peak on; infusion: also not before its end), of all falling ones over at least 3 points
    the one with the best adjusted r2, and within 1e-4 of it the one over the most points.

    References
    ----------
    Gabrielsson and Weiner, Pharmacokinetic and Pharmacodynamic Data Analysis, 5th ed., 2016, chapter 2.8.
    """
    n = len(profiles.start)
    found = np.full((n, len(COLUMNS)), np.nan)
    areas = np.full((n, len(bounds)), np.nan)
    longest = int((profiles.stop - profiles.start).max(initial=0)) + 1
    _measure_all(
        *profiles, np.ascontiguousarray(bounds, dtype=np.float64).reshape(-1, 2), log_down, longest, found, areas
    )
    return Measures(**{Measures._fields[column]: found[:, column].copy() for column in COLUMNS}, areas=areas)


@njit(cache=True, nogil=True)
def _measure_all(time, conc, blq, start, stop, kind, duration, tau, bounds, log_down, longest, found, areas):
    t, c = np.empty(longest), np.empty(longest)
    for p in range(start.size):
        n = _samples(time, conc, blq, start[p], stop[p], kind[p], t, c)
        found[p, POINTS] = found[p, CANDIDATES] = 0.0
        if n == 0:
            continue
        peak = np.argmax(c[:n])
        found[p, CMAX], found[p, TMAX], found[p, C_LAST], found[p, T_LAST] = c[peak], t[peak], c[n - 1], t[n - 1]
        first = _first_of_slope(t, n, peak, kind[p], duration[p])
        slope, r2_adj, points, candidates = _terminal_slope(t, c, first, n)
        found[p, SLOPE], found[p, R2_ADJ], found[p, POINTS], found[p, CANDIDATES] = slope, r2_adj, points, candidates
        n = _begin_at_dose(t, c, n, kind[p], tau[p], slope, log_down)
        found[p, AUC], found[p, AUMC] = _between(t, c, n, t[0], t[n - 1], slope, log_down)
        if tau[p] > 0.0:
            found[p, AUC_TAU], found[p, AUMC_TAU] = _between(t, c, n, 0.0, tau[p], slope, log_down)
        for k in range(bounds.shape[0]):
            areas[p, k] = _between(t, c, n, bounds[k, 0], bounds[k, 1], slope, log_down)[0]


@njit(cache=True, nogil=True)
def _samples(time, conc, blq, start, stop, kind, t, c):
    """Write the samples that count into t and c, and return their number; 0 without a quantifiable one."""
    n, quantified = 0, False
    for i in range(start, stop):
        if blq[i] and (quantified or (kind == BOLUS and time[i] <= 0.0)):
            continue  # nothing is below quantification right after a bolus: that sample was drawn before it
        t[n], c[n] = time[i], 0.0 if blq[i] else conc[i]
        quantified = quantified or not blq[i]
        n += 1
    return n if quantified else 0


@njit(cache=True, nogil=True)
def _first_of_slope(t, n, peak, kind, duration):
    """Index of the first sample of which the terminal slope may be taken."""
    first = peak if kind == BOLUS else peak + 1
    while first < n and t[first] < duration:
        first += 1
    return first


@njit(cache=True, nogil=True)
def _terminal_slope(t, c, first, n):
    """Rate constant, adjusted r2, number of points and of candidates: the best of the lines through the last points.

    The points are added from the last one backwards, with running means and sums of squares about them.
    """
    best_r2, slope, points, r2_adj = -np.inf, np.nan, 0, np.nan
    x_mean = y_mean = sxx = sxy = syy = 0.0
    m, candidates = 0, 0
    for i in range(n - 1, first - 1, -1):
        if c[i] <= 0.0:
            continue
        candidates += 1
        x, y = t[i], np.log(c[i])
        m += 1
        dx, dy = x - x_mean, y - y_mean
        x_mean += dx / m
        y_mean += dy / m
        sxx += dx * (x - x_mean)
        sxy += dx * (y - y_mean)
        syy += dy * (y - y_mean)
        if m < FEWEST or sxy >= 0.0 or sxx <= 0.0:
            continue
        r2 = 1.0 - (1.0 - min(sxy * sxy / (sxx * syy), 1.0)) * (m - 1) / (m - 2)
        if r2 > best_r2 - AS_GOOD:
            slope, points, r2_adj = -sxy / sxx, m, r2
        best_r2 = max(best_r2, r2)
    return slope, r2_adj, points, candidates


@njit(cache=True, nogil=True)
def _begin_at_dose(t, c, n, kind, tau, slope, log_down):
    """Put a point at the dose before the samples, where there is none and it can be known; return the number."""
    if kind == UNKNOWN or t[0] <= 0.0:
        return n
    if kind == BOLUS:
        value = _back_to_zero(t, c, n)
    else:
        value = _value_at(t, c, n, tau, slope, log_down) if tau > 0.0 else 0.0
    t[1 : n + 1], c[1 : n + 1] = t[:n].copy(), c[:n].copy()
    t[0], c[0] = 0.0, value
    return n + 1


@njit(cache=True, nogil=True)
def _back_to_zero(t, c, n):
    """Concentration right after a bolus: log-linear through the first two samples, else the first above 0."""
    if n > 1 and c[0] > c[1] > 0.0 and t[1] > t[0]:
        return c[0] * np.exp(t[0] * np.log1p((c[0] - c[1]) / c[1]) / (t[1] - t[0]))
    for i in range(n):
        if c[i] > 0.0:
            return c[i]
    return np.nan


@njit(cache=True, nogil=True)
def _value_at(t, c, n, when, slope, log_down):
    """Concentration at a time, by the rule of the piece in which it falls; after the last sample by the slope."""
    if when < t[0]:
        return np.nan
    if when > t[n - 1]:
        return c[n - 1] * np.exp(-slope * (when - t[n - 1]))
    i = 1
    while i < n - 1 and t[i] < when:
        i += 1
    return _inside(t[i - 1], c[i - 1], t[i], c[i], when, log_down) if n > 1 else c[0]


@njit(cache=True, nogil=True)
def _inside(t1, c1, t2, c2, when, log_down):
    if when <= t1:
        return c1
    if when >= t2:
        return c2
    share = (when - t1) / (t2 - t1)
    if log_down and c1 > c2 > 0.0:
        return c1 * np.exp(-share * np.log1p((c1 - c2) / c2))
    return c1 + share * (c2 - c1)


@njit(cache=True, nogil=True)
def _between(t, c, n, low, high, slope, log_down):
    """Area and first moment from low to high; after the last sample along the terminal slope."""
    if low < t[0] or not low <= high:
        return np.nan, np.nan
    area = moment = 0.0
    for i in range(1, n):
        t1, t2 = max(t[i - 1], low), min(t[i], high)
        if t1 < t2:
            c1 = _inside(t[i - 1], c[i - 1], t[i], c[i], t1, log_down)
            c2 = _inside(t[i - 1], c[i - 1], t[i], c[i], t2, log_down)
            piece, of_piece = _piece(t1, c1, t2, c2, log_down)
            area += piece
            moment += of_piece
    if high > t[n - 1] * (1.0 + SAME_TIME):
        t1 = max(t[n - 1], low)
        piece, of_piece = _falling(t1, _value_at(t, c, n, t1, slope, log_down), high - t1, slope * (high - t1))
        area += piece
        moment += of_piece
    return area, moment


@njit(cache=True, nogil=True)
def _piece(t1, c1, t2, c2, log_down):
    """Area and first moment of the piece between two points."""
    if log_down and c1 > c2 > 0.0:
        return _falling(t1, c1, t2 - t1, np.log1p((c1 - c2) / c2))
    return (t2 - t1) * (c1 + c2) / 2, (t2 - t1) * (t1 * c1 + t2 * c2) / 2


@njit(cache=True, nogil=True)
def _falling(t1, c1, dt, x):
    """Area and first moment of a log-linear piece that falls by exp(-x) within dt."""
    area = -dt * c1 * np.expm1(-x) / x
    if x < FLAT:
        share = 0.5 - x * (1 / 3 - x * (1 / 8 - x * (1 / 30 - x * (1 / 144 - x / 840))))
    else:
        share = (1.0 - np.exp(-x) * (1.0 + x)) / (x * x)
    return area, t1 * area + dt * dt * c1 * share
