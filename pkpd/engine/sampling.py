"""Values of a trajectory at any times.

On an even grid the exponentials advance by constant factors, many grid points at a time; elsewhere the factors of a
repeated spacing are used again; where rate constants coincide the modes are propagated. A value that is small against
the terms that make it (early after a dose, as a rule) is taken from the plain exponential of the amounts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

from pkpd.engine.cascade import Modes  # noqa: E402
from pkpd.engine.even_grid import LANES, even_step, fill_powers, sample_even  # noqa: E402
from pkpd.engine.parallel import in_chunks  # noqa: E402
from pkpd.engine.propagator import (  # noqa: E402
    amounts_after,
    exponential,
    plain_matrix,
    propagate,
    system_matrix,
)
from pkpd.engine.trajectory import SMALL, Problems, Trajectory, input_of_modes  # noqa: E402

__all__ = ["exponentials", "sample"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def sample(
    modes: Modes,
    path: Trajectory,
    problems: Problems,
    times: FloatArray,
    states: IntArray,
    factors: FloatArray | None = None,
    *,
    orders: IntArray | None = None,
    step: float | None = None,
    threads: int | None = None,
    out: FloatArray | None = None,
) -> FloatArray:
    """Return states at times from a trajectory; parameters and result as in `pkpd.engine.linear.solve`."""
    states = np.asarray(states, dtype=np.int64)
    lengths = problems.time_stop - problems.time_start
    place = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    if factors is None:
        factors = np.ones((modes.rate.shape[0], len(states)))
    if out is None:
        out = np.empty((len(states), int(place[-1])))
    if step is None:
        step = even_step(times)
    orders_or_empty = np.empty(0, dtype=np.int64) if orders is None else orders
    in_chunks(
        len(lengths),
        lambda lo, hi: _sample_range(
            lo, hi, *modes, *path, problems.time_start, problems.time_stop, place, times, orders_or_empty,
            states, np.ascontiguousarray(factors), step, out,
        ),
        threads,
    )  # fmt: skip
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def _sample_uneven(y, constant, rate, t0, times, first, count, place, fade, factor, out):
    """Write values at any increasing times; the factors of a repeated spacing are used again.

    Returns whether a value may have lost digits.
    """
    n = rate.size
    previous, spacing, lost = t0, -1.0, False
    fade[:] = 1.0
    for j in range(count):
        t = times[first + j]
        gap = t - previous
        if gap > 0.0:
            if abs(gap - spacing) > 4e-15 * abs(t):
                spacing = gap
                for m in range(n):
                    factor[m] = np.exp(-rate[m] * gap)
            for m in range(n):
                fade[m] *= factor[m]
        previous = t
        for o in range(y.shape[0]):
            value, size = constant[o], abs(constant[o])
            for m in range(n):
                a = y[o, m] * fade[m]
                value += a
                size += abs(a)
            out[o, place + j] = value
            lost = lost or (size > 0.0 and value < SMALL * size)
    return lost


@njit(cache=True, nogil=True, error_model="numpy")
def _sample_propagated(out_of, matrix, w, states, factors, t0, times, first, count, place, out):
    """Write values on a segment whose modes coincide; return whether one may have lost digits."""
    previous, spacing, lost = t0, -1.0, False
    step = matrix
    for j in range(count):
        gap = times[first + j] - previous
        if gap > 0.0:
            if gap != spacing:
                spacing = gap
                step = exponential(matrix, gap)
            propagate(step, w)
        previous = times[first + j]
        for o in range(states.size):
            value, size = 0.0, 0.0
            for m in range(w.size):
                part = out_of[states[o], m] * w[m]
                value += part
                size += abs(part)
            out[o, place + j] = value * factors[o]
            lost = lost or (size > 0.0 and value < SMALL * size)
    return lost


@njit(cache=True, nogil=True, error_model="numpy")
def _refine(
    o, at, count, where, separated, rate, out_of, coupling, w, forcing, matrix, rest, x, states, factors, t0, times,
    out,
) -> None:  # fmt: skip
    """Take the values of a run that lost digits from the plain exponential; what rounding leaves below zero is zero."""
    amounts, now = np.empty(x.size), np.empty(w.size)
    for j in range(count):
        tau = times[at + j] - t0
        now[:] = w
        if separated:
            for m in range(w.size):
                now[m] = w[m] * np.exp(-rate[m] * tau)
                if forcing[m] != 0.0:
                    now[m] -= forcing[m] * (np.expm1(-rate[m] * tau) / rate[m] if rate[m] > 0.0 else -tau)
        else:
            propagate(exponential(system_matrix(rate, coupling, forcing), tau), now)
        value, size = 0.0, 0.0
        for m in range(w.size):
            part = out_of[states[o], m] * now[m]
            value += part
            size += abs(part)
        if value < SMALL * size:
            amounts_after(matrix, rest, x, tau, amounts)
            value = amounts[states[o]]
        out[o, where + j] = value * factors[o]


@njit(inline="always", error_model="numpy")
def exponentials(rate, out_of, states, factors, w, forcing, y, constant) -> None:
    """Fill the outputs of a segment: ``constant[o] + sum_m y[o, m] exp(-rate[m] t)``."""
    for o in range(states.size):
        constant[o] = 0.0
        for m in range(rate.size):
            share = out_of[states[o], m] * factors[o]
            level = 0.0
            if forcing[m] != 0.0:
                level = forcing[m] / rate[m] if rate[m] > 0.0 else np.inf
            y[o, m] = share * (w[m] - level)
            constant[o] += share * level


@njit(inline="always", error_model="numpy")
def _precedes(begin, begin_order, t, order, ordered):
    """Whether a segment that begins at (begin, begin_order) begins before an output at (t, order)."""
    return begin < t or (begin == t and (not ordered or begin_order <= order))


@njit(cache=True, nogil=True, error_model="numpy")
def _run_end(begin, begin_order, times, orders, at, stop, step):
    """Return the first output from `at` on that comes after the beginning of the next segment."""
    ordered = orders.size > 0
    end = at
    if step > 0.0 and begin > times[at]:
        end = min(stop - 1, at + max(0, int((begin - times[at]) / step) - 1))
    while end < stop and not _precedes(begin, begin_order, times[end], orders[end] if ordered else 0, ordered):
        end += 1
    return end


@njit(inline="always", error_model="numpy")
def _sample_segment(
    offset, theta_offset, source, target, theta, rate, out_of, coupling, separated, w, forcing, x, input_rate,
    t0, at, end, where, times, states, factors, even, power, y, constant, fade, factor, amplitude, index, doubtful, out,
) -> None:  # fmt: skip
    """Write the outputs of one segment, and those again that lost digits."""
    n_doubtful, count = 0, end - at
    if not separated:
        matrix = system_matrix(rate, coupling, forcing)
        lost = _sample_propagated(out_of, matrix, w.copy(), states, factors, t0, times, at, count, where, out)
    else:
        exponentials(rate, out_of, states, factors, w, forcing, y, constant)
        lost = not np.isfinite(constant.sum())  # a mode without an outlet grows under input: no constant to go to
        if lost:
            out[:, where : where + count] = 0.0
        elif even and count >= 4:
            for m in range(rate.size):
                fade[m] = np.exp(-rate[m] * (times[at] - t0))
            n_doubtful = sample_even(y, constant, fade, power, where, count, amplitude, index, doubtful, 0, out)
        else:
            lost = _sample_uneven(y, constant, rate, t0, times, at, count, where, fade, factor, out)
    if n_doubtful > doubtful.shape[0]:
        lost = True
    if not lost and n_doubtful == 0:
        return
    matrix, rest = plain_matrix(offset, theta_offset, source, target, theta, input_rate)
    for i in range(states.size if lost else n_doubtful):
        o, first, width = (i, 0, count) if lost else (doubtful[i, 0], doubtful[i, 1], doubtful[i, 2])
        _refine(
            o, at + first, width, where + first, separated, rate, out_of, coupling, w, forcing, matrix, rest, x, states,
            factors, t0, times, out,
        )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _sample_range(
    lo, hi, offset, theta_offset, source, target, theta, rate, into, out_of, coupling, slowest, separated,
    first, count, s_time, s_order, s_row, s_amount, s_input,
    time_start, time_stop, place, times, orders, states, factors, step, out,
) -> None:  # fmt: skip
    n, ordered = rate.shape[1], orders.size > 0
    y, constant, w, forcing = np.zeros((states.size, n)), np.zeros(states.size), np.zeros(n), np.zeros(n)
    fade, factor, power = np.zeros(n), np.zeros(n), np.ones((n, LANES + 1))
    amplitude, index, doubtful = np.zeros(n + 4), np.zeros(n + 4, np.int64), np.zeros((64, 3), np.int64)
    power_row = -1
    for p in range(lo, hi):
        seg, last = first[p], first[p] + count[p] - 1
        at, stop = time_start[p], time_stop[p]
        while at < stop:
            order = orders[at] if ordered else 0
            while seg < last and _precedes(s_time[seg + 1], s_order[seg + 1], times[at], order, ordered):
                seg += 1
            end = stop
            if seg < last:
                end = _run_end(s_time[seg + 1], s_order[seg + 1], times, orders, at, stop, step)
            where, row, t0 = place[p] + at - time_start[p], s_row[seg], s_time[seg]
            if t0 == -np.inf:
                out[:, where : where + end - at] = 0.0
            else:
                if step > 0.0 and power_row != row:
                    power_row = row
                    fill_powers(rate[row], step, power)
                input_of_modes(s_amount[seg], into[row], w)
                input_of_modes(s_input[seg], into[row], forcing)
                _sample_segment(
                    offset, theta_offset, source, target, theta[row], rate[row], out_of[row], coupling[row],
                    separated[row], w, forcing, s_amount[seg], s_input[seg], t0, at, end, where, times, states,
                    factors[row], step > 0.0, power, y, constant, fade, factor, amplitude, index, doubtful, out,
                )  # fmt: skip
            at = end
