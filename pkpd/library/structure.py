"""What a model has to give: the parameters that the engine reads, their units, and that equations keep dimensions.

The dimension test is numeric. Every number of a model is rescaled as if time, mass, volume or amount were counted in
another unit; an equation is sound when its result rescales as its declared unit says. A literal that hides a dimension
(a clearance of 3.5 L/h written into a formula) does not rescale and is found.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from pkpd.errors import DrugFileError, did_you_mean
from pkpd.library.model import Model
from pkpd.library.reading import Table
from pkpd.library.routes import ROUTES

__all__ = ["ROLE_UNITS", "check_model", "needed_unit", "required"]

ROLE_UNITS = {"CL": "L/h", "V1": "L", "Q2": "L/h", "V2": "L", "Q3": "L/h", "V3": "L"}
_FINAL = ROLE_UNITS | {"VM": "mg/h", "KM": "mg/L", "KE0": "1/h", "KPRO": "1/h", "FU": "1"}
_BY_ROUTE = {"KA_": "1/h", "F_": "1", "ALAG_": "h"}
_SCALE = 1.7
_SCALED_BASES = ("time", "mass", "volume", "amount")


def needed_unit(name: str) -> str:
    """Return the unit whose dimension the parameter `name` must have; empty for an auxiliary parameter."""
    if name in _FINAL:
        return _FINAL[name]
    for prefix, unit in _BY_ROUTE.items():
        if name.startswith(prefix) and name[len(prefix) :].lower() in ROUTES:
            return unit
    return ""


def required(compartments: int, elimination: str, prodrug: bool) -> list[str]:
    """Return the names that a model of this structure must define."""
    names = ["V1"]
    names += ["CL"] if elimination in ("linear", "both") else []
    names += ["VM", "KM"] if elimination in ("michaelis-menten", "both") else []
    for number in range(2, compartments + 1):
        names += [f"Q{number}", f"V{number}"]
    return names + (["KPRO"] if prodrug else [])


def check_model(model: Model, table: Table) -> None:
    """Check completeness, dimensions and signs of a model that was just read.

    Raises
    ------
    DrugFileError
        Naming the table and the parameter.
    """
    structure = f"{model.compartments} compartments, {model.elimination} elimination"
    for name in required(model.compartments, model.elimination, model.prodrug):
        if name not in model.parameters:
            hint = did_you_mean(name, [key for key in model.parameters if len(key) < 4])
            expected = f"it with the unit '{needed_unit(name)}' in [{table.path}.parameters]"
            raise table.error(f"the parameter '{name}' is missing ({structure})", expected, hint or f"Add {name} = ...")
    for point, covariates in _points(model):
        try:
            values = _plain(model, covariates)
        except (ArithmeticError, ValueError) as error:
            if point == "reference":
                problem = f"the equations have no value at the reference covariates ({error})"
                raise table.error(problem, "equations that work there", "Correct the equation.") from None
            continue
        if point == "reference":
            _check_signs(model, values, table)
        for base in _SCALED_BASES:
            _check_scaling(model, covariates, values, base, table)


def _points(model: Model) -> Iterator[tuple[str, dict[str, float]]]:
    """Covariates at the reference and at both ends of the valid ranges, so that every branch is likely seen."""
    yield "reference", {name: limits.reference for name, limits in model.covariates.items()}
    for end in ("low", "high"):
        limits = {name: getattr(covariate, end) for name, covariate in model.covariates.items()}
        yield end, {name: limit for name, limit in limits.items() if limit is not None}


def _plain(model: Model, covariates: Mapping[str, float], base: str = "") -> dict[str, float]:
    """Evaluate without etas and clipping; with `base`, numbers are counted in a unit 1/1.7 as large."""
    env = {name: covariates.get(name, limits.reference) for name, limits in model.covariates.items()}
    for name, spec in model.parameters.items():
        if spec.value is not None:
            env[name] = spec.value.value * _SCALE ** dict(spec.unit.dimension).get(base, 0.0)
        elif spec.expression is not None:
            env[name] = spec.expression.evaluate(env)
    return env


def _check_scaling(
    model: Model, covariates: Mapping[str, float], values: Mapping[str, float], base: str, table: Table
) -> None:
    try:
        scaled = _plain(model, covariates, base)
    except (ArithmeticError, ValueError):
        scaled = {}
    for name, spec in model.parameters.items():
        if spec.expression is None:
            continue
        expected = values[name] * _SCALE ** dict(spec.unit.dimension).get(base, 0.0)
        if not math.isclose(scaled.get(name, math.nan), expected, rel_tol=1e-9, abs_tol=1e-300):
            raise DrugFileError(
                f"{table.file} [{table.path}.parameters.{name}]: the equation '{spec.expression}' does not give "
                f"'{spec.unit}': its result does not follow the unit of {base}; expected numbers with a dimension as "
                "parameters of their own. Check the units of its parameters and move such numbers out of the equation."
            )


def _check_signs(model: Model, values: Mapping[str, float], table: Table) -> None:
    for name in model.parameters:
        value = values[name]
        if not needed_unit(name):
            continue
        positive = name[0] == "V" or name in ("KM", "KE0", "KPRO") or name.startswith("KA_")
        high = 1.0 if name == "FU" or name.startswith("F_") else math.inf
        if not (value > 0 if positive else value >= 0) or not value <= high:
            limits = "a positive number" if positive else "a number from 0" + (" to 1" if high == 1 else " up")
            where = f"{table.file} [{table.path}.parameters.{name}]"
            raise DrugFileError(f"{where}: the value is {value:g}; expected {limits}. Correct the number or its unit.")
