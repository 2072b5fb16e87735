"""The compiled steps of the receptor layer: second-order exponential midpoint steps on a fixed grid.

Each step takes the rates at its start for half a step, and those at the half for the whole; a state moves towards a/b
and cannot leave its bounds. Where seizure activity changes its aim within a step, as it does when a seizure starts or
stops, the step is taken again in parts. The grid is anchored at the onset, noise knots lie on it, and doses do not cut
it: drug levels are exact at each step's middle. Output times do not cut steps either, so the cost does not depend on
them.
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

STEP_MIN = 0.1
KNOT_STEPS = 5  # noise knots every half minute
PARTS = 8
TURN = 0.0001  # change of the aim of S, from the start of a step to its half, that calls for parts
ON, OFF = 0.5, 0.2
PGP_LAG, PGP_TOP, PGP_UP, PGP_DOWN = range(4)


@njit(inline="always", error_model="numpy")
def _fades(h, tau_s, tau_h):
    """What is left of S and H after half a step of `h` minutes, and after the whole."""
    return np.exp(-0.5 * h / tau_s), np.exp(-0.5 * h / tau_h), np.exp(-h / tau_s), np.exp(-h / tau_h)


@njit(inline="always", error_model="numpy")
def _move(y, a, b, h, fade_s, fade_h, out) -> None:
    """Move each state towards a/b over `h` minutes, never past it: S and H by exponentials, the slow ones by the
    quotient ``1/(1 + x + x^2/2)``, which is exp(-x) to second order and between 0 and 1 for any x = b h."""
    out[S] = a[S] / b[S] + (y[S] - a[S] / b[S]) * fade_s
    out[H] = a[H] / b[H] + (y[H] - a[H] / b[H]) * fade_h
    for i in range(2, N_STATES):
        half = 0.5 * h * b[i]
        out[i] = (y[i] + h * a[i] * (1.0 + half)) / (1.0 + 2.0 * half * (1.0 + half))


@njit(cache=True, nogil=True, error_model="numpy")
def _midpoint(y, inputs, pushed, plasticity, tau_h, m_k, e_rest, b_rest, c, h, fades, a, b, half, new):
    """Take one step of `h` minutes to `new`; return by how much the aim of S changed on the way to its half."""
    fill_rates(y, inputs, pushed, plasticity, tau_h, m_k, e_rest, b_rest, c, a, b)
    aim = a[S]
    _move(y, a, b, 0.5 * h, fades[0], fades[1], half)
    fill_rates(half, inputs, pushed, plasticity, tau_h, m_k, e_rest, b_rest, c, a, b)
    _move(y, a, b, h, fades[2], fades[3], new)
    return abs(a[S] - aim) * c[TAU_S]


@njit(inline="always", error_model="numpy")
def _drive_at(drive, noise, k, part):
    """Drive with its noise at `part` (0 to 1) of step `k`."""
    if noise.size == 0:
        return drive
    knot, place = k // KNOT_STEPS, (k % KNOT_STEPS + part) / KNOT_STEPS
    return drive + noise[knot] + (noise[knot + 1] - noise[knot]) * place


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
def _write(out_step, at, k, begin, end, y, new, brain, after, out_states, out_brain):
    """Write the outputs between two places of step `k`, where the states are `y` and `new`; return the next output."""
    while at < out_step.size and out_step[at] <= k + end:
        place = out_step[at] - k
        part = (place - begin) / (end - begin)
        for i in range(N_STATES):
            out_states[at, i] = y[i] * (1.0 - part) + new[i] * part
        for d in range(brain.size):
            out_brain[at, d] = brain[d] * (1.0 - place) + after[d] * place
        at += 1
    return at


@njit(cache=True, nogil=True, error_model="numpy")
def _judge(flag, before, after, start, length, transitions, n_transitions):
    """Return the flag after S went from `before` to `after` in `length` minutes, and the number of its changes."""
    level = OFF if flag else ON
    changed = after < OFF if flag else after > ON
    if not changed:
        return flag, n_transitions
    if n_transitions < transitions.shape[0]:
        transitions[n_transitions, 0] = start + (level - before) / (after - before) * length
        transitions[n_transitions, 1] = 0.0 if flag else 1.0
    return not flag, n_transitions + 1


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
    h, n_drugs = STEP_MIN, levels.shape[0]
    a, b, half, new, inputs = (
        np.zeros(N_STATES),
        np.zeros(N_STATES),
        np.zeros(N_STATES),
        np.zeros(N_STATES),
        np.zeros(4),
    )
    now, after = np.zeros(n_drugs), np.zeros(n_drugs)
    own = (plasticity, tau_h, m_k, ghk_potential(c[CL_REST], c), _magnesium(c[V_ICTAL], c), c)
    whole, finer = _fades(h, c[TAU_S], tau_h), _fades(h / PARTS, c[TAU_S], tau_h)
    while k < k_stop and not (stop_when_on and flag):
        _levels_now(levels, k, brain, exchange, y[F], h, now, after)
        drug_inputs(now, sensitivity, role, constants, inputs)
        rising = flag and k * h >= pgp[PGP_LAG]
        tau = pgp[PGP_UP] if rising else pgp[PGP_DOWN]
        a[F], b[F] = (pgp[PGP_TOP] if rising else 1.0) / tau, 1.0 / tau
        turn = _midpoint(y, inputs, _drive_at(drive, noise, k, 0.5), *own, h, whole, a, b, half, new)
        parts = PARTS if turn > TURN else 1
        for j in range(parts):
            if parts > 1:
                pushed = _drive_at(drive, noise, k, (j + 0.5) / parts)
                _midpoint(y, inputs, pushed, *own, h / PARTS, finer, a, b, half, new)
            begin, end = j / parts, (j + 1) / parts
            at = _write(out_step, at, k, begin, end, y, new, brain, after, out_states, out_brain)
            flag, n_transitions = _judge(flag, y[S], new[S], (k + begin) * h, h / parts, transitions, n_transitions)
            y[:] = new
        brain[:] = after
        _keep_extremes(y, brain, extremes)
        k += 1
        if not np.isfinite(y[S]):
            return -1, flag, at, n_transitions
    return k, flag, at, n_transitions
