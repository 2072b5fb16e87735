"""Formulas that rows of data/reference test: the library's own, and closed forms that need no model."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from pkpd.library import covariates as formulas
from pkpd.library import hepatic
from pkpd.library.catalogue import load_drug
from validation import kinetics

Inputs = Mapping[str, str]


def _liver(drug: str) -> tuple[float, float, float]:
    """x, hepatic share of clearance and gut fraction of a drug's base set."""
    base = load_drug(drug).hepatic
    return base["fu_b_CLint_over_QH"].value, base["hepatic_fraction"].value, base["F_G"].value if "F_G" in base else 1.0


def _oral_bioavailability(drug: str, _: Inputs) -> float:
    x, _share, gut = _liver(drug)
    return (1.0 - hepatic.extraction(x)) * hepatic.gut_fraction(1.0, gut)


def _clint_u(drug: str, _: Inputs) -> float:
    """Unbound intrinsic clearance: x Q_H over the unbound fraction in blood."""
    base = load_drug(drug).hepatic
    unbound_in_blood = base["fu_plasma"].value / base["blood_plasma_ratio"].value
    return base["fu_b_CLint_over_QH"].value * base["Q_H"].value / unbound_in_blood


def _aucr_iv(drug: str, given: Inputs) -> float:
    return hepatic.aucr_iv(float(given["m"]), _liver(drug)[0])


def _aucr_oral(drug: str, given: Inputs) -> float:
    x, _, gut = _liver(drug)
    return hepatic.aucr_oral(float(given["m"]), float(given["g"]), x, gut)


def _css_mm(_: str, given: Inputs) -> float | str:
    vm = float(given["VM_mg_day"]) * float(given["vm_factor"])
    return kinetics.css_michaelis_menten(float(given["rate_mg_day"]), vm, float(given["KM_mg_L"]))


def _dose_mm(_: str, given: Inputs) -> float:
    level, km = float(given["css_mg_L"]), float(given["KM_mg_L"])
    return float(given["VM_mg_day"]) * float(given["vm_factor"]) * level / (km + level)


def _half_life_one_compartment(_: str, given: Inputs) -> float:
    return math.log(2.0) * float(given["V_L"]) / float(given["CL_L_h"])


def _brain_relative(_: str, given: Inputs) -> float:
    """Unbound brain level at a P-gp fold over that at fold 1."""
    rho = float(given["rho"])
    return (1.0 + rho) / (1.0 + float(given["fold"]) * rho)


_FUNCTIONS: dict[str, Callable[[str, Inputs], float | str]] = {
    "extraction": lambda drug, _: hepatic.extraction(_liver(drug)[0]),
    "oral_bioavailability": _oral_bioavailability,
    "clint_u": _clint_u,
    "clearance_ratio": lambda drug, given: hepatic.clearance_ratio(float(given["m"]), _liver(drug)[0]),
    "partial_clearance_ratio": lambda drug, given: hepatic.partial_clearance_ratio(
        float(given["m"]), *_liver(drug)[:2]
    ),
    "aucr_iv": _aucr_iv,
    "aucr_oral": _aucr_oral,
    "oral_over_iv_effect": lambda drug, given: _aucr_iv(drug, given) / _aucr_oral(drug, given),
    "css_mm": _css_mm,
    "dose_mm": _dose_mm,
    "half_life_one_compartment": _half_life_one_compartment,
    "brain_relative": _brain_relative,
    "pgp_induction": lambda _, given: kinetics.pgp_induction(float(given["time_h"])),
    "ontogeny": lambda _, given: formulas.ontogeny(given["enzyme"], float(given["age_y"])),
}


def evaluate_function(name: str, drug: str, given: Inputs) -> float | str:
    """Call a formula by the name that stands in a row; other names are functions of `pkpd.library.covariates`."""
    if name in _FUNCTIONS:
        return _FUNCTIONS[name](drug, given)
    return getattr(formulas, name)(**{key: float(value) for key, value in given.items()})
