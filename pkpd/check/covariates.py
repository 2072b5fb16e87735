"""Rules of covariates: present on every row, possible, and constant in a subject where they cannot change."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pkpd.check.view import View
from pkpd.columns import to_numbers
from pkpd.data_units import covariate_factor
from pkpd.errors import ParameterError
from pkpd.patient_columns import COLUMNS, Column
from pkpd.record_rules import number

__all__ = ["covariate_rules", "weights"]

#: Covariates that cannot change while somebody is studied.
STATIC = ("sex", "ancestry", "height_cm")
#: Another covariate counts as static when it changes in no more than this share of the IDs.
RARE = 0.1


def covariate_rules(view: View) -> None:
    """Check the columns that stand for covariates."""
    for label, name in view.data.covariates.items():
        column = COLUMNS.get(name)
        cells = view.data.frame[label]
        codes = _codes(cells)
        _missing(view, label, codes)
        if column is None:
            continue
        _possible(view, label, column, cells, codes)
        _constant(view, label, name in STATIC, codes)


def weights(view: View) -> NDArray[np.float64]:
    """Body weight of each row in kg; NaN where it is not known."""
    label = next((label for label, name in view.data.covariates.items() if name == "weight_kg"), None)
    if label is None:
        return np.full(len(view), np.nan)
    values = to_numbers(view.data.frame[label])[0].astype(np.float64)
    return np.where(values > 0, values, np.nan) * (covariate_factor(view.data, label, "kg") or 1.0)


def _codes(cells: Any) -> NDArray[np.int64]:
    """Numbers that differ where the cells differ; -1 for a missing one."""
    import pandas as pd

    text = cells.map(lambda cell: cell.strip() if isinstance(cell, str) else cell)
    return np.asarray(pd.factorize(text.mask(text.isin(["", ".", "NA"])))[0], dtype=np.int64)


def _missing(view: View, label: str, codes: NDArray[np.int64]) -> None:
    """One finding for each ID in which the covariate is missing somewhere."""
    rows = np.flatnonzero(codes < 0)
    first = rows[np.unique(view.subject[rows], return_index=True)[1]]
    view.find(
        "warning",
        "covariate-missing",
        label,
        first,
        lambda row: f"{label} is missing for ID {view.who(row)}; expected a value on every row.",
        f"Fill in {label}, or leave the ID out.",
    )


def _possible(view: View, label: str, column: Column, cells: Any, codes: NDArray[np.int64]) -> None:
    """Read each different cell once; report the first row of each ID in which it cannot be."""
    if column.kind == "sex" and len(to_numbers(cells)[1]) == 0:
        _coded_sex(view, label, codes)
        return
    factor = covariate_factor(view.data, label, column.unit)
    wrong: dict[int, str] = {}
    for code in np.unique(codes[codes >= 0]):
        cell = cells.iloc[int(np.argmax(codes == code))]
        try:
            column.read(cell if factor is None else float(cell) * factor, label)
        except (ParameterError, ValueError) as error:
            wrong[int(code)] = str(error)
    rows = np.flatnonzero(np.isin(codes, list(wrong)))
    first = rows[np.unique(np.stack([view.subject[rows], codes[rows]]), axis=1, return_index=True)[1]]
    view.find(
        "warning",
        "covariate-impossible",
        label,
        np.sort(first),
        lambda row: wrong[int(codes[row])].rpartition(". ")[0] + ".",
        lambda row: wrong[int(codes[row])].rpartition(". ")[2],
    )


def _coded_sex(view: View, label: str, codes: NDArray[np.int64]) -> None:
    """NONMEM has numbers only, and no rule which of them is male: said once, and never guessed."""
    cells = view.data.frame[label]
    used = ", ".join(f"{number(float(cell))}" for cell in sorted({float(cell) for cell in cells[codes >= 0]}))
    view.find(
        "info",
        "sex-coded",
        label,
        np.flatnonzero(codes >= 0)[:1],
        lambda row: f"{label} is coded as {used}, and which is male is not known; expected 'M' or 'F'.",
        "Write M and F for models in which the sex counts; nothing to do for others.",
    )


def _constant(view: View, label: str, static: bool, codes: NDArray[np.int64]) -> None:
    changed = np.zeros(len(view), dtype=np.bool_)
    same = (np.diff(view.subject) == 0) & (codes[1:] >= 0) & (codes[:-1] >= 0)
    changed[1:] = same & (codes[1:] != codes[:-1])
    subjects, first = np.unique(view.subject[changed], return_index=True)
    few = len(subjects) <= max(1.0, RARE * len(view.table.ids)) and len(view.table.ids) > 2
    if not len(subjects) or not (static or few):
        return
    cells = view.data.frame[label]
    view.find(
        "warning",
        "covariate-changes",
        label,
        np.flatnonzero(changed)[first],
        lambda row: (
            f"{label} changes from {cells.iloc[row - 1]} to {cells.iloc[row]} within ID {view.who(row)}; expected one "
            "value for an ID, as in the others."
        ),
        f"Correct {label}, or give the second block an ID of its own.",
    )
