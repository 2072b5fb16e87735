"""Steady state of a saturable system: Newton on the map over one dosing interval, after a check that there is one."""

from __future__ import annotations

import numpy as np

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

from pkpd.engine.propagator import steady_state, system_matrix  # noqa: E402
from pkpd.engine.trajectory import advance  # noqa: E402
from pkpd.models.saturable_series import ORDER, expand, step_length, value_at  # noqa: E402

__all__ = ["NOT_CONVERGED", "NO_STEADY_STATE", "solve_steady"]

NO_STEADY_STATE, NOT_CONVERGED = 1, 3
NEWTON_STEPS = 60


@njit(cache=True, nogil=True, error_model="numpy")
def move(x, length, forcing, matrix, vm, km_amount, w, w_forcing, rate, coupling, separated, weight, peak) -> None:
    """Move amounts `x` and upstream modes `w` on by `length` hours."""
    c, g, v = np.zeros((x.size, ORDER + 1)), np.zeros(ORDER), np.zeros((w.size, 2))
    t = 0.0
    while t < length:
        expand(x, forcing, matrix, vm, km_amount, w, w_forcing, rate, coupling, weight, c, g, v)
        h = step_length(c, peak, peak.sum(), length - t)
        for i in range(x.size):
            x[i] = value_at(c[i], h)
        advance(rate, coupling, separated, w, w_forcing, h)
        if not h > 1e-14 * length:
            return
        t += h


@njit(cache=True, nogil=True, error_model="numpy")
def _balance(matrix, vm, km_amount, mean_input, n_block, x) -> bool:
    """Put the amounts at which a constant input is balanced; False if elimination cannot keep up."""
    linear = -matrix[0, 0]
    for i in range(1, n_block):
        linear -= matrix[i, 0]  # what goes to a peripheral comes back
    if linear <= 1e-14 * abs(matrix[0, 0]):
        if mean_input >= vm:
            return False
        x[0] = km_amount * mean_input / (vm - mean_input)
    else:
        b = vm + linear * km_amount - mean_input
        root = np.sqrt(b * b + 4.0 * linear * km_amount * mean_input)
        x[0] = 2.0 * km_amount * mean_input / (b + root) if b > 0.0 else (root - b) / (2.0 * linear)
    for i in range(1, x.size):
        inward = 0.0
        for j in range(i):
            inward += matrix[i, j] * x[j]
        x[i] = inward / -matrix[i, i] if matrix[i, i] < 0.0 else 0.0
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _over_interval(x, w0, own, lead, running, part, stop, matrix, vm, km, rate, coupling, separated, weight, peak):
    """Move `x` from a dose of a periodic regimen to `stop` hours later; `running` infusions, or one more, run."""
    w = w0.copy()
    first = min(part, stop)
    if first > 0.0:
        flow = running + 1.0
        move(x, first, own * flow, matrix, vm, km, w, lead * flow, rate, coupling, separated, weight, peak)
    if stop > first:
        move(x, stop - first, own * running, matrix, vm, km, w, lead * running, rate, coupling, separated, weight, peak)


@njit(cache=True, nogil=True, error_model="numpy")
def _newton(x, bolus, w, own, lead, running, part, interval, matrix, vm, km, rate, coupling, separated, weight) -> bool:
    """Solve ``x = (x moved on by one interval) + bolus``; False if it does not converge."""
    n = x.size
    jacobian, residual = np.zeros((n, n)), np.zeros(n)
    peak = np.abs(x) + np.abs(bolus)
    for _ in range(NEWTON_STEPS):
        moved = x.copy()
        _over_interval(moved, w, own, lead, running, part, interval, matrix, vm, km, rate, coupling, separated, weight,
                       peak)  # fmt: skip
        residual[:] = moved + bolus - x
        for j in range(n):
            nudge = 1e-6 * max(abs(x[j]), 1e-3 * peak[j], 1e-12)
            other = x.copy()
            other[j] += nudge
            _over_interval(other, w, own, lead, running, part, interval, matrix, vm, km, rate, coupling, separated,
                           weight, peak)  # fmt: skip
            for i in range(n):
                jacobian[i, j] = (1.0 if i == j else 0.0) - (other[i] - moved[i]) / nudge
        change = np.linalg.solve(jacobian, residual)
        largest = 0.0
        for i in range(n):
            step = change[i] if x[i] + change[i] > 0.0 else -0.5 * x[i]  # amounts stay positive on the way
            x[i] += step
            largest = max(largest, abs(step) / max(abs(x[i]), 1e-6 * peak[i], 1e-300))
        if largest < 1e-11:
            return True
    return largest < 1e-8


@njit(cache=True, nogil=True, error_model="numpy")
def solve_steady(
    x, w, state, value, interval, duration, phase, base, n_block, into, rate, coupling, separated, matrix, vm,
    km_amount, weight, mean_and_limit,
):  # fmt: skip
    """Put the steady state, `phase` hours after a dose, into `x` (saturable part) and `w` (modes upstream).

    Returns 0, NO_STEADY_STATE or NOT_CONVERGED; `mean_and_limit` receives the mean input and VM, mg/h.
    """
    own, lead = np.zeros(x.size), np.zeros(w.size)
    if state >= base:
        own[state - base] = value
    else:
        for m in range(w.size):
            lead[m] = into[state, m] * value
    mean = value if interval == 0.0 else value * (duration if duration > 0.0 else 1.0) / interval
    mean_and_limit[0], mean_and_limit[1] = mean, vm
    if not _balance(matrix, vm, km_amount, mean, n_block, x):
        return NO_STEADY_STATE
    w[:] = 0.0
    if state < base and not steady_state(system_matrix(rate, coupling, lead), rate, interval, duration, 0.0, w):
        return NO_STEADY_STATE
    if interval == 0.0:
        return 0
    infused = 1.0 if duration > 0.0 else 0.0
    bolus, own_rate, lead_rate = own * (1.0 - infused), own * infused, lead * infused
    running = np.floor(duration / interval)
    part = duration - running * interval
    if not _newton(
        x, bolus, w, own_rate, lead_rate, running, part, interval, matrix, vm, km_amount, rate, coupling, separated,
        weight,
    ):  # fmt: skip
        return NOT_CONVERGED
    _over_interval(
        x, w, own_rate, lead_rate, running, part, phase, matrix, vm, km_amount, rate, coupling, separated, weight,
        np.abs(x) + np.abs(bolus),
    )  # fmt: skip
    if state < base:
        steady_state(system_matrix(rate, coupling, lead), rate, interval, duration, phase, w)
    return 0
