"""What a drug does at the receptors: its role as an integer, and its constants on the basis of total plasma or brain.

The calibration drives every equation with the total-plasma-equivalent concentration C = Cu_brain/(fu Kp,uu), so the
potency on total plasma is what was estimated. `ReceptorRole.unbound` multiplies the concentrations of the role by the
same fu and Kp,uu; after that the unbound brain concentration may be used as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pkpd.errors import ParameterError
from pkpd.library.evidence import Source
from pkpd.library.parameter import Value, read_value
from pkpd.library.reading import Table

__all__ = ["RAMSAY_LEVELS", "ROLE_CODES", "ReceptorRole", "read_receptor_role"]

ROLE_CODES = {
    "none": 0,
    "benzodiazepine": 1,
    "general": 2,
    "sodium": 3,
    "release": 4,
    "nmda": 5,
    "antagonist": 6,
}
RAMSAY_LEVELS = (2, 3, 4, 5, 6)
_HILL = ("e_max", "ec50", "hill")
_CONSTANTS: dict[str, tuple[str, ...]] = {
    "none": (),
    "benzodiazepine": ("k_occ",),
    "general": _HILL,
    "sodium": _HILL,
    "release": _HILL,
    "nmda": ("ic50", "hill"),
    "antagonist": ("kd",),
}
_HALVES = ("k_occ", "ec50", "ic50", "kd")
_BIS = {"bis_ce50": "mg/L", "bis_e0": "1", "bis_gamma_below": "1", "bis_gamma_above": "1"}


@dataclass(frozen=True)
class ReceptorRole:
    """The role of a drug in the receptor layer.

    Attributes
    ----------
    role : str
        none | benzodiazepine | general | sodium | release | nmda | antagonist.
    basis : str
        What the concentrations refer to: ``"total"`` (total plasma) or ``"unbound"`` (unbound brain).
    constants : dict of str to Value
        benzodiazepine: k_occ (half occupancy). general, sodium, release: e_max, ec50, hill. nmda: ic50, hill.
        antagonist: kd. Concentrations in mg/L.
    ramsay_c50 : tuple of Value
        Concentrations (mg/L) of an even chance of Ramsay 2, 3, 4, 5, 6 or deeper; empty where none are known.
    bsr_ce50 : Value or None
        Concentration (mg/L) of half burst suppression.
    bis : dict of str to Value
        bis_ce50 (mg/L), bis_e0, bis_gamma_below, bis_gamma_above; empty where the drug has no such model. Always on the
        basis of the total concentration at the drug's own effect site.
    information : dict of str to tuple of Value
        Numbers that stand beside the constants and enter no equation.
    note : str
    """

    role: str
    basis: str = "total"
    constants: Mapping[str, Value] = field(default_factory=dict)
    ramsay_c50: tuple[Value, ...] = ()
    bsr_ce50: Value | None = None
    bis: Mapping[str, Value] = field(default_factory=dict)
    information: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    note: str = ""

    @property
    def code(self) -> int:
        """The role as the integer that the kernels read."""
        return ROLE_CODES[self.role]

    @property
    def e_max(self) -> float:
        """Largest effect (0 for a benzodiazepine, whose ceiling is common to all, and for an antagonist)."""
        if self.role == "nmda":
            return 1.0  # the block is Hill(C) itself
        return self.constants["e_max"].value if "e_max" in self.constants else 0.0

    @property
    def half(self) -> float:
        """Concentration of half the effect (mg/L, on `basis`); infinite for a drug without a role."""
        return next((self.constants[name].value for name in _HALVES if name in self.constants), float("inf"))

    @property
    def hill(self) -> float:
        """Steepness; 1 where the role binds by mass action."""
        return self.constants["hill"].value if "hill" in self.constants else 1.0

    @property
    def row(self) -> tuple[float, float, float, float]:
        """(code, e_max, half, hill): one row of the array that the kernels read."""
        return float(self.code), self.e_max, self.half, self.hill

    def unbound(self, fu: float, kp_uu: float) -> ReceptorRole:
        """Convert the concentrations to the basis of unbound brain.

        Parameters
        ----------
        fu : float, dimensionless
            Unbound fraction in plasma.
        kp_uu : float, dimensionless
            Unbound brain over unbound plasma at P-gp fold 1, as the brain equation has it: 1/(1 + rho + other efflux)
            (`pkpd.library.transport.kp_uu`), not the rounded number printed beside it.

        Returns
        -------
        ReceptorRole
            With ``basis="unbound"``; status, source and grade of every value are kept. A role that is unbound already
            is returned as it is.

        Raises
        ------
        ParameterError
            If fu is not in (0, 1], or Kp,uu not positive and finite.

        Notes
        -----
        K_unbound = K_total fu kp_uu. With the fu and kp_uu that the brain equation of the same person uses,
        C_brain/K_unbound = (C_brain/(fu kp_uu))/K_total: the total-plasma-equivalent concentration over the potency
        that the calibration estimated, whatever fu is. Where a person's fu (albumin) or P-gp fold differs from the one
        converted with, the unbound concentration and with it the effect differ, as they should.
        """
        if not 0.0 < fu <= 1.0:
            raise ParameterError(
                f"receptor role {self.role}: fu is {fu!r}; expected a fraction above 0, at most 1. Correct it."
            )
        if not 0.0 < kp_uu < float("inf"):
            raise ParameterError(
                f"receptor role {self.role}: kp_uu is {kp_uu!r}; expected a positive ratio. Correct it."
            )
        if self.basis == "unbound":
            return self
        factor = fu * kp_uu
        constants = {name: _scaled(v, factor) if name in _HALVES else v for name, v in self.constants.items()}
        return replace(
            self,
            basis="unbound",
            constants=constants,
            ramsay_c50=tuple(_scaled(value, factor) for value in self.ramsay_c50),
            bsr_ce50=None if self.bsr_ce50 is None else _scaled(self.bsr_ce50, factor),
        )

    def with_constants(self, changes: Mapping[str, float]) -> ReceptorRole:
        """Return a copy in which some constants (mg/L, on `basis`) have other values, say of a posterior draw.

        Raises
        ------
        ParameterError
            If the role has no such constant.
        """
        for name in changes:
            if name not in self.constants:
                known = ", ".join(self.constants) or "none"
                raise ParameterError(
                    f"receptor role {self.role}: the constant '{name}' is not known; expected one of {known}. "
                    "Correct it."
                )
        new = {
            name: value.replace(value=changes[name], raw=changes[name] / value.unit.factor, low=None, high=None)
            if name in changes
            else value
            for name, value in self.constants.items()
        }
        return replace(self, constants=new)


def _scaled(value: Value, factor: float) -> Value:
    ends = {key: None if end is None else end * factor for key, end in (("low", value.low), ("high", value.high))}
    note = f"{value.note}; " if value.note else ""
    return value.replace(
        value=value.value * factor, raw=value.raw * factor, note=f"{note}total x {factor:.4g}: unbound brain", **ends
    )


def read_receptor_role(table: Table, sources: Mapping[str, Source]) -> ReceptorRole:
    """Read a ``[receptor]`` table.

    Raises
    ------
    DrugFileError
        If a constant of the role is missing, one is there that the role does not have, or one is out of bounds.
    """
    role = table.text("role", choices=ROLE_CODES)
    needed = _CONSTANTS[role]
    outputs = () if role == "none" else ("basis", "ramsay_c50", "bsr_ce50", *_BIS)
    table.only(("role", "note", "information", *needed, *outputs))
    default = "unbound" if role in ("nmda", "antagonist") else "total"
    information = table.table("information", None)
    result = ReceptorRole(
        role=role,
        basis=table.text("basis", default, choices=("total", "unbound")),
        constants={name: read_value(table.table(name), sources, needed=_unit_of(name), name=name) for name in needed},
        ramsay_c50=_read_ramsay(table, sources),
        bsr_ce50=_read_positive(table, "bsr_ce50", "mg/L", sources) if "bsr_ce50" in table else None,
        bis=_read_bis(table, sources),
        information={name: _read_values(information.table(name), sources, "") for name in information},
        note=table.text("note", ""),
    )
    _check_constants(table, result)
    return result


def _unit_of(name: str) -> str:
    return "mg/L" if name in _HALVES else "1"


def _check_constants(table: Table, role: ReceptorRole) -> None:
    for name, value in role.constants.items():
        if value.value < 0 or (value.value == 0 and name != "e_max"):
            raise table.error(f"'{name}' is {value.raw:g}", "a positive number", "Correct it.")
    if role.role in ("sodium", "release") and role.e_max >= 1:
        problem = f"'e_max' is {role.e_max:g}, which would leave nothing of the excitation"
        raise table.error(problem, f"a share below 1 for the role '{role.role}'", "Correct it.")


def _read_positive(table: Table, key: str, unit: str, sources: Mapping[str, Source]) -> Value:
    value = read_value(table.table(key), sources, needed=unit, name=key)
    if value.value <= 0:
        raise table.error(f"'{key}' is {value.raw:g}", "a positive number", "Correct it.")
    return value


def _read_bis(table: Table, sources: Mapping[str, Source]) -> dict[str, Value]:
    if not any(name in table for name in _BIS):
        return {}
    return {name: _read_positive(table, name, unit, sources) for name, unit in _BIS.items()}


def _read_ramsay(table: Table, sources: Mapping[str, Source]) -> tuple[Value, ...]:
    if "ramsay_c50" not in table:
        return ()
    entry = table.table("ramsay_c50")
    levels = _read_values(entry, sources, "mg/L")
    numbers = [0.0, *(value.value for value in levels)]
    if len(levels) != len(RAMSAY_LEVELS) or any(a >= b for a, b in zip(numbers, numbers[1:])):
        problem = f"'value' is {entry.data['value']!r}"
        raise entry.error(problem, "five rising concentrations, for Ramsay 2 to 6", "Correct them.")
    return levels


def _read_values(table: Table, sources: Mapping[str, Source], needed: str) -> tuple[Value, ...]:
    """Read a value table whose ``value`` may be a list: one Value for each number, with the same evidence."""
    numbers = table.data.get("value")
    if not isinstance(numbers, list) or not numbers:
        return (read_value(table, sources, needed=needed),)
    name = table.path.rpartition(".")[2]
    return tuple(
        read_value(Table({**table.data, "value": number}, table.file, table.path), sources, needed=needed, name=name)
        for number in numbers
    )
