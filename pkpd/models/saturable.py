"""Michaelis-Menten elimination, alone or beside linear elimination.

What flows into the saturable block from depots and prodrugs is linear and stays exact. Only the saturable block and
what it feeds (effect site, brain, metabolites) is integrated, event by event. A steady state is solved: Newton on the
map over one dosing interval.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pkpd.engine.cascade import Modes, Structure, decompose, layout
from pkpd.engine.linear import Actions, Problems
from pkpd.engine.parallel import in_chunks
from pkpd.engine.summary import N_VALUES
from pkpd.errors import SolverError
from pkpd.models.saturable_loop import STEP_TOO_SMALL, solve_range
from pkpd.models.saturable_steady import NO_STEADY_STATE

__all__ = ["solve_saturable", "solve_saturable_outputs", "system_of_rates"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def solve_saturable(
    structure: Structure,
    theta: FloatArray,
    vm: FloatArray,
    km_amount: FloatArray,
    block: int,
    actions: Actions,
    problems: Problems,
    times: FloatArray,
    orders: IntArray,
    state: int,
    threads: int | None = None,
) -> FloatArray:
    """Return the amount of one state at every time, shape (n_times,); see `solve_saturable_outputs`."""
    values, _ = solve_saturable_outputs(
        structure, theta, vm, km_amount, block, actions, problems, times, np.array([state]), orders=orders,
        threads=threads,
    )  # fmt: skip
    return values[0]


def solve_saturable_outputs(
    structure: Structure,
    theta: FloatArray,
    vm: FloatArray,
    km_amount: FloatArray,
    block: int,
    actions: Actions,
    problems: Problems,
    times: FloatArray,
    states: IntArray,
    factors: FloatArray | None = None,
    *,
    orders: IntArray | None = None,
    until: FloatArray | None = None,
    low: FloatArray | None = None,
    high: FloatArray | None = None,
    threads: int | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Solve systems whose block `block` has a saturable way out.

    Parameters
    ----------
    structure, theta, actions, problems, times, states, factors, orders
        As for `pkpd.engine.linear.solve`; the states must belong to `block` or to later blocks.
    vm : ndarray, shape (n_sets,), mg/h
        Maximal rate of the saturable elimination from the centre of the block.
    km_amount : ndarray, shape (n_sets,), mg
        Amount in the centre at half that rate (KM times the volume).
    until : ndarray, shape (n_problems,), hours, optional
        Asks for the summary up to these times; `low` and `high` (n_out,) are its range.

    Returns
    -------
    values : ndarray, shape (n_out, total)
    summary : ndarray, shape (n_problems, n_out, N_VALUES), zeros if not asked for

    Raises
    ------
    SolverError
        If there is no steady state (mean input at or above VM), or a step gets too small; `problem` is the index.

    Notes
    -----
    With A the amount in the centre, dA/dt = (linear part) - vm A / (km_amount + A). What the block feeds shares its
    steps, so a change there (a P-gp fold, say) moves the amount in the centre by up to 1e-11 relative.
    """
    n_out, n_problems = len(states), len(problems.theta_row)
    place = np.concatenate(([0], np.cumsum(problems.time_stop - problems.time_start))).astype(np.int64)
    factors = np.ones((theta.shape[0], n_out)) if factors is None else np.ascontiguousarray(factors)
    values, summary = np.empty((n_out, int(place[-1]))), np.zeros((n_problems, n_out, N_VALUES))
    lead = Structure(structure.peripherals[:block], tuple(f for f in structure.feeds if f[1] < block))
    upstream = _upstream_modes(structure, lead, theta, block)
    shape = layout(structure)
    status, detail = np.zeros(n_problems, dtype=np.int64), np.zeros((n_problems, 2))
    none = np.full(n_out, np.nan)
    in_chunks(
        n_problems,
        lambda a, b: solve_range(
            a, b, *shape, theta, vm, km_amount, block, *upstream[5:], *actions, *problems, place,
            times, np.empty(0, np.int64) if orders is None else orders, np.asarray(states, np.int64), factors,
            np.empty(0) if until is None else until, none if low is None else low, none if high is None else high,
            values, summary, status, detail,
        ),
        threads,
    )  # fmt: skip
    _raise_first(status, detail)
    return values, summary


def system_of_rates(t, x, matrix, vm, km_amount, drive):
    """Plain right-hand side of a saturable block and what it feeds, for comparison with any solver.

    `drive(t)` is the inflow vector (mg/h); `matrix` the linear part (1/h); the saturable loss leaves state 0.
    """
    change = matrix @ x + drive(t)
    change[0] -= vm * x[0] / (km_amount + x[0])
    return change


def _upstream_modes(structure: Structure, lead: Structure, theta: FloatArray, block: int) -> Modes:
    """Modes of the blocks before the saturable one (one idle mode if there are none)."""
    if block == 0:
        return decompose(layout(Structure((0,), ())), np.zeros((theta.shape[0], 1)))
    shape = layout(structure)
    kept = [i for i, feed in enumerate(structure.feeds) if feed[1] < block]
    columns = list(range(int(shape.theta_offset[block]))) + [int(shape.theta_offset[-1]) + i for i in kept]
    return decompose(layout(lead), np.ascontiguousarray(theta[:, columns]))


def _raise_first(status: IntArray, detail: FloatArray) -> None:
    failed = np.flatnonzero(status)
    if not len(failed):
        return
    index = int(failed[0])
    if status[index] == NO_STEADY_STATE:
        rate, limit = detail[index]
        text = (
            f"there is no steady state: the mean input of {rate:.4g} per hour is at or above VM, {limit:.4g} per hour"
        )
    elif status[index] == STEP_TOO_SMALL:
        text = f"the integration stopped at {detail[index, 0]:.6g} h: a step became too small or a value not finite"
    else:
        text = "the iteration for the steady state did not converge"
    error = SolverError(text)
    error.problem = index  # type: ignore[attr-defined]
    raise error
