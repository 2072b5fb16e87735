"""The compiled loops over the points of one curve: its slope, its points at the doses, its areas and moments.

Plain numbers in float64 arrays; a quantity that cannot be had is NaN. `pkpd.nca.profile` says what they mean. All
loops stand in this one file, so that an edit of any of them makes the compiled code of all of them anew.
"""

from __future__ import annotations

import numpy as np

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

__all__ = ["BOLUS", "COLUMNS", "EXTRAVASCULAR", "INFUSION", "UNKNOWN", "measure_all"]

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


@njit(cache=True, nogil=True)
def measure_all(
    time, conc, blq, start, stop, kind, infused, tau, later, later_kind, first_later, last_later, bounds, log_down,
    longest, found, areas,
):  # fmt: skip
    """Measure all profiles; `bounds` are the limits of partial areas, `longest` the most points of a curve."""
    t, c = np.empty(longest), np.empty(longest)
    for p in range(start.size):
        n = _samples(time, conc, blq, start[p], stop[p], kind[p], t, c)
        found[p, POINTS] = found[p, CANDIDATES] = 0.0
        if n == 0:
            continue
        peak = np.argmax(c[:n])
        found[p, CMAX], found[p, TMAX], found[p, C_LAST], found[p, T_LAST] = c[peak], t[peak], c[n - 1], t[n - 1]
        end = last_later[p]
        last, last_kind = (later[end - 1], later_kind[end - 1]) if end > first_later[p] else (-np.inf, kind[p])
        first = _first_of_slope(t, c, n, last, last_kind, infused[p])
        slope, r2_adj, points, candidates = _terminal_slope(t, c, first, n)
        found[p, SLOPE], found[p, R2_ADJ], found[p, POINTS], found[p, CANDIDATES] = slope, r2_adj, points, candidates
        n = _begin_at_dose(t, c, n, kind[p], tau[p], slope, log_down)
        for k in range(first_later[p], end):
            n = _begin_anew(t, c, n, later[k], later_kind[k])
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
def _first_of_slope(t, c, n, last, kind, infused):
    """Index of the first sample of which the terminal slope may be taken; `last` is the time of the last dose."""
    peak = n - 1
    for i in range(n - 1, -1, -1):
        if t[i] > last and c[i] >= c[peak]:
            peak = i
    first = peak if kind == BOLUS else peak + 1
    while first < n and t[first] < infused:
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
        value = _back_to(0.0, t[:n], c[:n])
    else:
        value = _value_at(t, c, n, tau, slope, log_down) if tau > 0.0 else 0.0
    return _insert(t, c, n, 0, 0.0, value)


@njit(cache=True, nogil=True)
def _begin_anew(t, c, n, dose, kind):
    """Put points at a later dose: the falling curve continued to it, and what a bolus makes of it."""
    i = np.searchsorted(t[:n], dose, side="right")
    if i == 0 or i == n:
        return n
    before = c[i - 1]
    if t[i - 1] < dose:
        falls = i > 1 and c[i - 2] > before > 0.0 and t[i - 2] < t[i - 1]
        if falls:
            before *= np.exp(-(dose - t[i - 1]) * np.log(c[i - 2] / before) / (t[i - 1] - t[i - 2]))
        if falls or kind == BOLUS:
            n = _insert(t, c, n, i, dose, before)
            i += 1
    return _insert(t, c, n, i, dose, _back_to(dose, t[i:n], c[i:n])) if kind == BOLUS else n


@njit(cache=True, nogil=True)
def _insert(t, c, n, place, when, value):
    """Put a point in, and return the number of points."""
    for i in range(n, place, -1):
        t[i], c[i] = t[i - 1], c[i - 1]
    t[place], c[place] = when, value
    return n + 1


@njit(cache=True, nogil=True)
def _back_to(dose, t, c):
    """Concentration right after a bolus: log-linear through the first two samples, else the first above 0."""
    if t.size > 1 and c[0] > c[1] > 0.0 and t[1] > t[0]:
        return c[0] * np.exp((t[0] - dose) * np.log1p((c[0] - c[1]) / c[1]) / (t[1] - t[0]))
    for value in c:
        if value > 0.0:
            return value
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
