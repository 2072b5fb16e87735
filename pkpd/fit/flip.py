"""Absorption and disposition that have changed places.

After oral doses alone a curve does not say which of its rates is that of absorption: KA and the fastest disposition
rate may be exchanged, with another V1, and predict the same. Of two such solutions the usual one is reported, in which
absorption is the faster.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pkpd.fit.estimate import Estimate
from pkpd.fit.setup import Setup

__all__ = ["DISPOSITION", "exchanged", "fastest_rates", "unflipped"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Relative change of the sum of squares up to which two solutions are the same.
SAME = 1e-6
DISPOSITION = ("CL", "V1", "Q2", "V2", "Q3", "V3")


def unflipped(setup: Setup, estimate: Estimate, units: IntArray) -> Estimate:
    """Return the estimate with absorption faster than disposition wherever the data leave the choice.

    The user's own start of the absorption rate decides for itself.
    """
    constants = _constants(setup)
    names = list(setup.choice.estimated)
    n = setup.model.system.compartments
    wanted = DISPOSITION[: 2 * n]
    if setup.model.system.saturable or not set(wanted) <= set(names):
        return estimate
    x, cost = estimate.x.copy(), estimate.cost.copy()
    columns = [names.index(name) for name in wanted]
    for name, alone in constants.items():
        if name not in names or name in setup.choice.start:
            continue
        ka = names.index(name)
        candidates = np.array([unit for unit in units if alone[unit]], dtype=np.int64)
        if not len(candidates):
            continue
        other = x[candidates].copy()
        disposition, absorption, possible = exchanged(np.exp(other[:, columns]), np.exp(other[:, ka]))
        with np.errstate(divide="ignore", invalid="ignore"):
            other[:, columns], other[:, ka] = np.log(disposition), np.log(absorption)
        possible &= ((other >= estimate.space.low) & (other <= estimate.space.high)).all(axis=1)
        moved = candidates[possible]
        if not len(moved):
            continue
        residuals = estimate.objective.residuals(moved, other[possible][:, None])[:, 0]
        reached = (residuals**2).sum(axis=1)
        same = reached <= cost[moved] * (1.0 + SAME)
        x[moved[same]], cost[moved[same]] = other[possible][same], reached[same]
    return replace(estimate, x=x, cost=cost)


def _constants(setup: Setup) -> dict[str, NDArray[np.bool_]]:
    """Absorption rate constants, and the units whose doses all go in by them."""
    at, entries = setup.layout, list(setup.model.system.entries.values())
    unit = at.unit[at.dose.piece]
    found = {}
    for name in dict.fromkeys(entry.rate_constant for entry in entries if entry.rate_constant):
        own = np.array([entry.rate_constant == name for entry in entries])[at.dose.entry]
        alone = np.ones(len(setup.unit_ids), dtype=np.bool_)
        alone[unit[~own]] = False
        found[name] = alone
    return found


def fastest_rates(disposition: FloatArray) -> FloatArray:
    """Return the fastest disposition rate of CL V1 (Q2 V2 (Q3 V3)), shape (n, 2, 4 or 6) by row."""
    return _rates(_micro(disposition))[:, -1]


def _micro(p: FloatArray) -> FloatArray:
    """k10, then k12 k21 of each peripheral, shape (n, 1, 3 or 5)."""
    columns = [p[:, 0] / p[:, 1]]
    for first in range(2, p.shape[1], 2):
        columns += [p[:, first] / p[:, 1], p[:, first] / p[:, first + 1]]
    return np.column_stack(columns)


def _rates(k: FloatArray) -> FloatArray:
    """Disposition rates, increasing: eigenvalues of the symmetric form of the system."""
    n = (k.shape[1] + 1) // 2
    matrix = np.zeros((len(k), n, n))
    matrix[:, 0, 0] = k[:, 0] + k[:, 1::2].sum(axis=1)
    for i in range(1, n):
        to, back = k[:, 2 * i - 1], k[:, 2 * i]
        matrix[:, i, i] = back
        matrix[:, 0, i] = matrix[:, i, 0] = -np.sqrt(to * back)
    return np.linalg.eigvalsh(matrix)


def exchanged(disposition: FloatArray, ka: FloatArray) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Exchange KA with the fastest disposition rate.

    Parameters
    ----------
    disposition : ndarray, shape (n, 2, 4 or 6)
        CL V1 Q2 V2 Q3 V3.
    ka : ndarray, shape (n,)

    Returns
    -------
    disposition, ka
        The other solution.
    possible : ndarray of bool, shape (n,)
        Where KA is not the fastest rate and the other solution is a model with positive parameters.

    Notes
    -----
    The transform of the curve is D ka prod(s + z) / (V1 (s + ka) prod(s + rate)) with z the exit rates of the
    peripherals: exchanging ka and a rate leaves it as it is when V1 is multiplied by the new ka over the old one.
    """
    k = _micro(disposition)
    rates, exits = _rates(k), k[:, 2::2]
    fastest = rates[:, -1]
    new = np.sort(np.column_stack((rates[:, :-1], ka)), axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        k10 = new.prod(axis=1) / exits.prod(axis=1)
        into = _exchanges(new, exits, k10)
        volume = disposition[:, 1] * fastest / ka
        columns = [k10 * volume, volume]
        for i in range(exits.shape[1]):
            columns += [into[:, i] * volume, into[:, i] * volume / exits[:, i]]
        found = np.column_stack(columns)
        possible = (ka < fastest) & np.isfinite(found).all(axis=1) & (found > 0.0).all(axis=1)
    return found, fastest, possible


def _exchanges(rates: FloatArray, exits: FloatArray, k10: FloatArray) -> FloatArray:
    """Rate constants from the centre to each peripheral, for given rates and exits."""
    if exits.shape[1] == 0:
        return np.empty((len(rates), 0))
    total = rates.sum(axis=1) - k10 - exits.sum(axis=1)
    if exits.shape[1] == 1:
        return total[:, None]
    a, b = exits[:, 0], exits[:, 1]
    pairs = rates[:, 0] * rates[:, 1] + rates[:, 0] * rates[:, 2] + rates[:, 1] * rates[:, 2]
    rest = pairs - k10 * (a + b) - a * b  # a k13 + b k12
    second = (rest - b * total) / (a - b)
    return np.column_stack((total - second, second))
