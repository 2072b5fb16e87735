"""The minimisation: starts for all units in one batch, the best kept, then lmfit for each unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd.fit.levenberg import Solved, least_squares_batch
from pkpd.fit.likelihood import Objective, Observed

if TYPE_CHECKING:
    from lmfit.minimizer import MinimizerResult

__all__ = ["Estimate", "Space", "estimate", "scale_names", "solve_anchored", "solve_batch"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Residual standard deviation, relative to the observations or to their spread, above which a fit is poor.
POOR = 0.25
#: Sums of squares further apart than this share belong to different minima.
SAME = 1e-3
FIRST_STARTS, MOST_STARTS = 2, 6
#: Rounds of the full form: the terms of ln(variance) are written anew around the last estimate.
ANCHORS, ANCHORED = 15, 1e-7
FIRST_KAPPA = 0.1


class Space(NamedTuple):
    """The whole vectors, entries of the error model included: names, what moves in each unit, bounds (logarithms)."""

    names: tuple[str, ...]
    active: BoolArray  # (n_units, p)
    low: FloatArray  # (p,)
    high: FloatArray

    def widened(self, n_extra: int, names: Sequence[str], low: float = -np.inf, high: float = np.inf) -> Space:
        """Return the space with entries of the error model behind the structural ones."""
        more = np.ones((len(self.active), n_extra), dtype=np.bool_)
        return Space(
            (*self.names, *names),
            np.hstack((self.active, more)),
            np.append(self.low, np.full(n_extra, low)),
            np.append(self.high, np.full(n_extra, high)),
        )


@dataclass(frozen=True)
class Estimate:
    """What was found, one row a unit; `results` are lmfit's, None where there is no fit."""

    x: FloatArray
    cost: FloatArray
    converged: BoolArray
    objective: Objective
    space: Space
    starts: IntArray  # how many starts were tried
    results: list[MinimizerResult | None]


def solve_batch(objective: Objective, units: IntArray, x: FloatArray, space: Space, most: int = 60) -> Solved:
    """Minimise an objective for some units by the batched routine; x has shape (len(units), p)."""
    return least_squares_batch(
        lambda local, vectors: objective.residuals(units[local], vectors),
        x,
        active=space.active[units],
        low=space.low,
        high=space.high,
        most=most,
    )


def solve_anchored(objective: Objective, units: IntArray, x: FloatArray, space: Space) -> tuple[Objective, Solved]:
    """Minimise the full form; return it as written around what was found."""
    for _ in range(ANCHORS):
        objective = objective.anchored(units, x)
        found = solve_batch(objective, units, x, space)
        moved = np.abs(found.x - x).max(initial=0.0)
        x = found.x
        if moved < ANCHORED:
            break
    return objective.anchored(units, x), found


def estimate(objective: Objective, starts: Sequence[FloatArray], units: IntArray, space: Space) -> Estimate:
    """Find the best parameters of each unit by the batched routine.

    Parameters
    ----------
    objective : Objective
    starts : sequence of ndarray, shape (n_units, p)
        Structural parameters (logarithms), the best start first. Those after the second serve where the fit is poor.
    units : ndarray of int
        The units that can be fitted.
    space : Space
        Of the structural parameters.
    """
    direct = objective.concentrated or objective.prior is not None
    simple = objective if direct else _simplified(objective)
    if objective.prior is None:
        wide = _with_kappa(simple, space)
        best, tried = _from_starts(simple, starts, units, wide)
    else:
        wide, best, tried = space, Solved(starts[0], *_nothing(len(starts[0]))), np.ones(len(starts[0]), dtype=np.int64)
    if objective.concentrated:
        return Estimate(best.x, best.cost, best.converged, objective, wide, tried, [None] * len(best.x))
    x = best.x
    if objective.prior is None:
        wide, x = _with_scales(objective, simple, units, x, space)
    x, cost, converged = x.copy(), np.full(len(x), np.inf), np.zeros(len(x), dtype=np.bool_)
    objective, found = solve_anchored(objective, units, x[units], wide)
    x[units], cost[units], converged[units] = found.x, found.cost, found.converged
    return Estimate(x, cost, converged, objective, wide, tried, [None] * len(x))


def _nothing(n: int) -> tuple[FloatArray, BoolArray, IntArray]:
    return np.full(n, np.inf), np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.int64)


def _simplified(objective: Objective) -> Objective:
    """One scale for all quantified values: good enough to begin from."""
    observed = objective.observed
    error = "proportional" if objective.n_outputs > 1 and objective.error != "log" else objective.error
    positive = observed.used & (observed.dv > 0) if error != objective.error else observed.used
    none = np.zeros_like(observed.censored)
    return replace(
        objective, error=error, observed=observed._replace(used=positive, censored=none), n_outputs=1, sigma=None
    )


def _with_kappa(objective: Objective, space: Space) -> Space:
    """The concentrated form of the combined error has the ratio of its two scales as a parameter."""
    if not objective.n_extra:
        return space
    dv = objective.observed.dv[objective.observed.used]
    size = np.abs(dv[dv != 0])
    return space.widened(1, ["additive/proportional"], np.log(1e-3 * size.min()), np.log(1e2 * size.max()))


def _from_starts(
    objective: Objective, starts: Sequence[FloatArray], units: IntArray, space: Space
) -> tuple[Solved, IntArray]:
    n, p = len(space.active), len(space.names)
    best = Solved(np.zeros((n, p)), *_nothing(n))
    tried, again = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.bool_)
    kappa = np.log(FIRST_KAPPA * objective.norm(np.arange(n)))[:, None][:, : objective.n_extra]
    for rank, start in enumerate(starts[:MOST_STARTS]):
        going = units if rank < FIRST_STARTS else units[again[units] | _poor(objective, best, units)]
        if not len(going):
            break
        found = solve_batch(objective, going, np.hstack((start, kappa))[going], space)
        with np.errstate(invalid="ignore"):
            apart = np.abs(found.cost - best.cost[going]) > SAME * np.minimum(found.cost, best.cost[going])
        again[going] = apart if rank else True
        better = (found.cost < best.cost[going]) | ~np.isfinite(best.cost[going])
        at = going[better]
        for into, values in zip(best, found):
            into[at] = values[better]
        tried[going] += 1
    return best, tried


def _poor(objective: Objective, best: Solved, units: IntArray) -> BoolArray:
    """Whether the fit of a unit leaves much unexplained or did not converge."""
    observed: Observed = objective.observed
    used = observed.used[units]
    n = np.maximum(used.sum(axis=1), 1)
    level = np.ones(len(units))
    if objective.error == "additive":
        dv = observed.dv[units]
        mean = np.where(used, dv, 0.0).sum(axis=1) / n
        level = np.sqrt(np.where(used, (dv - mean[:, None]) ** 2, 0.0).sum(axis=1) / n)
    return ~best.converged[units] | (np.sqrt(best.cost[units] / n) > POOR * level)


def _with_scales(
    objective: Objective, simple: Objective, units: IntArray, x: FloatArray, space: Space
) -> tuple[Space, FloatArray]:
    """Vectors of the full form, with each output's sigma from the residuals of the simple fit."""
    p, n_out = len(space.names), objective.n_outputs
    scales = np.zeros((len(x), objective.n_scales))
    predicted, _ = simple.estimates(units, x[units])
    wanted = replace(objective, anchor=None)
    unit_scale = np.zeros((len(units), objective.n_scales))
    difference, sd = wanted.weighted(units, predicted, unit_scale)
    for output in range(n_out):
        own = objective.observed.used[units] & (objective.observed.output[units] == output)
        with np.errstate(divide="ignore", invalid="ignore"):  # beyond the last observation of a unit there is no sd
            squares = np.where(own, (difference / sd) ** 2, 0.0).sum(axis=1) / np.maximum(own.sum(axis=1), 1)
        for column in range(output, objective.n_scales, n_out):
            scales[units, column] = 0.5 * np.log(np.maximum(squares, 1e-12))
    names = scale_names(objective.error, n_out)
    return space.widened(len(names), names), np.hstack((x[:, :p], scales))


def scale_names(error: str, n_outputs: int) -> list[str]:
    """Names of the standard deviations, in the order of a vector."""
    ends = [""] if n_outputs == 1 else [f"_{number + 1}" for number in range(n_outputs)]
    kinds = ["sigma_additive", "sigma_proportional"] if error == "combined" else ["sigma"]
    return [f"{kind}{end}" for kind in kinds for end in ends]
