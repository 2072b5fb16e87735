"""The observations of a data set: which rows count, and which of them lie below the limit of quantification.

Knows the rules of EVID, MDV, DVID, BLQ and LLOQ. What is done with a value below the limit is the business of `fit`
and `nca`; nothing is converted or dropped here.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd.dataset.columns import to_numbers
from pkpd.dataset.dataset import Dataset, Table
from pkpd.errors import DataError, ParameterError

__all__ = ["Observations", "kinds_of", "observations"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class Observations(NamedTuple):
    """The observations of one kind, in the order and in the units of the data; all of shape (n_observations,).

    `row` are positions in the data, `id_index` positions in `Table.ids`; `dv` is NaN only where `blq` is true; `lloq`
    is NaN where no limit is known.
    """

    row: IntArray
    id_index: IntArray
    time: FloatArray
    dv: FloatArray
    blq: BoolArray
    lloq: FloatArray


def observations(data: Dataset, *, dvid: Any = None, lloq: float | None = None) -> Observations:
    """Return the observations of a data set.

    Parameters
    ----------
    data : Dataset
    dvid : number or str, optional
        Which kind of observation, as in the column DVID; the lowest with a DV by default.
    lloq : float, optional
        Lower limit of quantification in the units of DV, for all rows; by default that of the column LLOQ.

    Returns
    -------
    Observations
        Rows with EVID 0 (or absent on a row that is no dose), MDV 0 (or absent) and a DV. A row with BLQ 1 counts,
        and as below the limit, whatever its MDV and DV are; so does a row whose DV is below its limit.

    Raises
    ------
    DataError
        If the data break a rule, there is no column DV, or no row is an observation.
    ParameterError
        If `dvid` is not in the data, or `lloq` is no limit.
    """
    return _observations(data, data.table(), dvid, lloq)


def _observations(data: Dataset, table: Table, dvid: Any, lloq: float | None) -> Observations:
    limit = _limits(data, lloq)
    if "DV" not in data.names:
        found = ", ".join(str(name) for name in data.frame.columns)
        raise DataError(
            f"{data.source}: column DV is missing; expected the observations in it, and found {found}. "
            "Name the column DV in the header, or say columns={'NAME': 'DV'}."
        )
    dv = np.asarray(data.numbers("DV"), dtype=np.float64)
    marked = _filled(data, "BLQ") == 1
    evid = np.zeros(len(table.time))
    evid[table.records.row] = table.records.evid
    counts = (evid == 0) & (marked | ((_filled(data, "MDV") == 0) & ~np.isnan(dv)))
    row = np.flatnonzero(counts & _of_kind(data, counts, dvid))
    if len(row) == 0:
        raise DataError(
            f"{data.source}: there is no observation; expected rows with EVID 0, MDV 0 and a DV. "
            "Check EVID, MDV and DV, or `pkpd check` the file."
        )
    with np.errstate(invalid="ignore"):
        blq = marked[row] | (dv[row] < limit[row])
    id_index = table.id_index(row)
    return Observations(row, id_index, table.time[row], dv[row], blq, limit[row])


def _filled(data: Dataset, name: str) -> FloatArray:
    """A column with 0 where it is missing."""
    values = data.numbers(name)
    return np.zeros(len(data)) if values is None else np.nan_to_num(values.astype(np.float64), nan=0.0)


def _limits(data: Dataset, lloq: float | None) -> FloatArray:
    """The limit of each row; what is stated for all rows comes before the column."""
    if lloq is not None:
        if isinstance(lloq, bool) or not isinstance(lloq, int | float) or not 0 < lloq < math.inf:
            raise ParameterError(
                f"lloq: {lloq!r} is no limit of quantification; expected a number above 0 in the units of DV. "
                "Correct it, or leave it out."
            )
        return np.full(len(data), float(lloq))
    values = data.numbers("LLOQ")
    if values is None:
        return np.full(len(data), np.nan)
    limit = values.astype(np.float64)
    return np.where(limit > 0, limit, np.nan)


def _of_kind(data: Dataset, counts: BoolArray, dvid: Any) -> BoolArray:
    """The rows of the kind asked for; without a column DVID all are of one kind."""
    if "DVID" not in data.names:
        if dvid is not None:
            raise ParameterError(
                f"dvid: {dvid!r} is asked for, but {data.source} has no column DVID; expected none. Leave dvid out."
            )
        return np.ones(len(data), dtype=np.bool_)
    kinds = kinds_of(data)
    known = sorted(set(kinds[counts]))
    if not known:
        return np.zeros(len(data), dtype=np.bool_)
    wanted = known[0] if dvid is None else _same_type(dvid, known[0])
    if wanted not in known:
        listed = ", ".join(str(kind) for kind in known)
        raise ParameterError(
            f"dvid: {dvid!r} has no observation in {data.source}; expected one of {listed}. Choose one of these."
        )
    return np.asarray(kinds == wanted)


def kinds_of(data: Dataset) -> NDArray[Any]:
    """Return DVID as numbers where all cells are numbers or missing (a missing one is 0), else as text."""
    column = data.frame[data.names["DVID"]]
    values, words = to_numbers(column)
    if len(words) == 0:
        return np.nan_to_num(values.astype(np.float64), nan=0.0)
    return np.array([str(cell).strip() for cell in column], dtype=object)


def _same_type(dvid: Any, example: Any) -> Any:
    """`dvid` as text where the data have text, and as a number where they have numbers and it is one."""
    if isinstance(example, str):
        return str(dvid).strip()
    try:
        return float(dvid)
    except (TypeError, ValueError):
        return dvid
