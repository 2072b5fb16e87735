"""The units of a data set: what was stated, what is taken where nothing was, and the factors to h, mg and mg/L.

Knows how TIME, AMT, RATE and DV hang together. What the numbers mean for a drug is not its business.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pkpd.assumption import Assumption
from pkpd.dataset.dataset import Dataset
from pkpd.errors import DataError, ParameterError, UnitError, did_you_mean
from pkpd.patients.columns import COLUMNS, is_missing
from pkpd.units import Unit, convert, parse_unit, same_dimension, to_canonical

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DEFAULTS", "DataUnits", "covariate_factor", "covariate_frame", "data_units", "in_canonical_units"]

#: What is taken where no unit is stated.
DEFAULTS = {"TIME": "h", "AMT": "mg", "DV": "mg/L"}


class DataUnits(NamedTuple):
    """Factors of a data set: canonical value = factor x value in the data.

    `time`, `interval` (II), `amount`, `rate`, `concentration` and `limit` (LLOQ) lead to h, h, mg, mg/h, mg/L and
    mg/L; `texts` are the units taken of TIME, II, AMT, RATE, DV and LLOQ, and `assumptions` says which were stated.
    """

    time: float
    interval: float
    amount: float
    rate: float
    concentration: float
    limit: float
    texts: Mapping[str, str]
    assumptions: tuple[Assumption, ...]


def data_units(data: Dataset, *, molar_mass: float | None = None) -> DataUnits:
    """Return the units of a data set, and the factors to h, mg and mg/L.

    Parameters
    ----------
    data : Dataset
        Its `units` are what was stated. Without a statement TIME is in h, AMT in mg and DV in mg/L; II is in the unit
        of TIME, RATE in that of AMT over that of TIME, and LLOQ in that of DV.
    molar_mass : float, mg/nmol, optional
        Of the drug, for amounts and concentrations in moles (100 g/mol is 1e-4 mg/nmol).

    Returns
    -------
    DataUnits
        Its `assumptions` say which units were stated and which were taken.

    Raises
    ------
    UnitError
        If a unit is in moles and the molar mass is not given.
    """
    stated = data.units
    texts = {name: stated.get(name, default) for name, default in DEFAULTS.items()}
    texts["II"] = stated.get("II", texts["TIME"])
    texts["RATE"] = stated.get("RATE", f"{texts['AMT']}/{texts['TIME']}")
    texts["LLOQ"] = stated.get("LLOQ", texts["DV"])

    def factor(name: str) -> float:
        unit = parse_unit(texts[name])
        if "amount" not in dict(unit.dimension):
            return to_canonical(1.0, unit)
        if molar_mass is None:
            raise UnitError(
                f"units: {name} is in '{unit}', moles; expected a mass such as '{DEFAULTS.get(name, 'mg')}', or a "
                "model of a drug whose molar mass is known. Convert the column, or name the drug as the model."
            )
        return to_canonical(1.0, unit) * molar_mass

    return DataUnits(
        time=factor("TIME"),
        interval=factor("II"),
        amount=factor("AMT"),
        rate=factor("RATE"),
        concentration=factor("DV"),
        limit=factor("LLOQ"),
        texts=texts,
        assumptions=tuple(_lines(data, texts)),
    )


def _lines(data: Dataset, texts: Mapping[str, str]) -> list[Assumption]:
    """One line for each column that is there and has a unit."""
    lines = []
    for name, text in texts.items():
        if name not in data.names or (name not in DEFAULTS and name not in data.units):
            continue
        stated = name in data.units
        reason = "stated" if stated else "no unit was stated: taken"
        lines.append(
            Assumption(f"unit of {name}", text, "", "applied" if stated else "default", "", "", "data", reason)
        )
    return lines


def in_canonical_units(data: Dataset, units: DataUnits) -> Dataset:
    """Return the data with TIME and II in h, AMT in mg, RATE in mg/h, DV and LLOQ in mg/L.

    The codes -1 and -2 of RATE stay. Covariates stay; see `covariate_frame`.
    """
    factors = {"TIME": units.time, "II": units.interval, "AMT": units.amount, "RATE": units.rate}
    factors |= {"DV": units.concentration, "LLOQ": units.limit}
    frame = data.frame.copy()
    for name, factor in factors.items():
        values = data.numbers(name)
        if values is not None and factor != 1.0:
            scaled = values * factor
            if name == "RATE":
                scaled[values < 0] = values[values < 0]
            frame[data.names[name]] = scaled
    taken = {"TIME": "h", "II": "h", "AMT": "mg", "RATE": "mg/h", "DV": "mg/L", "LLOQ": "mg/L"}
    kept = {name: text for name, text in data.units.items() if name not in taken}
    return replace(data, frame=frame, units={**kept, **taken})


def covariate_frame(data: Dataset, names: Collection[str] | None = None) -> pd.DataFrame:
    """Return the covariates of each row by their patient names (weight_kg, age_y, ...), in the units of those.

    Parameters
    ----------
    data : Dataset
        A covariate with a stated unit is converted; without one it is in the unit of the patient column.
    names : collection of str, optional
        The patient columns that are wanted; all by default. A column that is not wanted is not read, so that a SEX
        coded as 0 and 1, which cannot be read, is in nobody's way.

    Returns
    -------
    pandas.DataFrame, one row a row of the data
        Missing cells are None or NaN.

    Raises
    ------
    ParameterError
        If a column stands for no known patient column.
    DataError
        If a value cannot be, such as a weight of 0; the message names the line.
    """
    import pandas as pd

    found = {}
    for label, name in data.covariates.items():
        if names is not None and name not in names:
            continue
        column = COLUMNS.get(name)
        if column is None:
            raise ParameterError(
                f"columns: '{name}', stated for {label}, is not a patient column; expected one such as 'weight_kg', "
                f"'age_y', 'height_cm' or 'sex'.{did_you_mean(name, COLUMNS) or ' Correct it.'}"
            )
        factor = covariate_factor(data, label, column.unit)
        read: dict[object, object] = {}
        cells = data.frame[label]
        for row, cell in enumerate(cells):
            if cell in read or _missing(cell):
                continue
            try:
                read[cell] = column.read(cell if factor is None else float(cell) * factor, label)
            except (ParameterError, ValueError) as error:
                raise DataError(f"{data.source} line {data.line(row)}: {error}") from None
        found[name] = pd.Series([None if _missing(cell) else read[cell] for cell in cells], index=data.frame.index)
    return pd.DataFrame(found, index=data.frame.index)


def _missing(cell: object) -> bool:
    return is_missing(cell) or (isinstance(cell, str) and cell.strip() in ("", ".", "NA"))


def covariate_factor(data: Dataset, label: str, unit: str) -> float | None:
    """From the stated unit of a covariate to that of the patient column; None where nothing is to be converted."""
    text = data.units.get(str(label).upper())
    if text is None or unit == "":
        return None
    given, wanted = parse_unit(text), parse_unit(unit)
    if same_dimension(given, wanted):
        return convert(1.0, given, wanted)
    weight: tuple[Unit, Unit] = (parse_unit("g"), parse_unit("kg"))
    if same_dimension(given, weight[0]) and same_dimension(wanted, weight[1]):
        return to_canonical(1.0, given) / to_canonical(1.0, weight[0]) / 1000.0
    raise UnitError(
        f"units: '{text}' does not measure what column {label} holds; expected a unit such as '{unit}'. "
        f"Correct the unit of {label}."
    )
