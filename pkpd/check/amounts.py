"""Rules of mass: what was given bounds what can be in the blood, and so tells when DV is in another unit than AMT."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pkpd.check.view import View
from pkpd.dataset.units import DataUnits
from pkpd.library.drug import USUAL_WEIGHT_KG

__all__ = ["amount_rules"]

FloatArray = NDArray[np.float64]

#: Half the plasma volume: nothing is dissolved in less; L/kg.
LEAST_VOLUME = 0.02
#: Hardly a drug that is measured in plasma appears to fill more at its peak; L/kg.
MOST_VOLUME = 100.0
#: Peak per dose of one ID over the median of all: beyond this its levels are in another unit than theirs.
OTHER_SCALE = 100.0
_SAY_UNITS = "Check the units and say them (units={'AMT': ..., 'DV': ...}, --units AMT=..,DV=..)"


def amount_rules(view: View, units: DataUnits, weight: FloatArray) -> None:
    """Compare levels with the dose given so far."""
    given = _given(view) * units.amount
    rows = np.flatnonzero(view.first_kind & (view.dv > 0) & (given > 0) & (view.blq != 1))
    if len(rows) == 0:
        return
    body = np.where(np.isnan(weight), USUAL_WEIGHT_KG, weight)
    level = view.dv * units.concentration
    with np.errstate(divide="ignore", invalid="ignore"):
        volume = given / level / body
    peaks = np.full(len(view.table.ids), np.inf)
    np.minimum.at(peaks, view.subject[rows], volume[rows])
    told = np.isfinite(peaks)
    taken = "" if not np.isnan(weight[rows]).any() else f" (weight unknown: {USUAL_WEIGHT_KG:g} kg taken)"
    dv, amt = units.texts["DV"], units.texts["AMT"]
    if np.median(peaks[told]) > MOST_VOLUME:
        _too_low(view, int(rows[np.argmin(volume[rows])]), volume, dv, amt, taken)
        return
    high = rows[volume[rows] < LEAST_VOLUME]
    whole = len(set(view.subject[high].tolist())) > told.sum() / 2
    _too_high(view, high[:1] if whole else high, len(high) if whole else 0, volume, dv, amt, taken)
    if told.sum() > 2 and not whole:
        _other_scale(view, rows, volume, peaks)


def _given(view: View) -> FloatArray:
    """The amount given until each row, since the last reset; infinite after a steady state, of unknown amount."""
    amount = np.where(view.dose, view.amt * (1 + view.addl), 0.0)
    amount[view.dose & ((view.ss > 0) | ((view.rate > 0) & (view.amt == 0)))] = np.inf
    bounds = view.piece_bounds
    finite = np.where(np.isinf(amount), 0.0, amount)
    running = np.cumsum(finite)
    before = np.concatenate([[0.0], running])[bounds[:-1]]
    total = running - before[view.piece]
    for row in np.flatnonzero(np.isinf(amount)):
        total[row : bounds[view.piece[row] + 1]] = 0.0
    return total


def _too_low(view: View, row: int, volume: FloatArray, dv: str, amt: str, taken: str) -> None:
    view.find(
        "warning",
        "units-suspect",
        "DV",
        [row],
        lambda row: (
            f"the highest levels for their dose, such as DV {view.cells('dv', row)} {dv}, would need a volume of "
            f"{volume[row]:.3g} L/kg{taken}; expected less than {MOST_VOLUME:g} L/kg with AMT in {amt}."
        ),
        f"{_SAY_UNITS}: is AMT in less than {amt}, such as ug, or DV in more than {dv}?",
    )


def _too_high(
    view: View, rows: NDArray[np.int64], count: int, volume: FloatArray, dv: str, amt: str, taken: str
) -> None:
    many = f", and so would {count - 1} other levels" if count > 1 else ""
    view.find(
        "warning",
        "units-suspect",
        "DV",
        rows,
        lambda row: (
            f"DV {view.cells('dv', row)} {dv} would be all the drug given so far in {volume[row]:.3g} L/kg"
            f"{taken}{many}; expected at least {LEAST_VOLUME:g} L/kg, half the plasma volume, with AMT in {amt}."
        ),
        f"{_SAY_UNITS}: is DV in less than {dv}, such as ug/L (ng/mL), or AMT in more than {amt}?",
    )


def _other_scale(view: View, rows: NDArray[np.int64], volume: FloatArray, peaks: FloatArray) -> None:
    usual = float(np.median(peaks[np.isfinite(peaks)]))
    odd = np.flatnonzero(np.isfinite(peaks) & ((peaks > OTHER_SCALE * usual) | (peaks < usual / OTHER_SCALE)))
    best = [int(rows[view.subject[rows] == i][np.argmin(volume[rows[view.subject[rows] == i]])]) for i in odd]
    seen = [row for row in best if volume[row] >= LEAST_VOLUME]  # what is below is reported already
    view.find(
        "warning",
        "units-suspect",
        "DV",
        seen,
        lambda row: (
            f"the highest level of ID {view.who(row)} for its dose, DV {view.cells('dv', row)}, is "
            f"{max(volume[row] / usual, usual / volume[row]):.3g} times {'below' if volume[row] > usual else 'above'} "
            "that of the other IDs; expected one unit for all."
        ),
        "Check whether DV (or AMT) of this ID is in another unit, such as ug/L among mg/L.",
    )
