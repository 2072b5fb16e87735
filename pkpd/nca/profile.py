"""Areas, moments and terminal slopes of many concentration profiles at once.

Numbers only: times since the dose, concentrations, and which of them are below quantification. What the columns of a
data set mean, and why a quantity is missing, is the business of `pkpd.nca`; the loops are in `pkpd.nca.curve`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd.nca.curve import BOLUS, COLUMNS, EXTRAVASCULAR, INFUSION, UNKNOWN, measure_all

__all__ = ["BOLUS", "EXTRAVASCULAR", "INFUSION", "UNKNOWN", "Measures", "Profiles", "measure"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Profiles(NamedTuple):
    """Samples of profile p are start[p] to stop[p], in the order of time; times since the first dose, h; mg/L.

    Its later doses are first_later[p] to last_later[p]; a sample of their moment was drawn before them.
    """

    time: FloatArray  # (n_samples,)
    conc: FloatArray  # (n_samples,)
    blq: NDArray[np.bool_]  # (n_samples,) below quantification; the value of such a sample is not looked at
    start: IntArray  # (n_profiles,)
    stop: IntArray
    kind: IntArray  # BOLUS, INFUSION, EXTRAVASCULAR or UNKNOWN, of the first dose
    infused: FloatArray  # end of the last infusion, h; 0 without one, NaN where it is not known
    tau: FloatArray  # dosing interval at steady state, h; 0 otherwise
    later: FloatArray  # (n_later,) time of the later doses
    later_kind: IntArray
    first_later: IntArray  # (n_profiles,)
    last_later: IntArray


class Measures(NamedTuple):
    """What was measured of each profile, shape (n_profiles,); NaN where it cannot be had."""

    cmax: FloatArray
    tmax: FloatArray
    c_last: FloatArray  # last quantifiable concentration, and its time
    t_last: FloatArray
    auc_last: FloatArray
    aumc_last: FloatArray  # first moment, concentration x h^2
    auc_tau: FloatArray
    aumc_tau: FloatArray
    lambda_z: FloatArray
    r2_adj: FloatArray
    n_lambda_z: FloatArray  # points of the slope, 0 without one
    n_candidates: FloatArray  # quantifiable samples from which the slope may be taken
    areas: FloatArray  # (n_profiles, n_bounds) partial areas


def measure(profiles: Profiles, bounds: FloatArray, *, log_down: bool = True) -> Measures:
    """Measure the profiles.

    Parameters
    ----------
    profiles : Profiles
    bounds : ndarray, shape (n_bounds, 2), h
        Partial areas that are wanted, from and to, since the dose.
    log_down : bool
        Whether falling pieces are log-linear; otherwise all pieces are straight.

    Returns
    -------
    Measures

    Notes
    -----
    Between two samples the area is ``dt (c1 + c2) / 2``, or ``dt (c1 - c2) / ln(c1 / c2)`` for a falling log-linear
    piece. The curve begins at the dose: with the observed value, else with the concentration extrapolated
    log-linearly through the first two samples (bolus; the first sample where these do not fall), with 0 (single dose)
    or with the value one interval later (steady state). At a later dose a falling curve is continued log-linearly to
    the dose, and begins anew there as at a first bolus. Samples below quantification before the first quantifiable
    one are 0, the others are left out. The slope is that of least squares of ln c on time over the last samples after
    the last dose and the peak that follows it (bolus: from the peak on; infusion: also not before its end), of all
    falling ones over at least 3 points the one with the best adjusted r2, and within 1e-4 of it the one over the most
    points.

    References
    ----------
    Gabrielsson and Weiner, Pharmacokinetic and Pharmacodynamic Data Analysis, 5th ed., 2016.
    """
    n = len(profiles.start)
    found = np.full((n, len(COLUMNS)), np.nan)
    areas = np.full((n, len(bounds)), np.nan)
    doses = int((profiles.last_later - profiles.first_later).max(initial=0))
    longest = int((profiles.stop - profiles.start).max(initial=0)) + 1 + 2 * doses
    limits = np.ascontiguousarray(bounds, dtype=np.float64).reshape(-1, 2)
    measure_all(*profiles, limits, log_down, longest, found, areas)
    return Measures(**{Measures._fields[column]: found[:, column].copy() for column in COLUMNS}, areas=areas)
