"""Exact solutions of linear compartment systems: amounts or concentrations at any times.

Between two changes every state is a constant plus a sum of exponentials. There is no step size and no tolerance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pkpd.engine.cascade import Structure, decompose, layout
from pkpd.engine.even_grid import even_step
from pkpd.engine.sampling import sample
from pkpd.engine.trajectory import (
    BOLUS,
    PARAMETERS,
    RATE,
    STEADY_ADD,
    STEADY_SET,
    Actions,
    Problems,
    trace,
)

__all__ = [
    "BOLUS",
    "PARAMETERS",
    "RATE",
    "STEADY_ADD",
    "STEADY_SET",
    "Actions",
    "Problems",
    "Structure",
    "even_step",
    "sample",
    "solve",
    "solve_states",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def solve(
    structure: Structure,
    theta: FloatArray,
    actions: Actions,
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
    """Return states at times, every problem's times one after the other.

    Parameters
    ----------
    structure, theta, actions, problems
        See `Structure`, `Actions`, `Problems`; theta has shape (n_sets, n_theta), 1/h.
    times : ndarray, shape (n_times,), hours
        Increasing within a problem. Problems may share a range.
    states : ndarray of int, shape (n_out,)
        Which states to return.
    factors : ndarray, shape (n_sets, n_out), optional
        Multiplies each state (1/volume turns an amount into a concentration); default 1.
    orders : ndarray of int, shape (n_times,), optional
        An action at the same time comes first if its order is not above this; default: all actions come first.
    step : float, hours, optional
        Spacing if all times are evenly spaced, 0 if not; default: found out.
    threads : int, optional
    out : ndarray, shape (n_out, total), optional
        Written instead of a new array.

    Returns
    -------
    ndarray, shape (n_out, total)

    Raises
    ------
    SolverError
        If a steady state is asked for where none exists.
    """
    modes = decompose(layout(structure), theta, threads)
    path = trace(modes, actions, problems, threads)
    return sample(modes, path, problems, times, states, factors, orders=orders, step=step, threads=threads, out=out)


def solve_states(
    structure: Structure,
    theta: FloatArray,
    actions: Actions,
    problems: Problems,
    times: FloatArray,
    orders: IntArray,
    state: int,
    threads: int | None = None,
) -> FloatArray:
    """Return the amount of one state at every time, shape (n_times,); see `solve`."""
    one = np.array([state], dtype=np.int64)
    return solve(structure, theta, actions, problems, times, one, orders=orders, step=0.0, threads=threads)[0]
