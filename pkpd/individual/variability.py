"""Deviations of an individual from the typical one: normal draws with the variances and covariances of a model.

The draw of a parameter is keyed by (seed, subject, drug, parameter): a subject deviates alike in every regimen, in
every crowd, and in every model of a drug that varies the parameter of that name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pkpd.errors import DrugFileError
from pkpd.individual.model_choice import select_model
from pkpd.library.catalogue import list_drugs, load_drug
from pkpd.library.model import Model

if TYPE_CHECKING:
    from pkpd.patients.patient import Patient

__all__ = ["clearance_spreads", "etas_of"]


def etas_of(drug: str, model: Model, seed: int, subject: int) -> dict[str, float]:
    """Return the deviations (eta) of one subject by parameter name.

    Parameters
    ----------
    drug : str
    model : Model
    seed, subject : int

    Returns
    -------
    dict of str to float
    """
    from pkpd.streams import stream

    names, factor = _factor(model)
    normal = [float(stream(seed, subject, f"eta {drug} {name}").standard_normal()) for name in names]
    etas = {
        name: sum(weight * draw for weight, draw in zip(row, normal)) for name, row in zip(names, factor, strict=True)
    }
    for name, iiv in model.iiv.items():
        if iiv.same_as is not None:
            shared = model.iiv[iiv.same_as]
            etas[name] = etas[iiv.same_as] * math.sqrt(iiv.omega2 / shared.omega2)
    return etas


def clearance_spreads(patient: Patient, models: Mapping[str, str]) -> dict[str, float]:
    """Return the log sd of the clearance of every drug that acts at the receptors, in the model that `patient` gets.

    Parameters
    ----------
    patient : Patient
    models : mapping of str to str
        Drug to model, as the user chose.

    Returns
    -------
    dict of str to float
        0 where the model does not vary it. VM stands for the clearance of a saturable model.
    """
    found = {}
    for name in list_drugs():
        drug = load_drug(name)
        if drug.prodrug_of is None and drug.receptor is not None and drug.receptor.code:
            iiv = select_model(drug, patient, models)[0].iiv
            own = iiv.get("CL") or iiv.get("VM")
            found[name] = math.sqrt(own.omega2) if own else 0.0
    return found


_FACTORS: dict[int, tuple[Model, tuple[str, ...], tuple[tuple[float, ...], ...]]] = {}


def _factor(model: Model) -> tuple[tuple[str, ...], tuple[tuple[float, ...], ...]]:
    """Lower triangular root of the covariance matrix of the model's etas, kept per model object."""
    known = _FACTORS.get(id(model))
    if known is None or known[0] is not model:
        names = tuple(name for name, iiv in model.iiv.items() if iiv.same_as is None)
        _FACTORS[id(model)] = known = (model, names, _cholesky(model, names))
    return known[1], known[2]


def _cholesky(model: Model, names: tuple[str, ...]) -> tuple[tuple[float, ...], ...]:
    place = {name: i for i, name in enumerate(names)}
    matrix = [[0.0] * len(names) for _ in names]
    for name in names:
        matrix[place[name]][place[name]] = model.iiv[name].omega2
    for a, b, covariance in model.covariances:
        matrix[place[a]][place[b]] = matrix[place[b]][place[a]] = covariance
    root = [[0.0] * len(names) for _ in names]
    for i in range(len(names)):
        for j in range(i + 1):
            rest = matrix[i][j] - sum(root[i][k] * root[j][k] for k in range(j))
            if i == j and rest < 0:
                raise DrugFileError(
                    f"model '{model.name}' [covariances]: the covariance matrix of {', '.join(names)} is not positive; "
                    "expected each covariance below the product of the two deviations. Correct the covariances."
                )
            root[i][j] = math.sqrt(rest) if i == j else rest / root[j][j] if root[j][j] else 0.0
    return tuple(tuple(row) for row in root)
