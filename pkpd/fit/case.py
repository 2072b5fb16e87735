"""The data of a fit: whose histories they are, which observations count and how, and what was left out and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pkpd.dataset.dataset import Dataset, Table
from pkpd.dataset.observations import Observations, observations
from pkpd.dataset.records import number
from pkpd.errors import DataError
from pkpd.predict.histories import dose_first, histories, reordered

if TYPE_CHECKING:
    from pkpd.engine.events import Pieces

__all__ = ["BLQ_METHODS", "Case", "LeftOut", "read_case"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

BLQ_METHODS = ("M1", "M3", "M5", "M6")


@dataclass(frozen=True)
class LeftOut:
    """An observation that does not count: its row in the data, and why."""

    row: int
    reason: str


@dataclass(frozen=True)
class Case:
    """Histories and observations.

    Attributes
    ----------
    data : Dataset
    table : Table
        Its rows in the order in which they act.
    order : ndarray of int or None
        Row of the data of each row of `table`; None where they are the same.
    subjects : list
        IDs, in the order of the data; `occasions` of a subject share its parameters.
    pieces : Pieces
    piece_subject : ndarray of int
        Position in `subjects` of each piece.
    row, acting_row : ndarray of int, shape (n_obs,)
        Row of each observation in the data and in `table`, sorted by subject and acting row.
    subject, output : ndarray of int
    dv, limit : ndarray
    used, censored : ndarray of bool
        Counts as a quantified value; counts as a value below `limit`.
    left_out : tuple of LeftOut
    """

    data: Dataset
    table: Table
    order: IntArray | None
    subjects: list[Any]
    pieces: Pieces
    piece_subject: IntArray
    row: IntArray
    acting_row: IntArray
    subject: IntArray
    output: IntArray
    dv: FloatArray
    limit: FloatArray
    used: BoolArray
    censored: BoolArray
    left_out: tuple[LeftOut, ...] = field(default=())

    def where(self, row: int) -> str:
        """Source and line of a row, for messages."""
        return f"{self.data.source} line {self.data.line(int(row))}"


def read_case(
    data: Dataset,
    each: Dataset,
    *,
    ties: str,
    kinds: Mapping[Any, int],
    lloq: float | None,
    blq: str,
    may_be_empty: bool = False,
) -> Case:
    """Read histories and observations.

    Parameters
    ----------
    data : Dataset
    each : Dataset
        The same with an ID for each occasion (`Dataset.by_occasion`): each begins empty, with the subject's parameters.
    ties : "record" or "dose-first"
    kinds : mapping from DVID to output
        With the single key None for the lowest DVID that has a DV.
    lloq : float or None
    blq : str
        M1, M3, M5 or M6.
    may_be_empty : bool
        Whether data without any DV will do, as a prior stands without them.

    Raises
    ------
    DataError
        If the data break a rule, or no observation is left.
    """
    table = each.table()
    order = dose_first(table) if ties == "dose-first" else None
    subjects, subject_of_id = _subjects(data, table)
    place = np.arange(len(table.time))
    if order is not None:
        table = reordered(table, order)
        place[order] = np.arange(len(order))
    pieces = histories(table)
    piece_subject = subject_of_id[table.id_index(pieces.start)]
    by_subject = np.lexsort((pieces.start, piece_subject))
    pieces = type(pieces)(pieces.start[by_subject], pieces.stop[by_subject])
    found = [(_seen(each, kind, lloq, may_be_empty), output) for kind, output in kinds.items()]
    columns = {
        name: np.concatenate([getattr(seen, name) for seen, _ in found])
        for name in ("row", "id_index", "dv", "blq", "lloq")
    }
    output = np.concatenate([np.full(len(seen.row), number_) for seen, number_ in found])
    subject = subject_of_id[columns["id_index"]]
    sorting = np.lexsort((place[columns["row"]], subject))
    row = columns["row"][sorting]
    case = Case(
        data=data, table=table, order=order, subjects=subjects, pieces=pieces, piece_subject=piece_subject[by_subject],
        row=row, acting_row=place[row], subject=subject[sorting], output=output[sorting],
        dv=columns["dv"][sorting].astype(np.float64), limit=columns["lloq"][sorting],
        used=~columns["blq"][sorting], censored=columns["blq"][sorting],
    )  # fmt: skip
    return _below_limit(case, columns["id_index"][sorting], blq)


def _seen(data: Dataset, kind: Any, lloq: float | None, may_be_empty: bool) -> Observations:
    dv, blq = data.numbers("DV"), data.numbers("BLQ")
    if may_be_empty and (dv is None or np.isnan(dv.astype(float)).all()) and (blq is None or not (blq == 1).any()):
        none, whole = np.empty(0), np.empty(0, dtype=np.int64)
        return Observations(whole, whole, none, none, np.empty(0, dtype=np.bool_), none)
    return observations(data, dvid=kind, lloq=lloq)


def _subjects(data: Dataset, table: Table) -> tuple[list[Any], IntArray]:
    """The IDs of the data, each once, and the position of that of each ID (and occasion) of the table."""
    ids = data.frame[data.names["ID"]].iloc[table.starts].tolist()
    place: dict[Any, int] = {}
    for name in ids:
        place.setdefault(name, len(place))
    return list(place), np.array([place[name] for name in ids], dtype=np.int64)


def _below_limit(case: Case, history: IntArray, blq: str) -> Case:
    """What is done with values below the limit, by the methods of Beal (2001)."""
    from dataclasses import replace

    below = case.censored
    if not below.any():
        return case
    dv, limit = case.dv.copy(), case.limit
    if below.all():
        raise DataError(
            f"{case.data.source}: all {len(below)} observations are below the limit of quantification; expected at "
            "least one quantified value. There is nothing to fit."
        )
    none = np.zeros(len(below), dtype=np.bool_)
    if blq == "M1":
        gone, censored = below, none
    else:
        _need_limits(case, below, blq)
        first = below & ~np.concatenate(([False], below[:-1] & (history[1:] == history[:-1])))
        gone = below & ~first if blq == "M6" else none
        censored = below if blq == "M3" else none
        if blq != "M3":
            halved = below & ~gone
            dv[halved] = 0.5 * limit[halved]
    why = "below the limit of quantification (M1)" if blq == "M1" else "not the first below the limit in a row (M6)"
    out = tuple(LeftOut(int(case.row[i]), why) for i in np.flatnonzero(gone))
    used = ~gone & ~censored
    return replace(case, dv=dv, used=used, censored=censored, left_out=case.left_out + out)


def _need_limits(case: Case, below: BoolArray, blq: str) -> None:
    missing = np.flatnonzero(below & ~(case.limit > 0))
    if len(missing):
        at = missing[0]
        raise DataError(
            f"{case.where(case.row[at])}: the value is below the limit of quantification, and the limit is not known; "
            f"blq='{blq}' needs it. Give lloq=, a column LLOQ, or blq='M1' (DV is {number(case.dv[at])})."
        )
