"""What an exact linear system gives to a mechanism that is integrated: one of its states as a sum of exponentials.

From one change of the input to the next a state is ``constant + sum_m amplitude[m] exp(-rate[m] (t - start))``, so a
stepper can ask for it anywhere inside a step, and the outputs of the linear part never pass through the stepper.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

from pkpd.engine.cascade import Modes  # noqa: E402
from pkpd.engine.lanes import exponential, load, spread, store  # noqa: E402
from pkpd.engine.rosenbrock import NODE, STAGES  # noqa: E402
from pkpd.engine.trajectory import Trajectory  # noqa: E402
from pkpd.errors import SolverError  # noqa: E402

__all__ = ["Inflow", "fill_levels", "inflow_of_state"]

FloatArray = NDArray[np.float64]


class Inflow(NamedTuple):
    """One state of a linear system, segment by segment; problem p owns the segments first[p] to first[p + 1]."""

    first: NDArray[np.int64]
    start: FloatArray  # (n_segments,) hours
    rate: FloatArray  # (n_segments, n_modes) 1/h
    amplitude: FloatArray  # (n_segments, n_modes + 1) at the start; the constant is the last column


def inflow_of_state(modes: Modes, path: Trajectory, state: int) -> Inflow:
    """Return one state of every problem, from its first action on.

    Raises
    ------
    SolverError
        If rate constants of a system coincide, or one of them is zero: its states are no sum of exponentials then.
    """
    rows = np.concatenate([np.arange(a + 1, a + n) for a, n in zip(path.first, path.count)])
    first = np.concatenate(([0], np.cumsum(path.count - 1))).astype(np.int64)
    own = path.row[rows]
    if not (np.all(modes.separated[own]) and np.all(modes.rate[own] > 0.0)):
        raise SolverError("a state is no sum of exponentials: rate constants of its system coincide or are zero")
    held = np.einsum("gs,gsm->gm", path.amount[rows], modes.into[own])
    steady = np.einsum("gs,gsm->gm", path.input_rate[rows], modes.into[own]) / modes.rate[own]
    share = modes.out_of[own, state]
    amplitude = np.column_stack((share * (held - steady), (share * steady).sum(axis=1)))
    return Inflow(first, path.time[rows], modes.rate[own], amplitude)


@njit(cache=True, nogil=True, error_model="numpy")
def fill_levels(rate, amplitude, t, h, level, slope) -> None:
    """Write the state at the nodes of a step from `t` to `t + h`, and its slope at the start, for all lanes.

    Parameters
    ----------
    rate, amplitude : ndarray, shapes (n_modes, LANES) and (n_modes + 1, LANES)
        Of the segment that each lane is in.
    t, h : ndarray, shape (LANES,)
        Time since the start of the segment, and step.
    level, slope : ndarray, shapes (STAGES, LANES) and (LANES,)
        Written.
    """
    n_modes, now, step = rate.shape[0], load(t, 0), load(h, 0)
    change = spread(0.0)
    for s in range(STAGES - 2):
        when, total = now + NODE[s] * step, load(amplitude, n_modes)
        for m in range(n_modes):
            term = load(amplitude, m) * exponential((0.0 - load(rate, m)) * when)
            total = total + term
            if s == 0:
                change = change - load(rate, m) * term
        store(level, s, total)
    store(slope, 0, change)
    for s in range(STAGES - 2, STAGES):  # these stages stand at the end, too
        store(level, s, load(level, STAGES - 3))
