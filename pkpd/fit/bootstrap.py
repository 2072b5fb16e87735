"""Bootstrap intervals: data like those observed, fitted again and again by the batched routine.

A pooled fit of enough subjects draws subjects; elsewhere the weighted residuals of each fit are drawn. What replicate
r draws depends on the seed and on r alone, so the numbers do not depend on who refits it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pkpd.distribute import Distribute
from pkpd.fit.estimate import Estimate, solve_anchored, solve_batch
from pkpd.fit.likelihood import Objective
from pkpd.streams import stream

__all__ = ["FEWEST_SUBJECTS", "Replicates", "bootstrap_draws", "refit"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: A pooled fit of fewer subjects draws residuals instead of subjects.
FEWEST_SUBJECTS = 5
#: Replicates that go out together: few, so that a bar moves and workers share them evenly.
PIECE = 5


class Replicates(NamedTuple):
    """Some replicates of a fit, with all that is needed to refit them elsewhere.

    `subject`, shape (n_units, width), is the position of the subject of each observation, to draw subjects; None to
    draw residuals.
    """

    estimate: Estimate
    units: IntArray
    n_structural: int
    subject: IntArray | None
    seed: int
    numbers: range


def bootstrap_draws(
    estimate: Estimate,
    units: IntArray,
    n_structural: int,
    subject: IntArray | None,
    *,
    n: int,
    seed: int,
    spread: Distribute,
    tick: Callable[[int], object] = lambda n: None,
) -> FloatArray:
    """Return the structural parameters of refits to bootstrap data, shape (n, n_units, p); NaN where one failed.

    Parameters
    ----------
    estimate : Estimate
    units : ndarray of int
    n_structural : int
    subject : ndarray of int, shape (n_units, width), or None
        See `Replicates`.
    n : int
        Replicates.
    seed : int
    spread : Distribute
        What does the work: threads, or a cluster.
    tick : callable
        Called with the number of replicates that are done in addition.
    """
    pieces = [
        Replicates(estimate, units, n_structural, subject, seed, range(start, min(start + PIECE, n)))
        for start in range(0, n, PIECE)
    ]
    draws = np.full((n, *estimate.x.shape), np.nan)
    for piece, found in zip(pieces, spread(refit, pieces), strict=True):
        draws[piece.numbers.start : piece.numbers.stop, units] = found
        tick(len(piece.numbers))
    return draws[:, :, :n_structural]


def refit(piece: Replicates) -> FloatArray:
    """Refit some replicates; return their parameters, shape (replicates, len(units), all parameters)."""
    return np.array([_refit_one(piece, number) for number in piece.numbers])


def _refit_one(piece: Replicates, number: int) -> FloatArray:
    estimate, units = piece.estimate, piece.units
    rng = stream(piece.seed, number, "bootstrap")
    objective = estimate.objective
    if piece.subject is None:
        drawn = _residuals_drawn(estimate, units, piece.n_structural, rng)
    else:
        drawn = _subjects_drawn(objective, piece.subject, rng)
    if objective.concentrated:
        found = solve_batch(drawn, units, estimate.x[units], estimate.space)
    else:
        _, found = solve_anchored(drawn, units, estimate.x[units], estimate.space)
    return np.where(found.converged[:, None], found.x, np.nan)


def _subjects_drawn(objective: Objective, subject: IntArray, rng: Generator) -> Objective:
    """Each subject as often as it was drawn."""
    n = int(subject.max()) + 1
    count = np.bincount(rng.integers(0, n, n), minlength=n)
    return replace(objective, weight=count[subject].astype(np.float64))


def _residuals_drawn(estimate: Estimate, units: IntArray, p: int, rng: Generator) -> Objective:
    """New observations from the predictions and the weighted residuals of each unit."""
    objective = estimate.objective
    observed = objective.observed
    predicted, scales = objective.estimates(units, estimate.x[units])
    difference, sd = objective.weighted(units, predicted, scales)
    dv, used, censored = observed.dv.copy(), observed.used.copy(), observed.censored.copy()
    for place, unit in enumerate(units):
        own = np.flatnonzero(observed.used[unit])
        counts = np.flatnonzero(observed.used[unit] | observed.censored[unit])
        free = int(estimate.space.active[unit, :p].sum())
        weighted = difference[place, own] / sd[place, own] * np.sqrt(len(own) / max(len(own) - free, 1))
        drawn = rng.choice(weighted, len(counts)) * sd[place, counts]
        level = predicted[place, counts]
        fresh = level * np.exp(drawn) if objective.error == "log" else level + drawn
        below = censored[unit].any() & (fresh < observed.limit[unit, counts])
        dv[unit, counts] = fresh
        used[unit, counts], censored[unit, counts] = ~below, below
    return replace(objective, observed=observed._replace(dv=dv, used=used, censored=censored))
