"""Rules of plausibility: doses, rates and levels that are hard to believe in the units of the data.

Limits of single drugs stand in their files ([plausible], assumptions of this project); the drug is that of the column
DRUG, or of the name of the file. Whether levels and doses go together at all is a matter of mass, and of
`pkpd.check.amounts`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd.check.view import View
from pkpd.dataset.units import DataUnits
from pkpd.errors import did_you_mean
from pkpd.library.catalogue import list_drugs, load_drug
from pkpd.library.drug import ONE_DOSE_H, USUAL_WEIGHT_KG, Drug

__all__ = ["drug_names", "infusion_rules", "plausible_rules"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

#: Fosphenytoin beyond this is more than any label's dose in mg PE, and a usual dose in mg of salt; mg/kg.
MOST_PE = 22.0


def drug_names(view: View) -> NDArray[Any]:
    """The drug of each row in small letters, by DRUG or else by the name of the file; empty where there is none."""
    import pandas as pd

    if not view.has("DRUG"):
        words = set(re.split(r"[^a-z]+", view.data.source.lower())) & set(list_drugs())
        return np.full(len(view), words.pop() if len(words) == 1 else "", dtype=object)
    codes, found = pd.factorize(view.data.frame[view.data.names["DRUG"]])
    return np.array([*(str(name).strip().lower() for name in found), ""], dtype=object)[codes]


def plausible_rules(view: View, units: DataUnits, weight: FloatArray) -> None:
    """Check doses and levels against the limits of the drugs named in DRUG."""
    names = drug_names(view)
    drugs = _drugs(view, names)
    if not drugs:
        return
    if not view.has("DRUG"):
        view.find(
            "info",
            "drug-by-file-name",
            "DRUG",
            [0],
            lambda row: (
                f"there is no column DRUG; doses and levels are judged as those of {names[0]}, by the file's name."
            ),
            "Add a column DRUG if that is wrong.",
        )
    mg = view.amt * units.amount
    rate = np.where(view.rate > 0, view.rate * units.rate, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        hours = np.where(rate > 0, mg / rate, 0.0)
    body = np.where(np.isnan(weight), USUAL_WEIGHT_KG, weight)

    def taken(row: int) -> str:
        return f" (weight unknown, {USUAL_WEIGHT_KG:g} kg taken)" if np.isnan(weight[row]) else ""

    for name, drug in drugs.items():
        of_drug = names == name
        doses = of_drug & view.dose
        _beyond(view, drug, "dose", doses & (hours <= ONE_DOSE_H), mg / body, taken)
        _beyond(view, drug, "infusion", doses & (hours > ONE_DOSE_H), rate / body, taken)
        _beyond(view, drug, "rate", doses & (hours > 0), rate)
        _beyond(view, drug, "concentration", of_drug & view.first_kind, view.dv * units.concentration)
        if drug.dose_unit == "PE":
            _salt(view, drug, doses & (hours <= 2 * ONE_DOSE_H), mg / body)


def _drugs(view: View, names: NDArray[Any]) -> Mapping[str, Drug]:
    """The drugs of the library that are named; the others are reported once each."""
    import pandas as pd

    known = list_drugs()
    words = pd.unique(names)
    first = [int(np.argmax(names == word)) for word in words]
    strange = [int(row) for word, row in zip(words, first, strict=True) if word and word not in known]
    for row in strange:
        hint = did_you_mean(names[row], known)
        view.find(
            "warning" if hint else "info",
            "drug-unknown",
            "DRUG",
            [row],
            lambda row: f"DRUG '{names[row]}' is not in the library; expected one of {', '.join(known)}.",
            hint.strip() or "Doses and levels of this drug are not checked; nothing to do if that is so.",
        )
    return {str(word): load_drug(str(word)) for word in words if word in known}


class _Limit(NamedTuple):
    """How one limit of a drug file is told: the rule, its column, and what was found and expected."""

    rule: str
    column: str
    found: Callable[[float], str]
    expected: Callable[[float], str]
    fix: str


_RATE_FIX = "Check the units of RATE, AMT and TIME: RATE is AMT per TIME."
#: By the names of the limits in [plausible]; the numbers are in the unit that is checked there.
_LIMITS = {
    "dose": _Limit(
        "dose-implausible",
        "AMT",
        lambda found: f"{found:.3g} mg/kg",
        lambda limit: f"{limit:g} mg/kg at once",
        "Check the unit of AMT (units={'AMT': ...}, --units AMT=..) and the weight.",
    ),
    "infusion": _Limit(
        "infusion-implausible",
        "RATE",
        lambda found: f"{found:.3g} mg/kg/h",
        lambda limit: f"{limit:g} mg/kg/h over more than half an hour",
        _RATE_FIX,
    ),
    "rate": _Limit(
        "rate-implausible",
        "RATE",
        lambda found: f"{found / 60:.4g} mg/min",
        lambda limit: f"{limit / 60:g} mg/min",
        _RATE_FIX,
    ),
    "concentration": _Limit(
        "level-implausible",
        "DV",
        lambda found: f"{found:.4g} mg/L",
        lambda limit: f"{limit:g} mg/L",
        "Check the unit of DV: ug/L and ng/mL are a thousandth of mg/L (units={'DV': 'ug/L'}, --units DV=ug/L).",
    ),
}


def _beyond(
    view: View,
    drug: Drug,
    name: str,
    where: BoolArray,
    values: FloatArray,
    taken: Callable[[int], str] = lambda row: "",
) -> None:
    """Report the rows of `where` whose value is beyond a limit of the drug; `taken` says what stood in for a weight."""
    limit, told = drug.plausible.get(name), _LIMITS[name]
    if limit is None:
        return
    view.find(
        "warning",
        told.rule,
        told.column,
        where & (values > limit.value),
        lambda row: (
            f"{told.column} {view.cells(told.column.lower(), row)} of {drug.name} is {told.found(values[row])}"
            f"{taken(row)}; expected no more than {told.expected(limit.value)}."
        ),
        told.fix,
    )


def _salt(view: View, drug: Drug, doses: BoolArray, per_kg: FloatArray) -> None:
    factor = drug.salt_per_PE.value if drug.salt_per_PE is not None else 1.5
    likely = doses & (per_kg > MOST_PE)
    view.find(
        "warning",
        "pe-or-salt",
        "AMT",
        likely,
        lambda row: (
            f"AMT {view.cells('amt', row)} of {drug.name} is {per_kg[row]:.3g} mg/kg, much for mg PE, but "
            f"{per_kg[row] / factor:.3g} mg PE/kg if it is the salt; expected phenytoin equivalents (PE)."
        ),
        f"Divide mg of the salt by {factor:.3g} to get mg PE, or leave it if it is PE.",
    )
    if doses.any() and not likely.any():
        view.find(
            "info",
            "pe-taken",
            "AMT",
            [int(np.argmax(doses))],
            lambda row: f"AMT of {drug.name} is taken as phenytoin equivalents (PE), as doses are ordered.",
            f"Divide mg of the salt by {factor:.3g} if it is that.",
        )


def infusion_rules(view: View) -> None:
    """Find levels that were drawn while an infusion ran."""
    given = np.flatnonzero(view.dose & (view.rate > 0) & (view.amt > 0))
    if len(given) == 0:
        return
    end = np.full(len(view), -np.inf)
    end[given] = view.time[given] + view.amt[given] / view.rate[given]
    running = np.full(len(view), -np.inf)
    for piece in np.unique(view.piece[given]):
        rows = slice(*view.piece_bounds[piece : piece + 2])
        running[rows] = np.maximum.accumulate(end[rows])
    view.find(
        "info",
        "level-during-infusion",
        "DV",
        view.seen & (view.time < running * (1 - 1e-9)),
        lambda row: f"DV {view.cells('dv', row)} at TIME {view.cells('time', row)} was drawn while an infusion ran.",
        "Make sure that it was not drawn from the line or the arm of the infusion.",
    )
