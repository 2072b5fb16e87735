"""Levenberg-Marquardt for many small least-squares problems at once.

Every problem keeps its own damping and stops by itself; one evaluation serves all that are still under way. A trial
point is evaluated together with its finite differences, so an accepted step needs no further evaluation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["STEP", "Solved", "least_squares_batch"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
#: ``residuals(units, x)``: x of shape (m, k, p) for the problems `units` to residuals of shape (m, k, n), 0 as filling.
Residuals = Callable[[IntArray, FloatArray], FloatArray]

STEP = 1e-6
FIRST_DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-3, 1e-12, 1e12
#: Parameters are logarithms: no step goes further than this factor of e.
LONGEST = 1.5


class Solved(NamedTuple):
    """What was reached: shape (n, p), (n,), (n,), (n,)."""

    x: FloatArray
    cost: FloatArray  # sum of squares
    converged: BoolArray
    iterations: IntArray


def least_squares_batch(
    residuals: Residuals,
    x: FloatArray,
    *,
    active: BoolArray | None = None,
    low: FloatArray | None = None,
    high: FloatArray | None = None,
    most: int = 60,
    tolerance: float = 1e-8,
) -> Solved:
    """Minimise a sum of squares for each of n problems.

    Parameters
    ----------
    residuals : callable
        ``residuals(units, x)`` with x of shape (m, k, p) returns residuals of shape (m, k, n_residuals).
    x : ndarray, shape (n, p)
        Where to begin.
    active : ndarray of bool, shape (n, p), optional
        Which parameters move; all by default.
    low, high : ndarray, shape (p,) or (n, p), optional
        Bounds; a step is cut off there.
    most : int
        Iterations.
    tolerance : float
        A problem has converged when a step would lower its sum of squares by less than this share.

    Returns
    -------
    Solved
    """
    n, p = x.shape
    active = np.ones((n, p), dtype=np.bool_) if active is None else active
    low = np.broadcast_to(-np.inf if low is None else low, (n, p))
    high = np.broadcast_to(np.inf if high is None else high, (n, p))
    x, damping, growth = np.clip(x, low, high), np.full(n, FIRST_DAMPING), np.full(n, 2.0)
    converged, iterations = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.int64)
    every = np.arange(n)
    cost, gradient, normal = _linearised(residuals, every, x, active)
    going = every[np.isfinite(cost)]
    for _ in range(most):
        if not len(going):
            break
        iterations[going] += 1
        step, promised = _step(normal[going], gradient[going], damping[going], x[going], low[going], high[going])
        trial = x[going] + step
        reached, slope, square = _linearised(residuals, going, trial, active)
        with np.errstate(invalid="ignore"):
            better = cost[going] - reached > 0
            ratio = np.where(better, (cost[going] - reached) / np.maximum(promised, 1e-300), 0.0)
        done = np.abs(promised) <= tolerance * np.maximum(cost[going], 1e-300)
        accepted = going[better]
        for into, values in ((x, trial), (cost, reached), (gradient, slope), (normal, square)):
            into[accepted] = values[better]
        damping[going] = _damped(damping[going], growth[going], ratio, better)
        growth[going] = np.where(better, 2.0, growth[going] * 2.0)
        stuck = damping[going] > MOST_DAMPING
        converged[going[done]] = True
        going = going[~(done | stuck)]
    return Solved(x, cost, converged, iterations)


def _damped(damping: FloatArray, growth: FloatArray, ratio: FloatArray, better: BoolArray) -> FloatArray:
    """Nielsen's rule: less damping the better the linear model foretold the gain, more and more after failures."""
    shrink = np.clip(1.0 - (2.0 * np.minimum(ratio, 2.0) - 1.0) ** 3, 0.1, 2.0)
    return np.maximum(np.where(better, damping * shrink, damping * growth), LEAST_DAMPING)


def _linearised(
    residuals: Residuals, units: IntArray, x: FloatArray, active: BoolArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Sum of squares, gradient (half) and normal matrix at x, by forward differences."""
    p = x.shape[1]
    points = np.repeat(x[:, None, :], p + 1, axis=1)
    index = np.arange(p)
    points[:, index + 1, index] += STEP
    found = residuals(units, points)
    base = found[:, 0]
    with np.errstate(invalid="ignore"):  # infinite residuals, which `bad` sorts out
        slope = (found[:, 1:] - base[:, None]) / STEP
    slope *= active[units][:, :, None]
    bad = ~np.asarray(np.isfinite(found).all(axis=(1, 2)))
    if bad.any():
        slope, base = np.where(bad[:, None, None], 0.0, slope), np.where(bad[:, None], 0.0, base)
    cost = np.einsum("mn,mn->m", base, base)
    cost[bad] = np.inf
    gradient = (slope @ base[:, :, None])[:, :, 0]
    return cost, gradient, slope @ slope.transpose(0, 2, 1)


def _step(
    normal: FloatArray, gradient: FloatArray, damping: FloatArray, x: FloatArray, low: FloatArray, high: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The damped step within the bounds, and the gain that the linear model promises for it.

    What would leave its bound goes to the bound, and the others are solved for again.
    """
    m, p = gradient.shape
    index = np.arange(p)
    diagonal = normal[:, index, index]
    stay = ((x <= low) & (gradient > 0)) | ((x >= high) & (gradient < 0)) | (diagonal == 0.0)
    size = np.maximum(diagonal, 1e-10 * diagonal.max(axis=1, keepdims=True))
    damped = normal.copy()
    damped[:, index, index] = diagonal + damping[:, None] * np.maximum(size, 1e-300)
    step, held = np.zeros((m, p)), stay
    for _ in range(p + 1):
        pull = gradient + np.einsum("mpq,mq->mp", normal, np.where(held, step, 0.0))
        matrix = np.where(held[:, :, None] | held[:, None, :], 0.0, damped)
        matrix[:, index, index] = np.where(held, 1.0, damped[:, index, index])
        step = np.where(held, step, -np.linalg.solve(matrix, np.where(held, 0.0, pull)[:, :, None])[:, :, 0])
        step = np.clip(step, np.maximum(low - x, -LONGEST), np.minimum(high - x, LONGEST))
        out = ~held & ((step <= low - x) | (step >= high - x))
        if not out.any():
            break
        held = held | out
    promised = -2.0 * np.einsum("mp,mp->m", step, gradient) - np.einsum("mp,mpq,mq->m", step, normal, step)
    return step, promised
