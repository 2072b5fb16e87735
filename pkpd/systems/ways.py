"""Ways into a system: a drug with its route, under the key by which parameters, doses and results name it."""

from __future__ import annotations

from collections.abc import Iterable

from pkpd.individual.model_choice import system_drug
from pkpd.regimen.regimen import Dose

__all__ = ["Ways", "way_key", "ways_by_system"]

#: Key of a way in to (drug, route).
Ways = dict[str, tuple[str, str]]


def way_key(drug: str, route: str) -> str:
    """Return the key of a way in, such as ``"midazolam po"``."""
    return f"{drug} {route}"


def ways_by_system(orders: Iterable[Dose]) -> dict[str, Ways]:
    """Return the ways in that orders need, by the drug whose system they enter (phenytoin for fosphenytoin).

    Systems stand in the order of their first appearance, the ways into one sorted, so that orders of the same kind make
    systems of the same shape. Orders of nothing count too, so that their drug is reported.
    """
    found: dict[str, Ways] = {}
    for order in orders:
        ways = found.setdefault(system_drug(order.drug).name, {})
        ways[way_key(order.drug, order.route)] = (order.drug, order.route)
    return {name: dict(sorted(ways.items())) for name, ways in found.items()}
