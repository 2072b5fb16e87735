"""Propofol as the infusion syndrome sees it: infusion steps and boluses become intervals of one rate each.

Short loads are told from rates here, and the time on the drug is laid out; what either does is `pkpd.models.pris`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Exposure", "lay_out"]

#: Times are told apart down to this many decimals of an hour, and rates to this share of themselves.
_DECIMALS, _SAME = 9, 1e-9
STEP_H = 0.5


class Exposure(NamedTuple):
    """Intervals of constant rate that begin at `start`; the last one has no end.

    Attributes
    ----------
    start : ndarray, shape (n,), hours
        Increasing, at most half an hour apart up to the end of the run.
    rate, sustained : ndarray, shape (n,), mg/kg/h
        The infusion rate, and the part of it that is held long enough to be no load.
    counts : ndarray of bool, shape (n,)
        Whether the interval counts as time on the drug.
    bolus : ndarray, shape (n,), mg/kg
        Given at the start of the interval.
    """

    start: NDArray[np.float64]
    rate: NDArray[np.float64]
    sustained: NDArray[np.float64]
    counts: NDArray[np.bool_]
    bolus: NDArray[np.float64]


def lay_out(
    rate_times_h: ArrayLike,
    rates: ArrayLike,
    bolus_times_h: ArrayLike,
    boluses: ArrayLike,
    until_h: float,
    *,
    load_hours: float,
    tau_rate: float,
) -> Exposure:
    """Cut a run into intervals of constant rate.

    Parameters
    ----------
    rate_times_h, rates : array_like, shape (n_rates,), hours, mg/kg/h
        The rate from each time on, until the next; the last rate goes on. Times do not decrease.
    bolus_times_h, boluses : array_like, shape (n_boluses,), hours, mg/kg
        In any order.
    until_h : float, hours
        Later boluses and changes are not looked at.
    load_hours : float, hours
        A rate held for a shorter time is a load.
    tau_rate : float, hours
        Time on the drug that a bolus stands for; any input counts for at least as long.

    Returns
    -------
    Exposure

    Notes
    -----
    The result depends on the course of the rate alone: not on how an infusion was split in time or over lines.
    `sustained` is the rate opened by a window of `load_hours`: the highest rate that is reached or exceeded throughout
    some window of that length around each moment.
    """
    times, steps = _merge(np.asarray(rate_times_h, float), np.asarray(rates, float))
    given = np.asarray(boluses, float) > 0.0
    bolus_at = np.round(np.asarray(bolus_times_h, float)[given], _DECIMALS)
    amounts = np.asarray(boluses, float)[given]
    inside = bolus_at <= until_h
    bolus_at, amounts = bolus_at[inside], amounts[inside]
    on, off = _on_drug(times, steps, bolus_at, tau_rate)
    first = min([0.0, *times[steps > 0.0], *bolus_at])
    grid = np.concatenate((-np.arange(STEP_H, STEP_H - first, STEP_H)[::-1], np.arange(0.0, until_h + STEP_H, STEP_H)))
    start = np.unique(np.concatenate((grid, times, bolus_at, off)))
    start = start[(start <= until_h) & (start >= grid[0])]
    piece = np.searchsorted(times, start, side="right")
    bolus = np.zeros(start.size)
    np.add.at(bolus, np.searchsorted(start, bolus_at), amounts)
    counts = ((on <= start[:, None]) & (start[:, None] < off)).any(axis=1)
    before = np.zeros(1)
    sustained = _open(times, steps, load_hours)
    return Exposure(
        start, np.concatenate((before, steps))[piece], np.concatenate((before, sustained))[piece], counts, bolus
    )


def _merge(times: NDArray[np.float64], rates: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Drop steps of no length and steps that change nothing."""
    kept_times: list[float] = []
    kept: list[float] = []
    for time, rate in zip(np.round(times, _DECIMALS), rates):
        if kept_times and kept_times[-1] == time:
            del kept_times[-1], kept[-1]
        if abs(rate - (kept[-1] if kept else 0.0)) > _SAME * rate:
            kept_times.append(float(time))
            kept.append(float(rate))
    return np.array(kept_times), np.array(kept)


def _open(times: NDArray[np.float64], rates: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """For each step, the highest rate that a stretch of at least `width` around it does not fall below."""
    ends = np.append(times[1:], np.inf)
    opened = np.where(ends - times >= width * (1.0 - _SAME), rates, 0.0)
    for short in np.flatnonzero(opened < rates):
        for level in np.unique(rates[rates <= rates[short]])[::-1]:
            low = np.flatnonzero(rates < level)
            left, right = low[low < short], low[low > short]
            begin = times[left[-1] + 1] if left.size else times[0]
            end = times[right[0]] if right.size else np.inf
            if end - begin >= width * (1.0 - _SAME):
                opened[short] = level
                break
    return opened


def _on_drug(
    times: NDArray[np.float64], rates: NDArray[np.float64], bolus_at: NDArray[np.float64], least: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Begin and end of the times on the drug, which may overlap: each without a break, and `least` hours or more."""
    running = np.concatenate(([False], rates > 0.0))
    begins = times[running[1:] & ~running[:-1]]
    stops = times[~running[1:] & running[:-1]]
    stops = np.append(stops, np.full(begins.size - stops.size, np.inf))
    on = np.concatenate((begins, bolus_at))
    return on, np.concatenate((np.maximum(stops, begins + least), bolus_at + least))
