"""Columns that mean a known quantity by another name or unit: carried along, they would leave the default."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from pkpd.errors import DataError
from pkpd.patients.columns import COLUMNS

__all__ = ["check_look_alikes"]

_UNITS = set(
    "y yr yrs year years m mo month months w wk week weeks d day days h hr hour hours min minute minutes s sec g kg lb "
    "lbs pound pounds st cm mm in inch inches ft c f k celsius mg ug umol mmol l dl ml percent".split()
)
_OTHER_NAMES = {"wt": "weight_kg", "bodyweight": "weight_kg", "ht": "height_cm", "gender": "sex"}
_TIMES = ("until", "every", "seizure_onset")


def check_look_alikes(names: Iterable[Any], *, also: Collection[str] = (), where: str = "table of patients") -> None:
    """Refuse a known quantity in an unknown unit (``age_months``, ``until_h``), and ``wt`` or ``gender``.

    Parameters
    ----------
    names : iterable of str
        Columns of a table.
    also : collection of str
        Names that this kind of table knows besides the patient columns; times among them have no unit in the name.
    where : str
        The table, for the error.

    Raises
    ------
    DataError
    """
    stems = {column.stem.lower(): column.name for column in COLUMNS.values() if column.unit}
    stems |= {name: name for name in _TIMES if name in also}
    for name in map(str, names):
        if name in COLUMNS or name in also:
            continue
        word = name.lower()
        stem = max((s for s in stems if word.startswith(s + "_")), key=len, default=None)
        known = "seizure_onset" if word == "onset" and "seizure_onset" in also else _OTHER_NAMES.get(word)
        if known is None and stem is not None and set(word[len(stem) + 1 :].split("_")) <= _UNITS:
            known = stems[stem]
        if known is not None:
            raise DataError(
                f"{where}, column '{name}': the name is not known, but it means the same as '{known}'; expected that "
                f"column, in its own unit. Did you mean '{known}'?"
            )
