"""Who succeeded: windows on the half-minute grid, durations, and the interval of a simulated share.

Works on arrays of courses; it knows no drug and draws nothing.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pkpd.library.receptor_file import load_receptors
from pkpd.seizure.constitution import KNOT_MIN

__all__ = [
    "GRID_MIN",
    "all_off",
    "at_moment",
    "durations",
    "exact_interval",
    "first_off",
    "mixed_interval",
    "never_on",
]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

GRID_MIN = KNOT_MIN  # of a course
_ROUNDING = 1e-9


def _points(low: FloatArray, high: FloatArray, n_grid: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and last grid point inside each window; the last one before it where none is inside."""
    last = np.floor(high / GRID_MIN + _ROUNDING).astype(np.intp)
    first = np.minimum(np.ceil(low / GRID_MIN - _ROUNDING).astype(np.intp), last)
    return np.clip(first, 0, n_grid - 1), np.clip(last, 0, n_grid - 1)


def _none_true(flags: BoolArray, low: FloatArray, high: FloatArray) -> BoolArray:
    """Whether no grid point of the window is true, by subject; true for a window that ends before it begins."""
    n, n_grid = flags.shape
    counts = np.zeros((n, n_grid + 1), dtype=np.int64)
    np.cumsum(flags, axis=1, out=counts[:, 1:])
    first, last = _points(low, high, n_grid)
    rows = np.arange(n)
    return (counts[rows, last + 1] == counts[rows, first]) | (low > high + _ROUNDING)


def all_off(s: FloatArray, low: FloatArray, high: FloatArray) -> BoolArray:
    """Whether the seizure is off at every half minute of a window: activity below the threshold of the library, 0.2.

    Parameters
    ----------
    s : ndarray, shape (n, n_grid)
        Seizure activity on the half-minute grid from onset.
    low, high : ndarray, shape (n,), minutes after onset

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    return _none_true(~(np.asarray(s) < load_receptors()["seizure_off_threshold"]), low, high)


def never_on(seizing: BoolArray, low: FloatArray, high: FloatArray) -> BoolArray:
    """Whether the flag is off at every half minute of a window, empty windows included; shapes as `all_off`."""
    return _none_true(np.asarray(seizing, dtype=bool), low, high)


def at_moment(flags: BoolArray, time: FloatArray) -> BoolArray:
    """The flag just before a moment: that of the last grid point up to it, by subject."""
    point = np.floor(time / GRID_MIN + _ROUNDING).astype(np.intp)
    found: BoolArray = np.asarray(flags, dtype=bool)[np.arange(len(time)), np.clip(point, 0, flags.shape[1] - 1)]
    return found


def first_off(seizing: BoolArray, time: FloatArray) -> FloatArray:
    """Minutes from a moment to the first grid point from it on that does not seize; NaN if there is none."""
    n, n_grid = seizing.shape
    point = np.ceil(time / GRID_MIN - _ROUNDING)
    after = np.arange(n_grid)[None, :] >= point[:, None]
    stopped = after & ~np.asarray(seizing, dtype=bool)
    place = stopped.argmax(axis=1)
    found = np.where(stopped[np.arange(n), place], place * GRID_MIN - time, math.nan)
    return np.where(np.isnan(time), math.nan, np.maximum(found, 0.0))


def durations(seizing: BoolArray, in_episode: BoolArray) -> FloatArray:
    """Length of the first episode: from onset to its last stop before a silence that ends it.

    Parameters
    ----------
    seizing, in_episode : ndarray of bool, shape (n, n_grid)
        The flag, and whether it has been off for less than 20 min.

    Returns
    -------
    ndarray, shape (n,), minutes
        For an episode that goes on to the end of the observation, its length so far.
    """
    going_on = np.logical_and.accumulate(np.asarray(in_episode, dtype=bool), axis=1)
    active = np.asarray(seizing, dtype=bool) & going_on
    n_grid = active.shape[1]
    last = n_grid - 1 - active[:, ::-1].argmax(axis=1)
    return np.where(active.any(axis=1), (last + 1) * GRID_MIN, 0.0)


def exact_interval(successes: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Exact binomial interval of a share.

    Parameters
    ----------
    successes, n : float
        Need not be whole: an effective number of subjects is not.
    level : float
        Coverage.

    Returns
    -------
    tuple of (float, float)
        Limits, 0 to 1; NaN for n = 0.

    Notes
    -----
    Quantiles of beta(k, n - k + 1) and beta(k + 1, n - k), by the inverse incomplete beta function.

    References
    ----------
    Clopper and Pearson, Biometrika 1934;26:404.
    """
    from scipy.special import betaincinv

    if n <= 0:
        return math.nan, math.nan
    tail = (1.0 - level) / 2.0
    low = float(betaincinv(successes, n - successes + 1.0, tail)) if successes > 0 else 0.0
    high = float(betaincinv(successes + 1.0, n - successes, 1.0 - tail)) if successes < n else 1.0
    return low, high


def mixed_interval(
    successes: int, n: int, mimic_share: float = 0.0, mimic_success: float = 0.0
) -> tuple[float, float, float]:
    """Share with its exact Monte Carlo interval, after mixing in episodes that are no seizures.

    Returns
    -------
    tuple of (float, float, float)
        (1 - m) successes/n + m p with m the share of mimics and p their apparent success, and its 95 % limits.
    """
    low, high = exact_interval(successes, n)
    share = successes / n if n else math.nan
    fixed = mimic_share * mimic_success
    mixed = [(1.0 - mimic_share) * x + fixed for x in (share, low, high)]
    return mixed[0], mixed[1], mixed[2]
