"""Doses that are hard to believe, by the limits that the drug files state for the check of data."""

from __future__ import annotations

from collections.abc import Iterable

from pkpd.library.catalogue import load_drug
from pkpd.library.drug import ONE_DOSE_H, USUAL_WEIGHT_KG
from pkpd.systems.dosing import Administration

__all__ = ["implausible"]


def implausible(given: Iterable[Administration], weight_kg: float | None) -> list[str]:
    """Return a sentence for each order whose dose or rate is beyond what its drug file calls plausible.

    Parameters
    ----------
    given : iterable of Administration
    weight_kg : float, optional

    Returns
    -------
    list of str
        Nothing is changed or refused: a slip of the unit is only more likely than the dose.
    """
    body = weight_kg or USUAL_WEIGHT_KG
    found: dict[tuple[int, str], str] = {}
    for row in given:
        if not row.given:
            continue
        limits = load_drug(row.drug).plausible
        long = row.duration_h > ONE_DOSE_H
        judged = [("infusion", row.rate / body, 1.0, "mg/kg/h") if long else ("dose", row.amount / body, 1.0, "mg/kg")]
        judged += [("rate", row.rate, 60.0, "mg/min")] if row.duration_h > 0.0 else []
        for name, value, scale, unit in judged:
            limit = limits.get(name)
            if limit is not None and value > limit.value:
                found.setdefault(
                    (row.order, name),
                    f"order {row.order}: the {name} of {row.drug} {value / scale:.3g} {unit} is above "
                    f"{limit.value / scale:g} {unit}, which is beyond anything in use; check the amount and its unit",
                )
    return list(found.values())
