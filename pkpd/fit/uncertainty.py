"""How well parameters are known: covariance on the log scale, intervals, and the reason where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, stdtrit

from pkpd.fit.estimate import Estimate
from pkpd.fit.likelihood import Objective

__all__ = ["NORMAL_95", "NOT_TOLD_APART", "RAN_AWAY", "Uncertainty", "covariances", "t_quantile"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Quantile of the standard normal distribution with 2.5 % above it.
NORMAL_95 = 1.959963984540054
#: Step of the central differences; logarithms of parameters.
STEP = 1e-5
#: Step of second differences.
WIDE = 1e-3
#: Smallest eigenvalue of the scaled information below which a direction counts as not determined.
SINGULAR = 1e-11
AT_BOUND = 1e-6
RAN_AWAY = "it ran to where no observation depends on it any more"
NOT_TOLD_APART = "the observations do not tell it from"
#: A parameter is idle if a change by a factor of e moves all weighted residuals together by less than this.
IDLE = 1e-3


@dataclass(frozen=True)
class Uncertainty:
    """Of one unit, on the log scale.

    Attributes
    ----------
    cov : ndarray, shape (p, p)
        Of the structural parameters; NaN where there is no standard error.
    sigma_cov : ndarray, shape (n_scales, n_scales)
        Of the standard deviations; NaN where they are not estimated.
    reasons : dict of int to str
        Structural parameter and why it has no standard error.
    freedom : float
        Degrees of freedom of the t quantile; infinite for a posterior.
    """

    cov: FloatArray
    sigma_cov: FloatArray
    reasons: dict[int, str]
    freedom: float

    def se(self, entry: int) -> float:
        """Standard error of a structural parameter, NaN where there is none."""
        return float(np.sqrt(self.cov[entry, entry]))

    def correlation(self) -> FloatArray:
        """Correlation of the structural parameters, shape (p, p); NaN where there is no standard error."""
        with np.errstate(invalid="ignore", divide="ignore"):
            size = np.sqrt(np.diag(self.cov))
            return np.asarray(self.cov / np.outer(size, size))


class _Slopes(NamedTuple):
    """At an estimate: derivatives of the prediction (of its logarithm for the log error) and of ln(variance)."""

    mean: FloatArray  # (m, p, width)
    log_var: FloatArray  # (m, p, width)
    by_scale: FloatArray  # (m, n_scales, width) ln(variance) by the logarithms of sigma


@cache
def t_quantile(freedom: float) -> float:
    """Return the quantile of a two-sided 95 % interval."""
    return float(stdtrit(freedom, 0.975)) if np.isfinite(freedom) else NORMAL_95


def covariances(estimate: Estimate, units: IntArray, n_structural: int) -> dict[int, Uncertainty]:
    """Return the uncertainty of each unit.

    Parameters
    ----------
    estimate : Estimate
    units : ndarray of int
    n_structural : int
        Leading entries of a vector that are no part of the error model.

    Notes
    -----
    Estimated sigma: s^2 (J'J)^-1 with J the derivatives of the weighted residuals, weights held, and
    s^2 = RSS/(n - p). A value below the limit counts with the curvature of its likelihood. With a prior: the inverse
    of half the second derivatives of OFV plus penalty at the mode; where those do not describe a maximum, of their
    expectation J'J + D'D/2 + Omega^-1, D the derivatives of ln(variance).
    """
    objective, space = estimate.objective, estimate.space
    predicted, scales = objective.estimates(units, estimate.x[units])
    slopes = _slopes(objective, units, estimate.x[units], predicted, scales, n_structural)
    difference, sd = objective.weighted(units, predicted, scales)
    below = objective.below(units, predicted[:, None], sd[:, None])[:, 0]
    found = {}
    for place, unit in enumerate(units):
        used, censored = objective.observed.used[unit], objective.observed.censored[unit]
        position, active = estimate.x[unit, :n_structural], space.active[unit, :n_structural]
        held = (position <= space.low[:n_structural] + AT_BOUND) | (position >= space.high[:n_structural] - AT_BOUND)
        reasons = {int(i): "at its bound" for i in np.flatnonzero(active & held)}
        rows = slopes.mean[place][:, used] / sd[place][used]
        information = rows @ rows.T
        if censored.any():
            rows = slopes.mean[place][:, censored] / sd[place][censored]
            information += (rows * _curvature(below[place][censored])) @ rows.T
        freedom, scale = np.inf, 1.0
        if objective.prior is not None:
            rows = slopes.log_var[place][:, used]
            information += 0.5 * rows @ rows.T + objective.prior.whitening.T @ objective.prior.whitening
            bent = _curved(objective, int(unit), position)
            information = bent if (np.linalg.eigvalsh(bent) > 0.0).all() else information
        else:
            freedom = float(used.sum() - active.sum())
            rss = float(((difference[place][used] / sd[place][used]) ** 2).sum())
            scale = rss / freedom if freedom > 0 else np.nan
        cov = _inverse(information, active & ~held, space.names, reasons) * scale
        found[int(unit)] = Uncertainty(
            cov, _of_sigma(objective, slopes.by_scale[place][:, used], freedom), reasons, freedom
        )
    return found


def _slopes(
    objective: Objective, units: IntArray, x: FloatArray, predicted: FloatArray, scales: FloatArray, p: int
) -> _Slopes:
    """Central differences, one call of the engine for all of them."""
    points = np.repeat(x[:, None], 2 * p, axis=1)
    index = np.arange(p)
    points[:, index, index] += STEP
    points[:, p + index, index] -= STEP
    found = objective.problem.predict(units, points)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        mean = np.log(found) if objective.error == "log" else found
        log_var = objective.log_variance(units, found, np.repeat(scales[:, None], 2 * p, axis=1))
        by_scale = []
        for column in range(scales.shape[1]):
            moved = np.repeat(scales[:, None], 2, axis=1)
            moved[:, 0, column] += STEP
            moved[:, 1, column] -= STEP
            both = objective.log_variance(units, np.repeat(predicted[:, None], 2, axis=1), moved)
            by_scale.append((both[:, 0] - both[:, 1]) / (2.0 * STEP))
        return _Slopes(
            (mean[:, :p] - mean[:, p:]) / (2.0 * STEP),
            (log_var[:, :p] - log_var[:, p:]) / (2.0 * STEP),
            np.stack(by_scale, axis=1),
        )


def _curved(objective: Objective, unit: int, x: FloatArray) -> FloatArray:
    """Half the second derivatives of the objective at x, by central differences; NaN becomes 0."""
    p = len(x)
    moves = WIDE * np.array([(a, b) for a in (1.0, -1.0) for b in (1.0, -1.0)])
    pairs = [(i, j) for i in range(p) for j in range(i + 1)]
    points = np.repeat(x[None], 4 * len(pairs), axis=0)
    for place, (i, j) in enumerate(pairs):
        for corner, (a, b) in enumerate(moves):
            points[4 * place + corner, i] += a
            points[4 * place + corner, j] += b
    costs = (objective.residuals(np.array([unit]), points[None])[0] ** 2).sum(axis=1).reshape(-1, 4)
    found = np.zeros((p, p))
    for (i, j), (both, first, second, neither) in zip(pairs, costs):
        found[i, j] = found[j, i] = 0.5 * (both - first - second + neither) / (4.0 * WIDE**2)
    return np.nan_to_num(found)


def _curvature(below: FloatArray) -> FloatArray:
    """Second derivative of -ln(normal distribution function)."""
    with np.errstate(over="ignore", invalid="ignore"):
        hazard = np.exp(-0.5 * below**2 - 0.5 * np.log(2.0 * np.pi) - log_ndtr(below))
        return np.maximum(hazard * (hazard + below), 0.0)


def _inverse(information: FloatArray, free: BoolArray, names: tuple[str, ...], reasons: dict[int, str]) -> FloatArray:
    """Inverse of the information on the free parameters; NaN, with a reason, for those that it does not determine."""
    cov = np.full(information.shape, np.nan)
    size = np.sqrt(np.diag(information))
    dead = free & ~(size > IDLE)
    reasons.update({int(i): RAN_AWAY for i in np.flatnonzero(dead)})
    at = np.flatnonzero(free & (size > IDLE))
    if not len(at):
        return cov
    scaled = information[np.ix_(at, at)] / np.outer(size[at], size[at])
    values, vectors = np.linalg.eigh(scaled)
    loose = values < SINGULAR * len(at)
    if loose.any():
        blurred = np.flatnonzero((np.abs(vectors[:, loose]) > 0.1).any(axis=1))
        for i in blurred:
            others = " and ".join(names[at[j]] for j in blurred if j != i)
            reasons[int(at[i])] = f"{NOT_TOLD_APART} {others}" if others else "not determined"
        at = np.delete(at, blurred)
        if not len(at):
            return cov
        scaled = information[np.ix_(at, at)] / np.outer(size[at], size[at])
    cov[np.ix_(at, at)] = np.linalg.inv(scaled) / np.outer(size[at], size[at])
    return cov


def _of_sigma(objective: Objective, by_scale: FloatArray, freedom: float) -> FloatArray:
    """Covariance of the logarithms of sigma, from the curvature of the likelihood."""
    n_scales, n = by_scale.shape
    nothing = np.full((n_scales, n_scales), np.nan)
    if objective.sigma is not None or not freedom > 0:
        return nothing
    information = 0.5 * by_scale @ by_scale.T
    try:
        found = np.linalg.inv(information)
    except np.linalg.LinAlgError:
        return nothing
    return found * (n / freedom) if (np.diag(found) > 0).all() else nothing
