"""The workloads: equations, doses, grids, and a population that does not depend on any random generator.

Subject i of a workload with d varying parameters takes parameter j as ``typical * exp(spread * z[i, j])``. The z are
normal scores of an additive low-discrepancy sequence: coordinate j advances by the fractional part of
``phi**-(j + 1)`` from 1/2, where phi is the root above 1 of ``x**(d + 1) = x + 1``.
"""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
REFERENCE = Path(__file__).parent / "reference"


def normal_scores(n: int, d: int) -> Array:
    """Return the normal scores of n subjects and d parameters, shape (n, d)."""
    phi = 1.5
    for _ in range(100):  # a contraction: the fixed point is reached to the last bit long before
        phi = (1.0 + phi) ** (1.0 / (d + 1))
    step = np.array([(1.0 / phi) ** (j + 1) % 1.0 for j in range(d)])  # float powers: numpy's differ in the last bit
    quantile = (0.5 + np.arange(1, n + 1)[:, None] * step) % 1.0
    return np.vectorize(NormalDist().inv_cdf, otypes=[float])(quantile)


@dataclass(frozen=True)
class Workload:
    """One population problem: who, what is given, when it is observed, and how exact the answer must be.

    `inputs` are zero-order rates (start, stop, amount per time) and `boluses` (time, amount), both into the first
    state; `outputs` names the columns of the reference file; `accuracy` is the largest relative error allowed.
    """

    name: str
    title: str
    n: int
    typical: dict[str, float]
    spread: tuple[float, ...]
    times: Array
    accuracy: float
    outputs: tuple[str, ...]
    boluses: tuple[tuple[float, float], ...] = ()
    inputs: tuple[tuple[float, float, float], ...] = ()
    fixed: dict[str, float] = field(default_factory=dict)

    def parameters(self) -> dict[str, Array]:
        """Return every parameter as an array over subjects, shape (n,)."""
        z = normal_scores(self.n, len(self.typical))
        varying = {
            name: value * np.exp(spread * z[:, j])
            for j, ((name, value), spread) in enumerate(zip(self.typical.items(), self.spread))
        }
        return {**varying, **{name: np.full(self.n, value) for name, value in self.fixed.items()}}

    def breakpoints(self) -> Array:
        """Return the sorted times at which something is given or changes."""
        times = {t for t, _ in self.boluses} | {t for start, stop, _ in self.inputs for t in (start, stop)}
        return np.array(sorted(t for t in times if t < self.times[-1]))

    def error(self, answers: dict[str, Array]) -> float:
        """Return the largest relative error of `answers` (output name to array (n, n_times)) on the reference subset.

        Each value is compared relative to its own size, with a floor of 1e-6 of the subject's largest value.
        """
        with gzip.open(REFERENCE / f"{self.name.lower()}.csv.gz", "rt", newline="") as file:
            rows = list(csv.DictReader(file))
        subject = np.array([int(row["ID"]) - 1 for row in rows])
        column = np.searchsorted(self.times, [float(row["TIME"]) * (1 - 1e-12) for row in rows])
        worst = 0.0
        for output in self.outputs:
            expected = np.array([float(row[output]) for row in rows])
            largest = np.zeros(self.n)
            np.maximum.at(largest, subject, expected)
            scale = np.maximum(np.abs(expected), 1e-6 * largest[subject])
            difference = np.abs(answers[output][subject, column] - expected) / scale
            difference = difference[np.isfinite(answers[output][subject, 0])]  # subjects that were not solved
            worst = max(worst, float(difference.max()))
        return worst


W1 = Workload(
    name="W1",
    title="lorazepam, 2 compartments, 2 boluses, 10,000 subjects x 200 times (h, L, mg)",
    n=10_000,
    typical={"CL": 4.62, "V1": 35.0, "Q2": 24.0, "V2": 56.0},
    spread=(0.30, 0.25, 0.35, 0.25),
    times=24.0 * np.arange(1, 201) / 200.0,
    accuracy=1e-10,
    outputs=("CP",),
    boluses=((0.0, 4.0), (1.0 / 6.0, 4.0)),
)


def _propofol_rates() -> tuple[tuple[float, float, float], ...]:
    """60 rates in mg/min, each in force until the next; every tenth is a pause."""
    j = np.arange(60)
    start = 48.0 * j + 0.37 * (j % 7)
    rate = np.where(j % 10 == 9, 0.0, 10.0 * (1.0 + 0.6 * np.sin(1.7 * j)))
    stop = np.append(start[1:], 2880.0)
    return tuple(zip(start.tolist(), stop.tolist(), rate.tolist()))


W2 = Workload(
    name="W2",
    title="propofol, 3 compartments and effect site, 60 rate changes, 1,000 subjects x 2,880 times (min, L, mg)",
    n=1_000,
    typical={"CL": 1.89, "V1": 4.27, "Q2": 1.29, "V2": 18.9, "Q3": 0.836, "V3": 238.0, "KE0": 0.456},
    spread=(0.25, 0.25, 0.30, 0.30, 0.30, 0.30, 0.30),
    times=np.arange(1.0, 2881.0),
    accuracy=1e-10,
    outputs=("CP", "CE"),
    inputs=_propofol_rates(),
)

W3 = Workload(
    name="W3",
    title="fosphenytoin to phenytoin, Michaelis-Menten, 21 infusions, 2,000 subjects x 500 times (h, L, mg)",
    n=2_000,
    typical={"VM": 20.4, "KM": 5.0, "V1": 30.0, "KC": 2.77},
    spread=(0.25, 0.35, 0.20, 0.20),
    fixed={"Q2": 15.0, "V2": 25.0},
    times=168.0 * np.arange(1, 501) / 500.0,
    accuracy=1e-6,
    outputs=("CP",),
    inputs=((0.0, 0.25, 1400.0 / 0.25), *((8.0 * k, 8.0 * k + 0.25, 100.0 / 0.25) for k in range(1, 21))),
)

W4 = Workload(
    name="W4",
    title="3 compartments, binding, receptors, chloride, tolerance, 1,000 subjects x 1,440 times (min, L, mg)",
    n=1_000,
    typical={"CL": 0.42, "V1": 20.0, "KE0": 0.25, "KINT1": 0.10, "KOFF": 10.0, "KT1": 1.0 / 240.0},
    spread=(0.30, 0.25, 0.30, 0.40, 0.20, 0.30),
    fixed={
        "Q2": 0.9, "V2": 30.0, "Q3": 0.3, "V3": 60.0, "KD": 0.1, "KINT0": 0.02, "KREC": 0.05, "KLYS": 0.001,
        "EMAX": 2.0, "B50": 0.25, "AT": 1.5, "KIN": 2.0, "KCC": 2.0, "CL0": 5.0, "CLMAX": 25.0, "BT": 1.0,
        "KT2": 1.0 / 480.0,
    },
    times=np.arange(1.0, 1441.0),
    accuracy=3e-6,
    outputs=("C1", "E"),
    inputs=(
        (0.0, 2.25, 5.0), (2.25, 360.4, 0.05), (360.4, 362.4, 5.0), (362.4, 720.7, 0.05), (1080.3, 1082.3, 5.0),
    ),
)  # fmt: skip

WORKLOADS = {workload.name: workload for workload in (W1, W2, W3, W4)}
