"""The closed table of patient columns: kind, possible limits, unit and meaning, and the reading of one value.

The table serves `Patient`, the scenario CSV and the documentation alike. Limits here say what cannot be (a weight of
0); what merely lies outside a model's experience is the model's business and a warning there.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pkpd.errors import DataError, ParameterError, did_you_mean
from pkpd.patients.genes import gene_columns

__all__ = [
    "ANCESTRIES",
    "COLUMNS",
    "Column",
    "check_column_names",
    "is_missing",
    "known_columns",
]

ANCESTRIES = {
    "EUR": "European",
    "AFR": "African",
    "EAS": "East Asian",
    "SAS": "South Asian",
    "AMR": "American (admixed)",
}
_SEXES = {"m": "M", "male": "M", "f": "F", "female": "F"}
_FLAGS = {"1": True, "0": False, "yes": True, "no": False, "y": True, "n": False, "true": True, "false": False}
# Nearer than this, an unknown column is taken for a slip of the pen; gene names differ from each other by less
# (CYP3A4, CYP3A7), so that they do not trigger it.
_LOOKS_MISSPELT = 0.84


@dataclass(frozen=True)
class Column:
    """One patient column.

    Attributes
    ----------
    name : str
        Its spelling in CSV files and as an argument of `Patient`; it ends in the unit where there is one.
    kind : str
        ``"number"``, ``"count"`` (whole number), ``"flag"`` (no or yes), ``"sex"`` or ``"ancestry"``.
    unit : str
        Unit of the number; empty for the others.
    low, high : float
        What is possible at all; `low` itself is excluded where `above` is true.
    meaning : str
        What it is, in words.
    hint : str
        What is probably the matter with a value beyond the limits.
    """

    name: str
    kind: str
    unit: str
    low: float
    high: float
    meaning: str
    hint: str = ""
    above: bool = False

    @property
    def stem(self) -> str:
        """The name without its unit: ``"weight"`` for ``"weight_kg"``."""
        suffix = "_wk" if self.unit == "week" else "_" + self.unit.replace("/", "_")
        return self.name.removesuffix(suffix)

    @property
    def expected(self) -> str:
        """What the column takes, in words."""
        if self.kind == "flag":
            return "0 or 1 (no or yes)"
        if self.kind == "sex":
            return "'M' or 'F'"
        if self.kind == "ancestry":
            return "one of " + ", ".join(ANCESTRIES)
        low = f"above {self.low:g}" if self.above else f"from {self.low:g}"
        number = "a whole number" if self.kind == "count" else "a number"
        unit = f" {self.unit}" if self.unit not in ("", "1") else ""
        return f"{self.meaning}, {number} {low} to {self.high:g}{unit}"

    def read(self, value: Any, where: str = "patient") -> Any:
        """Return `value` as this column stores it.

        Parameters
        ----------
        value : object
            Number, text or truth value; not missing.
        where : str
            What the value belongs to, for the error.

        Returns
        -------
        float, int, bool or str
            float for a number, int for a count, bool for a flag, ``"M"`` or ``"F"``, or the ancestry group.

        Raises
        ------
        ParameterError
            If the value cannot be read, or cannot be.
        """
        if self.kind == "flag":
            return self._read_flag(value, where)
        if self.kind in ("sex", "ancestry"):
            return self._read_word(value, where)
        try:
            number = float(value) if not isinstance(value, bool) else math.nan
        except (TypeError, ValueError):
            raise self._error(value, where, self._text_advice(value)) from None
        if not self.possible(number) or (self.kind == "count" and number != int(number)):
            # A positive number is likely to be one in another unit; what is negative or nan is not.
            raise self._error(value, where, (number > 0 and self.hint) or "Correct it, or leave it out.")
        return int(number) if self.kind == "count" else number

    def possible(self, number: float) -> bool:
        """Whether the number lies within the limits of the column."""
        return self.low < number <= self.high if self.above else self.low <= number <= self.high

    def _read_flag(self, value: Any, where: str) -> bool:
        if isinstance(value, str):
            known = _FLAGS.get(value.strip().lower())
            if known is not None:
                return known
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if number not in (0.0, 1.0):
            raise self._error(value, where, "Write 1 where it applies and 0 where it does not.")
        return number == 1.0

    def _read_word(self, value: Any, where: str) -> str:
        word = str(value).strip()
        if self.kind == "sex":
            known = _SEXES.get(word.lower())
            if known is None:
                raise self._error(value, where, "The sex stands for the equations of the models; write one of the two.")
            return known
        if word.upper() in ANCESTRIES:
            return word.upper()
        by_title = {title.lower(): group for group, title in ANCESTRIES.items()}
        if word.lower() in by_title:
            return by_title[word.lower()]
        hint = did_you_mean(word, [*ANCESTRIES, *ANCESTRIES.values()])
        raise self._error(value, where, f"Write the group in capitals.{hint}")

    def _text_advice(self, value: Any) -> str:
        if isinstance(value, str) and value.replace(",", ".", 1).strip().replace(".", "", 1).isdigit():
            return "Write a decimal point, not a comma."
        return "Write the number alone; its unit stands in the name of the column."

    def _error(self, value: Any, where: str, advice: str) -> ParameterError:
        return ParameterError(
            f"{where}, column '{self.name}': '{value}' is not possible; expected {self.expected}. {advice}"
        )


def _number(name: str, unit: str, low: float, high: float, meaning: str, hint: str = "", above: bool = False) -> Column:
    return Column(name, "number", unit, low, high, meaning, hint, above)


def _flag(name: str, meaning: str) -> Column:
    return Column(name, "flag", "", 0, 1, meaning)


_TABLE = (
    _number("age_y", "y", 0, 120, "age in years", "A month is 0.083 y, a day 0.0027 y."),
    _number("weight_kg", "kg", 0, 400, "body weight", "Grams are divided by 1000.", above=True),
    _number("height_cm", "cm", 20, 260, "body height", "Metres are multiplied by 100."),
    Column("sex", "sex", "", 0, 0, "sex"),
    _number("pma_wk", "week", 20, 6400, "postmenstrual age", "It counts from the last period: 40 weeks at term birth."),
    Column("ancestry", "ancestry", "", 0, 0, "group whose allele frequencies apply to genotypes that are not stated"),
    _number("serum_creatinine_mg_dL", "mg/dL", 0, 40, "serum creatinine", "1 mg/dL is 88.4 umol/L.", above=True),
    _number("crcl_mL_min", "mL/min", 0, 500, "creatinine clearance, measured, not per 1.73 m2"),
    _number("albumin_g_L", "g/L", 5, 80, "serum albumin", "4 g/dL is 40 g/L."),
    _number("crp_mg_L", "mg/L", 0, 1500, "C-reactive protein", "1 mg/dL is 10 mg/L."),
    _number("il6_pg_mL", "pg/mL", 0, 1e7, "interleukin 6"),
    _number("temperature_C", "C", 20, 45, "body temperature", "Degrees Celsius: 98.6 F is 37 C."),
    Column("organ_failures", "count", "", 0, 8, "number of failing organs"),
    Column("apache_ii", "count", "", 0, 71, "APACHE II score"),
    _number("peep_cmH2O", "cmH2O", 0, 40, "positive end-expiratory pressure"),
    _flag("alcohol_abuse", "alcohol abuse"),
    _flag("opioid", "an opioid is given with the anaesthetic"),
    _flag("venous", "concentrations are venous, not arterial"),
    _flag("head_injury", "severe head injury"),
    _flag("vasopressor", "a vasopressor is given"),
    _flag("steroid", "a corticosteroid is given"),
    _flag("low_carbohydrate", "low carbohydrate supply"),
    _number("pgp_fold", "1", 0, 20, "P-gp transport at the blood-brain barrier relative to normal (1)"),
    _number("seizure_drive", "1", -5, 5, "drive of the seizure"),
    _number("receptor_plasticity", "1", 0, 20, "speed of receptor change relative to the experimental preset (1)"),
)

COLUMNS: dict[str, Column] = {column.name: column for column in _TABLE}


def is_missing(value: Any) -> bool:
    """Whether a cell is empty: None, NaN, pandas' NA or NaT, or text of blanks."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value or value.isspace()
    if isinstance(value, float):
        return value != value
    return type(value).__name__ in ("NAType", "NaTType") or (hasattr(value, "dtype") and bool(value != value))


def known_columns() -> frozenset[str]:
    """Every column that describes a patient: the table, the genes in both spellings, `comedication`."""
    return frozenset((*COLUMNS, *gene_columns(), "comedication"))


def check_column_names(columns: Iterable[Any], also: Collection[str] = (), where: str = "table of patients") -> None:
    """Refuse a column that looks like a misspelt known one.

    Parameters
    ----------
    columns : iterable of str
        Names of the columns of a table.
    also : collection of str
        Names that this kind of table knows besides the patient columns, such as ``regimen``.
    where : str
        The table, for the error.

    Raises
    ------
    DataError
        Naming the column and the known one that it resembles. Any other unknown column is left alone.
    """
    names = [str(column) for column in columns]
    known = {*known_columns(), *also}
    by_letters = {_letters(name): name for name in sorted(known)}
    by_stem = {column.stem.lower(): column.name for column in COLUMNS.values()}
    for name in names:
        if name in known:
            continue
        word = name.strip().lower()
        close = get_close_matches(_letters(word), by_letters, n=1, cutoff=_LOOKS_MISSPELT)
        nearest = by_letters[close[0]] if close else None
        if nearest is None and by_stem.get(word) not in names:
            nearest = by_stem.get(word)
        if nearest is not None:
            raise DataError(
                f"{where}, column '{name}': the name is not known, but close to '{nearest}'; expected the exact "
                f"spelling of a known column, or a name unlike all of them. Did you mean '{nearest}'?"
            )


def _letters(name: str) -> str:
    """Small letters and digits of a name: what is left when case, blanks and signs are forgotten."""
    return "".join(sign for sign in name.lower() if sign.isalnum())
