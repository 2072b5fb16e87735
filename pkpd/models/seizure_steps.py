"""The compiled steps of the receptor layer: second-order exponential midpoint steps of fixed length.

Each step takes the rates at its start for half a step, and those at the half for the whole; a state moves towards a/b
and cannot leave its bounds. The grid is anchored at the onset, noise knots lie on it, and doses do not cut it: drug
levels are exact at each step's middle. Output times do not cut steps either, so the cost does not depend on them.
"""

from __future__ import annotations

import numpy as np

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

from pkpd.models.receptors import (  # noqa: E402
    CL,
    CL_REST,
    N_STATES,
    TAU_S,
    V_ICTAL,
    F,
    H,
    R,
    S,
    _magnesium,
    drug_inputs,
    fill_rates,
    ghk_potential,
)

__all__ = ["KNOT_STEPS", "STEP_MIN", "advance_layer"]

STEP_MIN = 0.05
KNOT_STEPS = 10  # noise knots every half minute
ON, OFF = 0.5, 0.2
PGP_LAG, PGP_TOP, PGP_UP, PGP_DOWN = range(4)


@njit(inline="always", error_model="numpy")
def _move(y, a, b, h, fade_s, fade_h, out) -> None:
    """Move each state towards a/b over `h` minutes: S and H by exponentials, the slow ones by a rational factor."""
    out[S] = a[S] / b[S] + (y[S] - a[S] / b[S]) * fade_s
    out[H] = a[H] / b[H] + (y[H] - a[H] / b[H]) * fade_h
    for i in range(2, N_STATES):
        half = 0.5 * h * b[i]
        out[i] = (y[i] * (1.0 - half) + h * a[i]) / (1.0 + half)


@njit(cache=True, nogil=True, error_model="numpy")
def _levels_now(levels, k, brain, exchange, fold, h, now, after) -> None:
    """Fill brain levels at the middle of a step, and at its end for the drugs that follow the P-gp fold."""
    for d in range(now.size):
        now[d], after[d] = levels[d, k], levels[d, k]
        if exchange[d, 0] > 0.0:
            out = exchange[d, 2] + fold * exchange[d, 1]
            after[d] = levels[d, k] / out + (brain[d] - levels[d, k] / out) * np.exp(-exchange[d, 0] * out * h)
            now[d] = 0.5 * (brain[d] + after[d])


@njit(cache=True, nogil=True, error_model="numpy")
def _write(out_step, at, k, y, new, brain, after, out_states, out_brain):
    """Write the outputs inside a step, between its two ends; return the next output."""
    while at < out_step.size and out_step[at] <= k + 1:
        part = out_step[at] - k
        for i in range(N_STATES):
            out_states[at, i] = y[i] + (new[i] - y[i]) * part
        for d in range(brain.size):
            out_brain[at, d] = brain[d] + (after[d] - brain[d]) * part
        at += 1
    return at


@njit(inline="always", error_model="numpy")
def _keep_extremes(y, brain, extremes) -> None:
    extremes[0], extremes[1] = min(extremes[0], y[R]), max(extremes[1], y[CL])
    for d in range(brain.size):
        extremes[2 + d] = max(extremes[2 + d], brain[d])


@njit(cache=True, nogil=True, error_model="numpy")
def advance_layer(
    y, brain, flag, k, k_stop, stop_when_on, drive, noise, plasticity, tau_h, m_k, sensitivity, role, constants,
    levels, exchange, pgp, c, out_step, out_states, out_brain, at, transitions, n_transitions, extremes,
):  # fmt: skip
    """Advance one subject from step `k` to `k_stop`; return (k reached, flag, outputs written, transitions).

    Parameters
    ----------
    y : ndarray, shape (N_STATES,)
        State at step `k`; moved in place.
    flag : bool
        Whether the subject is seizing (on above 0.5, off below 0.2).
    stop_when_on : bool
        Stop at the first step at which the flag is on.
    noise : ndarray, shape (n_knots,)
        Noise at the knots; empty for none. Linear in between.
    brain : ndarray, shape (n_drugs,), mg/L
        Unbound brain levels of the drugs that follow a changing P-gp fold; moved in place.
    levels : ndarray, shape (n_drugs, n_steps), mg/L
        At the middle of each step: unbound brain levels, or unbound plasma levels of the drugs with an `exchange`.
    exchange : ndarray, shape (n_drugs, 3)
        Rate (1/min), P-gp efflux rho and other outflow of ``dC/dt = k (C_plasma - (other + fold rho) C)``; rate 0 where
        `levels` are those of the brain.
    pgp : ndarray, shape (4,)
        Lag (min), ceiling, and the two time constants (min) of seizure-driven P-gp; ceiling 1 switches it off.
    out_step : ndarray, shape (n_out,)
        Output times in steps from the onset, increasing.
    out_states, out_brain : ndarray, shapes (n_out, N_STATES) and (n_out, n_drugs)
    transitions : ndarray, shape (n, 2)
        Times (min) and directions (1 on, 0 off) of the flag's changes; counting goes on when it is full.
    extremes : ndarray, shape (2 + n_drugs,)
        Running lowest surface fraction, highest chloride, and highest unbound brain level of each drug.
    """
    h = STEP_MIN
    a, b, half, inputs = np.zeros(N_STATES), np.zeros(N_STATES), np.zeros(N_STATES), np.zeros(4)
    new, now, after = np.zeros(N_STATES), np.zeros(levels.shape[0]), np.zeros(levels.shape[0])
    e_rest = ghk_potential(c[CL_REST], c)
    b_rest = _magnesium(c[V_ICTAL], c)
    fade_s, fade_h = np.exp(-h / c[TAU_S]), np.exp(-h / tau_h)
    fade_s2, fade_h2 = np.exp(-0.5 * h / c[TAU_S]), np.exp(-0.5 * h / tau_h)
    while k < k_stop and not (stop_when_on and flag):
        pushed = drive
        if noise.size > 0:
            knot, part = k // KNOT_STEPS, (k % KNOT_STEPS + 0.5) / KNOT_STEPS
            pushed += noise[knot] + (noise[knot + 1] - noise[knot]) * part
        _levels_now(levels, k, brain, exchange, y[F], h, now, after)
        drug_inputs(now, sensitivity, role, constants, inputs)
        rising = flag and k * h >= pgp[PGP_LAG]
        tau = pgp[PGP_UP] if rising else pgp[PGP_DOWN]
        a[F], b[F] = (pgp[PGP_TOP] if rising else 1.0) / tau, 1.0 / tau
        fill_rates(y, inputs, pushed, plasticity, tau_h, m_k, e_rest, b_rest, c, a, b)
        _move(y, a, b, 0.5 * h, fade_s2, fade_h2, half)
        fill_rates(half, inputs, pushed, plasticity, tau_h, m_k, e_rest, b_rest, c, a, b)
        _move(y, a, b, h, fade_s, fade_h, new)
        at = _write(out_step, at, k, y, new, brain, after, out_states, out_brain)
        level = OFF if flag else ON
        if (flag and new[S] < OFF) or (not flag and new[S] > ON):
            flag = not flag
            if n_transitions < transitions.shape[0]:
                transitions[n_transitions, 0] = (k + (level - y[S]) / (new[S] - y[S])) * h
                transitions[n_transitions, 1] = 1.0 if flag else 0.0
            n_transitions += 1
        y[:] = new
        brain[:] = after
        _keep_extremes(y, brain, extremes)
        k += 1
        if not np.isfinite(y[S]):
            return -1, flag, at, n_transitions
    return k, flag, at, n_transitions
