"""The yardstick that everybody has: scipy's `solve_ivp` with LSODA, subject by subject, event to event."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from scipy.integrate import solve_ivp

from benchmarks.workloads import Array, Workload

RTOL, ATOL = 1e-6, 1e-8
Rhs = Callable[[float, Array, dict[str, float], float], list[float]]


def w1_rhs(t: float, y: Array, p: dict[str, float], rate: float) -> list[float]:
    """Two compartments; `rate` enters the central one."""
    exchange = p["Q2"] * (y[0] / p["V1"] - y[1] / p["V2"])
    return [rate - p["CL"] * y[0] / p["V1"] - exchange, exchange]


def w2_rhs(t: float, y: Array, p: dict[str, float], rate: float) -> list[float]:
    """Three compartments; the fourth state is the effect-site concentration."""
    c = y[0] / p["V1"]
    second = p["Q2"] * (c - y[1] / p["V2"])
    third = p["Q3"] * (c - y[2] / p["V3"])
    return [rate - p["CL"] * c - second - third, second, third, p["KE0"] * (c - y[3])]


def w3_rhs(t: float, y: Array, p: dict[str, float], rate: float) -> list[float]:
    """Prodrug, central with saturable elimination, peripheral; `rate` enters the prodrug."""
    c = y[1] / p["V1"]
    exchange = p["Q2"] * (c - y[2] / p["V2"])
    formed = p["KC"] * y[0]
    return [rate - formed, formed - p["VM"] * c / (p["KM"] + c) - exchange, exchange]


SYSTEMS: dict[str, tuple[Rhs, int]] = {"W1": (w1_rhs, 2), "W2": (w2_rhs, 4), "W3": (w3_rhs, 3)}
READ: dict[str, Callable[[Array, dict[str, float]], dict[str, Array]]] = {
    "W1": lambda y, p: {"CP": 1000.0 * y[0] / p["V1"]},
    "W2": lambda y, p: {"CP": y[0] / p["V1"], "CE": y[3]},
    "W3": lambda y, p: {"CP": y[1] / p["V1"]},
}


def solve_subject(workload: Workload, p: dict[str, float]) -> dict[str, Array]:
    """Return the outputs of one subject, each of shape (n_times,)."""
    rhs, n_states = SYSTEMS[workload.name]
    times, breaks = workload.times, workload.breakpoints()
    y = np.zeros(n_states)
    states = np.zeros((n_states, times.size))
    for start, stop in zip(breaks, [*breaks[1:], times[-1]]):
        y[0] += sum(amount for t, amount in workload.boluses if t == start)
        rate = sum(value for on, off, value in workload.inputs if on <= start < off)
        low, high = np.searchsorted(times, [start, stop], side="right")
        wanted = np.append(times[low:high], stop)  # the end of the segment is the start of the next
        if wanted.size > 1 and wanted[-2] == stop:
            wanted = wanted[:-1]
        path = solve_ivp(rhs, (start, stop), y, "LSODA", wanted, args=(p, rate), rtol=RTOL, atol=ATOL)
        states[:, low:high] = path.y[:, : high - low]
        y = path.y[:, -1]
    return READ[workload.name](states, p)


def run(workload: Workload, n_subjects: int) -> tuple[float, float]:
    """Solve a subset that the reference also holds.

    Returns
    -------
    seconds : float
        Time for the whole population, scaled up from the subset.
    error : float
        Largest relative error on the subset.
    """
    parameters = workload.parameters()
    every = {"W1": 200, "W2": 50, "W3": 100}[workload.name]
    chosen = np.arange(0, workload.n, every)[:n_subjects]
    answers = {name: np.full((workload.n, workload.times.size), np.nan) for name in workload.outputs}
    subjects = [{name: float(values[i]) for name, values in parameters.items()} for i in chosen]
    solve_subject(workload, subjects[0])  # first calls load code
    start = time.perf_counter()
    solved = [solve_subject(workload, p) for p in subjects]
    seconds = time.perf_counter() - start
    for i, outputs in zip(chosen, solved):
        for name in workload.outputs:
            answers[name][i] = outputs[name]
    return seconds * workload.n / chosen.size, workload.error(answers)
