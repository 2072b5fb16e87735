"""W5: a hundred separate fits, by the batched routine, by `pkpd.fit` and by a plain loop over lmfit; two real jobs.

W5 is a bolus into two compartments, 12 samples a subject with 5 % error, from the typical values on; the objective is
sum(((obs - pred) / obs)^2). Its population comes from the same sequence as that of the other workloads.
"""

from __future__ import annotations

import csv
import gzip
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

import pkpd
from benchmarks.figure import Figure
from benchmarks.workloads import REFERENCE, Array, normal_scores

TIMES = np.array([0.083, 0.25, 0.5, 0.75, 1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 18.0, 24.0])
TYPICAL = {"CL": 4.62, "V1": 35.0, "Q2": 24.0, "V2": 56.0}
SPREAD = (0.30, 0.25, 0.35, 0.25)
SUBJECTS, DOSE_MG, CV = 100, 4.0, 0.05
OBSERVED = Path(__file__).parent.parent / "data" / "observed"


def biexponential(cl: Array, v1: Array, q: Array, v2: Array) -> Array:
    """Concentration in ng/mL after the bolus; parameters broadcast over a leading axis."""
    cl, v1, q, v2 = (np.asarray(value, dtype=float)[..., None] for value in (cl, v1, q, v2))
    k10, k12, k21 = cl / v1, q / v1, q / v2
    total = k10 + k12 + k21
    root = np.sqrt(total * total - 4 * k10 * k21)
    fast, slow = (total + root) / 2, 2 * k10 * k21 / (total + root)
    parts = (fast - k21) * np.exp(-fast * TIMES) + (k21 - slow) * np.exp(-slow * TIMES)
    return 1000.0 * DOSE_MG / v1 * parts / (fast - slow)


def observations() -> Array:
    """Return the observations, shape (100, 12), ng/mL."""
    z = normal_scores(SUBJECTS, 16)
    true = [value * np.exp(s * z[:, j]) for j, (value, s) in enumerate(zip(TYPICAL.values(), SPREAD))]
    return biexponential(*true) * np.exp(CV * z[:, 4:16])


def reference() -> Array:
    """Return the lowest sums of squares, shape (100,), from least squares at 1e-15."""
    with gzip.open(REFERENCE / "w5.csv.gz", "rt", newline="") as file:
        return np.array([float(row["SSE"]) for row in csv.DictReader(file)])


def data_set(observed: Array) -> pd.DataFrame:
    """Return the observations as a NONMEM data set; the dose in ug, so that V1 is in L."""
    n, width = observed.shape
    return pd.DataFrame(
        {
            "ID": np.repeat(np.arange(1, n + 1), width + 1),
            "TIME": np.tile(np.append(0.0, TIMES), n),
            "AMT": np.tile(np.append(1000.0 * DOSE_MG, np.zeros(width)), n),
            "DV": np.column_stack((np.full(n, np.nan), observed)).ravel(),
        }
    )


def batched(observed: Array) -> Callable[[], Array]:
    """Return a function that fits all subjects at once and gives their sums of squares."""
    from pkpd.fit.layout import GivenDoses, Layout
    from pkpd.fit.levenberg import least_squares_batch
    from pkpd.fit.maps import DirectMap
    from pkpd.fit.problem import Problem
    from pkpd.fit.system import compartment_system
    from pkpd.models.compartments import as_model

    n, width = observed.shape
    who, first = np.arange(n), np.arange(n) * (width + 1)
    whole, real = np.zeros(n, dtype=np.int64), np.zeros(n)
    layout = Layout(
        time=np.tile(np.append(0.0, TIMES), n), unit=who, start=first, stop=first + width + 1, set_piece=who,
        set_row=first, obs_piece=np.repeat(who, width), obs_row=np.delete(np.arange(n * (width + 1)), first),
        obs_output=np.zeros(n * width, dtype=np.int64),
        dose=GivenDoses(who, first, whole, np.full(n, 1000.0 * DOSE_MG), real, real, whole, whole),
    )  # fmt: skip
    system = compartment_system(as_model("2cmt"))
    names = (*system.kinetic, *system.dose_parameters)
    base = {name: np.zeros(n) if name[0] in "AD" else np.ones(n) for name in names}
    start = np.tile(np.log(list(TYPICAL.values())), (n, 1))

    def run() -> Array:
        problem = Problem(system, layout, DirectMap(tuple(TYPICAL), base))
        found = least_squares_batch(
            lambda units, x: (problem.predict(units, x) - observed[units][:, None]) / observed[units][:, None], start
        )
        return found.cost

    return run


def lmfit_loop(observed: Array) -> Array:
    """What everybody has: lmfit with the closed form, subject by subject; returns the sums of squares."""
    import lmfit

    def residual(parameters: lmfit.Parameters, dv: Array) -> Array:
        return (biexponential(*(np.exp(parameters[name].value) for name in TYPICAL)) - dv) / dv

    found = np.empty(len(observed))
    for i, dv in enumerate(observed):
        parameters = lmfit.Parameters()
        for name, value in TYPICAL.items():
            parameters.add(name, value=np.log(value))
        found[i] = lmfit.minimize(residual, parameters, args=(dv,)).chisqr
    return found


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def workload(repeats: int) -> list[Figure]:
    """Measure W5 side by side, the shortest of several rounds of each."""
    observed = observations()
    frame, routine = data_set(observed), batched(observed)
    calls = {
        "lmfit, subject by subject": lambda: lmfit_loop(observed),
        "batched routine": routine,
        "pkpd.fit": lambda: pkpd.fit(frame, "2cmt"),
    }
    for call in calls.values():
        call()  # the first call loads and compiles
    rounds = [{name: _seconds(call) for name, call in calls.items()} for _ in range(repeats)]
    best = {name: min(each[name] for each in rounds) for name in calls}
    plain, batch, whole = (best[name] for name in calls)
    error = float(np.abs(routine() / reference() - 1.0).max())
    loop = "lmfit, subject by subject"
    return [
        Figure(
            "W5, 100 separate fits: batched routine", batch, "s", loop, plain,
            f"SSE within {error:.1e} of the reference (allowed 1e-06)", "15 times lmfit",
            plain / batch >= 15 and error <= 1e-6,
        ),
        Figure("W5 through fit, starts and covariance included", whole, "s", loop, plain, "",
               "at most 1.5 times the loop", whole <= 1.5 * plain),
    ]  # fmt: skip


def jobs() -> list[Figure]:
    """Time the two real jobs."""
    propofol, theophylline = OBSERVED / "propofol.csv", OBSERVED / "theophylline.csv"
    pkpd.fit(propofol, "3cmt")
    schnider = min(_seconds(lambda: pkpd.fit(propofol, "3cmt")) for _ in range(3))
    boot = _seconds(lambda: pkpd.fit(theophylline, "1cmt oral", interval="bootstrap", n_boot=200))
    return [
        Figure("propofol, 24 subjects, 1006 samples, 3 compartments", schnider, target="5 s", met=schnider <= 5),
        Figure("theophylline, 12 subjects, bootstrap of 200", boot, target="60 s", met=boot <= 60),
    ]
