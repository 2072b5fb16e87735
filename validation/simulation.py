"""The concentration that a row of data/reference asks for, computed by `pkpd.simulate` itself."""

from __future__ import annotations

import pkpd
from pkpd.library.catalogue import load_drug
from pkpd.units import convert
from validation.evaluator import Row


def _regimen(row: Row) -> str:
    """Write the row's dose as an order."""
    drug, route = row.inputs.get("order", row.drug), row.inputs["route"]
    if "rate_mg_h" in row.inputs:
        return f"{drug} {row.inputs['rate_mg_h']} mg/h {route}"
    amount = row.inputs.get("dose_mg_PE")
    text = f"{drug} {amount} mg PE" if amount else f"{drug} {row.inputs['dose_mg']} mg"
    hours = row.number("duration_h", 0.0)
    return f"{text} {route}" + (f" over {hours * 3600.0:.9g} s" if hours else "")


def _patient(row: Row) -> pkpd.Patient:
    columns = dict(row.covariates)
    sex = "F" if columns.pop("male", 1.0) == 0 else "M"
    columns.setdefault("age_y", 35.0)
    columns.setdefault("weight_kg", 70.0)
    return pkpd.Patient(sex=sex, **columns)


def package_concentration(row: Row) -> float:
    """Concentration at the row's time through regimen, patient, individual parameters and engine."""
    time_h = row.number("time_h")
    system = load_drug(row.drug).prodrug_of or row.drug
    solution = pkpd.simulate(
        _regimen(row), _patient(row), until=max(time_h, 1 / 60), times=[time_h], models={system: row.model_name}
    )
    kind = "effect" if row.quantity == "effect_concentration" else "plasma"
    value = float(solution.to_frame()[f"{system}_{kind}_mg_L"].iloc[-1])
    return convert(value, "mg/L", row.fields["unit"])
