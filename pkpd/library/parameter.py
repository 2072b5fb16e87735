"""One number of the library with its unit, source, status and grade; one parameter of a model, number or equation."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from pkpd.errors import UnitError
from pkpd.library.evidence import Source
from pkpd.library.expression import Expression, parse
from pkpd.library.reading import Table, read_evidence
from pkpd.units import Unit, describe, parse_unit, to_canonical

__all__ = ["ParameterSpec", "Value", "read_parameter", "read_unit", "read_value"]

_VALUE_KEYS = ("value", "unit", "source", "status", "grade", "note", "population", "low", "high")


@dataclass(frozen=True)
class Value:
    """A number that says where it comes from.

    Attributes
    ----------
    value : float
        In the canonical unit (h, mg, L, kg, nmol).
    raw : float
        As written in the file, in `unit`.
    unit : Unit
    source, status, grade : str
        Key of the file's ``[sources]``; status and grade as in `pkpd.library.evidence`.
    note, population, name : str
    low, high : float or None
        Range as written in the file, canonical; None where none is given.
    """

    value: float
    raw: float
    unit: Unit
    source: str
    status: str
    grade: str
    note: str = ""
    name: str = ""
    population: str = ""
    low: float | None = None
    high: float | None = None

    def __float__(self) -> float:
        return self.value

    def replace(self, **changes: object) -> Value:
        """Return a copy with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def __str__(self) -> str:
        unit = "" if self.unit.text == "1" else f" {self.unit}"
        return f"{self.raw:g}{unit} ({self.status}, grade {self.grade or '-'}, {self.source})"


@dataclass(frozen=True)
class ParameterSpec:
    """One line of a model: a number, or an equation over earlier lines and covariates.

    Attributes
    ----------
    name : str
    value : Value or None
    expression : Expression or None
        Exactly one of value and expression is set.
    unit : Unit
    low, high : float or None
        Floor and ceiling (canonical) at which the result is clipped, and listed.
    source, status, grade, note : str
    """

    name: str
    value: Value | None
    expression: Expression | None
    unit: Unit
    low: float | None
    high: float | None
    source: str
    status: str
    grade: str
    note: str = ""


def read_unit(table: Table, key: str = "unit", needed: str = "", name: str = "") -> Unit:
    """Read the unit of a table and check its dimension.

    Parameters
    ----------
    table : Table
    key : str
        The key that holds the unit.
    needed : str
        A unit of the dimension that is needed, e.g. ``"mg/L"``; empty for any.
    name : str
        What the value is, for the message.

    Raises
    ------
    DrugFileError
    """
    text = table.text(key)
    try:
        unit = parse_unit(text)
    except UnitError as error:
        raise table.error(f"{error}".rstrip("."), f"a unit such as '{needed or 'mg/L'}'", "Correct the unit.") from None
    if needed and unit.dimension != parse_unit(needed).dimension:
        raise table.error(
            f"unit '{text}' is {describe(unit)}, but '{name}' needs {describe(needed)}",
            f"a unit such as '{needed}'",
            f"Did you mean '{needed}'?",
        )
    return unit


def read_value(
    table: Table,
    sources: Mapping[str, Source],
    *,
    needed: str = "",
    name: str = "",
    extra: Collection[str] = (),
) -> Value:
    """Read ``{ value, unit, source, status, grade, note }`` and convert the number to its canonical unit.

    Parameters
    ----------
    table : Table
    sources : mapping from key to Source
    needed : str
        A unit of the needed dimension; empty for any.
    name : str
        Name of the value; the last part of the table's path by default.
    extra : collection of str
        Further keys that the table may have.
    """
    name = name or table.path.rpartition(".")[2]
    table.only((*_VALUE_KEYS, *extra))
    unit = read_unit(table, needed=needed, name=name)
    raw = table.number("value")
    source, status, grade = read_evidence(table, sources)
    limits = [table.number(key, None) for key in ("low", "high")]
    low, high = (None if limit is None else to_canonical(limit, unit) for limit in limits)
    texts = {key: table.text(key, "") for key in ("note", "population")}
    return Value(to_canonical(raw, unit), raw, unit, source, status, grade, name=name, low=low, high=high, **texts)


def read_parameter(
    table: Table, sources: Mapping[str, Source], known: Collection[str], *, needed: str = "", name: str = ""
) -> ParameterSpec:
    """Read one parameter of a model: ``value`` or ``equation``, never both.

    Parameters
    ----------
    table : Table
    sources : mapping from key to Source
    known : collection of str
        Names that its equation may use.
    needed : str
        A unit of the dimension that the engine needs; empty for an auxiliary parameter.
    name : str
        Name of the parameter; the last part of the table's path by default.
    """
    name = name or table.path.rpartition(".")[2]
    table.only((*_VALUE_KEYS, "equation"))
    if ("value" in table) == ("equation" in table):
        problem = (
            "both 'value' and 'equation' are there" if "value" in table else "there is no 'value' and no 'equation'"
        )
        raise table.error(problem, "one of the two", 'Write value = 1.0 for a number, equation = "..." for a formula.')
    if "value" in table:
        value = read_value(table, sources, needed=needed, name=name)
        evidence = (value.source, value.status, value.grade, value.note)
        return ParameterSpec(name, value, None, value.unit, value.low, value.high, *evidence)
    unit = read_unit(table, needed=needed, name=name)
    if unit.numerator != unit.denominator:
        raise table.error(
            f"the result of an equation is canonical, but the unit is '{unit}'",
            f"'{unit.canonical_text}'",
            f'Write unit = "{unit.canonical_text}": every name in an equation stands for its canonical value.',
        )
    expression = parse(table.text("equation"), known, table.where)
    source, status, grade = read_evidence(table, sources)
    low, high = table.number("low", None), table.number("high", None)
    return ParameterSpec(name, None, expression, unit, low, high, source, status, grade, table.text("note", ""))
