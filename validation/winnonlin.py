"""What WinNonlin printed for theophylline and indometacin, and the non-compartmental analysis of the same data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import pkpd

__all__ = ["CASES", "RTOL", "analysed", "published", "quantities"]

ROOT = Path(__file__).resolve().parent.parent
CASES = [
    (data, route, method)
    for data, route in [("theophylline", "extravascular"), ("indometacin", "bolus"), ("indometacin", "infusion")]
    for method in ("linear", "lin-up-log-down")
]
# Seven decimals are printed, and the smallest number is 0.048: half a unit of the last place is 1e-6 of it.
RTOL = 1.1e-6


def published(data: str, route: str, method: str) -> pd.DataFrame:
    """The printed results, one row a subject."""
    table = pd.read_csv(ROOT / "tests" / "data" / "nca_winnonlin" / "winnonlin.csv")
    return table.query("data == @data and route == @route and method == @method").reset_index(drop=True)


def quantities(table: pd.DataFrame) -> list[str]:
    """The columns that are results."""
    return [name for name in table.columns if name not in ("data", "route", "method", "id")]


def analysed(data: str, route: str, method: str) -> pd.DataFrame:
    """Our results of the data as WinNonlin was given them: 320 mg by mouth, or 25 mg at once or over 0.25 h."""
    frame = pkpd.read_data(ROOT / "data" / "observed" / f"{data}.csv").frame
    dose = frame["AMT"] > 0
    amount = 320.0 if data == "theophylline" else 25.0
    frame = frame.assign(AMT=frame["AMT"].where(~dose, amount), RATE=dose * (100.0 if route == "infusion" else 0.0))
    return pkpd.nca(frame, method=method)


def deviation(found: pd.DataFrame, expected: pd.DataFrame) -> float:
    """Largest relative deviation of any quantity of any subject."""
    names = quantities(expected)
    ratio = found[names].to_numpy(float) / expected[names].to_numpy(float)
    return float(np.abs(ratio - 1.0).max())
