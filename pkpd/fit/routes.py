"""Which drug each dose is of, and by which route it goes in."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pkpd.assumption import Assumption
from pkpd.dataset.dataset import Dataset
from pkpd.errors import DataError, did_you_mean
from pkpd.individual.model_choice import system_drug
from pkpd.library.catalogue import canonical_drug_name, list_drugs, load_drug
from pkpd.library.drug import Drug
from pkpd.library.routes import ROUTES

__all__ = ["dose_routes"]

IntArray = NDArray[np.int64]


def dose_routes(
    data: Dataset, drug: Drug, given: str, rows: IntArray
) -> tuple[list[tuple[str, str]], list[Assumption]]:
    """Return drug and route of the doses at `rows` of the data, and what was taken for granted.

    Raises
    ------
    DataError
        If a route or drug is not one of the library's.
    """
    frame, lines = data.frame, []
    drugs = [given] * len(rows)
    if "DRUG" in data.names:
        drugs = [_drug_at(data, row, drug, given) for row in rows]
    if "ROUTE" in data.names:
        cells = frame[data.names["ROUTE"]].iloc[rows]
        routes = [_route_at(data, row, cell) for row, cell in zip(rows, cells)]
    else:
        cmt = data.numbers("CMT")
        numbered = cmt is not None and bool((cmt >= 2).any())
        here = np.ones(len(rows)) if cmt is None else np.nan_to_num(np.asarray(cmt, dtype=float)[rows])
        routes = ["po" if numbered and number <= 1 else "iv" for number in here]
        said = "no column ROUTE: CMT 1 is the oral depot, CMT 2 is iv" if numbered else "no column ROUTE: all doses iv"
        lines.append(Assumption("route of doses", ", ".join(sorted(set(routes))), "", "default", "", "", "data", said))
    for row, name, route in zip(rows, drugs, routes):
        if route not in load_drug(name).routes:
            known = ", ".join(load_drug(name).routes)
            raise DataError(
                f"{data.source} line {data.line(int(row))}: the library has no absorption for {name} by route "
                f"'{route}'; expected one of {known}. Correct ROUTE, or fit a short form such as '1cmt oral'."
            )
    return list(zip(drugs, routes)), lines


def _route_at(data: Dataset, row: int, cell: Any) -> str:
    word = str(cell).strip().lower()
    if word not in ROUTES:
        raise DataError(
            f"{data.source} line {data.line(int(row))}: ROUTE '{cell}' is not known; expected one of "
            f"{', '.join(ROUTES)}.{did_you_mean(word, ROUTES) or ' Correct it.'}"
        )
    return word


def _drug_at(data: Dataset, row: int, drug: Drug, given: str) -> str:
    cell = data.frame[data.names["DRUG"]].iloc[row]
    word = str(cell).strip().lower()
    if word in ("", ".", "nan", "none"):
        return given
    if word not in list_drugs() or system_drug(word).name != drug.name:
        raise DataError(
            f"{data.source} line {data.line(int(row))}: DRUG '{cell}' does not enter the model of {drug.name}; "
            f"expected {drug.name} alone. Keep the rows of one drug, or correct DRUG."
        )
    return canonical_drug_name(word)
