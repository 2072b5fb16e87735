"""Textbook solutions written out by hand, beside the package's answers to the same question."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import lambertw

import pkpd
from validation.kinetics import Dose, concentration

__all__ = ["CASES", "ClosedForm"]

_TIMES = (0.5, 1.0, 2.0, 5.0, 11.0, 24.0)


class ClosedForm(NamedTuple):
    """A question, its formula in words, and both answers: shape (n,), mg/L."""

    title: str
    formula: str
    answers: Callable[[], tuple[np.ndarray, np.ndarray]]

    @property
    def deviation(self) -> float:
        """Largest relative deviation of the package from the formula."""
        found, expected = self.answers()
        return float(np.abs(found / expected - 1.0).max())


def _predicted(model: str, values: dict[str, float], dose: dict[str, float], cmt: int = 1) -> np.ndarray:
    """Prediction at `_TIMES` after one dose record."""
    observed = 2 if "oral" in model else 1
    rows = [{"ID": 1, "TIME": 0.0, "EVID": 1, "CMT": cmt, **dose}]
    rows += [{"ID": 1, "TIME": time, "EVID": 0, "CMT": observed} for time in _TIMES]
    data = pd.DataFrame(rows).fillna(0.0)
    return pkpd.predict(data, model, values)["IPRED"].to_numpy()[1:]


def _bolus() -> tuple[np.ndarray, np.ndarray]:
    t = np.array(_TIMES)
    return _predicted("1cmt", {"CL": 5, "V1": 50}, {"AMT": 100}), 2.0 * np.exp(-0.1 * t)


def _bateman() -> tuple[np.ndarray, np.ndarray]:
    t = np.array(_TIMES)
    expected = 2.0 * 1.3 / (1.3 - 0.1) * (np.exp(-0.1 * t) - np.exp(-1.3 * t))
    return _predicted("1cmt oral", {"CL": 5, "V1": 50, "KA": 1.3}, {"AMT": 100}), expected


def _flip() -> tuple[np.ndarray, np.ndarray]:
    t = np.array(_TIMES)
    return _predicted("1cmt oral", {"CL": 5, "V1": 50, "KA": 0.1}, {"AMT": 100}), 2.0 * 0.1 * t * np.exp(-0.1 * t)


def _infusion() -> tuple[np.ndarray, np.ndarray]:
    t = np.array(_TIMES)
    run = np.minimum(t, 4.0)
    expected = 25.0 / 5.0 * -np.expm1(-0.1 * run) * np.exp(-0.1 * (t - run))
    return _predicted("1cmt", {"CL": 5, "V1": 50}, {"AMT": 100, "RATE": 25}), expected


def _steady_bolus() -> tuple[np.ndarray, np.ndarray]:
    t = np.array(_TIMES)
    expected = 2.0 * np.exp(-0.1 * t) / -math.expm1(-0.1 * 24.0)
    return _predicted("1cmt", {"CL": 5, "V1": 50}, {"AMT": 100, "SS": 1, "II": 24}), expected


def _repeated() -> tuple[np.ndarray, np.ndarray]:
    t = np.array(_TIMES)
    expected = sum(2.0 * np.exp(-0.1 * (t - start)) * (t >= start) for start in (0.0, 4.0, 8.0, 12.0))
    return _predicted("1cmt", {"CL": 5, "V1": 50}, {"AMT": 100, "ADDL": 3, "II": 4}), np.asarray(expected)


_TWO = {"CL": 4.0, "V1": 20.0, "Q2": 9.0, "V2": 60.0}
_THREE = {**_TWO, "Q3": 1.5, "V3": 140.0}


def _matrix(model: str, values: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
    expected = [concentration(values, Dose(4.0, 25.0), time) for time in _TIMES]
    return _predicted(model, values, {"AMT": 100, "RATE": 25}), np.array(expected)


def _saturable() -> tuple[np.ndarray, np.ndarray]:
    """KM ln(C0/C) + C0 - C = VM t/V, solved for C by Lambert's function."""
    c0, km, vm, v = 20.0, 4.0, 20.0, 50.0
    u = c0 / km * np.exp((c0 - vm / v * np.array(_TIMES)) / km)
    return _predicted("1cmt mm", {"VM": vm, "KM": km, "V1": v}, {"AMT": c0 * v}), km * lambertw(u).real


def _saturable_steady() -> tuple[np.ndarray, np.ndarray]:
    data = pd.DataFrame({"ID": 1, "TIME": [0.0, 1.0], "AMT": 0, "RATE": [15.0, 0.0], "SS": [1, 0], "EVID": [1, 0]})
    found = pkpd.predict(data, "1cmt mm", {"VM": 20, "KM": 4, "V1": 50})["IPRED"].to_numpy()[:1]
    return found, np.array([4.0 * 15.0 / (20.0 - 15.0)])


def _brain() -> tuple[np.ndarray, np.ndarray]:
    """After many half-lives of a constant infusion dCu/dt = 0: Cu_brain = Cu_plasma/(1 + f rho + o)."""
    found, expected = [], []
    for fold in (1.0, 2.0):
        who = pkpd.Patient(weight_kg=70, pgp_fold=fold)
        sol = pkpd.simulate("levetiracetam 50 mg/h iv", who, until="400 h", times=[400.0])
        brain = pkpd.load_drug("levetiracetam").brain
        assert brain is not None
        found.append(sol.outputs["levetiracetam_brain_mg_L"][0, -1] / sol.outputs["levetiracetam_unbound_mg_L"][0, -1])
        expected.append(1.0 / (1.0 + fold * brain.rho.value + brain.other_efflux.value))
    return np.array(found), np.array(expected)


CASES = (
    ClosedForm("bolus, one compartment", "D/V exp(-kt)", _bolus),
    ClosedForm("first-order absorption", "Bateman's function", _bateman),
    ClosedForm("absorption as fast as elimination", "D/V kt exp(-kt)", _flip),
    ClosedForm("infusion of 4 h, during and after", "R/CL (1 - exp(-kt)) exp(-k(t - T))", _infusion),
    ClosedForm("steady state of a repeated bolus", "D/V exp(-kt)/(1 - exp(-k tau))", _steady_bolus),
    ClosedForm("four doses by ADDL", "sum of four boluses", _repeated),
    ClosedForm("infusion, two compartments", "matrix exponential", lambda: _matrix("2cmt", _TWO)),
    ClosedForm("infusion, three compartments", "matrix exponential", lambda: _matrix("3cmt", _THREE)),
    ClosedForm("bolus, Michaelis-Menten elimination", "Lambert's W", _saturable),
    ClosedForm("constant infusion at steady state, Michaelis-Menten", "KM R/(VM - R)", _saturable_steady),
    ClosedForm("brain over plasma under a constant infusion, P-gp fold 1 and 2", "1/(1 + f rho + o)", _brain),
)
