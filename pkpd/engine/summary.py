"""Peak, trough, area and time in range of a trajectory, exact whatever grid anybody plots.

Each segment is cut into monotone pieces at the zeros of its derivative; peaks, crossings of a range and both sides of
every dose are found on the pieces. Areas are integrals of the exponentials.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

from pkpd.engine.cascade import Modes  # noqa: E402
from pkpd.engine.parallel import in_chunks  # noqa: E402
from pkpd.engine.propagator import exponential, propagate, system_matrix  # noqa: E402
from pkpd.engine.sampling import exponentials  # noqa: E402
from pkpd.engine.trajectory import Trajectory, input_of_modes  # noqa: E402

__all__ = ["AUC", "CMAX", "CMIN", "IN_RANGE", "N_VALUES", "PHASE", "TMAX", "fold_piece", "summarise"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CMAX, TMAX, CMIN, AUC, IN_RANGE, PHASE = range(6)
N_VALUES = 6
#: Interior points of a segment, as fractions of its length, between which a derivative is taken to have one zero.
FRACTIONS = np.concatenate(([0.0], np.geomspace(1e-5, 0.5, 20), np.linspace(0.55, 1.0, 10)))
BISECTIONS = 60
ROUNDING = 1e-12  # of the terms that make a value


def summarise(
    modes: Modes,
    path: Trajectory,
    until: FloatArray,
    states: IntArray,
    factors: FloatArray,
    low: FloatArray,
    high: FloatArray,
    threads: int | None = None,
) -> FloatArray:
    """Return the summary of each wanted state of each problem from time 0 on.

    Parameters
    ----------
    modes, path
        From `decompose` and `trace`.
    until : ndarray, shape (n_problems,), hours
    states : ndarray of int, shape (n_out,)
    factors : ndarray, shape (n_sets, n_out)
        1/volume for a concentration.
    low, high : ndarray, shape (n_out,), mg/L
        The range whose time is counted; NaN for none.

    Returns
    -------
    ndarray, shape (n_problems, n_out, N_VALUES)
        Columns CMAX, TMAX (h), CMIN (lowest from the first peak on), AUC (per hour, from 0 to `until`), IN_RANGE (h).
    """
    out = np.zeros((len(until), len(states), N_VALUES))
    in_chunks(
        len(until),
        lambda lo, hi: _summarise_range(
            lo, hi, *modes, *path, until, np.asarray(states, np.int64), factors, low, high, FRACTIONS, out
        ),
        threads,
    )
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def fold_piece(t0, v0, t1, v1, result) -> None:
    """Take a monotone piece from (t0, v0) to (t1, v1) into the running peak and trough of one output."""
    for t, v in ((t0, v0), (t1, v1)):
        if v > result[CMAX]:
            result[CMAX], result[TMAX] = v, t
    if result[PHASE] == 0.0:
        if v1 < v0:
            result[PHASE] = 1.0
            result[CMIN] = v1
        else:
            result[CMIN] = v1  # still rising: the peak so far is the end of the piece
    else:
        result[CMIN] = min(result[CMIN], v0, v1)


@njit(cache=True, nogil=True, error_model="numpy")
def _at(tau, exact, rate, share, constant, out_row, factor, matrix, start, w):
    """Return value and derivative of one output, `tau` hours into a segment."""
    value, slope, size, steep = 0.0, 0.0, abs(constant), 0.0
    if exact:
        w[:] = start
        propagate(exponential(matrix, tau), w)
        for m in range(rate.size):
            change = matrix[m + 1, 0]
            for j in range(m + 1):
                change += matrix[m + 1, j + 1] * w[j]
            value += out_row[m] * w[m] * factor
            slope += out_row[m] * change * factor
            size += abs(out_row[m] * w[m] * factor)
            steep += abs(out_row[m] * change * factor)
    else:
        value = constant
        for m in range(rate.size):
            term = share[m] * np.exp(-rate[m] * tau)
            value += term
            slope -= rate[m] * term
            size += abs(term)
            steep += abs(rate[m] * term)
    # what cancels to rounding is nothing: neither a trough nor a turn
    return value if value > ROUNDING * size else 0.0, slope if abs(slope) > ROUNDING * steep else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _area(length, exact, rate, share, constant, out_row, factor, matrix, start, w):
    """Return the integral of one output over a segment of `length` hours."""
    n = rate.size
    if not exact:
        total = constant * length
        for m in range(n):
            x = rate[m] * length
            total += share[m] * (length if x < 1e-300 else -np.expm1(-x) / rate[m])
        return total
    w[:] = start
    propagate(exponential(matrix, length), w)
    inside = np.zeros(n)
    total = 0.0
    for m in range(n):  # mass balance of each mode
        gained = matrix[m + 1, 0] * length + start[m] - w[m]
        for j in range(m):
            gained += matrix[m + 1, j + 1] * inside[j]
        inside[m] = gained / rate[m] if rate[m] * length > 1e-8 else 0.5 * (start[m] + w[m]) * length
        total += out_row[m] * inside[m] * factor
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _zero(a, b, sign, level, of_slope, exact, rate, share, constant, out_row, factor, matrix, start, w):
    """Return where the slope (or the value less `level`) changes from `sign` between a and b, by bisection."""
    for _ in range(BISECTIONS):
        middle = 0.5 * (a + b)
        value, slope = _at(middle, exact, rate, share, constant, out_row, factor, matrix, start, w)
        if (slope if of_slope else value - level) * sign > 0.0:
            a = middle
        else:
            b = middle
        if b - a <= 1e-15 * b:
            break
    return 0.5 * (a + b)


@njit(cache=True, nogil=True, error_model="numpy")
def _time_inside(a, va, b, vb, low, high, exact, rate, share, constant, out_row, factor, matrix, start, w):
    """Return the hours that a monotone piece spends between low and high."""
    if max(va, vb) < low or min(va, vb) > high:
        return 0.0
    begin, end = a, b
    sign = 1.0 if vb > va else -1.0
    for level in (low, high):
        if (va - level) * (vb - level) < 0.0:
            t = _zero(a, b, -sign, level, False, exact, rate, share, constant, out_row, factor, matrix, start, w)
            if (va < level) == (level == low):
                begin = t
            else:
                end = t
    return end - begin


@njit(cache=True, nogil=True, error_model="numpy")
def _segment(t0, length, low, high, fractions, exact, rate, share, constant, out_row, factor, matrix, start, w, result):
    """Take one segment into the result of one output."""
    result[AUC] += _area(length, exact, rate, share, constant, out_row, factor, matrix, start, w)
    rising = falling = exact
    for m in range(rate.size):
        if share[m] * rate[m] > 0.0:
            falling = True
        elif share[m] * rate[m] < 0.0:
            rising = True
    n_points = fractions.size if rising and falling else 2
    a = 0.0
    va, slope = _at(0.0, exact, rate, share, constant, out_row, factor, matrix, start, w)
    for i in range(1, n_points):
        b = length * (fractions[i] if n_points > 2 else 1.0)
        vb, next_slope = _at(b, exact, rate, share, constant, out_row, factor, matrix, start, w)
        if slope * next_slope < 0.0:
            top = _zero(
                a, b, 1.0 if slope > 0.0 else -1.0, 0.0, True,
                exact, rate, share, constant, out_row, factor, matrix, start, w,
            )  # fmt: skip
            v, _ = _at(top, exact, rate, share, constant, out_row, factor, matrix, start, w)
            fold_piece(t0 + a, va, t0 + top, v, result)
            result[IN_RANGE] += _time_inside(
                a, va, top, v, low, high, exact, rate, share, constant, out_row, factor, matrix, start, w
            )
            a, va = top, v
        fold_piece(t0 + a, va, t0 + b, vb, result)
        result[IN_RANGE] += _time_inside(
            a, va, b, vb, low, high, exact, rate, share, constant, out_row, factor, matrix, start, w
        )
        a, va, slope = b, vb, next_slope


@njit(cache=True, nogil=True, error_model="numpy")
def _summarise_range(
    lo, hi, offset, theta_offset, source, target, theta, rate, into, out_of, coupling, slowest, separated,
    first, count, s_time, s_order, s_row, s_amount, s_input,
    until, states, factors, low, high, fractions, out,
) -> None:  # fmt: skip
    n = rate.shape[1]
    y, constant, w = np.zeros((states.size, n)), np.zeros(states.size), np.zeros(n)
    start, forcing = np.zeros(n), np.zeros(n)
    no_matrix = np.zeros((n + 1, n + 1))
    for p in range(lo, hi):
        last = first[p] + count[p] - 1
        for seg in range(first[p] + 1, last + 1):
            t0, row = s_time[seg], s_row[seg]
            end = until[p] if seg == last else min(until[p], s_time[seg + 1])
            if t0 > until[p] or (end <= t0 and seg != last):
                continue
            input_of_modes(s_amount[seg], into[row], start)
            input_of_modes(s_input[seg], into[row], forcing)
            exact = not separated[row] or (slowest[row] * (end - t0) < 1e-5 and np.any(forcing != 0.0))
            matrix = no_matrix
            if exact:
                matrix = system_matrix(rate[row], coupling[row], forcing)
            else:
                exponentials(rate[row], out_of[row], states, factors[row], start, forcing, y, constant)
            for o in range(states.size):
                _segment(
                    t0, end - t0, low[o], high[o], fractions, exact, rate[row], y[o], constant[o],
                    out_of[row, states[o]], factors[row, o], matrix, start, w, out[p, o],
                )  # fmt: skip
