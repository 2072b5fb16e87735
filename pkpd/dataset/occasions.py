"""Occasions: one subject on several days, told apart by a column, becomes several IDs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any

from pkpd.errors import DataError, ParameterError, did_you_mean
from pkpd.options import check_names

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["occasion_ids"]


def occasion_ids(
    frame: pd.DataFrame, id_label: Hashable, by: str | Sequence[str], where: Callable[[int], str]
) -> list[str]:
    """Return an ID such as ``"3 / 2"`` for each row: that of the subject, and of the occasion.

    Parameters
    ----------
    frame : pandas.DataFrame
    id_label : label
        The column of the subject.
    by : str or sequence of str
        The columns that tell the occasions of a subject apart, in any letter case.
    where : callable
        Gives file and line of a row, for an error.

    Raises
    ------
    ParameterError
        If a column is not there.
    DataError
        If a cell of these columns is empty.
    """
    check_names("by", by, "'OCC'")
    typed = {str(label).upper(): label for label in frame.columns}
    labels: list[Any] = [id_label]
    for name in [by] if isinstance(by, str) else by:
        if str(name).upper() not in typed:
            raise ParameterError(
                f"by: '{name}' is not a column of the data; expected one of {', '.join(map(str, frame.columns))}."
                f"{did_you_mean(str(name), map(str, frame.columns)) or ' Check the header.'}"
            )
        labels.append(typed[str(name).upper()])
    parts = []
    for label in labels:
        column = frame[label]
        words = column.map(_word)
        empty = column.isna() | words.isin(["", "."])
        if empty.any() and label != id_label:
            row = int(empty.to_numpy().argmax())
            raise DataError(
                f"{where(row)}: {label} is empty; expected the occasion on every row. Fill in {label}, dose rows too."
            )
        parts.append(words.tolist())
    return [" / ".join(row) for row in zip(*parts, strict=True)]


def _word(cell: Any) -> str:
    """A cell as a user would write it: a whole number without its point."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()
