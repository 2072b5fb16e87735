"""How the workloads reach the package: the only file here that knows its engine.

Arrays: rate constants, one list of actions and one grid that all subjects share. Data frames: a NONMEM data set and
`pkpd.predict`, the output frame included. W2 runs in minutes throughout; the engine has no unit of time of its own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

import pkpd
from benchmarks.workloads import Array, Workload
from pkpd.engine.cascade import decompose, layout
from pkpd.engine.linear import BOLUS, RATE, Actions, Problems, Structure, sample, solve
from pkpd.engine.trajectory import trace

ONE_BLOCK = Structure((1,), ())
WITH_EFFECT_SITE = Structure((2, 0), ((0, 1),))
WITH_PRODRUG = Structure((0, 1), ((0, 1),))


def actions(workload: Workload, end: float | None = None) -> Actions:
    """Return the doses as changes of state 0: boluses, and steps of the rate; a change by nothing marks the `end`."""
    rows = [(t, BOLUS, amount) for t, amount in workload.boluses]
    rows += [] if end is None else [(end, RATE, 0.0)]
    rows += [(t, RATE, value) for start, stop, rate in workload.inputs for t, value in ((start, rate), (stop, -rate))]
    rows.sort(key=lambda row: row[0])
    time, kind, value = (np.array(column) for column in zip(*rows))
    whole, real = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows))
    return Actions(time.astype(float), whole, kind.astype(np.int64), whole, value.astype(float), real, real, real)


def problems(workload: Workload, n_actions: int) -> Problems:
    """Return one problem a subject; all share the actions and the grid."""
    zero = np.zeros(workload.n, dtype=np.int64)
    return Problems(np.arange(workload.n), zero, zero + n_actions, zero, zero + workload.times.size)


def solve_w1(workload: Workload, p: dict[str, Array], threads: int) -> dict[str, Array]:
    """Engine on arrays: two compartments."""
    theta = np.column_stack((p["CL"] / p["V1"], p["Q2"] / p["V1"], p["Q2"] / p["V2"]))
    given = actions(workload)
    central = np.array([0])
    who = problems(workload, given.time.size)
    out = solve(ONE_BLOCK, theta, given, who, workload.times, central, 1000.0 / p["V1"][:, None], threads=threads)
    return {"CP": out[0].reshape(workload.n, -1)}


def solve_w2(workload: Workload, p: dict[str, Array], threads: int) -> dict[str, Array]:
    """Engine on arrays: three compartments and the effect site, as an amount that central feeds without loss."""
    exchange = [p["Q2"] / p["V1"], p["Q2"] / p["V2"], p["Q3"] / p["V1"], p["Q3"] / p["V3"]]
    theta = np.column_stack([p["CL"] / p["V1"], *exchange, p["KE0"], p["KE0"]])
    given = actions(workload)
    factors = np.column_stack((1.0 / p["V1"], 1.0 / p["V1"]))
    who = problems(workload, given.time.size)
    out = solve(WITH_EFFECT_SITE, theta, given, who, workload.times, np.array([0, 3]), factors, threads=threads)
    return {name: row.reshape(workload.n, -1) for name, row in zip(("CP", "CE"), out)}


def solve_w3(workload: Workload, p: dict[str, Array], threads: int) -> dict[str, Array]:
    """Engine on arrays: prodrug into a central compartment with saturable elimination."""
    from pkpd.models.saturable import solve_saturable

    nothing = np.zeros(workload.n)
    theta = np.column_stack((p["KC"], nothing, p["Q2"] / p["V1"], p["Q2"] / p["V2"], p["KC"]))
    given = actions(workload)
    who = problems(workload, given.time.size)
    orders = np.zeros(workload.times.size, dtype=np.int64)
    amount = solve_saturable(
        WITH_PRODRUG, theta, p["VM"], p["KM"] * p["V1"], 1, given, who, workload.times, orders, 1, threads=threads
    )
    return {"CP": amount.reshape(workload.n, -1) / p["V1"][:, None]}


def solve_w4(workload: Workload, p: dict[str, Array], threads: int) -> dict[str, Array]:
    """Engine on arrays: plasma and effect site exactly; the receptors, which they drive, in lanes."""
    from benchmarks.w4_mechanism import solve_effect
    from pkpd.engine.inflow import inflow_of_state

    exchange = [p["Q2"] / p["V1"], p["Q2"] / p["V2"], p["Q3"] / p["V1"], p["Q3"] / p["V3"]]
    theta = np.column_stack([p["CL"] / p["V1"], *exchange, p["KE0"], p["KE0"] / p["V1"]])
    given = actions(workload, workload.times[-1])
    who, one = problems(workload, given.time.size), np.array([0])
    modes = decompose(layout(WITH_EFFECT_SITE), theta, threads)
    path = trace(modes, given, who, threads)
    plasma = sample(modes, path, who, workload.times, one, 1.0 / p["V1"][:, None], threads=threads)
    effect = solve_effect(inflow_of_state(modes, path, 3), p, workload.times, threads)
    return {"C1": plasma[0].reshape(workload.n, -1), "E": effect}


ENGINE: dict[str, Callable[[Workload, dict[str, Array], int], dict[str, Array]]] = {
    "W1": solve_w1,
    "W2": solve_w2,
    "W3": solve_w3,
    "W4": solve_w4,
}


def data_set(workload: Workload) -> pd.DataFrame:
    """Return the workload as a NONMEM data set: dose rows and observation rows of every subject, in time order."""
    doses = [(t, amount, 0.0) for t, amount in workload.boluses]
    doses += [(start, rate * (stop - start), rate) for start, stop, rate in workload.inputs]
    time = np.concatenate(([row[0] for row in doses], workload.times))
    order = np.argsort(time, kind="stable")
    n_doses, n_rows = len(doses), time.size
    amount, rate = np.zeros(n_rows), np.zeros(n_rows)
    amount[:n_doses], rate[:n_doses] = [row[1] for row in doses], [row[2] for row in doses]
    event = (np.arange(n_rows) < n_doses).astype(int)
    return pd.DataFrame(
        {
            "ID": np.repeat(np.arange(1, workload.n + 1), n_rows),
            "TIME": np.tile(time[order], workload.n),
            "AMT": np.tile(amount[order], workload.n),
            "RATE": np.tile(rate[order], workload.n),
            "EVID": np.tile(event[order], workload.n),
            "CMT": 1,
        }
    )


def by_subject(p: dict[str, Array], names: dict[str, str]) -> dict[str, dict[int, float]]:
    """Return parameters as mappings from ID, under the names that `predict` knows."""
    return {ours: dict(enumerate(p[theirs].tolist(), start=1)) for ours, theirs in names.items()}


PREDICT_MODEL = {"W1": "2cmt", "W3": "2cmt oral mm"}
PREDICT_NAMES = {
    "W1": {name: name for name in ("CL", "V1", "Q2", "V2")},
    "W3": {"VM": "VM", "KM": "KM", "V1": "V1", "Q2": "Q2", "V2": "V2", "KA": "KC"},
}
PREDICT_SCALE = {"W1": 1000.0, "W3": 1.0}


def predict_frame(workload: Workload, data: pd.DataFrame, parameters: dict[str, dict[int, float]]) -> pd.DataFrame:
    """`pkpd.predict` on the data frame: what a user calls."""
    return pkpd.predict(data, PREDICT_MODEL[workload.name], parameters)


def answers(workload: Workload, frame: pd.DataFrame) -> dict[str, Array]:
    """Return the observation rows of a predicted frame as an array over subjects and times."""
    values = frame.loc[frame["EVID"] == 0, "IPRED"].to_numpy() * PREDICT_SCALE[workload.name]
    return {"CP": values.reshape(workload.n, -1)}
