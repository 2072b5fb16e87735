"""Rules of covariates: present on every row, possible, and constant in a subject where they cannot change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pkpd.check.view import View
from pkpd.dataset.columns import to_numbers
from pkpd.dataset.records import number
from pkpd.dataset.units import covariate_factor
from pkpd.errors import ParameterError
from pkpd.patients.columns import COLUMNS, Column

IntArray = NDArray[np.int64]

__all__ = ["covariate_rules", "other_columns", "weights"]

#: Covariates that cannot change while somebody is studied.
STATIC = ("sex", "ancestry", "height_cm")
#: Another covariate counts as static when it changes in no more than this share of the IDs.
RARE = 0.1


def covariate_rules(view: View) -> None:
    """Check the columns that stand for covariates."""
    for label, name in view.data.covariates.items():
        column = COLUMNS.get(name)
        codes, values = _coded(view.data.frame[label])
        _missing(view, label, codes)
        if column is None:
            continue
        _possible(view, label, column, codes, values)
        _constant(view, label, name in STATIC, codes, values)


def other_columns(view: View, by: Collection[str]) -> None:
    """Check columns of unknown meaning: numbers among which a text stands, and what changes in few IDs only.

    `by` are columns that tell occasions apart; they are left alone.
    """
    known = {*view.data.names.values(), *view.data.covariates, *by}
    for label in view.data.frame.columns:
        if label in known or str(label).upper() in {name.upper() for name in by}:
            continue
        codes, values = _coded(view.data.frame[label])
        words = [isinstance(value, str) and not _is_number(value) for value in values]
        strange = np.isin(codes, np.flatnonzero(words))
        if 0 < strange.sum() <= RARE * (codes >= 0).sum():
            view.find(
                "warning",
                "column-mixed",
                str(label),
                strange,
                lambda row, codes=codes, values=values, label=label: (  # type: ignore[misc]
                    f"{label} is {values[codes[row]]!r} where nearly all other rows have a number; expected a number."
                ),
                f"Correct {label}.",
            )
        elif not any(words):
            _constant(view, str(label), False, codes, values, "info")


def weights(view: View) -> NDArray[np.float64]:
    """Body weight of each row in kg; NaN where it is not known."""
    label = next((label for label, name in view.data.covariates.items() if name == "weight_kg"), None)
    if label is None:
        return np.full(len(view), np.nan)
    values = to_numbers(view.data.frame[label])[0].astype(np.float64)
    return np.where(values > 0, values, np.nan) * (covariate_factor(view.data, label, "kg") or 1.0)


def _coded(cells: Any) -> tuple[IntArray, list[Any]]:
    """For each row the place of its value in the list of different ones; -1 for a missing cell."""
    import pandas as pd

    codes, found = pd.factorize(cells)
    tidy = [value.strip() if isinstance(value, str) else value for value in found.tolist()]
    values = [value for value in dict.fromkeys(tidy) if value not in ("", ".", "NA")]
    places = {value: place for place, value in enumerate(values)}
    return np.array([*(places.get(value, -1) for value in tidy), -1], dtype=np.int64)[codes], values


def _missing(view: View, label: str, codes: IntArray) -> None:
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


def _possible(view: View, label: str, column: Column, codes: IntArray, values: list[Any]) -> None:
    """Read each different value once; report the first row of each ID in which it cannot be."""
    if column.kind == "sex" and not any(isinstance(value, str) and not _is_number(value) for value in values):
        _coded_sex(view, label, codes, values)
        return
    factor = covariate_factor(view.data, label, column.unit)
    wrong: dict[int, str] = {}
    for code, value in enumerate(values):
        try:
            column.read(value if factor is None else float(value) * factor, label)
        except (ParameterError, ValueError) as error:
            wrong[code] = str(error)
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


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _coded_sex(view: View, label: str, codes: IntArray, values: list[Any]) -> None:
    """NONMEM has numbers only, and no rule which of them is male: said once, and never guessed."""
    used = ", ".join(number(value) for value in sorted(float(value) for value in values))
    view.find(
        "info",
        "sex-coded",
        label,
        np.flatnonzero(codes >= 0)[:1],
        lambda row: f"{label} is coded as {used}, and which is male is not known; expected 'M' or 'F'.",
        "Write M and F for models in which the sex counts; nothing to do for others.",
    )


def _constant(
    view: View, label: str, static: bool, codes: IntArray, values: list[Any], severity: str = "warning"
) -> None:
    changed = np.zeros(len(view), dtype=np.bool_)
    same = (np.diff(view.subject) == 0) & (codes[1:] >= 0) & (codes[:-1] >= 0)
    changed[1:] = same & (codes[1:] != codes[:-1])
    subjects, first = np.unique(view.subject[changed], return_index=True)
    few = len(subjects) <= max(1.0, RARE * len(view.table.ids)) and len(view.table.ids) > 2
    if not len(subjects) or not (static or few):
        return
    view.find(
        severity,
        "covariate-changes",
        label,
        np.flatnonzero(changed)[first],
        lambda row: (
            f"{label} changes from {values[codes[row - 1]]} to {values[codes[row]]} within ID {view.who(row)}; "
            "expected one value for an ID, as in the others."
        ),
        f"Correct {label}, or give the second block an ID of its own.",
    )
