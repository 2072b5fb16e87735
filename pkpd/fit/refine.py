"""lmfit, unit by unit: it takes over where the batched routine ended, and its results are what the user gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pkpd.fit.estimate import Estimate
from pkpd.fit.levenberg import STEP
from pkpd.fit.likelihood import Objective

if TYPE_CHECKING:
    from lmfit import Parameters
    from lmfit.minimizer import MinimizerResult

__all__ = ["refine"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: What stands for a residual without a value: far beyond any other, so that a minimiser turns back.
HUGE = 1e6
#: A step of more than this on the log scale must lower the sum of squares by at least that share.
FAR, GAIN = 0.5, 1e-6


def refine(estimate: Estimate, units: IntArray, tick: Callable[[], object] = lambda: None) -> Estimate:
    """Let lmfit minimise each unit from where the batched routine ended; a better end is kept.

    Parameters
    ----------
    estimate : Estimate
    units : ndarray of int
    tick : callable
        Called after each unit.
    """
    x, cost, converged = estimate.x.copy(), estimate.cost.copy(), estimate.converged.copy()
    results = list(estimate.results)
    templates: dict[bytes, Parameters] = {}
    first = _at_start(estimate, units)
    for place, unit in enumerate(units):
        if np.isfinite(cost[unit]):
            result = _minimised(estimate, int(unit), x[unit], first[place], templates)
            results[unit] = result
            converged[unit] |= bool(result.success)
            reached = np.array([parameter.value for parameter in result.params.values()])
            active = estimate.space.active[unit]
            # Where nothing determines a parameter, a full step may carry it anywhere and gain nothing.
            near = np.abs(reached - x[unit, active]).max() < FAR or result.chisqr < cost[unit] * (1.0 - GAIN)
            if near and result.chisqr <= cost[unit]:
                x[unit, active], cost[unit] = reached, result.chisqr
        tick()
    return Estimate(x, cost, converged, estimate.objective, estimate.space, estimate.starts, results)


def _minimised(
    estimate: Estimate, unit: int, x: FloatArray, first: FloatArray, templates: dict[bytes, Parameters]
) -> MinimizerResult:
    import lmfit

    space, objective = estimate.space, estimate.objective
    active = np.flatnonzero(space.active[unit])
    key = active.tobytes()
    bounded = bool(np.isfinite(space.low[active]).any() or np.isfinite(space.high[active]).any())
    if key not in templates:
        templates[key] = _parameters(estimate, active, x)
    parameters = templates[key]
    for parameter, value in zip(parameters.values(), x[active]):
        parameter.value = value
    rows = np.append(0, active + 1)
    residual, jacobian = _functions(objective, unit, x, active, first[rows])
    if bounded:
        return lmfit.minimize(residual, parameters, method="least_squares", calc_covar=False, x_scale="jac")
    return lmfit.minimize(residual, parameters, method="leastsq", calc_covar=False, Dfun=jacobian, col_deriv=True)


def _parameters(estimate: Estimate, active: IntArray, x: FloatArray) -> Parameters:
    import lmfit

    parameters = lmfit.Parameters()
    for index in active:
        name = estimate.space.names[index].replace("/", "_over_")
        low, high = estimate.space.low[index], estimate.space.high[index]
        parameters.add(f"log_{name}", value=x[index], min=low, max=high)
    return parameters


def _functions(
    objective: Objective, unit: int, x: FloatArray, active: IntArray, first: FloatArray
) -> tuple[Callable[[Parameters], FloatArray], Callable[[Parameters], FloatArray]]:
    """Residuals and their derivatives (parameters by row) of one unit, without the filling.

    Residuals and derivatives at the start are known from the batch (`first`), and a minimiser that begins at the
    minimum asks for little else.
    """
    one = np.array([unit])
    keep = np.flatnonzero(_meaningful(objective, unit))
    shifts = np.arange(len(active))
    known = {x[active].tobytes(): first[:, keep]}

    def vector(parameters: Parameters) -> FloatArray:
        return np.array([parameter.value for parameter in parameters.values()])

    def evaluated(parameters: Parameters, derivatives: bool) -> FloatArray:
        point = vector(parameters)
        found = known.get(point.tobytes())
        if found is None or (derivatives and len(found) == 1):
            points = np.repeat(x[None, None], len(active) + 1 if derivatives else 1, axis=1)
            points[0][:, active] = point
            if derivatives:
                points[0, shifts + 1, active] += STEP
            found = known[point.tobytes()] = objective.residuals(one, points)[0][:, keep]
        return found

    def residual(parameters: Parameters) -> FloatArray:
        found = evaluated(parameters, False)[0]
        return np.where(np.isfinite(found), found, HUGE)

    def jacobian(parameters: Parameters) -> FloatArray:
        found = evaluated(parameters, True)
        return np.nan_to_num((found[1:] - found[0]) / STEP)

    return residual, jacobian


def _at_start(estimate: Estimate, units: IntArray) -> FloatArray:
    """Residuals of all units where lmfit begins, and one step of each parameter away, in one call."""
    p = estimate.x.shape[1]
    points = np.repeat(estimate.x[units][:, None], p + 1, axis=1)
    points[:, np.arange(p) + 1, np.arange(p)] += STEP
    return estimate.objective.residuals(units, points)


def _meaningful(objective: Objective, unit: int) -> BoolArray:
    """Which residuals of a unit are no filling."""
    observed = objective.observed
    if objective.concentrated:
        return observed.used[unit]
    parts = [observed.used[unit], observed.used[unit]]
    if observed.censored[unit].any():
        parts.append(observed.censored[unit])
    if objective.prior is not None:
        parts.append(np.ones(objective.prior.mean.shape[1], dtype=np.bool_))
    return np.concatenate(parts)
