"""What a fit keeps for what comes after it: the prepared problem, the estimates, their uncertainty and the units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkpd.dataset.units import DataUnits
from pkpd.fit.estimate import Estimate
from pkpd.fit.setup import Setup
from pkpd.fit.uncertainty import Uncertainty

__all__ = ["Fitted", "Scale"]


@dataclass(frozen=True)
class Scale:
    """Units of the data, and whether the fit works in canonical ones (a library model) or in those of the data."""

    units: DataUnits
    canonical: bool

    @property
    def factor(self) -> float:
        """From DV in the data to DV inside the fit."""
        return self.units.concentration if self.canonical else 1.0

    @property
    def time_inside(self) -> float:
        """Hours in one unit of time inside the fit."""
        return 1.0 if self.canonical else self.units.time

    @property
    def amount_inside(self) -> float:
        """Milligrams in one unit of amount inside the fit."""
        return 1.0 if self.canonical else self.units.amount

    @property
    def rate_inside(self) -> float:
        """mg/h in one unit of rate inside the fit."""
        return 1.0 if self.canonical else self.units.rate

    @property
    def factors_inside(self) -> Mapping[str, float]:
        """From TIME, AMT, RATE and II in the data to the fit's."""
        names = {"TIME": self.units.time, "AMT": self.units.amount, "RATE": self.units.rate, "II": self.units.interval}
        return names if self.canonical else dict.fromkeys(names, 1.0)


@dataclass(frozen=True)
class Fitted:
    """Setup and estimate.

    Attributes
    ----------
    setup : Setup
    units_of_data : Scale
    estimate : Estimate
    units : ndarray of int
        The units that were fitted.
    reasons : dict of int to str
        Why the others were not.
    uncertainty : dict of int to Uncertainty
    intervals : dict of (int, int) to (float, float, str)
        Unit and structural parameter to an interval that is not Wald's, and why an end is missing.
    """

    setup: Setup
    units_of_data: Scale
    estimate: Estimate
    units: NDArray[np.int64]
    reasons: dict[int, str]
    uncertainty: dict[int, Uncertainty]
    intervals: Mapping[tuple[int, int], tuple[float, float, str]]
