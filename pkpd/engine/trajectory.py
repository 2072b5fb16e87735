"""From dosing actions to an exact piecewise solution: one segment from each change to the next.

A segment holds the amounts at its start and the constant input during it; that determines the solution until the next
segment, whatever is asked of it later (a grid, a peak, an area). Nothing is stepped through. An amount that is small
against the modes that make it up is taken from the plain exponential instead, so that no digits are lost.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

from pkpd.engine.cascade import Modes  # noqa: E402
from pkpd.engine.parallel import in_chunks  # noqa: E402
from pkpd.engine.propagator import (  # noqa: E402
    amounts_after,
    exponential,
    plain_matrix,
    propagate,
    steady_state,
    system_matrix,
)
from pkpd.errors import SolverError  # noqa: E402

__all__ = [
    "BOLUS",
    "PARAMETERS",
    "RATE",
    "SMALL",
    "STEADY_ADD",
    "STEADY_SET",
    "Actions",
    "Problems",
    "Trajectory",
    "advance",
    "amounts_of_modes",
    "change_parameters",
    "change_rate",
    "input_of_modes",
    "trace",
]

BOLUS, RATE, PARAMETERS, STEADY_SET, STEADY_ADD = range(5)
#: Below this share of the terms that make it, a value has lost too many digits (error about 1e-16 over it).
SMALL = 1e-4
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Actions(NamedTuple):
    """What is done to a system, sorted within a problem by (time, order).

    `kind` BOLUS: `value` is an amount into `state`. RATE: `value` is the change of the zero-order input into `state`
    (amount/h). PARAMETERS: `value` is the row of theta in force from now. STEADY_SET and STEADY_ADD put or add the
    steady state of a repeated dose: `value` is the amount (duration 0) or the rate, `interval` the dosing interval
    (0 = constant infusion), `phase` the time since the last dose of the history, in (0, interval].
    """

    time: FloatArray
    order: IntArray
    kind: IntArray
    state: IntArray
    value: FloatArray
    interval: FloatArray
    duration: FloatArray
    phase: FloatArray


class Problems(NamedTuple):
    """One row a problem: a system that starts empty. Ranges index actions and output times; they may be shared."""

    theta_row: IntArray
    action_start: IntArray
    action_stop: IntArray
    time_start: IntArray
    time_stop: IntArray


class Trajectory(NamedTuple):
    """Segments of all problems; problem p owns rows first[p] to first[p] + count[p]."""

    first: IntArray
    count: IntArray  # type: ignore[assignment]  # of segments; shadows the tuple's own method
    time: FloatArray  # (n_segments,) start, h; the first of a problem starts at -inf, empty
    order: IntArray
    row: IntArray  # parameter set
    amount: FloatArray  # (n_segments, n_states) at the start, mg
    input_rate: FloatArray  # (n_segments, n_states) constant input, mg/h


def trace(modes: Modes, actions: Actions, problems: Problems, threads: int | None = None) -> Trajectory:
    """Return the segments of every problem.

    Raises
    ------
    SolverError
        If a steady state is asked for where none exists; its `problem` is the index of the problem.
    """
    n_states = modes.rate.shape[1]
    room = problems.action_stop - problems.action_start + 1
    first = np.concatenate(([0], np.cumsum(room)))
    total = int(first[-1])
    path = Trajectory(
        first[:-1].astype(np.int64),
        np.zeros(len(room), dtype=np.int64),
        np.empty(total),
        np.empty(total, dtype=np.int64),
        np.empty(total, dtype=np.int64),
        np.empty((total, n_states)),
        np.empty((total, n_states)),
    )
    status = np.zeros(len(room), dtype=np.int64)
    in_chunks(len(room), lambda lo, hi: _trace_range(lo, hi, *modes, *actions, *problems[:3], *path, status), threads)
    if status.any():
        index = int(np.flatnonzero(status)[0])
        error = SolverError("there is no steady state: a compartment that the dose reaches has no way out")
        error.problem = index  # type: ignore[attr-defined]
        raise error
    return path


@njit(inline="always", error_model="numpy")
def advance(rate, coupling, separated, w, forcing, length) -> None:
    """Move the modes `w` on by `length` hours under constant input."""
    if separated:
        for m in range(rate.size):
            x = rate[m] * length
            if forcing[m] == 0.0:
                w[m] *= np.exp(-x)
            elif x < 1e-300:
                w[m] += forcing[m] * length
            else:
                w[m] -= (forcing[m] / rate[m] - w[m]) * np.expm1(-x)
    else:
        propagate(exponential(system_matrix(rate, coupling, forcing), length), w)


@njit(cache=True, nogil=True, error_model="numpy")
def change_parameters(out_of, into, w) -> None:
    """Express the same amounts in the modes of another parameter set."""
    n = w.size
    amounts = np.zeros(n)
    for s in range(n):
        for m in range(n):
            amounts[s] += out_of[s, m] * w[m]
    for m in range(n):
        total = 0.0
        for s in range(n):
            total += into[s, m] * amounts[s]
        w[m] = total


@njit(cache=True, nogil=True, error_model="numpy")
def _put_steady_state(kind, value, into, out_of, rate, coupling, interval, duration, phase, x) -> bool:
    """Set or add the steady state of a repeated dose whose modes per mg are `into`; False if there is none."""
    found = into * value
    if not steady_state(system_matrix(rate, coupling, found), rate, interval, duration, phase, found):
        return False
    for s in range(x.size):
        total = 0.0 if kind == STEADY_SET else x[s]
        for m in range(found.size):
            total += out_of[s, m] * found[m]
        x[s] = total
    return True


@njit(inline="always", error_model="numpy")
def change_rate(input_rate, state, change) -> None:
    """Change the zero-order input of a state; what rounding leaves when the last infusion ends is nothing."""
    input_rate[state] += change
    if abs(input_rate[state]) <= 1e-12 * abs(change):
        input_rate[state] = 0.0


@njit(inline="always", error_model="numpy")
def input_of_modes(input_rate, into, forcing) -> None:
    """Turn what enters the states into what enters the modes (amounts likewise)."""
    forcing[:] = 0.0
    for s in range(input_rate.size):
        if input_rate[s] != 0.0:
            for m in range(forcing.size):
                forcing[m] += into[s, m] * input_rate[s]


@njit(inline="always", error_model="numpy")
def amounts_of_modes(w, out_of, x) -> bool:
    """Fill amounts from modes; True if one of them is small against the terms that make it."""
    lost = False
    for s in range(x.size):
        total, size = 0.0, 0.0
        for m in range(w.size):
            part = out_of[s, m] * w[m]
            total += part
            size += abs(part)
        x[s] = total
        lost = lost or (size > 0.0 and total < SMALL * size)
    return lost


@njit(cache=True, nogil=True, error_model="numpy")
def _restore(offset, theta_offset, source, target, theta, before, input_rate, length, out_of, w, x) -> None:
    """Take the amounts that lost digits from the plain exponential."""
    exact = np.empty(x.size)
    matrix, rest = plain_matrix(offset, theta_offset, source, target, theta, input_rate)
    amounts_after(matrix, rest, before, length, exact)
    for s in range(x.size):
        size = 0.0
        for m in range(w.size):
            size += abs(out_of[s, m] * w[m])
        if x[s] < SMALL * size:
            x[s] = exact[s]


@njit(cache=True, nogil=True, error_model="numpy")
def _trace_range(
    lo, hi, offset, theta_offset, source, target, theta, rate, into, out_of, coupling, slowest, separated,
    a_time, a_order, a_kind, a_state, a_value, a_interval, a_duration, a_phase, p_row, p_start, p_stop,
    first, count, s_time, s_order, s_row, s_amount, s_input, status,
) -> None:  # fmt: skip
    n = rate.shape[1]
    x, w, forcing, input_rate = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    for p in range(lo, hi):
        row, seg, x[:], input_rate[:] = p_row[p], first[p], 0.0, 0.0
        s_time[seg], s_order[seg], s_row[seg] = -np.inf, -(2**62), row
        s_amount[seg], s_input[seg] = 0.0, 0.0
        for a in range(p_start[p], p_stop[p]):
            if a_time[a] != s_time[seg] or a_order[a] != s_order[seg]:
                length = a_time[a] - s_time[seg]
                if 0.0 < length < np.inf:
                    input_of_modes(x, into[row], w)
                    input_of_modes(input_rate, into[row], forcing)
                    advance(rate[row], coupling[row], separated[row], w, forcing, length)
                    if amounts_of_modes(w, out_of[row], x):
                        shape = (offset, theta_offset, source, target, theta[row])
                        _restore(*shape, s_amount[seg], input_rate, length, out_of[row], w, x)
                seg += 1
                s_time[seg], s_order[seg] = a_time[a], a_order[a]
            kind, state, value = a_kind[a], a_state[a], a_value[a]
            if kind == BOLUS:
                x[state] += value
            elif kind == RATE:
                change_rate(input_rate, state, value)
            elif kind == PARAMETERS:
                row = np.int64(value)
            else:
                course = (a_interval[a], a_duration[a], a_phase[a])
                system = (into[row, state], out_of[row], rate[row], coupling[row])
                if not _put_steady_state(kind, value, *system, *course, x):
                    status[p] = 1
                    break
            s_row[seg] = row
            for s in range(n):
                s_amount[seg, s], s_input[seg, s] = x[s], input_rate[s]
        count[p] = seg - first[p] + 1
