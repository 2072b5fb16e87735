"""The event loop of saturable systems: actions, exact inflow from upstream, integration in between, and outputs."""

from __future__ import annotations

import numpy as np

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

from pkpd.engine.trajectory import (  # noqa: E402
    BOLUS,
    PARAMETERS,
    RATE,
    STEADY_SET,
    advance,
    change_parameters,
    change_rate,
    input_of_modes,
)
from pkpd.models.saturable_series import ORDER, expand, fold_step, step_length, value_at  # noqa: E402
from pkpd.models.saturable_steady import solve_steady  # noqa: E402

__all__ = ["STEP_TOO_SMALL", "solve_range"]

STEP_TOO_SMALL = 2


@njit(cache=True, nogil=True, error_model="numpy")
def _fill(offset, theta_offset, source, target, theta, block, out_of, matrix, weight) -> None:
    """Fill the linear part of the saturable block and of what follows it, in amounts, and the inflow (1/h) into the
    block per unit of each upstream mode."""
    matrix[:, :], weight[:] = 0.0, 0.0
    base = offset[block]
    for b in range(block, offset.size - 1):
        centre, column = offset[b] - base, theta_offset[b]
        matrix[centre, centre] -= theta[column]
        for i in range(1, offset[b + 1] - offset[b]):
            k_to, k_from = theta[column + 2 * i - 1], theta[column + 2 * i]
            matrix[centre, centre] -= k_to
            matrix[centre + i, centre] += k_to
            matrix[centre, centre + i] += k_from
            matrix[centre + i, centre + i] -= k_from
    for e in range(source.size):
        coefficient = theta[theta_offset[-1] + e]
        if source[e] >= block:
            matrix[offset[target[e]] - base, offset[source[e]] - base] += coefficient
        elif target[e] == block:
            for m in range(weight.size):
                weight[m] += coefficient * out_of[offset[source[e]], m]


@njit(cache=True, nogil=True, error_model="numpy")
def _integrate(
    t0, t1, x, peak, forcing, matrix, vm, km_amount, w, w_forcing, rate, coupling, separated, weight, c, g, v,
    times, at, stop, where, states, factors, values, summed, low, high, summary,
):  # fmt: skip
    """Move `x` and `w` from t0 to t1, writing the outputs in between; return the time reached."""
    t, mass = t0, 0.0
    for i in range(x.size):
        mass += peak[i] + abs(forcing[i]) * (t1 - t0)
    for m in range(w.size):
        mass += abs(w[m]) + abs(w_forcing[m]) * (t1 - t0)
    while t < t1:
        expand(x, forcing, matrix, vm, km_amount, w, w_forcing, rate, coupling, weight, c, g, v)
        h = step_length(c, peak, mass, t1 - t)
        if not h > 1e-14 * max(t1, t1 - t0):
            return t
        following = t1 if h >= t1 - t else t + h
        while at < stop and times[at] <= following:
            for o in range(states.size):
                value = value_at(c[states[o]], times[at] - t)
                values[o, where] = max(value, 0.0) * factors[o]
            at, where = at + 1, where + 1
        if summed:
            for o in range(states.size):
                fold_step(t, h, c[states[o]], factors[o], low[o], high[o], summary[o])
        for i in range(x.size):
            x[i] = value_at(c[i], h)
            peak[i] = max(peak[i], abs(x[i]))
        advance(rate, coupling, separated, w, w_forcing, h)
        t = following
    return t


@njit(cache=True, nogil=True, error_model="numpy")
def _next_stop(a, stop_action, a_time, a_order, until, times, orders, at, stop):
    """Return whether action `a` lies beyond the end, the time to go to, and the first output that comes after it."""
    summed = until > -np.inf
    ending = a == stop_action or (summed and a_time[a] > until)
    if ending:
        last = times[stop - 1] if stop > at else -np.inf
        return True, max(until, last), stop
    due, t, ordered = at, a_time[a], orders.size > 0
    while due < stop and (times[due] < t or (times[due] == t and ordered and orders[due] < a_order[a])):
        due += 1
    return False, t, due


@njit(cache=True, nogil=True, error_model="numpy")
def _give(
    kind, state, value, interval, duration, phase, base, n_block, into, rate, coupling, separated, matrix, vm,
    km_amount, weight, x, w, input_rate, mean_and_limit,
):  # fmt: skip
    """Carry out one action other than PARAMETERS; return a status."""
    if kind == BOLUS and state >= base:
        x[state - base] += value
    elif kind == BOLUS:
        for m in range(w.size):
            w[m] += into[state, m] * value
    elif kind == RATE:
        change_rate(input_rate, state, value)
    else:
        x_steady, w_steady = np.zeros(x.size), np.zeros(w.size)
        status = solve_steady(
            x_steady, w_steady, state, value, interval, duration, phase, base, n_block, into, rate, coupling, separated,
            matrix, vm, km_amount, weight, mean_and_limit,
        )  # fmt: skip
        if status != 0:
            return status
        if kind == STEADY_SET:
            x[:], w[:] = 0.0, 0.0
        x += x_steady
        w += w_steady
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def _write_held(times, at, due, t, x, own, factors, values, where):
    """Write the outputs that need no integration: before the first action, and at the time of the last one."""
    while at < due and (t == -np.inf or times[at] <= t):
        for o in range(own.size):
            values[o, where] = max(x[own[o]], 0.0) * factors[o]
        at, where = at + 1, where + 1
    return at, where


@njit(cache=True, nogil=True, error_model="numpy")
def _room(n, n_lead):
    """Arrays of one problem: amounts, their peaks, rates; modes upstream, their input and weight; series."""
    states = np.zeros(n), np.zeros(n), np.zeros((n, n))
    upstream = np.zeros(n_lead), np.zeros(n_lead), np.zeros(n_lead)
    return states + upstream + (np.zeros((n, ORDER + 1)), np.zeros(ORDER), np.zeros((n_lead, 2)))


@njit(cache=True, nogil=True, error_model="numpy")
def _solve_problem(
    row, start, stop_action, at, stop, where, offset, theta_offset, source, target, theta, vm, km_amount, block,
    l_rate, l_into, l_out_of, l_coupling, l_separated,
    a_time, a_order, a_kind, a_state, a_value, a_interval, a_duration, a_phase,
    times, orders, own, factors, until, low, high, values, summary, detail,
):  # fmt: skip
    """Solve one problem and return its status."""
    base, n_block, n_lead, t = offset[block], offset[block + 1] - offset[block], l_rate.shape[1], -np.inf
    x, peak, matrix, w, w_forcing, weight, c, g, v = _room(offset[-1] - base, n_lead)
    input_rate = np.zeros(offset[-1])
    _fill(offset, theta_offset, source, target, theta[row], block, l_out_of[row], matrix, weight)
    for a in range(start, stop_action + 1):
        ending, t_next, due = _next_stop(a, stop_action, a_time, a_order, until, times, orders, at, stop)
        at, where = _write_held(times, at, due, t, x, own, factors[row], values, where)
        if -np.inf < t < t_next:
            reached = _integrate(
                t, t_next, x, peak, input_rate[base:], matrix, vm[row], km_amount[row], w, w_forcing, l_rate[row],
                l_coupling[row], l_separated[row], weight, c, g, v, times, at, due, where, own, factors[row], values,
                until > -np.inf, low, high, summary,
            )  # fmt: skip
            detail[0] = reached
            if reached < t_next:
                return STEP_TOO_SMALL
        t, where, at = t_next, where + due - at, due
        if ending:
            break
        if a_kind[a] == PARAMETERS:
            change_parameters(l_out_of[row], l_into[np.int64(a_value[a])], w)
            row = np.int64(a_value[a])
            _fill(offset, theta_offset, source, target, theta[row], block, l_out_of[row], matrix, weight)
        else:
            status = _give(
                a_kind[a], a_state[a], a_value[a], a_interval[a], a_duration[a], a_phase[a], base, n_block, l_into[row],
                l_rate[row], l_coupling[row], l_separated[row], matrix, vm[row], km_amount[row], weight, x, w,
                input_rate, detail,
            )  # fmt: skip
            if status != 0:
                return status
        input_of_modes(input_rate[:base], l_into[row], w_forcing)
        peak[:] = np.maximum(peak, np.abs(x))
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def solve_range(
    lo, hi, offset, theta_offset, source, target, theta, vm, km_amount, block,
    l_rate, l_into, l_out_of, l_coupling, l_slowest, l_separated,
    a_time, a_order, a_kind, a_state, a_value, a_interval, a_duration, a_phase,
    p_row, p_start, p_stop, time_start, time_stop, place, times, orders, states, factors,
    until, low, high, values, summary, status, detail,
) -> None:  # fmt: skip
    """Solve the problems lo to hi; see `pkpd.models.saturable`."""
    own = states - offset[block]
    for p in range(lo, hi):
        end = until[p] if until.size > 0 else -np.inf
        status[p] = _solve_problem(
            p_row[p], p_start[p], p_stop[p], time_start[p], time_stop[p], place[p],
            offset, theta_offset, source, target, theta, vm, km_amount, block,
            l_rate, l_into, l_out_of, l_coupling, l_separated,
            a_time, a_order, a_kind, a_state, a_value, a_interval, a_duration, a_phase,
            times, orders, own, factors, end, low, high, values, summary[p],
            detail[p],
        )  # fmt: skip
