"""Steady-state formulas of the blood-brain barrier with P-gp; the differential equation stands with the models."""

from __future__ import annotations

import math

__all__ = ["flow_limited_clearance", "kp_uu", "pgp_fold_induced", "pgp_inhibited", "relative_brain_exposure"]


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


def relative_brain_exposure(rho: float, fold: float, other_efflux: float = 0.0) -> float:
    """Brain exposure at a P-gp fold over that at fold 1; fold 0 is full inhibition."""
    return kp_uu(rho, fold, other_efflux) / kp_uu(rho, 1.0, other_efflux)


def pgp_inhibited(concentration: float, ic50: float, hill: float = 2.0) -> float:
    """Remaining P-gp fold under an inhibitor: 1/(1 + (C/IC50)^hill), both in one unit."""
    return 1.0 / (1.0 + (concentration / ic50) ** hill)


def pgp_fold_induced(since_onset_h: float, ceiling: float = 1.8, lag_h: float = 4.0, tau_h: float = 10.0) -> float:
    """P-gp fold of a seizure that goes on: 1 until the lag is over, then towards the ceiling; an assumption.

    Parameters
    ----------
    since_onset_h : float, hours
    ceiling : float, dimensionless
        1.8 (1.0 to 2.5).
    lag_h, tau_h : float, hours
    """
    if since_onset_h <= lag_h:
        return 1.0
    return 1.0 + (ceiling - 1.0) * -math.expm1(-(since_onset_h - lag_h) / tau_h)


def flow_limited_clearance(ps: float, flow: float, exchangeable_fraction: float = 1.0) -> float:
    """Clearance into the brain under a limited blood flow: flow (1 - exp(-PS fraction/flow)), in the unit of PS."""
    return flow * -math.expm1(-ps * exchangeable_fraction / flow)
