"""One closed table of units; knows how to read and convert them, and refuses every unit outside the table.

Canonical are hour, milligram, litre, kilogram, nanomole, centimetre, square metre and year. ``kg`` is the unit of body
weight and a dimension of its own, so that a dose per kilogram can never be mistaken for a plain number; the mass of a
drug is written in g, mg, ug or ng. Age in years is no time either: no equation may turn 4 years into hours.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache
from numbers import Real

from pkpd.errors import UnitError, did_you_mean
from pkpd.unit_table import ANY_CASE, CANONICAL, OTHER_SPELLINGS, TABLE, TIMES, WORDS

__all__ = [
    "Unit",
    "convert",
    "describe",
    "parse_quantity",
    "parse_time",
    "parse_unit",
    "same_dimension",
    "to_canonical",
]

_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*")
_TOKEN = re.compile(r"([*/]?)([^*/^]+)(?:\^([+-]?\d+(?:\.\d+)?))?")


@dataclass(frozen=True)
class Unit:
    """A unit: how it is written, and what one of it is in canonical units.

    Attributes
    ----------
    text : str
        The spelling of the table, e.g. ``"ug/mL"``.
    factor : float
        Canonical value = factor * value.
    dimension : tuple of (str, float)
        Base dimensions with their exponents, sorted by name; empty for a plain number.
    numerator, denominator : float
        The factor as a quotient; conversions use these, so that 7 min is exactly 7/60 h.
    """

    text: str
    factor: float
    dimension: tuple[tuple[str, float], ...]
    numerator: float = field(default=1.0, compare=False, repr=False)
    denominator: float = field(default=1.0, compare=False, repr=False)

    @property
    def canonical_text(self) -> str:
        """The canonical unit of the same dimension, e.g. ``"mg/L"`` for ``"ng/mL"``."""
        return _spell(self.dimension)

    def __str__(self) -> str:
        return self.text


def _spell(dimension: tuple[tuple[str, float], ...]) -> str:
    """Write a dimension in canonical units: positive exponents first, body weight and area last."""
    order = list(CANONICAL)
    bases = sorted(dimension, key=lambda item: order.index(item[0]))
    # a mass comes before its volume and the volume before the hour, as in mg/L and L/h
    bases.sort(key=lambda item: ["mass", "amount", "volume", "time"].index(item[0]) if item[0] in _FIRST else 9)

    def power(base: str, exponent: float) -> str:
        return CANONICAL[base] if exponent == 1 else f"{CANONICAL[base]}^{exponent:g}"

    above = "*".join(power(base, exponent) for base, exponent in bases if exponent > 0) or "1"
    below = "".join("/" + power(base, -exponent) for base, exponent in bases if exponent < 0)
    return above + below


_FIRST = frozenset({"mass", "amount", "volume", "time"})


@lru_cache(maxsize=1024)
def parse_unit(text: str) -> Unit:
    """Read a unit such as ``"mL/min/kg"``, ``"L/h/kg^0.75"``, ``"1/h"`` or ``"1"``.

    Parameters
    ----------
    text : str
        Units of the table joined by ``*`` or ``/``, each with an optional ``^number``. The sign for micro may be
        either of its two code points or ``u``; letter case is forgiven where only one unit can be meant.

    Returns
    -------
    Unit

    Raises
    ------
    UnitError
        If a part is not in the table; the message offers the nearest known unit.
    """
    bare = str(text).strip().replace("\u00b5", "u").replace("\u03bc", "u")
    numerator = denominator = 1.0
    exponents: dict[str, float] = {}
    spelling = ""
    for sign, name, exponent in _tokens(bare, str(text)):
        dimension, above, below = TABLE[name]
        power = -exponent if sign == "/" else exponent
        if power < 0:
            above, below = below, above
        numerator, denominator = numerator * above ** abs(power), denominator * below ** abs(power)
        if dimension:
            exponents[dimension] = exponents.get(dimension, 0.0) + power
        spelling += sign + name + ("" if exponent == 1 else f"^{exponent:g}")
    known = tuple(sorted((base, power) for base, power in exponents.items() if power != 0))
    return Unit(spelling, numerator / denominator, known, numerator, denominator)


def _tokens(bare: str, typed: str) -> list[tuple[str, str, float]]:
    """Split a unit into (joining sign, name in the table, exponent)."""
    parts = []
    position = 0
    while position < len(bare):
        match = _TOKEN.match(bare, position)
        if match is None or (position > 0) != bool(match[1]):
            break
        name = match[2].strip()
        name = name if name in TABLE else ANY_CASE.get(name.lower(), name)
        if name not in TABLE:
            hint = _nearest(name, TABLE) or f" Known units: {', '.join(TABLE)}."
            part = "" if name == typed else f": '{name}'"
            raise UnitError(f"unit '{typed}'{part} is not a known unit; expected units such as 'mg/L' or '1/h'.{hint}")
        parts.append((match[1], name, float(match[3] or 1)))
        position = match.end()
    if not parts or position < len(bare):
        raise UnitError(
            f"unit '{typed}' cannot be read; expected units joined by '*' or '/', each with an optional '^number'. "
            "Write for example 'mg/L', 'L/h/kg^0.75' or '1' for a plain number."
        )
    return parts


def _nearest(name: str, known: Collection[str]) -> str:
    """The hint for a unit that is not in the table: another spelling of one, or the nearest."""
    other = OTHER_SPELLINGS.get(name.lower())
    return f" Did you mean '{other}'?" if other in known else did_you_mean(name, known)


def to_canonical(value: float, unit: Unit | str) -> float:
    """Convert `value` (a float or an array) from `unit` to the canonical unit of its dimension."""
    unit = parse_unit(unit) if isinstance(unit, str) else unit
    return value * unit.numerator / unit.denominator


def convert(value: float, from_unit: Unit | str, to_unit: Unit | str) -> float:
    """Convert `value` (a float or an array) between two units of one dimension.

    Raises
    ------
    UnitError
        If the dimensions differ; moles and mass need the drug's molar mass and are not converted here.
    """
    source = parse_unit(from_unit) if isinstance(from_unit, str) else from_unit
    target = parse_unit(to_unit) if isinstance(to_unit, str) else to_unit
    if source.dimension != target.dimension:
        raise UnitError(
            f"unit '{source}' is {describe(source)}, but '{target}' is {describe(target)}; one cannot be converted "
            f"into the other. Use a unit such as '{target.canonical_text}'."
        )
    return value * (source.numerator * target.denominator) / (source.denominator * target.numerator)


def same_dimension(a: Unit | str, b: Unit | str) -> bool:
    """Return True when values in `a` and in `b` can be converted into each other."""
    first = parse_unit(a) if isinstance(a, str) else a
    second = parse_unit(b) if isinstance(b, str) else b
    return first.dimension == second.dimension


def describe(unit: Unit | str) -> str:
    """Say in words what a unit measures, e.g. ``"a concentration"``; the canonical unit where there is no word."""
    unit = parse_unit(unit) if isinstance(unit, str) else unit
    return WORDS.get(unit.canonical_text, f"a quantity in '{unit.canonical_text}'")


def parse_quantity(text: str) -> tuple[float, Unit]:
    """Read a number with its unit, e.g. ``"300 mg"``; a number alone has the unit ``1``.

    Returns
    -------
    tuple of (float, Unit)
        The number as written (not converted) and its unit.

    Raises
    ------
    UnitError
        If there is no number, the number has a decimal comma, or the unit is unknown.
    """
    match = _NUMBER.fullmatch(str(text))
    if match is None:
        raise UnitError(f"quantity '{text}' does not begin with a number; expected for example '300 mg'. Write it so.")
    if match[2].startswith(","):
        raise UnitError(
            f"quantity '{text}' has a comma; expected a decimal point. Write '{str(text).strip().replace(',', '.')}'."
        )
    return float(match[1]), parse_unit(match[2] or "1")


def parse_time(text: str | float, *, allow_bare: bool = False, where: str = "") -> float:
    """Read a time such as ``"12 h"`` or ``"90 s"`` and return hours.

    Parameters
    ----------
    text : str or float
        Number and unit (s, min, h, d). 0 needs no unit; other numbers without one only with `allow_bare`.
    allow_bare : bool
        Take a number without a unit as hours.
    where : str
        What the time is for, such as ``"until"``: the error begins with it.

    Returns
    -------
    float, hours

    Raises
    ------
    UnitError
        If it does not begin with a number, or the unit is missing, unknown or not a time.
    """
    place = f"{where}: " if where else ""
    if isinstance(text, bool) or not isinstance(text, str | Real):
        raise UnitError(f"{place}time {text!r} is no time; expected a number with a unit. Write for example '12 h'.")
    if not isinstance(text, str):
        value, unit = float(text), parse_unit("1")
    else:
        value, unit = _read_time(text, place)
    if value != value or value in (float("inf"), float("-inf")):
        raise UnitError(f"{place}time '{text}' is not finite; expected a number with a unit. Write for example '12 h'.")
    if not unit.dimension and unit.text == "1":
        if value == 0 or allow_bare:
            return value
        raise UnitError(
            f"{place}time '{text}' has no unit; expected s, min, h or d. Write for example '{value:g} min'."
        )
    if unit.dimension != (("time", 1.0),):
        raise UnitError(f"{place}time '{text}': '{unit}' is {describe(unit)}, not a time; use s, min, h or d.")
    return to_canonical(value, unit)


def _read_time(text: str, place: str) -> tuple[float, Unit]:
    """Number and unit of a time, with sentences that speak of times."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise UnitError(f"{place}time '{text}' does not begin with a number; expected for example '12 h'. Write it so.")
    try:
        return parse_quantity(text)
    except UnitError:
        if match[2].startswith(","):
            right = text.strip().replace(",", ".")
            raise UnitError(f"{place}time '{text}' has a comma; expected a decimal point. Write '{right}'.") from None
        raise UnitError(
            f"{place}time '{text}': '{match[2]}' is not a unit of time; expected s, min, h or d."
            f"{_nearest(match[2], TIMES) or f' Write for example {match[1]} h.'}"
        ) from None
