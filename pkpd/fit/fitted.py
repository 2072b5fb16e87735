"""What a fit keeps for what comes after it: the prepared problem, the estimates and their uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkpd.fit.estimate import Estimate
from pkpd.fit.setup import Setup
from pkpd.fit.uncertainty import Uncertainty

__all__ = ["Fitted"]


@dataclass(frozen=True)
class Fitted:
    """Setup and estimate.

    Attributes
    ----------
    setup : Setup
    estimate : Estimate
    units : ndarray of int
        The units that were fitted.
    reasons : dict of int to str
        Why the others were not.
    uncertainty : dict of int to Uncertainty
    """

    setup: Setup
    estimate: Estimate
    units: NDArray[np.int64]
    reasons: dict[int, str]
    uncertainty: dict[int, Uncertainty]
