"""The numbers of the propofol infusion syndrome as they stand in ``pris.toml``; knows their units, not what they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pkpd.library.evidence import Source
from pkpd.library.parameter import Value, read_value
from pkpd.library.reading import Table, read_sources, read_toml
from pkpd.units import convert

__all__ = ["PrisFile", "load_pris", "read_pris"]

#: Every number of the file and the unit in which the module counts it. Enzyme activity (U) has no dimension.
_UNITS: dict[str, dict[str, str]] = {
    "constants": {
        "h_ref": "1/h", "h_ref_log_sd": "1", "beta": "kg*h/mg", "beta_sd": "kg*h/mg", "beta_floor": "kg*h/mg",
        "rate_ref": "mg/kg/h", "rate_cap": "mg/kg/h", "rate_half": "mg/kg/h", "ratio_cap": "1", "tau_rate": "h",
        "ramp_half": "h", "tau_m": "h", "r50_m": "mg/kg/h", "hill_m": "1", "modifier_gain_m": "1",
        "tg_base": "mg/dL", "tg_slope": "kg*h/dL", "tg_gain": "1", "tau_tg": "h",
        "ck_base": "1/L", "ck_release": "1/L/h", "ck_clearance": "1/h", "lactate_base": "mmol/L", "lactate_gain": "1",
    },
    "modifiers": dict.fromkeys(
        ("vasopressor", "head_injury", "child", "steroid", "low_carbohydrate", "product_cap"), "1"
    ),
    "alert": {
        "amber_rate": "mg/kg/h", "red_rate": "mg/kg/h", "hours": "h", "amber_risk": "1", "red_risk": "1",
        "look_ahead": "h", "data_end_rate": "mg/kg/h", "load_hours": "h",
    },
}  # fmt: skip


@dataclass(frozen=True)
class PrisFile:
    """The file as read.

    Attributes
    ----------
    constants, modifiers, alert : mapping of str to Value
        Each with source, status and grade.
    evidence : mapping of str to str
        How far each part can be trusted, in words.
    sources : mapping of str to Source
    sha256 : str
    """

    constants: Mapping[str, Value]
    modifiers: Mapping[str, Value]
    alert: Mapping[str, Value]
    evidence: Mapping[str, str]
    sources: Mapping[str, Source]
    sha256: str

    def numbers(self, table: str) -> dict[str, float]:
        """Plain numbers of one table: hours, mg/kg/h, fractions, mg/dL, mmol/L and U/L."""
        values: Mapping[str, Value] = getattr(self, table)
        return {name: convert(values[name].raw, values[name].unit, unit) for name, unit in _UNITS[table].items()}


@lru_cache(maxsize=1)
def load_pris() -> PrisFile:
    """Return the shipped file, read once."""
    return read_pris(Path(__file__).with_name("pris.toml"))


def read_pris(path: Path) -> PrisFile:
    """Read and check a file of PRIS constants.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    PrisFile

    Raises
    ------
    DrugFileError
        If a number is missing, unknown, below zero or of another dimension, or has no source.
    """
    top, digest = read_toml(path)
    top.only((*_UNITS, "evidence", "sources"))
    sources = read_sources(top)
    constants, modifiers, alert = (_read_values(top.table(name), units, sources) for name, units in _UNITS.items())
    evidence = top.table("evidence")
    words = {name: evidence.text(name) for name in evidence}
    return PrisFile(constants, modifiers, alert, words, sources, digest)


def _read_values(table: Table, units: Mapping[str, str], sources: Mapping[str, Source]) -> dict[str, Value]:
    table.only(units)
    values = {name: read_value(table.table(name), sources, needed=unit) for name, unit in units.items()}
    for name, value in values.items():
        if value.raw <= 0.0:
            raise table.error(f"'{name}' is {value.raw:g}", "a number above 0", "Correct the number.")
    return values
