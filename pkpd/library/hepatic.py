"""The well-stirred liver with a gut wall: from a change of intrinsic clearance to changes of CL, F and exposure.

Everything is a ratio to a base state. x = fu_b CLint / Q_H is the base's intrinsic clearance over liver blood flow;
m is the remaining (or induced) fraction of hepatic CLint, g that of the gut. A multiplier on CLint is not one on
clearance.
"""

from __future__ import annotations

__all__ = [
    "aucr_iv",
    "aucr_oral",
    "clearance_ratio",
    "extraction",
    "fh_ratio",
    "gut_fraction",
    "oral_bioavailability_ratio",
    "partial_clearance_ratio",
]


def extraction(x: float, m: float = 1.0) -> float:
    """Hepatic extraction E_H = m x / (1 + m x)."""
    return m * x / (1.0 + m * x)


def clearance_ratio(m: float, x: float) -> float:
    """Hepatic clearance over that of the base: m (1 + x) / (1 + m x).

    Parameters
    ----------
    m : float, dimensionless
        Hepatic CLint over the base's, 0 or more.
    x : float, dimensionless
        fu_b CLint / Q_H of the base.
    """
    return m * (1.0 + x) / (1.0 + m * x)


def partial_clearance_ratio(m: float, x: float, hepatic_fraction: float = 1.0) -> float:
    """Total clearance over the base's where only `hepatic_fraction` of it is hepatic; the rest is untouched."""
    return hepatic_fraction * clearance_ratio(m, x) + 1.0 - hepatic_fraction


def fh_ratio(m: float, x: float) -> float:
    """Fraction escaping the liver over that of the base: (1 + x) / (1 + m x)."""
    return (1.0 + x) / (1.0 + m * x)


def gut_fraction(g: float, base: float) -> float:
    """Fraction F_G escaping the gut wall: 1 / (1 + y0 g) with y0 = (1 - base)/base.

    Parameters
    ----------
    g : float, dimensionless
        Gut CLint over the base's.
    base : float, dimensionless, above 0, at most 1
        F_G of the base.
    """
    return base / (base + (1.0 - base) * g)


def oral_bioavailability_ratio(m: float, g: float, x: float, base_gut_fraction: float) -> float:
    """Oral F over that of the base: the liver's ratio times the gut's, absorption unchanged."""
    return fh_ratio(m, x) * gut_fraction(g, base_gut_fraction) / base_gut_fraction


def aucr_iv(m: float, x: float, hepatic_fraction: float = 1.0) -> float:
    """AUC ratio after an intravenous dose."""
    return 1.0 / partial_clearance_ratio(m, x, hepatic_fraction)


def aucr_oral(m: float, g: float, x: float, base_gut_fraction: float, hepatic_fraction: float = 1.0) -> float:
    """AUC ratio after an oral dose; 1/m times the gut's ratio where all clearance is hepatic."""
    return oral_bioavailability_ratio(m, g, x, base_gut_fraction) * aucr_iv(m, x, hepatic_fraction)
