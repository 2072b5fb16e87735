"""Fits of the data in data/observed, and what was published on the same data or on the same drug."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import pkpd
from pkpd.fit import Fit

__all__ = [
    "INDOMETACIN", "INDOMETACIN_POOLED", "QUANTITIES", "THEOPHYLLINE", "Quantity", "estimates", "exponentials",
    "fitted", "logs_of_theophylline",
]  # fmt: skip

FOLDER = Path(__file__).resolve().parent.parent / "data" / "observed"
#: The test output of the R package nlme (`nlsList`, `nls`), as quoted in data/observed/README.md, where it is rounded.
THEOPHYLLINE = [  # ln ke (1/h), ln ka (1/h), ln CL (L/h/kg)
    (-2.92, 0.575, -3.92), (-2.29, 0.664, -3.11), (-2.51, 0.898, -3.23), (-2.44, 0.158, -3.29), (-2.43, 0.386, -3.13),
    (-2.31, 0.152, -2.97), (-2.28, -0.386, -2.96), (-2.39, 0.319, -3.07), (-2.45, 2.182, -3.42), (-2.60, -0.363, -3.43),
    (-2.32, 1.348, -2.86), (-2.25, -0.183, -3.17),
]  # fmt: skip
INDOMETACIN = [  # A1, ln lambda1, A2, ln lambda2
    (2.03, 0.579, 0.192, -1.788), (2.83, 0.801, 0.499, -1.635), (5.47, 1.750, 1.676, -0.412),
    (2.20, 0.242, 0.255, -1.603), (3.57, 1.041, 0.291, -1.507), (3.00, 1.088, 0.969, -0.873),
]  # fmt: skip
INDOMETACIN_POOLED = (2.773, 0.886, 0.607, -1.092)


@cache
def fitted(name: str, model: str, **options: str) -> Fit:
    """Fit a file of data/observed, once."""
    return pkpd.fit(FOLDER / f"{name}.csv", model, **options)  # type: ignore[arg-type]


def estimates(fit: Fit) -> pd.DataFrame:
    """The estimates: a row a subject, a column a parameter."""
    return fit.params.pivot(index="id", columns="parameter", values="estimate")


def logs_of_theophylline(fit: Fit) -> NDArray[np.float64]:
    """Logarithms of ke, ka and CL per kg, shape (12, 3)."""
    p, weight = estimates(fit), fit.data.frame.groupby("ID")["WT"].first()
    return np.column_stack((np.log(p.CL / p.V1), np.log(p.KA), np.log(p.CL / weight)))


def exponentials(p: pd.DataFrame, dose: float) -> NDArray[np.float64]:
    """Coefficients and logarithms of rates of a two-compartment bolus, by the textbook formulas."""
    k10, k12, k21 = p.CL / p.V1, p.Q2 / p.V1, p.Q2 / p.V2
    total = k10 + k12 + k21
    root = np.sqrt(total**2 - 4 * k10 * k21)
    fast, slow = (total + root) / 2, (total - root) / 2
    scale = dose / p.V1 / (fast - slow)
    return np.column_stack((scale * (fast - k21), np.log(fast), scale * (k21 - slow), np.log(slow)))


def _residual(fit: Fit, degrees: int) -> float:
    return float(np.sqrt((fit.predictions["IRES"] ** 2).sum() / degrees))


class Quantity(NamedTuple):
    """One number: what it is, what was published, what counts as met, and ours."""

    data: str
    model: str
    quantity: str
    published: str
    low: float
    high: float
    ours: Callable[[], float]
    source: str


def _nlme(data: str, model: str, **options: str) -> Callable[[], Fit]:
    return lambda: fitted(data, model, error="additive", **options)


_theophylline = _nlme("theophylline", "1cmt oral")
_indometacin = _nlme("indometacin", "2cmt")
_pooled = _nlme("indometacin", "2cmt", method="pooled")


def _half_life(error: str) -> float:
    p = estimates(fitted("levetiracetam", "1cmt oral", error=error, method="pooled")).iloc[0]
    return float(np.log(2) * p.V1 / p.CL)


def _midazolam() -> pd.DataFrame:
    return estimates(fitted("midazolam", "2cmt oral", by="OCC"))


def _bioavailability() -> pd.Series:
    rows = fitted("midazolam", "2cmt oral", by="OCC").params
    return rows[(rows["parameter"] == "F1") & rows["stderr"].notna()]["estimate"]


def _volume_per_kg() -> float:
    fit = fitted("midazolam", "2cmt oral", by="OCC")
    p, weight = estimates(fit), fit.data.frame.groupby("ID")["WT"].first()
    return float(((p.V1 + p.V2) / weight).mean())


def _allometric_median(data: str, model: str, name: str, power: float) -> float:
    """Median over the subjects, each scaled to 70 kg."""
    fit = fitted(data, model)
    weight = fit.data.frame.groupby("ID")["WT"].first()
    return float((estimates(fit)[name] / (weight / 70.0) ** power).median())


def _unit(name: str, time: str) -> str:
    return "L" if name[0] == "V" else f"1/{time}" if name == "KA" else f"L/{time}"


def _largest(found: NDArray[np.float64], published: object) -> float:
    return float(np.abs(found - np.array(published)).max())


_R = "nlme (R), test output"
_SCHNIDER = "Schnider 1998; OpenPMX"
_PROPOFOL = {"V1": (4.27, 5.85, 1.0), "V2": (18.9, 26.0, 1.0), "V3": (238.0, 313.0, 1.0), "CL": (1.89, 1.92, 0.75),
             "Q2": (1.29, 1.34, 0.75), "Q3": (0.836, 0.863, 0.75)}  # fmt: skip
_WARFARIN = {"CL": (0.135, 0.75), "V1": (8.04, 1.0), "KA": (0.509, -0.25)}
QUANTITIES = (
    Quantity("theophylline", "1cmt oral", "ln ke and ln CL of 12 subjects, largest deviation", "2 decimals", 0, 0.0051,
             lambda: _largest(logs_of_theophylline(_theophylline())[:, [0, 2]], [row[::2] for row in THEOPHYLLINE]),
             _R),
    Quantity("theophylline", "1cmt oral", "ln ka of 12 subjects, largest deviation", "3 decimals", 0, 0.00051,
             lambda: _largest(logs_of_theophylline(_theophylline())[:, 1], [row[1] for row in THEOPHYLLINE]), _R),
    Quantity("theophylline", "1cmt oral", "residual standard error (mg/L)", "0.70", 0.695, 0.705,
             lambda: _residual(_theophylline(), 96), _R),
    Quantity("indometacin", "2cmt", "A1, ln lambda1, A2, ln lambda2 of 6 subjects, largest deviation", "2 decimals", 0,
             0.0051, lambda: _largest(exponentials(estimates(_indometacin()), 25.0), INDOMETACIN), _R),
    Quantity("indometacin", "2cmt", "residual standard error (mg/L)", "0.0756", 0.07555, 0.07565,
             lambda: _residual(_indometacin(), 42), _R),
    Quantity("indometacin", "2cmt, pooled", "A1, ln lambda1, A2, ln lambda2, largest deviation", "3 decimals", 0,
             0.00051, lambda: _largest(exponentials(estimates(_pooled()), 25.0)[0], INDOMETACIN_POOLED), _R),
    Quantity("indometacin", "2cmt, pooled", "residual standard error (mg/L)", "0.174", 0.1735, 0.1745,
             lambda: _residual(_pooled(), 62), _R),
    *(Quantity("levetiracetam", f"1cmt oral, pooled, {error} error", "half-life (h)", "7 to 10", 7.0, 10.0,
               lambda error=error: _half_life(error), "Brockmoller 2005")
      for error in ("additive", "combined", "log", "proportional")),
    Quantity("midazolam", "2cmt oral by occasion", "lowest bioavailability of 3 men", "0.3 to 0.5", 0.3, 0.5,
             lambda: float(_bioavailability().min()), "published range"),
    Quantity("midazolam", "2cmt oral by occasion", "highest bioavailability of 3 men", "0.3 to 0.5", 0.3, 0.5,
             lambda: float(_bioavailability().max()), "published range"),
    Quantity("midazolam", "2cmt oral by occasion", "mean clearance of 6 men (L/h)", "20 to 40", 20.0, 40.0,
             lambda: float(_midazolam().CL.mean()), "published range"),
    Quantity("midazolam", "2cmt oral by occasion", "mean volume at steady state (L/kg)", "0.8 to 1.7", 0.8, 1.7,
             _volume_per_kg, "published range"),
    *(Quantity("propofol", "3cmt", f"median {name} at 70 kg ({_unit(name, 'min')})", f"{low:g} and {high:g}",
               0.8 * low, 1.2 * high,
               lambda name=name, power=power: _allometric_median("propofol", "3cmt", name, power), _SCHNIDER)
      for name, (low, high, power) in _PROPOFOL.items()),
    *(Quantity("warfarin", "1cmt oral", f"median {name} at 70 kg ({_unit(name, 'h')})", f"{value:g}",
               0.8 * value, 1.2 * value,
               lambda name=name, power=power: _allometric_median("warfarin", "1cmt oral", name, power), "OpenPMX")
      for name, (value, power) in _WARFARIN.items()),
)  # fmt: skip
