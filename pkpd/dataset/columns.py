"""Columns of a data set: which names are known, what they may mean, and how cells become numbers.

Knows one column at a time. What rows say about each other is in `pkpd.dataset.rules`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pkpd.dataset.rules import Finding
from pkpd.errors import ParameterError, UnitError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "NUMERIC",
    "STANDARD",
    "checked_units",
    "column_places",
    "covariate_columns",
    "id_codes",
    "number_ids",
    "to_numbers",
]

IntArray = NDArray[np.int64]

NUMERIC = ("TIME", "DV", "AMT", "EVID", "MDV", "CMT", "RATE", "II", "ADDL", "SS", "BLQ", "LLOQ")
STANDARD = ("ID", *NUMERIC, "DVID", "DRUG", "ROUTE")
REQUIRED = ("ID", "TIME")
#: Covariate columns that are known without being named, and the patient column each stands for.
COVARIATES = {"WT": "weight_kg", "AGE": "age_y", "HT": "height_cm", "SEX": "sex"}
#: Units that measure what a column holds, the usual one first; other columns take any unit.
UNIT_EXAMPLES = {
    "TIME": ("h",),
    "II": ("h",),
    "AMT": ("mg", "nmol"),
    "RATE": ("mg/h", "nmol/h"),
    "DV": ("ng/mL", "nmol/L"),
    "LLOQ": ("ng/mL", "nmol/L"),
}


def to_numbers(column: pd.Series) -> tuple[NDArray, NDArray[np.int64]]:
    """A column as numbers (NaN = missing; integers stay integers), and the rows whose cell is neither."""
    import pandas as pd

    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "fiu":
        return column.to_numpy(), np.empty(0, dtype=np.int64)
    if pd.api.types.is_numeric_dtype(column.dtype):  # nullable numbers and booleans
        return column.to_numpy(dtype=np.float64, na_value=np.nan), np.empty(0, dtype=np.int64)
    text = column.astype(object)
    if column.dtype.kind in "Mm":
        return np.full(len(column), np.nan), np.flatnonzero(column.notna())
    stripped = text.map(lambda cell: cell.strip() if isinstance(cell, str) else cell)
    missing = stripped.isna() | stripped.isin(["", ".", "NA", "NaN", "nan"])
    values = pd.to_numeric(stripped.mask(missing), errors="coerce").to_numpy(dtype=np.float64)
    return values, np.flatnonzero(np.isnan(values) & ~missing.to_numpy(dtype=bool))


def id_codes(ids: pd.Series) -> tuple[NDArray, IntArray]:
    """Numbers that differ where the IDs differ, and the rows without an ID."""
    import pandas as pd

    if isinstance(ids.dtype, np.dtype) and ids.dtype.kind in "iu":
        return ids.to_numpy(), np.empty(0, dtype=np.int64)
    if isinstance(ids.dtype, np.dtype) and ids.dtype.kind == "f":
        values = ids.to_numpy()
        return values, np.flatnonzero(np.isnan(values))
    codes, names = pd.factorize(ids)
    empty = [i for i, name in enumerate(names) if isinstance(name, str) and name.strip() in ("", ".")]
    return codes, np.flatnonzero(np.isin(codes, [-1, *empty]))


def column_places(header: list[str], columns: Mapping[str, str] | None) -> tuple[dict[str, int], tuple[Finding, ...]]:
    """Position of each standard column in the header, and what is wrong with the header."""
    for name in columns or {}:
        if name.upper() not in {typed.upper() for typed in header}:
            raise ParameterError(
                f"columns: '{name}' is not a column of the data; expected one of {', '.join(header)}."
                f"{did_you_mean(name, header) or ' Check the header.'}"
            )
    renamed = {old.upper(): new.upper() for old, new in (columns or {}).items() if new.upper() in STANDARD}
    words = [name.strip().upper() for name in header]
    words = [renamed.get(word, word) for word in words]
    found: list[Finding] = []
    for name in dict.fromkeys(words):
        if words.count(name) > 1 and (name in STANDARD or len(set(header)) < len(header)):
            typed = ", ".join(repr(header[i]) for i, word in enumerate(words) if word == name)
            if name not in STANDARD and len({header[i] for i, word in enumerate(words) if word == name}) > 1:
                continue
            message = f"column {name} is there {words.count(name)} times ({typed}); expected each name once."
            found.append(Finding("error", "duplicate-column", 1, "", name, message, "Rename or delete one of them."))
    for name in REQUIRED:
        if name not in words:
            others = [header[i] for i, word in enumerate(words) if word not in STANDARD]
            message = f"column {name} is missing; expected the columns ID and TIME, and found {', '.join(header)}."
            fix = (
                f"Name the column {name} in the header, or say which one it is: columns={{'NAME': '{name}'}} where the "
                f"data are read, --columns NAME={name} in a terminal.{did_you_mean(name, others)}"
            )
            found.append(Finding("error", "missing-column", 1, "", name, message, fix))
    return {name: words.index(name) for name in STANDARD if name in words}, tuple(found)


def number_ids(ids: pd.Series) -> pd.Series:
    """IDs as numbers where all of them are plain numbers (007 is text), as integers where they are whole."""
    import pandas as pd

    codes, names = pd.factorize(ids)  # one ID stands on many rows; each is looked at once
    if not names.to_series().str.fullmatch(r"-?(0|[1-9]\d{0,14})(\.\d+)?").all():
        return ids
    values = names.to_numpy(dtype=object).astype(np.float64)
    if (codes >= 0).all() and (values == np.floor(values)).all():
        return pd.Series(values.astype(np.int64)[codes])
    return pd.Series(np.append(values, np.nan)[codes])


def covariate_columns(labels: list[Any], columns: Mapping[str, str] | None) -> dict[str, str]:
    """Column and the patient column it stands for: the known ones that are there, and those stated."""
    known = {str(label): COVARIATES[str(label).upper()] for label in labels if str(label).upper() in COVARIATES}
    typed = {str(label).upper(): str(label) for label in labels}
    for name, meaning in (columns or {}).items():
        if meaning.upper() in STANDARD:
            continue
        known[typed[name.upper()]] = meaning
    return known


def checked_units(units: Mapping[str, str] | None, header: Sequence[str], keys: Sequence[str]) -> dict[str, str]:
    """The stated units by the key of each column, checked.

    Parameters
    ----------
    units : mapping of str to str or None
        By the name that a column has in the header, or by its key.
    header, keys : sequence of str
        The names as typed, and for each the name under which the unit is kept: the standard name where it has one.

    Raises
    ------
    ParameterError
        If a column is not there.
    UnitError
        If a unit is not known, or measures something else than what the column holds.
    """
    if not units:
        return {}
    from pkpd.units import parse_unit, same_dimension

    places = {name.upper(): key.upper() for name, key in zip(header, keys, strict=True)}
    places |= {key: key for key in places.values()}
    found = {}
    for name, text in units.items():
        key = places.get(name.upper())
        if key is None:
            raise ParameterError(
                f"units: '{name}' is not a column of the data; expected one of {', '.join(header)}."
                f"{did_you_mean(name, header) or ' Check the header.'}"
            )
        unit, examples = parse_unit(text), UNIT_EXAMPLES.get(key, (text,))
        if not any(same_dimension(unit, parse_unit(example)) for example in examples):
            raise UnitError(
                f"units: '{text}' does not measure what column {name} holds; expected a unit such as '{examples[0]}'. "
                f"Correct the unit of {name}."
            )
        found[key] = text
    return found
