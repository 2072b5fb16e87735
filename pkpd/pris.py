"""From what a patient was given of propofol to the course of the infusion syndrome's risk, with what drives it.

The equations are those of `pkpd.models.pris`, the numbers those of ``pkpd/library/pris.toml``. Observed laboratory
values are not known here: where there are any, they override the prediction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pkpd.library.pris_file import load_pris
from pkpd.models.pris import AMBER, GREEN, RED, Constants, Course, course
from pkpd.patients.covariates import ADULT_AGE_Y
from pkpd.patients.patient import Patient
from pkpd.systems.dosing import Administration

__all__ = ["ALERTS", "DRUG", "PrisResult", "pris_columns"]

DRUG = "propofol"
ALERTS = {GREEN: "green", AMBER: "amber", RED: "red"}
_NAMES = {"risk": "pris_risk", "risk_low": "pris_risk_low", "risk_high": "pris_risk_high", "alert": "pris_alert"}
_OVERRIDE = (
    "observed values override the prediction: lactate above 4 mmol/L or rising, CK above 5000 U/L, triglycerides above "
    "500 mg/dL or a new arrhythmia are red whatever is predicted"
)


@dataclass(frozen=True)
class PrisResult:
    """Risk of the propofol infusion syndrome in one subject.

    Attributes
    ----------
    columns : dict of str to ndarray, shape (n_times,)
        ``pris_risk``, ``pris_risk_low``, ``pris_risk_high`` (fractions, cumulated since the start; 95 % interval),
        ``pris_alert`` (0 green, 1 amber, 2 red), ``mitochondrial_impairment`` (0 to 1), ``lactate_mmol_L``,
        ``ck_U_L``, ``triglycerides_mg_dL``.
    risk, risk_low, risk_high : float
        At the end of the run; the metric ``pris_risk`` is `risk`.
    alert : int
        The highest code that was reached during the run, between the output times too; the metric ``pris_alert``.
    drivers : tuple of str
        Rate and time on the drug, the limits they pass, and the modifiers that apply.
    evidence : tuple of str
        The grade of each part, and what overrides the prediction.
    warnings : tuple of str
        Rates beyond the data, and limits of the model that were met.
    """

    columns: dict[str, NDArray[Any]]
    risk: float
    risk_low: float
    risk_high: float
    alert: int
    drivers: tuple[str, ...]
    evidence: tuple[str, ...]
    warnings: tuple[str, ...]


def pris_columns(
    administrations: Iterable[Administration], patient: Patient, times_h: ArrayLike, until_h: float
) -> PrisResult:
    """Risk, laboratory values and alert from what was given.

    Parameters
    ----------
    administrations : iterable of Administration
        Of any drugs; propofol that was given counts.
    patient : Patient
        Its weight, age under 18 y, ``vasopressor``, ``head_injury``, ``steroid`` and ``low_carbohydrate``. A flag that
        is not given counts as absent.
    times_h : array_like, shape (n_times,), hours
        Up to `until_h`, in any order.
    until_h : float, hours
        End of the run; an infusion that lasts until then counts as running on.

    Returns
    -------
    PrisResult

    Notes
    -----
    Nothing is drawn, so there is no seed: the interval is a quadrature over the level and the slope of the hazard.
    Amber: a rate above 4 mg/kg/h, 48 h on the drug, or a risk of 1 % or more predicted for 24 h ahead at the present
    rate. Red: more than 48 h above 5 mg/kg/h, or a predicted risk above 5 %. A rate held for less than 15 min is a
    load: it counts for the risk, and for the alert and the warnings as a bolus does, by its effective rate.
    """
    constants, modifiers = _constants()
    active = _modifiers_of(patient)
    product = float(np.prod([modifiers[name] for name in active]))
    hr = min(product, modifiers["product_cap"])
    rows = [row for row in administrations if row.drug == DRUG and row.given]
    found = course(times_h, *_rates(rows, patient.covariates["weight_kg"], until_h), until_h, hr, constants)
    columns = {_NAMES.get(name, name): values for name, values in found.columns.items()}
    return PrisResult(
        columns=columns,
        risk=found.end["risk"],
        risk_low=found.end["risk_low"],
        risk_high=found.end["risk_high"],
        alert=found.highest_alert,
        drivers=_drivers(found, active, constants),
        evidence=_evidence(),
        warnings=_warnings(found, product, modifiers["product_cap"], constants),
    )


@lru_cache(maxsize=1)
def _constants() -> tuple[Constants, dict[str, float]]:
    file = load_pris()
    return Constants(**file.numbers("constants"), **file.numbers("alert")), file.numbers("modifiers")


@lru_cache(maxsize=1)
def _evidence() -> tuple[str, ...]:
    grades = (f"evidence for {name.replace('_', ' ')}: {text}" for name, text in load_pris().evidence.items())
    return (*grades, _OVERRIDE)


def _modifiers_of(patient: Patient) -> list[str]:
    flags = {
        "vasopressor": patient.vasopressor,
        "head_injury": patient.head_injury,
        "child": patient.covariates["age_y"] < ADULT_AGE_Y,
        "steroid": patient.steroid,
        "low_carbohydrate": patient.low_carbohydrate,
    }
    return [name for name, present in flags.items() if present]


def _rates(
    rows: list[Administration], weight_kg: float, until_h: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Steps of the summed infusion rate, and boluses, per kg: times and sizes of each."""
    infusions = [row for row in rows if row.rate > 0.0 and row.duration_h > 0.0]
    boluses = [row for row in rows if row.rate <= 0.0 and row.amount > 0.0]
    # Ends that differ from the next start by rounding alone leave no gap; an end that is the run's is no end.
    begin = np.round([row.time_h for row in infusions], 9)
    end = np.round([row.time_h + row.duration_h for row in infusions], 9)
    end[end >= round(until_h, 9)] = np.inf
    size = np.array([row.rate for row in infusions])
    times = np.unique(np.concatenate((begin, end[np.isfinite(end)])))
    # Each step is summed anew: differences added up would leave a rest where nothing runs.
    runs = (begin <= times[:, None]) & (times[:, None] < end)
    rates = np.where(runs, size, 0.0).sum(axis=1)
    at = np.array([row.time_h for row in boluses])
    return times, rates / weight_kg, at, np.array([row.amount for row in boluses]) / weight_kg


def _drivers(found: Course, active: list[str], c: Constants) -> tuple[str, ...]:
    if found.hours_on <= 0.0:
        return ("no propofol was given",)
    rate, hours = max(found.highest_rate, found.highest_load), found.hours_on
    lines = [f"highest rate {rate:.3g} mg/kg/h; {hours:.4g} h on propofol"]
    above = [limit for limit in (c.amber_rate, c.red_rate) if rate > limit * (1.0 + 1e-9)]
    if above:
        lines.append(f"rate above {above[-1]:g} mg/kg/h")
    if hours > c.hours * (1.0 + 1e-9):
        lines.append(f"more than {c.hours:g} h on propofol")
    values = load_pris().modifiers
    lines += [
        f"{name.replace('_', ' ')}: hazard × {values[name].raw:g} ({values[name].status}, grade {values[name].grade})"
        for name in active
    ]
    return tuple(lines)


def _warnings(found: Course, product: float, product_cap: float, c: Constants) -> tuple[str, ...]:
    lines = []
    if max(found.highest_rate, found.highest_load) >= c.data_end_rate * (1.0 - 1e-9):
        is_rate = found.highest_rate >= c.data_end_rate * (1.0 - 1e-9)
        size = f"{found.highest_rate:.4g} mg/kg/h from {found.highest_rate_at:.4g} h" if is_rate else (
            f"boluses and loads worth {found.highest_load:.4g} mg/kg/h"
        )  # fmt: skip
        lines.append(
            f"propofol: {size}; {c.data_end_rate:g} mg/kg/h and more lie outside the data on the infusion syndrome. "
            f"The slope of the hazard is held at {c.rate_cap:g} mg/kg/h, so the risk may well be too low."
        )
    if product > product_cap:
        lines.append(f"pris: the modifiers multiply to {product:g} and are limited to {product_cap:g}.")
    if found.impairment_capped:
        lines.append("pris: the predicted mitochondrial impairment is limited to 1.")
    return tuple(lines)
