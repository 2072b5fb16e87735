"""Parameters of a bare model as users give them: numbers, mappings from ID, or columns of the data.

Knows which names a model takes, looks values up for the rows that need them, and refuses those that cannot be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd.dataset.dataset import Dataset, Table
from pkpd.dataset.records import number
from pkpd.errors import DataError, ParameterError, did_you_mean
from pkpd.models.compartments import Compartments, parameter_name
from pkpd.options import a_kind

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ParameterSets",
    "check_values",
    "column_values",
    "dose_values",
    "id_values",
    "named_values",
    "parameter_sets",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Parameters that must be above 0; the others may be 0.
POSITIVE = re.compile(r"V\d|KM|KA|R\d+")
DOSE_PARAMETER = re.compile(r"(F|ALAG|R|D)(\d+)")


class ParameterSets(NamedTuple):
    """Parameters that hold from one row to the next set's: `start` rows (sorted) and one value a set."""

    start: IntArray
    values: dict[str, FloatArray]

    def at(self, rows: IntArray) -> IntArray:
        """The set in force at each of `rows`."""
        return np.searchsorted(self.start, rows, side="right") - 1


def named_values(parameters: Mapping[str, Any] | pd.DataFrame, model: Compartments) -> dict[str, Any]:
    """Return what was given by the written names of the parameters, after checking the names against the model.

    Raises
    ------
    ParameterError
        If a parameter is unknown, given twice or missing.
    """
    if not hasattr(parameters, "items"):
        raise ParameterError(
            f"parameters: {a_kind(parameters)} cannot be read; expected a mapping such as "
            "{'CL': 5, 'V1': 20}. Name each parameter."
        )
    needed, values = model.parameters, {}
    for typed, value in parameters.items():
        name = parameter_name(str(typed))
        if name not in needed and not _is_dose_parameter(name, model):
            raise ParameterError(
                f"parameters: '{typed}' is not a parameter of this model; expected {' '.join(needed)}, and Fn ALAGn "
                f"Rn Dn for compartments n = 1 to {model.count}.{_nearest(str(typed), model)}"
            )
        if name in values:
            raise ParameterError(f"parameters: '{typed}' gives {name} a second time; expected it once. Remove one.")
        values[name] = value
    missing = [name for name in needed if name not in values]
    if missing:
        raise ParameterError(
            f"parameters: {' and '.join(missing)} missing; the model needs {' '.join(needed)} (V1 is the central "
            f"volume, V2 the first peripheral, with or without a depot). Add {' and '.join(missing)}."
        )
    return values


def _is_dose_parameter(name: str, model: Compartments) -> bool:
    match = DOSE_PARAMETER.fullmatch(name)
    return match is not None and 1 <= int(match[2]) <= model.count


def _nearest(typed: str, model: Compartments) -> str:
    known = [f"{kind}{n}" for kind in ("F", "ALAG", "R", "D") for n in range(1, model.count + 1)]
    return did_you_mean(typed, [*model.parameters, *known]) or " Remove it, or choose the model that has it."


def parameter_sets(
    dataset: Dataset, table: Table, values: Mapping[str, Any], model: Compartments, order: IntArray | None
) -> ParameterSets:
    """Return the parameters of the model, with a new set wherever one of them may change.

    Raises
    ------
    ParameterError, DataError
        If a value is missing, not finite or out of its range.
    """
    given = {name: values[name] for name in model.parameters}
    columns = {
        name: column_values(dataset, name, value, order) for name, value in given.items() if isinstance(value, str)
    }
    if columns:
        changed = np.zeros(len(table.time), dtype=np.bool_)
        changed[table.starts] = True
        for column in columns.values():
            changed[1:] |= column[1:] != column[:-1]
        start = np.flatnonzero(changed)
    elif any(hasattr(value, "items") for value in given.values()):
        start = table.starts
    else:
        start = np.zeros(1, dtype=np.int64)
    found = {
        name: columns[name][start] if name in columns else id_values(table, name, value, start)
        for name, value in given.items()
    }
    for name, column in found.items():
        check_values(dataset, table, name, values[name], column, start, order)
    return ParameterSets(start, found)


def dose_values(
    dataset: Dataset,
    table: Table,
    values: Mapping[str, Any],
    row: IntArray,
    cmt: IntArray,
    rate: FloatArray,
    order: IntArray | None,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return F, ALAG, R and D of the dose records at `row` into compartments `cmt`; R and D are NaN where not used.

    Raises
    ------
    ParameterError, DataError
        If a value is out of its range, or a record with RATE -1 or -2 finds no Rn or Dn.
    """
    used = {"F": cmt > 0, "ALAG": cmt > 0, "R": rate == -1, "D": rate == -2}
    start = {"F": 1.0, "ALAG": 0.0, "R": np.nan, "D": np.nan}
    found = []
    for kind, wanted in used.items():
        result = np.full(len(row), start[kind])
        for n in np.unique(cmt[wanted]) if wanted.any() else ():
            at, name = wanted & (cmt == n), f"{kind}{n}"
            if name in values:
                given, rows = values[name], row[at]
                text = isinstance(given, str)
                picked = (
                    column_values(dataset, name, given, order)[rows] if text else id_values(table, name, given, rows)
                )
                check_values(dataset, table, name, given, picked, rows, order)
                result[at] = picked
            elif kind in ("R", "D"):
                code = -1 if kind == "R" else -2
                first = _line(dataset, int(row[at][0]), order)
                raise ParameterError(
                    f"{dataset.source} line {first}: RATE {code} takes {name} from the parameters, and '{name}' is "
                    f"missing; expected it among the parameters. Add {name}."
                )
        found.append(result)
    return found[0], found[1], found[2], found[3]


def column_values(dataset: Dataset, name: str, typed: str, order: IntArray | None) -> FloatArray:
    """A column of the data that holds a parameter, as numbers."""
    from pkpd.dataset.columns import to_numbers

    labels = {str(label).upper(): label for label in dataset.frame.columns}
    if typed.upper() not in labels:
        raise ParameterError(
            f"parameters: {name} names the column '{typed}', which the data do not have; expected one of "
            f"{', '.join(map(str, labels.values()))}.{did_you_mean(typed, map(str, labels.values())) or ' Check it.'}"
        )
    cells = dataset.frame[typed if typed in dataset.frame.columns else labels[typed.upper()]]
    numbers, bad = to_numbers(cells)
    if len(bad):
        raise DataError(
            f"{dataset.source} line {dataset.line(int(bad[0]))}: {typed} {str(cells.iloc[bad[0]])!r} is not a number; "
            f"expected the value of parameter {name}. Correct it."
        )
    return np.asarray(numbers if order is None else numbers[order], dtype=np.float64)


def id_values(table: Table, name: str, value: Any, rows: IntArray) -> FloatArray:
    """A number, or the value that a mapping holds for the ID of each of `rows`."""
    if not hasattr(value, "items"):
        try:
            return np.full(len(rows), np.nan if isinstance(value, bool) else float(value))
        except (TypeError, ValueError):
            raise ParameterError(
                f"parameters: {name} is {a_kind(value)}; expected a number, a mapping from ID or the name of "
                "a column. Give one value, or put the values into a column of the data."
            ) from None
    each = _looked_up(table.ids, name, value)
    return each[table.id_index(rows)]


def _looked_up(ids: list[Any], name: str, value: Any) -> FloatArray:
    """The value of each ID from a mapping or a pandas Series."""
    if hasattr(value, "index") and not value.index.is_unique:
        raise ParameterError(f"parameters: {name} holds an ID twice; expected one value an ID. Remove the duplicates.")
    lookup = dict(zip(value.index.tolist(), value.tolist())) if hasattr(value, "index") else value
    try:
        return np.fromiter(map(lookup.__getitem__, ids), dtype=np.float64, count=len(ids))
    except KeyError as error:
        raise ParameterError(
            f"parameters: {name} has no value for ID {error.args[0]!r}; expected one for each ID of the data. "
            f"Add it{_key_hint(error.args[0], lookup)}."
        ) from None
    except (TypeError, ValueError):
        raise ParameterError(
            f"parameters: {name} maps an ID to something that is not a number; expected one number an ID. Correct it."
        ) from None


def _key_hint(wanted: Any, lookup: Mapping[Any, Any]) -> str:
    """Tell the user whose IDs differ only in being text or number."""
    same = next((key for key in lookup if str(key) == str(wanted)), None)
    return "" if same is None else f", as {type(wanted).__name__}: the key {same!r} is a {type(same).__name__}"


def check_values(
    dataset: Dataset, table: Table, name: str, given: Any, values: FloatArray, rows: IntArray, order: IntArray | None
) -> None:
    """Refuse the first value that is not finite or out of range; say for which ID or line."""
    positive = POSITIVE.fullmatch(name) is not None
    bad = ~(values > 0 if positive else values >= 0) | np.isinf(values)
    if not bad.any():
        return
    at = int(np.flatnonzero(bad)[0])
    value, row = float(values[at]), int(rows[at])
    wanted = "a finite number above 0" if positive else "a finite number, 0 or more"
    who = table.ids[int(table.id_index(row))]
    what = "missing" if np.isnan(value) else number(value)
    if isinstance(given, str):
        line = _line(dataset, row, order)
        raise DataError(
            f"{dataset.source} line {line}: {given} (parameter {name}) is {what} for ID {who}; expected {wanted}. "
            "Correct the cell."
        )
    where = f" for ID {who}" if hasattr(given, "items") else ""
    what = "not a number" if np.isnan(value) else number(value)
    raise ParameterError(f"parameters: {name} is {what}{where}; expected {wanted}. Correct {name}.")


def _line(dataset: Dataset, row: int, order: IntArray | None) -> int:
    return dataset.line(row if order is None else int(order[row]))
