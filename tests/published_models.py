"""Typical patients of published models, typed in from the papers, and small solvers for what happens in them.

Nothing here reads the library: where the two disagree, one of them misquotes the paper. h, mg, L, 70 kg.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

FloatArray = NDArray[np.float64]

#: Half-time of equilibration with the brain (min), unbound fraction, P-gp efflux over passive exchange, other efflux.
BRAIN = {
    "lorazepam": (4.0, 0.09, 0.0, 0.0),
    "midazolam": (3.0, 0.03, 0.1, 0.0),
    "diazepam": (1.6, 0.02, 0.05, 0.0),
    "phenytoin": (8.0, 0.10, 0.1, 0.0),
    "levetiracetam": (28.0, 0.95, 0.05, 0.0),
    "phenobarbital": (20.0, 0.5, 0.1, 0.0),
    "ketamine": (2.0, 0.53, 0.1, 0.0),
    "valproate": (math.log(2.0) / 0.15, 0.10, 0.0, 9.0),
    "propofol": (math.log(2.0) / 0.146, 0.024, 0.0, 0.0),
}


def _lorazepam() -> dict[str, float]:
    """Two compartments from V1, CL and the two half-lives (healthy adults, 1983)."""
    fast, slow, k10 = math.log(2.0) / 0.31, math.log(2.0) / 14.1, 0.06217 / 0.59
    k21 = fast * slow / k10
    k12 = fast + slow - k21 - k10
    v1 = 0.59 * 70.0
    return {"CL": 0.06217 * 70.0, "V1": v1, "Q2": k12 * v1, "V2": k12 * v1 / k21}


LORAZEPAM = _lorazepam()
LORAZEPAM_IM = {"F": 0.888, "KA": 2.9}
#: Wiebe 2020, healthy adults of 70 kg; the metabolite 1'-hydroxymidazolam below.
MIDAZOLAM = {"CL": 24.1486, "V1": 19.4507, "Q2": 8.00001, "V2": 41.0258, "Q3": 46.0527, "V3": 23.8228}
MIDAZOLAM_PO = {"F": 0.275824, "KA": 2.30635}
HYDROXYMIDAZOLAM_CL, HYDROXYMIDAZOLAM_RATIO = 196.827, 341.77 / 325.77
#: Conversion and distribution of Tanaka 2013 with the elimination of Grasela 1983.
PHENYTOIN = {
    "KPRO": 5.02,
    "V1": 20.8 * 70.0 / 60.0,
    "Q2": 53.0,
    "V2": 26.0 * (70.0 / 60.0) ** 0.584,
    "VM": 415.0 / 24.0,
    "KM": 5.7,
}
ACID_FRACTION = 252.27 / 274.25


def rates_to_brain(drug: str, fold: float = 1.0) -> tuple[float, float, float]:
    """Inflow per unbound plasma concentration (1/h), outflow (1/h) and fu; k from the half-time at fold 1."""
    half_time, fu, rho, other = BRAIN[drug]
    k = math.log(2.0) / (half_time / 60.0) / (1.0 + rho + other)
    return k, k * (1.0 + fold * rho + other), fu


def solve_with_brain(
    values: dict[str, float], drug: str, rate: float, duration: float, times: FloatArray, fold: float = 1.0
) -> tuple[FloatArray, FloatArray]:
    """Total plasma and unbound brain concentration at `times`: `rate` mg/h from 0 until `duration`.

    With KPRO in `values` the infusion enters a prodrug compartment; with VM elimination is saturable.
    """
    into, out, fu = rates_to_brain(drug, fold)
    q2, v2, q3, v3 = (values.get(name, 1.0 if name[0] == "V" else 0.0) for name in ("Q2", "V2", "Q3", "V3"))

    def slope(t: float, y: FloatArray, dose_rate: float) -> FloatArray:
        prodrug, level, second, third, brain = y
        entering = values["KPRO"] * prodrug if "KPRO" in values else dose_rate
        leaving = values["VM"] * level / (values["KM"] + level) if "VM" in values else values["CL"] * level
        central = (entering - leaving - q2 * (level - second) - q3 * (level - third)) / values["V1"]
        change = [0.0, central, q2 * (level - second) / v2, q3 * (level - third) / v3, into * fu * level - out * brain]
        if "KPRO" in values:
            change[0] = dose_rate - values["KPRO"] * prodrug
        return np.array(change)

    found = np.zeros((2, len(times)))
    state = np.zeros(5)
    for start, stop, now in ((0.0, duration, rate), (duration, float(times[-1]), 0.0)):
        inside = (times >= start) & (times <= stop)
        asked = np.unique(np.append(times[inside], stop))
        run = solve_ivp(slope, (start, stop), state, "DOP853", t_eval=asked, args=(now,), rtol=1e-11, atol=1e-14)
        found[:, inside] = run.y[[1, 4]][:, np.searchsorted(asked, times[inside])]
        state = run.y[:, -1]
    return found[0], found[1]


def two_exponentials(values: dict[str, float]) -> tuple[FloatArray, FloatArray]:
    """Exponents (1/h) and coefficients (1/L) of the concentration after a unit bolus, from the quadratic."""
    k10, k12, k21 = values["CL"] / values["V1"], values["Q2"] / values["V1"], values["Q2"] / values["V2"]
    total, root = k10 + k12 + k21, math.sqrt((k10 + k12 + k21) ** 2 - 4.0 * k10 * k21)
    fast, slow = (total + root) / 2.0, 2.0 * k10 * k21 / (total + root)
    weights = np.array([(fast - k21) / (fast - slow), (k21 - slow) / (fast - slow)]) / values["V1"]
    return np.array([fast, slow]), weights
