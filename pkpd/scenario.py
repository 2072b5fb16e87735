"""A scenario: one regimen in one group of subjects, for so long, with or without a seizure; and its output times."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkpd.errors import ParameterError
from pkpd.patients.population import Subject
from pkpd.regimen.regimen import Regimen
from pkpd.systems.dosing import MICROSECONDS_PER_H, whole_microseconds

__all__ = ["CONDITIONS", "EVIDENCE", "NO_SEIZURE", "SEIZURES", "Scenario", "checked_times", "output_grid"]

FloatArray = NDArray[np.float64]
DAY_H, MINUTE_H, INTERVALS = 24.0, 1.0 / 60.0, 1440
NO_SEIZURE = "none"
SEIZURES = (NO_SEIZURE, "status", "status-rodent", "status-fast")
CONDITIONS = ("treatment", "none")
EVIDENCE = ("established", "exploratory")
MOST_POINTS = 2_000_000


@dataclass(frozen=True)
class Scenario:
    """One regimen in one group of subjects.

    Attributes
    ----------
    name : str
    regimen : Regimen
    until_h : float, hours
    every_h : float or None, hours
        Grid; None is 1 min up to 24 h, else 1440 intervals.
    times : tuple of float or None, hours
        Output times in place of a grid.
    subjects : tuple of Subject
    models : dict of str to str
        Drug to model name; ``binding`` to a binding rule.
    evidence : str
    seizure : str
        ``none``, or the preset of the receptor layer.
    onset_h : float, hours
        Of the seizure; may be negative.
    condition : str
        ``treatment``: random subjects are drawn again until they seize just before the first order.
    """

    name: str
    regimen: Regimen
    until_h: float
    every_h: float | None
    times: tuple[float, ...] | None
    subjects: tuple[Subject, ...]
    models: Mapping[str, str]
    evidence: str
    seizure: str = NO_SEIZURE
    onset_h: float = 0.0
    condition: str = "treatment"

    @property
    def grid_key(self) -> tuple[object, ...]:
        """Scenarios with the same key have the same output times."""
        return self.until_h, self.every_h, self.times


def checked_times(times: Sequence[float], until_h: float) -> tuple[float, ...]:
    """Return output times as hours.

    Raises
    ------
    ParameterError
        If one is no number, there are none, they do not increase, or one lies outside 0 to `until_h`.
    """
    try:
        values = tuple(float(t) if not isinstance(t, str | bool) else math.nan for t in times)
    except (TypeError, ValueError):
        values = ()
    if not values or any(math.isnan(t) for t in values):
        raise ParameterError(
            f"times: {times!r} cannot be used; expected a list of hours from 0 to until ({until_h:g}). Write for "
            "example times=[0, 0.5, 1], without units."
        )
    ordered = all(a <= b for a, b in zip(values[:-1], values[1:], strict=True))
    if not ordered or not all(0.0 <= t <= until_h for t in values):
        raise ParameterError(
            f"times: {list(values[:4])}{' ...' if len(values) > 4 else ''} cannot be used; expected hours from 0 to "
            f"until ({until_h:g}), increasing. Sort them, or raise until."
        )
    return values


def output_grid(scenario: Scenario) -> FloatArray:
    """Return the output times of a scenario, shape (n_times,), hours."""
    if scenario.times is not None:
        return np.array(scenario.times)
    until = scenario.until_h
    if scenario.every_h is None:
        count = INTERVALS if until > DAY_H else max(1, math.ceil(until / MINUTE_H - 1e-9))
        if until > DAY_H:
            return np.linspace(0.0, until, count + 1)
        spacing = MINUTE_H
    else:
        spacing = scenario.every_h
        count = max(1, math.ceil(until / spacing - 1e-9))
    if count > MOST_POINTS:
        raise ParameterError(
            f"every: {spacing:g} h makes {count} output times up to {until:g} h; expected at most {MOST_POINTS}. "
            "Choose a larger spacing."
        )
    grid: FloatArray = spacing * np.arange(count + 1, dtype=np.float64)
    if whole_microseconds(spacing) == spacing:
        grid = np.round(grid * MICROSECONDS_PER_H) / MICROSECONDS_PER_H  # as dose times are
    grid[-1] = until
    return grid
