"""Profile intervals: how far one parameter can go, the others following, until the likelihood says no."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pkpd.fit.estimate import Estimate, solve_batch
from pkpd.fit.uncertainty import Uncertainty, t_quantile

__all__ = ["profile_intervals"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Widenings of a bracket, halvings within it, and how close an end is found (logarithm).
WIDEN, HALVE, CLOSE = 14, 14, 1e-4
GROWTH = 1.8
#: Beyond this factor of e on the log scale the interval is open.
FARTHEST = 14.0


def profile_intervals(
    estimate: Estimate,
    units: IntArray,
    uncertainty: dict[int, Uncertainty],
    n_structural: int,
    tick: Callable[[], object] = lambda: None,
) -> dict[tuple[int, int], tuple[float, float, str]]:
    """Return (low, high, why an end is missing) for each unit and structural parameter, natural scale.

    Notes
    -----
    With sigma estimated the ends are where the sum of squares has grown by the factor 1 + t^2/(n - p), as in Bates and
    Watts (1988), chapter 6; with a prior where the objective has grown by 3.84. `tick` is called after each parameter.
    """
    found = {}
    target = _targets(estimate, units, uncertainty)
    for entry in range(n_structural):
        moving = units[estimate.space.active[units, entry]]
        wanted = target[np.isin(units, moving)]
        ends = {}
        for sign in (-1.0, 1.0):
            ends[sign] = _end(estimate, moving, entry, sign, wanted, uncertainty) if len(moving) else np.empty(0)
        for place, unit in enumerate(moving):
            low, high = ends[-1.0][place], ends[1.0][place]
            open_ends = [word for word, end in (("low", low), ("high", high)) if not np.isfinite(end)]
            why = f"the profile has no {' and no '.join(open_ends)} end" if open_ends else ""
            found[int(unit), entry] = (float(np.exp(low)), float(np.exp(high)), why)
        tick()
    return found


def _targets(estimate: Estimate, units: IntArray, uncertainty: dict[int, Uncertainty]) -> FloatArray:
    """The value of the objective at the ends of the intervals."""
    targets = np.empty(len(units))
    for place, unit in enumerate(units):
        freedom, cost = uncertainty[int(unit)].freedom, estimate.cost[unit]
        ratio = t_quantile(freedom) ** 2 / freedom if np.isfinite(freedom) else 0.0
        if estimate.objective.concentrated:
            targets[place] = cost * (1.0 + ratio)
        elif estimate.objective.prior is not None:
            targets[place] = cost + t_quantile(np.inf) ** 2
        else:
            n = int(estimate.objective.observed.used[unit].sum())
            targets[place] = cost + n * np.log1p(ratio)
    return targets


def _end(
    estimate: Estimate, units: IntArray, entry: int, sign: float, target: FloatArray,
    uncertainty: dict[int, Uncertainty],
) -> FloatArray:  # fmt: skip
    """Where the profile of one parameter crosses the target on one side (logarithm); infinite where it does not."""
    centre = estimate.x[units, entry]
    se = np.array([uncertainty[int(unit)].se(entry) for unit in units])
    step = np.where(np.isfinite(se) & (se < 3.0), 2.0 * se, 0.5)
    inside, outside = np.zeros(len(units)), np.full(len(units), np.inf)
    at = estimate.x[units].copy()
    going = np.ones(len(units), dtype=np.bool_)
    for _ in range(WIDEN):
        if not going.any():
            break
        cost, at = _profiled(estimate, units, entry, centre + sign * step, at, going)
        over = going & ~(cost <= target)
        outside[over] = step[over]
        going &= ~over & (step < FARTHEST)
        inside[going] = step[going]
        step = np.where(going, step * GROWTH, step)
    narrow = np.isfinite(outside)
    for _ in range(HALVE):
        if not narrow.any():
            break
        middle = 0.5 * (inside + np.where(narrow, outside, inside))
        cost, at = _profiled(estimate, units, entry, centre + sign * middle, at, narrow)
        over = ~(cost <= target)
        outside = np.where(narrow & over, middle, outside)
        inside = np.where(narrow & ~over, middle, inside)
        narrow &= outside - inside > CLOSE
    return np.where(np.isfinite(outside), centre + sign * 0.5 * (inside + outside), sign * np.inf)


def _profiled(
    estimate: Estimate, units: IntArray, entry: int, value: FloatArray, x: FloatArray, going: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """The objective with one parameter held, for the units that are still under way."""
    active = estimate.space.active.copy()
    active[:, entry] = False
    held = replace_active(estimate, active)
    chosen = np.flatnonzero(going)
    begin = x[chosen].copy()
    begin[:, entry] = value[chosen]
    solved = solve_batch(estimate.objective, units[chosen], begin, held.space, most=25)
    cost, after = np.full(len(units), np.inf), x.copy()
    cost[chosen], after[chosen] = solved.cost, solved.x
    return cost, after


def replace_active(estimate: Estimate, active: NDArray[np.bool_]) -> Estimate:
    """Return the estimate with other parameters free; bounds stay."""
    return replace(estimate, space=estimate.space._replace(active=active))
