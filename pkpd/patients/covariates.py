"""The covariates of a patient: what is stated, what is filled in for it, and what follows from both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pkpd.library import covariates as formulas
from pkpd.patients.columns import COLUMNS

__all__ = ["ADULT_AGE_Y", "NEONATE_AGE_Y", "Default", "fill_covariates"]

_DAYS_A_YEAR = 365.25
#: From this age on a patient is an adult, and up to that one a neonate; years.
ADULT_AGE_Y, NEONATE_AGE_Y = 18.0, 28 / _DAYS_A_YEAR
_DEFAULT_AGE_Y, _DEFAULT_WEIGHT_KG, _DEFAULT_HEIGHT_CM, _DEFAULT_SEX = 35.0, 70.0, 170.0, "M"
_NUMERIC = tuple(name for name, column in COLUMNS.items() if column.kind in ("number", "count", "flag"))


class Default(NamedTuple):
    """A value that was not stated: filled in, or derived from what was stated."""

    item: str
    value: float | str
    unit: str
    reason: str


def fill_covariates(stated: Mapping[str, Any]) -> tuple[dict[str, float], tuple[Default, ...]]:
    """Covariates of a patient, and the list of those that were not stated.

    Parameters
    ----------
    stated : mapping of str to object
        Every patient column, None where it is not given; checked values, in canonical units.

    Returns
    -------
    covariates : dict of str to float
        What is given, filled in or derived. What neither is given nor can be derived is absent, such as the
        fat-free mass of a child of unknown height.
    listed : tuple of Default
        What was not stated, with the reason.

    Notes
    -----
    Adults: 35 y, 70 kg, 170 cm, M; creatinine clearance by Cockcroft-Gault and eGFR by CKD-EPI 2021. Children: eGFR
    by the bedside Schwartz formula; it is per 1.73 m2 and therefore never stands in for `crcl_mL_min`.
    """
    values = {name: float(stated[name]) for name in _NUMERIC if stated[name] is not None}
    listed: list[Default] = []
    sex = stated["sex"]

    def fill(item: str, value: float, unit: str, reason: str) -> None:
        if item not in values:
            values[item] = value
            listed.append(Default(item, value, unit, reason))

    fill("age_y", _DEFAULT_AGE_Y, "y", "not given: adult default")
    adult = values["age_y"] >= ADULT_AGE_Y
    if adult:
        fill("weight_kg", _DEFAULT_WEIGHT_KG, "kg", "not given: adult default")
        fill("height_cm", _DEFAULT_HEIGHT_CM, "cm", "not given: adult default")
    if sex is None:
        listed.append(Default("sex", _DEFAULT_SEX, "", "not given: default"))
    values["male"] = 1.0 if (sex or _DEFAULT_SEX) == "M" else 0.0
    if adult:
        values.setdefault("pma_wk", 52.0 * values["age_y"] + 40.0)
    else:
        fill("pma_wk", 52.0 * values["age_y"] + 40.0, "week", "derived: born at term, 52 weeks a year of age")
    values["pna_d"] = values["age_y"] * _DAYS_A_YEAR
    _add_size(values, adult)
    _add_kidney(values, adult, fill)
    return values, tuple(listed)


def _add_size(values: dict[str, float], adult: bool) -> None:
    """Body mass index, surface, fat-free mass and, for adults, the lean and ideal weights."""
    if "height_cm" not in values:
        return
    weight, height, male = values["weight_kg"], values["height_cm"], values["male"]
    values["bmi_kg_m2"] = formulas.bmi(weight, height)
    values["bsa_m2"] = formulas.bsa_mosteller(weight, height)
    values["ffm_kg"] = formulas.ffm(weight, height, values["age_y"], male)
    if adult:
        values["lbm_james_kg"] = formulas.lbm_james(weight, height, male)
        values["ibw_kg"] = formulas.ibw_devine(height, male)


def _add_kidney(values: dict[str, float], adult: bool, fill: Callable[[str, float, str, str], None]) -> None:
    """Kidney function from serum creatinine, where that is known."""
    creatinine = values.get("serum_creatinine_mg_dL")
    if creatinine is None:
        return
    age = values["age_y"]
    egfr_unit = "mL/min/1.73m2"
    if adult:
        crcl = formulas.cockcroft_gault(age, values["weight_kg"], creatinine, values["male"])
        fill("crcl_mL_min", crcl, "mL/min", "derived: Cockcroft-Gault from serum creatinine")
        egfr = formulas.ckd_epi_2021(age, creatinine, values["male"])
        fill("egfr_mL_min_173m2", egfr, egfr_unit, "derived: CKD-EPI 2021 from serum creatinine")
    elif "height_cm" in values:
        egfr = formulas.schwartz(values["height_cm"], creatinine, neonate=age <= NEONATE_AGE_Y)
        reason = "derived: bedside Schwartz from serum creatinine, per 1.73 m2; crcl_mL_min stays unknown"
        fill("egfr_mL_min_173m2", egfr, egfr_unit, reason)
