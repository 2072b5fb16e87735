"""Non-compartmental analysis of many profiles, beside the loop that everybody writes."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
from scipy.stats import linregress

import pkpd
from benchmarks.figure import Figure

TIMES = np.array([0, 0.25, 0.5, 1, 2, 3, 4, 6, 8, 12, 16, 24.0])
DOSE, SUBSET, SECONDS = 100.0, 500, 5.0


def data_set(n: int) -> pd.DataFrame:
    """Return n oral profiles of one compartment with 10 % noise: 100 mg, CL 5 L/h, V 50 L, KA 1 1/h."""
    rng = np.random.default_rng(0)
    cl, v = 5 * rng.lognormal(0, 0.3, (n, 1)), 50 * rng.lognormal(0, 0.2, (n, 1))
    ka, k = rng.lognormal(0, 0.3, (n, 1)), cl / v
    curve = DOSE * ka / (v * (ka - k)) * (np.exp(-k * TIMES) - np.exp(-ka * TIMES))
    conc = curve * rng.lognormal(0, 0.1, curve.shape)
    dose = np.r_[1, np.zeros(len(TIMES), dtype=int)]
    return pd.DataFrame(
        {
            "ID": np.repeat(np.arange(1, n + 1), len(dose)),
            "TIME": np.tile(np.r_[0, TIMES], n),
            "DV": np.hstack([np.zeros((n, 1)), conc]).ravel(),
            "AMT": np.tile(DOSE * dose, n),
            "EVID": np.tile(dose, n),
            "CMT": np.tile(2 - dose, n),
        }
    )


def one_by_one(data: pd.DataFrame) -> pd.DataFrame:
    """Return half-life, area and clearance by a loop over the subjects; the same rules."""
    rows = []
    for name, rows_of in data[data["EVID"] == 0].groupby("ID"):
        t, c = rows_of["TIME"].to_numpy(), rows_of["DV"].to_numpy()
        first = int(c.argmax()) + 1
        lines = [(len(t) - i, linregress(t[i:], np.log(c[i:]))) for i in range(first, len(t) - 2)]
        lines = [(n, 1 - (1 - line.rvalue**2) * (n - 1) / (n - 2), -line.slope) for n, line in lines if line.slope < 0]
        if not lines:
            rows.append((name, np.nan, np.nan, np.nan))
            continue
        best = max(r2 for _, r2, _ in lines)
        slope = max((n, slope) for n, r2, slope in lines if r2 > best - 1e-4)[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            falling = (c[:-1] - c[1:]) / np.log(c[:-1] / c[1:])
        mean = np.where((c[1:] < c[:-1]) & (c[1:] > 0), falling, (c[1:] + c[:-1]) / 2)
        area = float((np.diff(t) * mean).sum() + c[-1] / slope)
        rows.append((name, np.log(2) / slope, area, DOSE / area))
    return pd.DataFrame(rows, columns=["id", "half_life_h", "auc_inf_mg_h_L", "cl_L_h"])


def speed(n: int) -> Figure:
    """Time `pkpd.nca` on n profiles and the loop on a subset, and compare their numbers."""
    data = data_set(n)
    part = data[data["ID"] <= SUBSET]
    pkpd.nca(part)
    start = time.perf_counter()
    table = pkpd.nca(data)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    loop = one_by_one(part)
    slow = (time.perf_counter() - start) * n / min(SUBSET, n)
    names = list(loop.columns[1:])
    error = float((table[names].head(len(loop)) / loop[names] - 1).abs().max().max())
    return Figure(
        f"nca, {n:,} profiles of {len(TIMES)} samples", seconds, "s", "a loop with scipy's linregress", slow,
        f"largest difference {error:.0e} (allowed 1e-09)", f"{SECONDS:g} s", seconds < SECONDS and error < 1e-9,
    )  # fmt: skip
