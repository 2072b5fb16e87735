"""Values of a trajectory at any times.

On an even grid the exponentials advance by constant factors, many grid points at a time; elsewhere the factors of a
repeated spacing are used again; where exponentials would lose digits the modes are propagated instead.
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
from pkpd.engine.trajectory import Problems, Trajectory, needs_propagator  # noqa: E402

__all__ = ["even_step", "exponentials", "sample"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
LANES = 64  # grid points that share one set of powers


def even_step(times: FloatArray) -> float:
    """Return the spacing of evenly spaced `times` (rounding of each allowed for), else 0."""
    if len(times) < 8:
        return 0.0
    step = (times[-1] - times[0]) / (len(times) - 1)
    slack = 4e-15 * max(abs(times[0]), abs(times[-1]))
    even = step > 0 and bool(np.all(np.abs(times[0] + step * np.arange(len(times)) - times) <= slack))
    return float(step) if even else 0.0


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


@njit(inline="always", error_model="numpy")
def _write_four(out, o, at, width, onto, constant, a0, a1, a2, a3, i0, i1, i2, i3, power, size) -> None:
    """Write a constant and four exponentials on a run of even times; what only rounding leaves is zero."""
    low, high = -1e-12 * size, 1e-15 * size
    first, r0, r1, r2, r3 = np.uintp(at), np.uintp(i0), np.uintp(i1), np.uintp(i2), np.uintp(i3)
    for i in range(width):
        j = np.uintp(i)  # unsigned: no test for counting from the end, so the loop runs in vector registers
        value = constant + a0 * power[r0, j] + a1 * power[r1, j] + a2 * power[r2, j] + a3 * power[r3, j]
        if onto:
            value += out[o, first + j]
        out[o, first + j] = value if (value >= high) | (value <= low) else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _sample_even(y, constant, fade, power, place, count, amplitude, index, out) -> None:
    """Write `count` evenly spaced values of each output; `fade` belongs to the first of them."""
    n = fade.size
    done = 0
    while done < count:
        width = min(LANES, count - done)
        for o in range(y.shape[0]):
            used, size = 0, abs(constant[o])
            for m in range(n):
                a = y[o, m] * fade[m]
                if abs(a) > 1e-290:  # below, denormal numbers would only cost time
                    amplitude[used], index[used] = a, m
                    size += abs(a)
                    used += 1
            for i in range(used, used + 4):
                amplitude[i], index[i] = 0.0, 0
            for i in range(0, max(used, 1), 4):
                _write_four(
                    out, o, place + done, width, i > 0, constant[o] if i == 0 else 0.0,
                    amplitude[i], amplitude[i + 1], amplitude[i + 2], amplitude[i + 3],
                    index[i], index[i + 1], index[i + 2], index[i + 3], power,
                    size if i + 4 >= used else 0.0,
                )  # fmt: skip
        for m in range(n):
            fade[m] *= power[m, LANES]
        done += width


@njit(cache=True, nogil=True, error_model="numpy")
def _clean(value, size):
    return 0.0 if -1e-12 * size < value < 1e-15 * size else value


@njit(cache=True, nogil=True, error_model="numpy")
def _sample_uneven(y, constant, rate, t0, times, first, count, place, fade, factor, out) -> None:
    """Write values at any increasing times; the factors of a repeated spacing are used again."""
    n = rate.size
    previous, spacing = t0, -1.0
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
            out[o, place + j] = _clean(value, size)


@njit(cache=True, nogil=True, error_model="numpy")
def _sample_propagated(out_of, matrix, w, states, factors, t0, times, first, count, place, out) -> None:
    """Write values on a segment whose exponentials would lose digits."""
    previous, spacing = t0, -1.0
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
            out[o, place + j] = _clean(value, size) * factors[o]


@njit(cache=True, nogil=True, error_model="numpy")
def exponentials(rate, out_of, states, factors, w, forcing, y, constant) -> None:
    """Fill the outputs of a segment: ``constant[o] + sum_m y[o, m] exp(-rate[m] t)``."""
    for o in range(states.size):
        constant[o] = 0.0
        for m in range(rate.size):
            share = out_of[states[o], m] * factors[o]
            level = forcing[m] / rate[m] if forcing[m] != 0.0 else 0.0
            y[o, m] = share * (w[m] - level)
            constant[o] += share * level


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_powers(rate, step, power) -> None:
    for m in range(rate.size):
        power[m, 0] = 1.0
        factor = np.exp(-rate[m] * step)
        for j in range(1, LANES + 1):
            power[m, j] = power[m, j - 1] * factor


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


@njit(cache=True, nogil=True, error_model="numpy")
def _sample_range(
    lo, hi, rate, into, out_of, coupling, slowest, separated,
    first, count, s_time, s_order, s_row, s_w, s_forcing,
    time_start, time_stop, place, times, orders, states, factors, step, out,
) -> None:  # fmt: skip
    n, ordered = rate.shape[1], orders.size > 0
    y, constant = np.zeros((states.size, n)), np.zeros(states.size)
    fade, factor, power = np.zeros(n), np.zeros(n), np.ones((n, LANES + 1))
    amplitude, index = np.zeros(n + 4), np.zeros(n + 4, dtype=np.int64)
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
            elif needs_propagator(separated[row], slowest[row], s_forcing[seg], times[end - 1] - t0):
                matrix = system_matrix(rate[row], coupling[row], s_forcing[seg])
                _sample_propagated(
                    out_of[row], matrix, s_w[seg].copy(), states, factors[row], t0, times, at, end - at, where, out
                )
            else:
                exponentials(rate[row], out_of[row], states, factors[row], s_w[seg], s_forcing[seg], y, constant)
                if step > 0.0 and end - at >= 4:
                    if power_row != row:
                        power_row = row
                        _fill_powers(rate[row], step, power)
                    for m in range(n):
                        fade[m] = np.exp(-rate[row, m] * (times[at] - t0))
                    _sample_even(y, constant, fade, power, where, end - at, amplitude, index, out)
                else:
                    _sample_uneven(y, constant, rate[row], t0, times, at, end - at, where, fade, factor, out)
            at = end
