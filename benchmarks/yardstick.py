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


def w4_rhs(t: float, y: Array, p: dict[str, float], rate: float) -> list[float]:
    """Three compartments, effect site, occupied and all surface receptors, internal pool, chloride, two tolerances."""
    a1, a2, a3, ce, b, rs, ri, cl, t1, t2 = y
    c = a1 / p["V1"]
    second = p["Q2"] * (c - a2 / p["V2"])
    third = p["Q3"] * (c - a3 / p["V3"])
    lost = p["KINT0"] * (rs - b) + p["KINT1"] * b
    s = p["EMAX"] * b / (b + p["B50"] * (1.0 + p["AT"] * t2))
    d = (p["CLMAX"] - cl) / (p["CLMAX"] - p["CL0"])
    return [
        rate - p["CL"] * c - second - third,
        second,
        third,
        p["KE0"] * (c - ce),
        p["KOFF"] / p["KD"] * ce * (rs - b) - p["KOFF"] * b - p["KINT1"] * b,
        p["KLYS"] * p["KINT0"] / p["KREC"] + p["KREC"] * ri - lost,
        lost - p["KREC"] * ri - p["KLYS"] * ri,
        p["KIN"] * s * d - p["KCC"] * (cl - p["CL0"]) / (1.0 + p["BT"] * t2),
        p["KT1"] * (b - t1),
        p["KT2"] * (t1 - t2),
    ]


def w4_outputs(y: Array, p: dict[str, float]) -> dict[str, Array]:
    """Plasma concentration, and the effect of the occupied receptors on what is left of the chloride gradient."""
    s = p["EMAX"] * y[4] / (y[4] + p["B50"] * (1.0 + p["AT"] * y[9]))
    return {"C1": y[0] / p["V1"], "E": s * (p["CLMAX"] - y[7]) / (p["CLMAX"] - p["CL0"])}


def start(name: str, p: dict[str, float]) -> Array:
    """State before the first dose: empty, and in W4 receptors and chloride at rest."""
    y = np.zeros(SYSTEMS[name][1])
    if name == "W4":
        y[5:8] = 1.0, p["KINT0"] / p["KREC"], p["CL0"]
    return y


SYSTEMS: dict[str, tuple[Rhs, int]] = {"W1": (w1_rhs, 2), "W2": (w2_rhs, 4), "W3": (w3_rhs, 3), "W4": (w4_rhs, 10)}
READ: dict[str, Callable[[Array, dict[str, float]], dict[str, Array]]] = {
    "W1": lambda y, p: {"CP": 1000.0 * y[0] / p["V1"]},
    "W2": lambda y, p: {"CP": y[0] / p["V1"], "CE": y[3]},
    "W3": lambda y, p: {"CP": y[1] / p["V1"]},
    "W4": w4_outputs,
}


def solve_subject(workload: Workload, p: dict[str, float]) -> dict[str, Array]:
    """Return the outputs of one subject, each of shape (n_times,)."""
    rhs = SYSTEMS[workload.name][0]
    times, breaks = workload.times, workload.breakpoints()
    y = start(workload.name, p)
    states = np.zeros((y.size, times.size))
    for begin, stop in zip(breaks, [*breaks[1:], times[-1]]):
        y[0] += sum(amount for t, amount in workload.boluses if t == begin)
        rate = sum(value for on, off, value in workload.inputs if on <= begin < off)
        low, high = np.searchsorted(times, [begin, stop], side="right")
        wanted = np.append(times[low:high], stop)  # the end of the segment is the start of the next
        if wanted.size > 1 and wanted[-2] == stop:
            wanted = wanted[:-1]
        path = solve_ivp(rhs, (begin, stop), y, "LSODA", wanted, args=(p, rate), rtol=RTOL, atol=ATOL)
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
    every = {"W1": 200, "W2": 50, "W3": 100, "W4": 100}[workload.name]
    chosen = np.arange(0, workload.n, every)[:n_subjects]
    answers = {name: np.full((workload.n, workload.times.size), np.nan) for name in workload.outputs}
    subjects = [{name: float(values[i]) for name, values in parameters.items()} for i in chosen]
    solve_subject(workload, subjects[0])  # first calls load code
    begin = time.perf_counter()
    solved = [solve_subject(workload, p) for p in subjects]
    seconds = time.perf_counter() - begin
    for i, outputs in zip(chosen, solved):
        for name in workload.outputs:
            answers[name][i] = outputs[name]
    return seconds * workload.n / chosen.size, workload.error(answers)
