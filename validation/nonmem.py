"""NONMEM's answers to dosing histories, and those of `pkpd.predict` to the same records.

The model of all cases is one compartment with first-order absorption; NONMEM prints five significant digits, so that
half a unit of the last one is at most 5e-5 of a value.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

import pkpd

__all__ = ["AS_IT_STANDS", "BARE", "RTOL", "Comparison", "cases", "compare", "events", "records"]

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "data" / "nonmem_events"
BARE = {"CL": 1.1, "V1": 20, "KA": 1.5, "F2": "BIOAV", "ALAG2": "LAGT"}
AS_IT_STANDS = {**BARE, "R2": "RAT2", "D2": "DUR2"}
RTOL = 1e-4
_FLOOR = 1e-6  # of the largest value of a case: below it, NONMEM's own rounding is all that is left


class Comparison(NamedTuple):
    """Both answers where they are compared, in the unit of NONMEM's column."""

    found: pd.Series
    expected: pd.Series

    @property
    def floor(self) -> float:
        """Size of a value that counts as nothing."""
        return float(_FLOOR * self.expected.max())

    @property
    def deviation(self) -> float:
        """Largest relative deviation, of the values above the floor."""
        seen = self.expected.abs() > self.floor
        return float(np.abs(self.found[seen] / self.expected[seen] - 1.0).max())


@cache
def events() -> pd.DataFrame:
    """All records with NONMEM's prediction (CP_NONMEM)."""
    return pd.read_csv(FOLDER / "events.csv")


@cache
def cases() -> pd.DataFrame:
    """What each case is about and from which time on it is compared, by name of the case."""
    return pd.read_csv(FOLDER / "cases.csv").set_index("CASE")


def records(case: str) -> pd.DataFrame:
    """The data set of one case."""
    return events()[case == events().CASE].reset_index(drop=True)


def compare(case: str, data: pd.DataFrame, parameters: dict[str, object]) -> Comparison:
    """Predict a case, as it stands or rewritten, beside NONMEM's answer."""
    found = pkpd.predict(data, "1cmt oral", parameters)["IPRED"] * 1000
    compared = cases().COMPARE_FROM_TIME[case] <= data.TIME
    return Comparison(found[compared], data.CP_NONMEM[compared])
