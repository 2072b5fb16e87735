"""From what the user gave to a setup: the model, its subjects, the observations and the choice of parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from pkpd.assumption import Assumption
from pkpd.dataset.dataset import Dataset
from pkpd.dataset.units import DEFAULTS, DataUnits, data_units, in_canonical_units
from pkpd.errors import ParameterError
from pkpd.fit.case import Case, read_case
from pkpd.fit.choice import Choice, Known, choose
from pkpd.fit.cohort import ages_not_given, assumptions_of, cohort_of, model_of, read_patients, warnings_of_people
from pkpd.fit.fitted import Scale
from pkpd.fit.library_model import LibraryDrug, drug_of, library_model, output_names
from pkpd.fit.model import FitModel, short_model, volume_unit
from pkpd.fit.options import kinds_of
from pkpd.fit.prior import known_for_map, prior_of, read_omega, read_sigma
from pkpd.fit.routes import dose_routes
from pkpd.fit.setup import Setup, prepare, without_idle_fractions
from pkpd.models.compartments import Compartments, as_model
from pkpd.systems.ways import way_key

__all__ = ["Assembled", "assemble"]

#: Plasma volume of which a patient has more: blood 65 mL/kg less the 15 % of old or obese people, haematocrit 0.45.
PLASMA_L_KG = 0.03


class Assembled(NamedTuple):
    """A setup, its units, what was assumed (with IDs), and warnings."""

    setup: Setup
    scale: Scale
    assumptions: list[tuple[object, Assumption]]
    warnings: list[str]


def assemble(
    data: Dataset, model: str | Compartments, options: Mapping[str, Any], ways: Sequence[tuple[str, str]] = ()
) -> Assembled:
    """Bring together what the user gave.

    Parameters
    ----------
    data : Dataset
        In its own units.
    model : str or Compartments
    options : mapping
        The arguments of `fit` by name.
    ways : sequence of (drug, route)
        Ways in that a library model has besides those of the data.
    """
    by, lloq = options["by"], options["lloq"]
    short = isinstance(model, Compartments) or re.match(r"\s*\d+[\s-]*cmt", str(model).lower()) is not None
    lines: list[tuple[object, Assumption]]
    reading = {name: options[name] for name in ("ties", "blq")} | {"may_be_empty": options["method"] == "map"}
    if short:
        units = data_units(data)
        texts, inside, scale, lines = _units_inside(data, units)
        each = inside if by is None else inside.by_occasion(by)
        chosen = short_model(as_model(model), texts)
        kinds = kinds_of(options["dvid"], ["plasma"])
        limit = None if lloq is None else lloq * scale.factor
        case = read_case(inside, each, kinds=kinds, lloq=limit, **reading)
        warnings = []
    else:
        drug, named, given = drug_of(str(model))
        units = data_units(data, molar_mass=drug.molar_mass.value if drug.molar_mass else None)
        inside, scale = in_canonical_units(data, units), Scale(units, True)
        each = inside if by is None else inside.by_occasion(by)
        chosen, kinds = _of_library(inside, each, (drug, named, given), options["dvid"], ways)
        limit = None if lloq is None else lloq * scale.factor
        case = read_case(inside, each, kinds=kinds, lloq=limit, **reading)
        assert chosen.cohort is not None  # it is a library model
        lines = [("", line) for line in (*units.assumptions, *chosen.assumptions)]
        _, why, _ = model_of(drug, chosen.cohort.patients, named)
        lines += [
            (who, line._replace(reason=why) if line.item == f"{drug.name} model" else line)
            for who, line in assumptions_of(chosen.cohort, case)
        ]
        warnings = warnings_of_people(chosen.cohort)
        warnings += ages_not_given(chosen.cohort, named)
    setup, more = _chosen(chosen, case, options)
    return Assembled(setup, scale, lines + [("", line) for line in (*more, *_held_fractions(setup))], warnings)


def _units_inside(
    data: Dataset, units: DataUnits
) -> tuple[Mapping[str, str], Dataset, Scale, list[tuple[object, Assumption]]]:
    """The units in which a short form is fitted, the data in them, and what is to be said of it.

    They are those of the data where a volume is then L or mL. An amount in mg over a level in ng/mL is no unit that
    anybody reads: such data are fitted in h, mg and mg/L, as with a library model.
    """
    lines: list[tuple[object, Assumption]] = [("", line) for line in units.assumptions]
    amount, level = units.texts["AMT"], units.texts["DV"]
    if volume_unit(amount, level) is not None:
        return units.texts, data, Scale(units, False), lines
    said = f"{amount} over {level} is neither L nor mL: volumes in L, clearances in L/h, times in h"
    lines.append(("", Assumption("units of parameters", "h, mg, L", "", "applied", "", "", "data", said)))
    return DEFAULTS, in_canonical_units(data, units), Scale(units, True), lines


def _of_library(
    data: Dataset,
    each: Dataset,
    words: tuple[Any, str | None, str],
    dvid: Any,
    more: Sequence[tuple[str, str]],
) -> tuple[FitModel, dict[Any, int]]:
    """The model of a drug, and the output that each kind of observation is of."""
    drug, named, given = words
    patients = read_patients(data)
    name, _, warning = model_of(drug, patients, named)
    model = drug.models[name]
    r = each.table().records
    rows = r.row[r.dose]
    ways, lines = dose_routes(data, drug, given, rows)
    routes = {way_key(who, route): (who, route) for who, route in dict.fromkeys([*ways, *more])}
    routes = routes or {way_key(given, "iv"): (given, "iv")}
    everything, listed = output_names(model)
    kinds = kinds_of(dvid, everything, listed)
    seen = sorted(set(kinds.values()))
    outputs = [everything[number] for number in seen]
    cohort = cohort_of(LibraryDrug(drug, model, given, routes), patients)
    if warning:
        lines.append(Assumption(f"{drug.name} model", name, "", "default", "", "", "", warning))
    if patients.filled:
        said = "empty cells of covariates take the value before them of the same ID"
        lines.append(Assumption("empty covariates", float(patients.filled), "", "imputed", "", "", "data", said))
    chosen = library_model(cohort, outputs, lines)
    return chosen, {kind: seen.index(output) for kind, output in kinds.items()}


def _chosen(model: FitModel, case: Case, options: Mapping[str, Any]) -> tuple[Setup, list[Assumption]]:
    """What is estimated, from where, with which prior."""
    words = {name: options[name] for name in ("vary", "start", "fixed", "bounds")}
    pooled = options["method"] == "pooled"
    if options["method"] != "map":
        _refuse_priors(options)
        model = without_idle_fractions(model, case)
        choice, lines = _above_plasma(choose(model.known, **words), model)
        return prepare(model, case, choice, options["error"], pooled=pooled), lines
    library = model.cohort.known.model if model.cohort is not None else None
    every = model.known
    if library is not None:
        every = replace(every, names=tuple(dict.fromkeys((*every.names, *library.parameters))))
    omega = read_omega(options["omega"], every, library)
    variances = {a: value for (a, b), value in omega.items() if a == b}
    known = _known_with_prior(model, variances)
    model = replace(model, known=known)
    choice = choose(known, **words)
    sigma, error, lines = read_sigma(options["sigma"], options["error"], library, _shares(model), model.concentration)
    setup = prepare(model, case, choice, error, pooled=False, random=True)
    mean = _prior_mean(setup)
    objective = replace(setup.objective, prior=prior_of(omega, choice.estimated, mean), sigma=sigma)
    lines += [
        Assumption(f"omega of {name}", variances[name], "", "applied", "", "", "", "variance of the logarithm")
        for name in choice.estimated
    ]
    return replace(setup, objective=objective), lines


def _shares(model: FitModel) -> list[float]:
    """Typical share of each output in the total level: fu for unbound ones."""
    return [model.known.values.get(output.factor, 1.0) for output in model.system.outputs]


def _above_plasma(choice: Choice, model: FitModel) -> tuple[Choice, list[Assumption]]:
    """Keep V1 of a library model above the plasma volume, unless the user says where it must stay.

    Where the first sample comes late, ever smaller volumes with an ever faster first phase fit alike, and clearance
    goes with them to any value.
    """
    if model.cohort is None or "V1" not in choice.estimated or "V1" in choice.bounds:
        return choice, []
    weight = min(patient.covariates["weight_kg"] for patient in model.cohort.patients.patients)
    low = PLASMA_L_KG * weight
    if not low < choice.start.get("V1", np.inf):
        return choice, []
    said = (
        f"a central volume is not smaller than the plasma, at least {PLASMA_L_KG:g} L/kg, here of {weight:g} kg; "
        "bounds for V1 replace it"
    )
    line = Assumption("lower bound of V1", low, "L", "applied", "assumption", "D", "project", said)
    return replace(choice, bounds={**choice.bounds, "V1": (low, np.inf)}), [line]


def _known_with_prior(model: FitModel, variances: Mapping[str, float]) -> Known:
    if model.cohort is not None:
        return known_for_map(model.known, model.cohort, variances)
    estimated = tuple(name for name in model.known.names if variances.get(name, 0.0) > 0.0)
    return replace(model.known, estimated=estimated, auto=())


def _prior_mean(setup: Setup) -> Any:
    """Logarithms of the typical values of what is estimated, shape (n_units, p)."""
    n, columns = len(setup.unit_ids), []
    for name in setup.choice.estimated:
        value = setup.choice.start.get(name) if not setup.reference else setup.reference[name]
        if value is None:
            raise ParameterError(
                f"start: '{name}' has a prior variance and no typical value; expected start={{'{name}': ...}} with "
                "method='map' and a short form. Give the typical values in start."
            )
        columns.append(np.broadcast_to(np.log(value), n))
    return np.column_stack(columns)


def _refuse_priors(options: Mapping[str, Any]) -> None:
    for name in ("omega", "sigma"):
        if options[name] is not None:
            raise ParameterError(
                f"{name}: given with method='{options['method']}', which has no prior; expected it with method='map' "
                f"only. Leave {name} out, or choose method='map'."
            )


def _held_fractions(setup: Setup) -> list[Assumption]:
    """Say which fractions stand at 1 or at the library's value, since clearance is relative to them."""
    lines = []
    entries = list(setup.model.system.entries.values())
    for number in np.unique(setup.layout.dose.entry):
        name = entries[number].fraction
        if name in setup.held and entries[number].rate_constant and not setup.reference:
            said = "not estimated: clearance and volumes are those over the bioavailable fraction"
            lines.append(Assumption(name, float(setup.held[name][0]), "1", "default", "", "", "", said))
        elif name in setup.choice.auto:
            said = "estimated, as subjects have doses by another way in too"
            lines.append(Assumption(name, "estimated", "1", "applied", "", "", "", said))
    return lines
