"""The interval of the PRIS risk: level and slope of the hazard are uncertain, the course of the rate is not.

For each of a few slopes, which carry the weights of a quadrature, the hazard is integrated along the run; the level is
log-normal, so the cumulated hazard is a mixture of log-normals whose quantiles are found by Newton's method. No number
is drawn: the result is the one that ever larger samples of level and slope approach.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

from pkpd.models.pris_exposure import Exposure  # noqa: E402

__all__ = ["interval_shifts"]

N_SLOPES = 31
WIDEST = 5.0  # standard deviations
TAIL = 0.025


@lru_cache(maxsize=8)
def _slopes(mean: float, sd: float, floor: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slopes and their weights: the floor with all that lies below it, and Gauss-Legendre nodes above it."""
    from scipy.special import ndtr

    lowest = max((floor - mean) / sd, -WIDEST)
    nodes, weights = np.polynomial.legendre.leggauss(N_SLOPES)
    half = 0.5 * (WIDEST - lowest)
    z = lowest + half * (1.0 + nodes)
    density = half * weights * np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    shares = np.concatenate(([ndtr(lowest)], density))
    return np.concatenate(([floor], mean + sd * z)), shares / shares.sum()


def interval_shifts(
    knots: NDArray[np.float64],
    exposure: Exposure,
    re: NDArray[np.float64],
    clock: NDArray[np.float64],
    hazard: NDArray[np.float64],
    c: Any,
    last_only: bool = False,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Factors that turn the cumulated hazard into its 2.5 % and 97.5 % quantiles.

    Parameters
    ----------
    knots : ndarray, shape (n,), hours
        Starts of the intervals of `exposure`, and the end of the run.
    exposure : Exposure
    re, clock : ndarray, shape (n,), mg/kg/h, hours
        Effective rate after the bolus, and time on the drug, at the knots.
    hazard : ndarray, shape (n,)
        Cumulated central hazard without modifiers; they cancel.
    c : pkpd.models.pris.Constants
    last_only : bool
        Find the factors of the last knot alone, and return them everywhere.

    Returns
    -------
    low, high : ndarray, shape (n,)
        Below and above 1; before there is any hazard, those of the first knot that has some.
    """
    slopes, shares = _slopes(c.beta, c.beta_sd, c.beta_floor)
    numbers = (c.rate_cap, c.rate_ref, c.rate_half, c.ratio_cap, c.tau_rate, c.ramp_half)
    size = knots.size - 1
    relative = _integrate(knots, exposure.rate[:size], exposure.counts[:size], re, clock, slopes, *numbers)
    reached = np.flatnonzero((hazard > 0.0) & (relative[:, 0] > 0.0))
    if reached.size == 0:
        return np.ones(knots.size), np.ones(knots.size)
    if last_only:
        reached = reached[-1:]
    centre = np.log(hazard[reached] / c.h_ref)
    shifts = []
    for tail in (TAIL, 1.0 - TAIL):
        found = np.exp(_quantiles(np.log(relative[reached]), shares, c.h_ref_log_sd, tail) - centre)
        shifts.append(np.interp(knots, knots[reached], found))
    return shifts[0], shifts[1]


@njit(cache=True, nogil=True, error_model="numpy")
def _integrate(
    knots: NDArray[np.float64], rate: NDArray[np.float64], counts: NDArray[np.bool_], re: NDArray[np.float64],
    clock: NDArray[np.float64], slopes: NDArray[np.float64], rate_cap: float, rate_ref: float, rate_half: float,
    ratio_cap: float, tau_rate: float, ramp_half: float,
) -> NDArray[np.float64]:  # fmt: skip
    """Cumulated hazard divided by h_ref at each knot for each slope, by Simpson's rule."""
    total = np.zeros((knots.size, slopes.size))
    for k in range(knots.size - 1):
        dt = knots[k + 1] - knots[k]
        total[k + 1] = total[k]
        for part in range(3):
            fraction = 0.5 * part
            r = rate[k] + (re[k] - rate[k]) * np.exp(-fraction * dt / tau_rate)
            t = clock[k] + (fraction * dt if counts[k] else 0.0)
            ramp = (t / ramp_half) ** 2
            weight = ramp / (1.0 + ramp) * r / (r + rate_half) * dt / 6.0 * (4.0 if part == 1 else 1.0)
            if weight > 0.0:
                for i in range(slopes.size):
                    total[k + 1, i] += weight * min(np.exp(slopes[i] * (min(r, rate_cap) - rate_ref)), ratio_cap)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _quantiles(means: NDArray[np.float64], shares: NDArray[np.float64], sd: float, tail: float) -> NDArray[np.float64]:
    """Quantile of the mixture of normals in each row: Newton inside a bracket that every step narrows."""
    found = np.zeros(means.shape[0])
    guess, earlier = 0.0, 0.0
    for k in range(means.shape[0]):
        low, high = means[k].min() - 6.0 * sd, means[k].max() + 6.0 * sd
        x = means[k].mean() + 2.0 * guess - earlier if k > 1 else 0.5 * (low + high)
        for _ in range(60):
            if not low < x < high:
                x = 0.5 * (low + high)
            excess, slope = -tail, 0.0
            for i in range(means.shape[1]):
                z = (x - means[k, i]) / sd
                excess += shares[i] * 0.5 * math.erfc(-z * math.sqrt(0.5))
                slope += shares[i] * math.exp(-0.5 * z * z) / (math.sqrt(2.0 * math.pi) * sd)
            if excess > 0.0:
                high = x
            else:
                low = x
            step = excess / slope if slope > 1e-300 else 2.0 * (high - low)
            x -= step
            if abs(step) < 1e-5:  # the error left is of the order of its square
                break
        found[k], earlier, guess = x, guess, x - means[k].mean()
    return found
