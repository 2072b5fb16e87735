"""Rules of single records: what may stand in the dosing items of one row, and the sentence when it does not.

A rule sees numbers only, many records at once, and no other row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["RULES", "Records", "Rule", "compartment_rule", "number"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Records(NamedTuple):
    """Rows on which anything but an observation may stand, shape (n,); missing cells are 0."""

    row: IntArray  # position in the data
    evid: FloatArray
    amt: FloatArray
    rate: FloatArray
    ii: FloatArray
    addl: FloatArray
    ss: FloatArray
    cmt: FloatArray

    @property
    def dose(self) -> NDArray[np.bool_]:
        """Which of them are doses, EVID 1 and 4."""
        return (self.evid == 1) | (self.evid == 4)

    def take(self, places: NDArray[Any]) -> Records:
        """The records at these places, or of a mask."""
        return Records(*(column[places] for column in self))


def number(value: float) -> str:
    """A number as a user would type it."""
    return f"{value:.12g}"


class Rule(NamedTuple):
    """An error of single records: where it holds, and the sentence with the values of the record in it."""

    name: str
    column: str
    broken: Callable[[Records], NDArray[np.bool_]]
    message: str
    fix: str


def _constant_infusion(r: Records) -> NDArray[np.bool_]:
    """AMT 0, RATE > 0 (or -1), II 0 and SS: an infusion that has been running since ever."""
    return r.dose & (r.amt == 0) & ((r.rate > 0) | (r.rate == -1)) & (r.ii == 0) & (r.ss > 0)


RULES = (
    Rule(
        "evid-unknown",
        "EVID",
        lambda r: ~np.isin(r.evid, (0, 1, 2, 3, 4)),
        "EVID {evid} is not known; expected 0 observation, 1 dose, 2 other, 3 reset or 4 reset and dose.",
        "Correct EVID.",
    ),
    Rule(
        "amt-negative",
        "AMT",
        lambda r: ~(r.amt >= 0) | np.isinf(r.amt),
        "AMT {amt} is not an amount; expected a finite number, 0 or more.",
        "Correct AMT.",
    ),
    Rule(
        "amt-without-dose",
        "AMT",
        lambda r: (r.amt > 0) & np.isin(r.evid, (0, 2, 3)),
        "AMT {amt} stands on a record with EVID {evid}; expected AMT 0 or empty there.",
        "Set EVID to 1 if this is a dose, else clear AMT.",
    ),
    Rule(
        "dose-without-amt",
        "AMT",
        lambda r: r.dose & (r.amt == 0) & ~_constant_infusion(r) & ~(r.rate != 0),
        "AMT is 0 or empty on a dose (EVID {evid}); expected an amount above 0.",
        "Give AMT, or set EVID to 0 (observation) or 3 (reset).",
    ),
    Rule(
        "rate-without-amt",
        "RATE",
        lambda r: (r.rate != 0) & (r.amt == 0) & ~_constant_infusion(r),
        "RATE {rate} stands without AMT; expected the amount of the infusion in AMT, or a constant infusion at steady "
        "state (EVID 1, SS 1, RATE above 0, II 0).",
        "Give AMT, or clear RATE.",
    ),
    Rule(
        "rate-unknown",
        "RATE",
        lambda r: ~((r.rate >= 0) | (r.rate == -1) | (r.rate == -2)) | np.isinf(r.rate),
        "RATE {rate} is not known; expected 0 bolus, a rate above 0, -1 rate from the parameters (Rn) or "
        "-2 duration from the parameters (Dn).",
        "Correct RATE.",
    ),
    Rule(
        "addl-not-whole",
        "ADDL",
        lambda r: ~(r.addl >= 0) | (r.addl != np.floor(r.addl)) | np.isinf(r.addl),
        "ADDL {addl} is not a number of doses; expected a whole number, 0 or more.",
        "Correct ADDL.",
    ),
    Rule(
        "ii-negative",
        "II",
        lambda r: ~(r.ii >= 0) | np.isinf(r.ii),
        "II {ii} is not an interval; expected 0 or a time above 0.",
        "Correct II.",
    ),
    Rule(
        "addl-without-ii",
        "II",
        lambda r: (r.addl > 0) & (r.ii == 0),
        "ADDL {addl} stands without II; expected the dosing interval in II.",
        "Give II, or clear ADDL.",
    ),
    Rule(
        "ss-unknown",
        "SS",
        lambda r: ~np.isin(r.ss, (0, 1, 2)),
        "SS {ss} is not known; expected 0 none, 1 reset to the steady state or 2 add the steady state.",
        "Correct SS.",
    ),
    Rule(
        "ss-without-ii",
        "II",
        lambda r: (r.ss > 0) & r.dose & (r.ii == 0) & (r.amt > 0),
        "SS {ss} stands without II on a dose of {amt}; expected the dosing interval in II.",
        "Give II, or clear SS; for a constant infusion at steady state set AMT to 0.",
    ),
)


def compartment_rule(compartments: int) -> Rule:
    """The rule that CMT names a compartment of a model with so many of them, the depot included."""
    numbers = "1" if compartments == 1 else f"1 to {compartments}"
    return Rule(
        "cmt-out-of-range",
        "CMT",
        lambda r: ~((r.cmt >= 0) & (r.cmt <= compartments) & (r.cmt == np.floor(r.cmt))),
        f"CMT {{cmt}} is out of range; expected a compartment of the model, {numbers} (empty or 0 is compartment 1).",
        "Correct CMT, or choose a model with more compartments (a depot counts as one).",
    )
