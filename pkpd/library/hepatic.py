"""The well-stirred liver with a gut wall, and saturable elimination at steady state.

It turns a change of intrinsic clearance into changes of CL, F and exposure.
Everything is a ratio to a base state. x = fu_b CLint / Q_H is the base's intrinsic clearance over liver blood flow;
m is the remaining (or induced) fraction of hepatic CLint, g that of the gut. A multiplier on CLint is not one on
clearance.
"""

from __future__ import annotations

from pkpd.errors import SolverError

__all__ = [
    "aucr_iv",
    "aucr_oral",
    "clearance_ratio",
    "extraction",
    "fh_ratio",
    "gut_fraction",
    "intrinsic_from_extraction",
    "michaelis_menten_rate",
    "michaelis_menten_steady_state",
    "oral_bioavailability_ratio",
    "partial_clearance_ratio",
]


def extraction(x: float, m: float = 1.0) -> float:
    """Hepatic extraction E_H = m x / (1 + m x)."""
    return m * x / (1.0 + m * x)


def intrinsic_from_extraction(extraction_ratio: float) -> float:
    """Return x = E_H / (1 - E_H), the fu_b CLint / Q_H that gives an extraction; E_H from 0 to below 1."""
    return extraction_ratio / (1.0 - extraction_ratio)


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


def michaelis_menten_steady_state(rate: float, vm: float, km: float) -> float:
    """Mean concentration at steady state under saturable elimination: KM rate/(VM - rate).

    Parameters
    ----------
    rate, vm : float
        Input and highest elimination, in one unit of mass per time.
    km : float
        Concentration at half of `vm`; the result is in its unit.

    Raises
    ------
    SolverError
        If the input is at or above VM: there is no steady state.
    """
    if rate >= vm:
        raise SolverError(
            f"steady state: input {rate:g} is at or above VM {vm:g}; expected less, for otherwise the concentration "
            "rises without end. Lower the dose rate."
        )
    return km * rate / (vm - rate)


def michaelis_menten_rate(concentration: float, vm: float, km: float) -> float:
    """Input that keeps a concentration under saturable elimination: VM C/(KM + C)."""
    return vm * concentration / (km + concentration)
