"""The model of a fit: a short form here, a drug of the library in `pkpd.fit.library_model`; both look alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pkpd.assumption import Assumption
from pkpd.dataset.records import compartment_rule, number
from pkpd.errors import DataError, UnitError
from pkpd.fit.case import Case
from pkpd.fit.choice import Known
from pkpd.fit.system import System, compartment_system
from pkpd.models.compartments import SPELLINGS, Compartments
from pkpd.units import convert, parse_unit

if TYPE_CHECKING:
    from pkpd.fit.cohort import Cohort

__all__ = ["FitModel", "short_model", "volume_unit"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class FitModel:
    """What can be fitted.

    Attributes
    ----------
    name : str
        As the user named it.
    system : System
    known : Known
    units : dict of str to str
        Of the parameters.
    concentration : str
        Unit of predictions inside the fit.
    entries : callable
        Case to the entry of each dose record.
    cohort : Cohort or None
        The subjects as patients of the library; None for a short form.
    assumptions : tuple of Assumption
    """

    name: str
    system: System
    known: Known
    units: Mapping[str, str]
    concentration: str
    entries: Callable[[Case], IntArray]
    cohort: Cohort | None = None
    assumptions: tuple[Assumption, ...] = field(default=())


def short_model(form: Compartments, units: Mapping[str, str]) -> FitModel:
    """Return the model of a short form, whose parameters are in the units of the data.

    Parameters
    ----------
    form : Compartments
    units : mapping of str to str
        Units of TIME, AMT and DV.
    """
    system = compartment_system(form)
    held = {f"{kind}{n}": value for n in range(1, form.count + 1) for kind, value in (("F", 1.0), ("ALAG", 0.0))}
    coded = tuple(f"{kind}{n}" for n in range(1, form.count + 1) for kind in ("R", "D"))
    values = held | dict.fromkeys(coded, np.nan)
    auto = ("F1",) if form.absorption else ()
    known = Known((*system.kinetic, *held, *coded), (*system.kinetic, *auto), values, SPELLINGS, (), auto)
    return FitModel(
        name=system.label,
        system=system,
        known=known,
        units=_parameter_units(known.names, units),
        concentration=units["DV"],
        entries=lambda case: _entries(case, form.count),
    )


def _entries(case: Case, count: int) -> IntArray:
    """The compartment that each dose record names; none or 0 is the first."""
    r = case.table.records
    doses = r.take(r.dose)
    rule = compartment_rule(count)
    bad = np.flatnonzero(rule.broken(doses))
    if len(bad):
        row = doses.row[bad[0]] if case.order is None else case.order[doses.row[bad[0]]]
        raise DataError(f"{case.where(int(row))}: {rule.message.format(cmt=number(doses.cmt[bad[0]]))} {rule.fix}")
    return np.maximum(doses.cmt.astype(np.int64), 1) - 1


def volume_unit(amount: str, level: str) -> str | None:
    """Return L or mL where an amount over a concentration is that, such as mg over mg/L; None for mg over ng/mL."""
    for volume in ("L", "mL"):
        try:
            if convert(1.0, amount, parse_unit(f"{level}*{volume}")) == 1.0:
                return volume
        except UnitError:
            return None
    return None


def _parameter_units(names: tuple[str, ...], units: Mapping[str, str]) -> dict[str, str]:
    """Units of the parameters where amounts, times and concentrations are in those of the data."""
    time, amount, level = units["TIME"], units["AMT"], units["DV"]
    volume = volume_unit(amount, level) or f"{amount}/({level})"
    by_kind = {"C": f"{volume}/{time}", "Q": f"{volume}/{time}", "V": volume, "F": "1", "A": time, "D": time}
    by_kind |= {"R": f"{amount}/{time}"}
    named = {"KA": f"1/{time}", "VM": f"{amount}/{time}", "KM": level}
    return {name: named.get(name, by_kind.get(name[0], "")) for name in names}
