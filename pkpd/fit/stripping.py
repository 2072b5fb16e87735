"""Curves stripped into rates, and rates made into candidate models for a fit to begin from.

The terminal slope of the observations gives the slowest rate; multiples of it give the faster ones, and rates between
them the exits of the peripherals, so that every candidate is a possible model. Its volume follows from the level of
the observations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np
from numpy.typing import NDArray

from pkpd.fit.likelihood import Observed

__all__ = ["candidate_shapes", "scaled", "terminal_slope"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Multiples of the terminal slope, and how far the exit of a peripheral lies between two rates (on the log scale).
SLOPES = (1.0, 0.4, 2.5)
FASTER = (6.0, 30.0)
BETWEEN = (0.35, 0.65)
ABSORPTION = (1.6, 5.0, 20.0)
SATURATION = (0.3, 1.0, 4.0)


def terminal_slope(time: FloatArray, observed: Observed) -> FloatArray:
    """Return a rate constant for each unit: the slope of the logarithms of its last observations.

    Parameters
    ----------
    time : ndarray, shape (n_units, width)
        Time since the last dose.
    observed : Observed

    Returns
    -------
    ndarray, shape (n_units,)
        Where the observations do not fall, ln 2 over half their span.
    """
    slopes = np.empty(len(time))
    for unit, (t, dv, used) in enumerate(zip(time, observed.dv, observed.used, strict=True)):
        good = used & (dv > 0)
        t, y = t[good], np.log(dv[good])
        span = float(t.max() - min(t.min(), 0.0)) if len(t) else 1.0
        fallback = 1.4 / span if span > 0 else 1.0
        last = np.argsort(t, kind="stable")[-max(3, len(t) // 2) :]
        slopes[unit] = fallback
        if len(last) >= 2 and np.ptp(t[last]) > 0:
            slope = -np.polyfit(t[last] - t[last].mean(), y[last], 1)[0]
            slopes[unit] = slope if slope > 0.05 * fallback else fallback
    return slopes


def _modes(compartments: int) -> Iterator[tuple[float, float, float, float, float]]:
    """Micro constants k10 k12 k21 k13 k31 in units of the slowest rate."""
    if compartments == 1:
        yield 1.0, 0.0, 1.0, 0.0, 1.0
    elif compartments == 2:
        for fast, between in product(FASTER, BETWEEN):
            k21 = fast**between
            k10 = fast / k21
            yield k10, fast + 1.0 - k21 - k10, k21, 0.0, 1.0
    else:
        for middle, fast, near, far in product((4.0, 12.0), (4.0, 15.0), BETWEEN, BETWEEN):
            yield _three(middle * fast, middle, near, far)


def _three(fast: float, middle: float, near: float, far: float) -> tuple[float, float, float, float, float]:
    """Three rates (the slowest is 1) with k21 between the upper two and k31 between the lower two."""
    k21, k31 = middle * (fast / middle) ** near, middle**far
    k10 = fast * middle / (k21 * k31)
    total = fast + middle + 1.0 - k10 - k21 - k31  # k12 + k13
    pairs = fast * middle + fast + middle - k10 * k31 - k10 * k21 - k21 * k31  # k21 k13 + k31 k12
    k13 = (pairs - k31 * total) / (k21 - k31)
    return k10, total - k13, k21, k13, k31


def candidate_shapes(compartments: int, absorbed: bool, saturable: bool) -> list[dict[str, float]]:
    """Return candidates as values for a terminal slope of 1 and V1 of 1.

    Parameters
    ----------
    compartments : int
    absorbed : bool
        Whether there is a KA.
    saturable : bool
        Adds the share KM of the level of the observations.
    """
    found = []
    for slope in SLOPES:
        for k10, k12, k21, k13, k31 in _modes(compartments):
            shape = {
                "CL": k10 * slope,
                "V1": 1.0,
                "Q2": k12 * slope,
                "V2": k12 / k21,
                "Q3": k13 * slope,
                "V3": k13 / k31,
            }
            for ka, km in product(ABSORPTION if absorbed else (0.0,), SATURATION if saturable else (0.0,)):
                found.append(shape | {"KA": ka * slope, "KM": km})
    return found


def scaled(shape: Mapping[str, float], slope: FloatArray, name: str) -> FloatArray:
    """Return one parameter of a candidate for the slopes of the units; V1 is still 1."""
    value = np.full(len(slope), shape[name])
    return value * slope if name in ("CL", "Q2", "Q3", "KA") else value
