"""Formulas of body size, kidney function and maturation, and the closed list of covariates that files may use.

Plain functions of floats in the units that the argument names end in; they trust their callers, who have checked the
patient. `male` is 1 or 0 (True or False).
"""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = [
    "COVARIATES",
    "ONTOGENY",
    "bmi",
    "bsa_mosteller",
    "ckd_epi_2021",
    "cockcroft_gault",
    "ffm",
    "ffm_janmahasatian",
    "ibw_devine",
    "lbm_james",
    "maturation_child",
    "ontogeny",
    "phenytoin_normalised",
    "rhodin_gfr",
    "rhodin_maturation",
    "schwartz",
    "size_factor",
    "ugt2b_maturation",
]

# name: unit in words; the patient columns, what is derived from them, and indicators that some models have
COVARIATES: dict[str, str] = {
    "age_y": "years",
    "weight_kg": "kg",
    "height_cm": "cm",
    "male": "1 male, 0 female",
    "pma_wk": "weeks since the mother's last period",
    "serum_creatinine_mg_dL": "mg/dL",
    "crcl_mL_min": "mL/min",
    "albumin_g_L": "g/L",
    "crp_mg_L": "mg/L",
    "il6_pg_mL": "pg/mL",
    "temperature_C": "degrees Celsius",
    "organ_failures": "number of failing organs",
    "apache_ii": "points",
    "peep_cmH2O": "cmH2O",
    "alcohol_abuse": "1 yes, 0 no",
    "opioid": "1 yes, 0 no",
    "venous": "1 venous, 0 arterial samples",
    "head_injury": "1 yes, 0 no",
    "vasopressor": "1 yes, 0 no",
    "steroid": "1 yes, 0 no",
    "low_carbohydrate": "1 yes, 0 no",
    "bmi_kg_m2": "kg/m2",
    "bsa_m2": "m2",
    "ffm_kg": "kg",
    "lbm_james_kg": "kg",
    "ibw_kg": "kg",
    "egfr_mL_min_173m2": "mL/min/1.73m2",
    "pna_d": "days since birth",
    "birth_weight_kg": "kg",
    "japanese": "1 yes, 0 no",
    "pakistani": "1 yes, 0 no",
}


def bmi(weight_kg: float, height_cm: float) -> float:
    """Body mass index, kg/m2."""
    return weight_kg / (height_cm / 100.0) ** 2


def bsa_mosteller(weight_kg: float, height_cm: float) -> float:
    """Body surface area (Mosteller), m2: sqrt(weight * height / 3600)."""
    return math.sqrt(weight_kg * height_cm / 3600.0)


def ffm_janmahasatian(weight_kg: float, height_cm: float, male: float) -> float:
    """Fat-free mass of an adult, kg.

    References
    ----------
    Janmahasatian, Clin Pharmacokinet 2005;44:1051.
    """
    a, b = (6680.0, 216.0) if male else (8780.0, 244.0)
    return 9270.0 * weight_kg / (a + b * bmi(weight_kg, height_cm))


def maturation_child(age_y: float, male: float) -> float:
    """Factor from adult-formula fat-free mass to a child's; tends to 1 in adults.

    References
    ----------
    Al-Sallami, Clin Pharmacokinet 2015.
    """
    base, span, age50, hill = (0.88, 0.12, 13.4, 12.7) if male else (1.11, -0.11, 7.1, 1.1)
    if age_y <= 0:
        return base
    return base + span / (1.0 + (age_y / age50) ** -hill)


def ffm(weight_kg: float, height_cm: float, age_y: float, male: float) -> float:
    """Fat-free mass at any age, kg: Janmahasatian's formula with Al-Sallami's factor.

    Notes
    -----
    The factor is applied at every age, as Eleveld 2018 does; in adults it is 1.00 for men and a little above 1.01 for
    women of 35 y. `ffm_janmahasatian` is the formula without it.
    """
    return maturation_child(age_y, male) * ffm_janmahasatian(weight_kg, height_cm, male)


def lbm_james(weight_kg: float, height_cm: float, male: float) -> float:
    """Lean body mass (James), kg; falls again in severe obesity, where it is wrong."""
    slope, square = (1.10, 128.0) if male else (1.07, 148.0)
    return slope * weight_kg - square * (weight_kg / height_cm) ** 2


def ibw_devine(height_cm: float, male: float) -> float:
    """Ideal body weight of an adult (Devine), kg: 50 (45.5) + 2.3 for each inch above 60."""
    return (50.0 if male else 45.5) + 2.3 * (height_cm / 2.54 - 60.0)


def cockcroft_gault(age_y: float, weight_kg: float, serum_creatinine_mg_dL: float, male: float) -> float:
    """Creatinine clearance of an adult, mL/min: (140 - age) weight / (72 creatinine), times 0.85 in women."""
    return (140.0 - age_y) * weight_kg / (72.0 * serum_creatinine_mg_dL) * (1.0 if male else 0.85)


def ckd_epi_2021(age_y: float, serum_creatinine_mg_dL: float, male: float) -> float:
    """Estimated glomerular filtration rate of an adult, mL/min/1.73m2.

    References
    ----------
    Inker, N Engl J Med 2021;385:1737.
    """
    kappa, alpha, sex = (0.9, -0.302, 1.0) if male else (0.7, -0.241, 1.012)
    ratio = serum_creatinine_mg_dL / kappa
    return 142.0 * min(ratio, 1.0) ** alpha * max(ratio, 1.0) ** -1.2 * 0.9938**age_y * sex


def schwartz(height_cm: float, serum_creatinine_mg_dL: float, neonate: bool = False) -> float:
    """Estimated glomerular filtration rate of a child, mL/min/1.73m2: bedside Schwartz, k 0.413 (term neonate 0.31)."""
    return (0.31 if neonate else 0.413) * height_cm / serum_creatinine_mg_dL


def rhodin_maturation(pma_wk: float) -> float:
    """Glomerular filtration as a fraction of the adult's: PMA^3.40 / (47.7^3.40 + PMA^3.40).

    References
    ----------
    Rhodin, Pediatr Nephrol 2009.
    """
    return 1.0 / (1.0 + (pma_wk / 47.7) ** -3.40) if pma_wk > 0 else 0.0


def rhodin_gfr(weight_kg: float, pma_wk: float) -> float:
    """Glomerular filtration rate by size and maturation, mL/min: 121.2 (weight/70)^0.75 times `rhodin_maturation`."""
    return 121.2 * size_factor(weight_kg, 0.75) * rhodin_maturation(pma_wk)


def size_factor(weight_kg: float, exponent: float = 0.75, reference_kg: float = 70.0) -> float:
    """Allometric factor (weight/reference)^exponent: 0.75 for clearance, 1 for volume."""
    return (weight_kg / reference_kg) ** exponent


class Ontogeny(NamedTuple):
    """Maturation Fb + (Fmax - Fb) age^n / (A50^n + age^n), age in years; `cap_y` is the oldest age of the fit."""

    Fb: float
    Fmax: float
    A50: float
    n: float
    cap_y: float = math.inf


# Br J Clin Pharmacol 2022;88:4267, table 1 (functions of Johnson and of Upreti); read there
ONTOGENY: dict[str, Ontogeny] = {
    "CYP3A_hybrid": Ontogeny(0.0, 1.061, 0.66, 0.78),
    "CYP3A_invivo": Ontogeny(0.05, 1.7, 0.10, 1.3, 2.5),
    "CYP2C9_hybrid": Ontogeny(0.17, 1.0, 0.016, 0.53),
    "CYP2C9_invivo": Ontogeny(0.01, 2.2, 0.01, 1.2, 0.3),
    "CYP2C19_hybrid": Ontogeny(0.3, 1.0, 0.28, 2.44),
    "CYP2B6_hybrid": Ontogeny(0.1, 1.0, 1.0, 1.0),
}


def ontogeny(enzyme: str, age_y: float) -> float:
    """Activity of an enzyme as a fraction of the adult's.

    Parameters
    ----------
    enzyme : str
        A key of `ONTOGENY`.
    age_y : float, years
        Beyond the oldest age of the fit the value there is held.

    References
    ----------
    Developmental pharmacology review, Br J Clin Pharmacol 2022;88:4267, table 1.
    """
    curve = ONTOGENY[enzyme]
    age = min(max(age_y, 0.0), curve.cap_y)
    share = age**curve.n / (curve.A50**curve.n + age**curve.n)
    return curve.Fb + (curve.Fmax - curve.Fb) * share


def ugt2b_maturation(pma_wk: float) -> float:
    """UGT2B7 and UGT2B15 activity as a fraction of the adult's, from morphine in vivo (half at 54.2 weeks, memory).

    Notes
    -----
    In vitro the adult activity is there within about a month (Badee 2019); the in-vivo curve is used.
    """
    return 1.0 / (1.0 + (pma_wk / 54.2) ** -3.92) if pma_wk > 0 else 0.0


def phenytoin_normalised(total_mg_L: float, albumin_g_L: float, crcl_mL_min: float = math.inf) -> float:
    """Total phenytoin as it would be at normal albumin (Sheiner-Tozer), mg/L; memory, biased in intensive care.

    Notes
    -----
    C / (0.2 albumin[g/dL] + 0.1), with 0.1 in place of 0.2 below a creatinine clearance of 10 mL/min.
    """
    slope = 0.1 if crcl_mL_min < 10.0 else 0.2
    return total_mg_L / (slope * albumin_g_L / 10.0 + 0.1)
