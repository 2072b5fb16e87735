"""The steady state of the blood-brain barrier with P-gp; the differential equation stands with the models."""

from __future__ import annotations

__all__ = ["kp_uu"]


def kp_uu(rho: float, fold: float = 1.0, other_efflux: float = 0.0) -> float:
    """Unbound brain over unbound plasma at steady state: 1/(1 + fold rho + other efflux).

    Parameters
    ----------
    rho : float, dimensionless
        P-gp efflux clearance over passive exchange: the fold rise under full inhibition, less 1.
    fold : float, dimensionless
        P-gp activity over normal.
    other_efflux : float, dimensionless
        Other efflux clearance over passive exchange.
    """
    return 1.0 / (1.0 + fold * rho + other_efflux)
