"""The event loop of saturable systems: actions, exact inflow from upstream, integration in between, and outputs."""

from __future__ import annotations

import numpy as np

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

from pkpd.engine.trajectory import BOLUS, PARAMETERS, RATE, STEADY_SET, _change_parameters, advance  # noqa: E402
from pkpd.models.saturable_series import ORDER, expand, fold_step, step_length, value_at  # noqa: E402
from pkpd.models.saturable_steady import solve_steady  # noqa: E402

__all__ = ["STEP_TOO_SMALL", "solve_range"]

STEP_TOO_SMALL = 2


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_matrix(offset, theta_offset, source, target, theta, block, matrix) -> None:
    """Linear part of the saturable block and of what follows it, in amounts."""
    matrix[:, :] = 0.0
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
        if source[e] >= block:
            matrix[offset[target[e]] - base, offset[source[e]] - base] += theta[theta_offset[-1] + e]


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_weight(offset, theta_offset, source, target, theta, block, out_of, weight) -> None:
    """Inflow into the saturable block per unit of each upstream mode, 1/h."""
    weight[:] = 0.0
    for e in range(source.size):
        if target[e] == block:
            for m in range(weight.size):
                weight[m] += theta[theta_offset[-1] + e] * out_of[offset[source[e]], m]


@njit(cache=True, nogil=True, error_model="numpy")
def _integrate(
    t0, t1, x, peak, forcing, matrix, vm, km_amount, w, w_forcing, rate, coupling, separated, weight, c, g, v,
    times, at, stop, where, states, factors, values, summed, low, high, summary,
):  # fmt: skip
    """Move `x` and `w` from t0 to t1, writing the outputs in between; return the time reached."""
    t = t0
    while t < t1:
        expand(x, forcing, matrix, vm, km_amount, w, w_forcing, rate, coupling, weight, c, g, v)
        h = step_length(c, peak, t1 - t)
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
def _outputs_due(times, orders, at, stop, t_next, order, everything):
    """Return the first output that does not come before the next action."""
    due = at
    while due < stop and (
        everything or times[due] < t_next or (times[due] == t_next and orders.size > 0 and orders[due] < order)
    ):
        due += 1
    return due


@njit(cache=True, nogil=True, error_model="numpy")
def solve_range(
    lo, hi, offset, theta_offset, source, target, theta, vm, km_amount, block,
    l_rate, l_into, l_out_of, l_coupling, l_slowest, l_separated,
    a_time, a_order, a_kind, a_state, a_value, a_interval, a_duration, a_phase,
    p_row, p_start, p_stop, time_start, time_stop, place, times, orders, states, factors,
    until, low, high, values, summary, status, detail,
) -> None:  # fmt: skip
    """Solve the problems lo to hi; see `pkpd.models.saturable`."""
    base, n_block = offset[block], offset[block + 1] - offset[block]
    n, n_lead, summed = offset[-1] - base, l_rate.shape[1], until.size > 0
    matrix, weight = np.zeros((n, n)), np.zeros(n_lead)
    x, peak, forcing, input_rate = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(offset[-1])
    w, w_forcing, x_steady, w_steady = np.zeros(n_lead), np.zeros(n_lead), np.zeros(n), np.zeros(n_lead)
    c, g, v = np.zeros((n, ORDER + 1)), np.zeros(ORDER), np.zeros((n_lead, 2))
    own = states - base
    for p in range(lo, hi):
        row, t, at, stop, new_row = p_row[p], -np.inf, time_start[p], time_stop[p], True
        x[:], peak[:], w[:], input_rate[:], forcing[:], w_forcing[:] = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for a in range(p_start[p], p_stop[p] + 1):
            ending = a == p_stop[p] or (summed and a_time[a] > until[p])
            t_next = (until[p] if summed else -np.inf) if ending else a_time[a]
            due = _outputs_due(times, orders, at, stop, t_next, 0 if ending else a_order[a], ending)
            if ending and due > at:
                t_next = max(t_next, times[due - 1])
            where = place[p] + at - time_start[p]
            while at < due and times[at] <= t or (at < due and t == -np.inf):
                for o in range(own.size):
                    values[o, where] = max(x[own[o]], 0.0) * factors[row, o]
                at, where = at + 1, where + 1
            if -np.inf < t < t_next:
                reached = _integrate(
                    t, t_next, x, peak, forcing, matrix, vm[row], km_amount[row], w, w_forcing, l_rate[row],
                    l_coupling[row], l_separated[row], weight, c, g, v, times, at, due, where, own, factors[row],
                    values, summed, low, high, summary[p],
                )  # fmt: skip
                if reached < t_next:
                    status[p], detail[p, 0] = STEP_TOO_SMALL, reached
                    break
            at = due
            if ending:
                break
            t = t_next
            kind, state, value = a_kind[a], a_state[a], a_value[a]
            if kind == PARAMETERS:
                _change_parameters(l_out_of[row], l_into[np.int64(value)], w)
                row, new_row = np.int64(value), True
            if new_row:
                _fill_matrix(offset, theta_offset, source, target, theta[row], block, matrix)
                _fill_weight(offset, theta_offset, source, target, theta[row], block, l_out_of[row], weight)
                new_row = False
            if kind == BOLUS and state >= base:
                x[state - base] += value
            elif kind == BOLUS:
                for m in range(n_lead):
                    w[m] += l_into[row, state, m] * value
            elif kind == RATE:
                input_rate[state] += value
                if abs(input_rate[state]) <= 1e-12 * abs(value):
                    input_rate[state] = 0.0  # what rounding leaves when the last infusion ends
            elif kind != PARAMETERS:
                status[p] = solve_steady(
                    x_steady, w_steady, state, value, a_interval[a], a_duration[a], a_phase[a], base, n_block,
                    l_into[row], l_rate[row], l_coupling[row], l_separated[row], matrix, vm[row], km_amount[row],
                    weight, detail[p],
                )  # fmt: skip
                if status[p] != 0:
                    break
                if kind == STEADY_SET:
                    x[:], w[:] = 0.0, 0.0
                x += x_steady
                w += w_steady
            w_forcing[:] = 0.0
            for s in range(base):
                for m in range(n_lead):
                    w_forcing[m] += l_into[row, s, m] * input_rate[s]
            for i in range(n):
                forcing[i] = input_rate[base + i]
                peak[i] = max(peak[i], abs(x[i]))
