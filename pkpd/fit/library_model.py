"""A drug of the library as the model of a fit: which model, which ways in, what is estimated and in which units.

What a patient's covariates do to the parameters is in `pkpd.fit.cohort`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pkpd.assumption import Assumption
from pkpd.errors import ParameterError, did_you_mean
from pkpd.fit.case import Case
from pkpd.fit.choice import Known
from pkpd.fit.model import FitModel
from pkpd.fit.routes import dose_routes
from pkpd.fit.system import Entry, Output, System
from pkpd.individual.individual import Individual
from pkpd.individual.model_choice import system_drug
from pkpd.library.catalogue import canonical_drug_name, list_drugs, load_drug
from pkpd.library.drug import Drug
from pkpd.library.model import Metabolite, Model
from pkpd.library.structure import required
from pkpd.models.compartments import SPELLINGS
from pkpd.systems.kinetics import Shape, rates_of, shape_of
from pkpd.systems.ways import way_key

if TYPE_CHECKING:
    from pkpd.fit.cohort import Cohort

__all__ = ["LibraryDrug", "drug_of", "library_model", "output_names", "typical_values"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class LibraryDrug:
    """What the library says of a fit's drug.

    Attributes
    ----------
    drug, model : Drug, Model
        The system; the model without the metabolites that are not observed.
    given : str
        The drug that doses are of unless a column DRUG says otherwise.
    routes : dict of str to (drug, route)
    """

    drug: Drug
    model: Model
    given: str
    routes: Mapping[str, tuple[str, str]]

    def fraction(self, key: str) -> str:
        """Name of the bioavailable fraction of a way in; empty where there is none to speak of."""
        route = self.routes[key][1]
        return "" if route == "iv" and "F_IV" not in self.model.parameters else f"F_{route.upper()}"

    def lag(self, key: str) -> str:
        """Name of the lag of a way in."""
        return f"ALAG_{self.routes[key][1].upper()}"

    def rate_constant(self, key: str) -> str:
        """Name of the absorption rate constant of a way in; empty for iv."""
        route = self.routes[key][1]
        return "" if route == "iv" else f"KA_{route.upper()}"


def drug_of(name: str) -> tuple[Drug, str | None, str]:
    """Return the system's drug, the name of the model if `name` is one, and the drug that is given.

    Raises
    ------
    ParameterError
        If the library has neither a drug nor a model of that name.
    """
    word = name.strip().lower()
    if word in list_drugs():
        return system_drug(word), None, canonical_drug_name(word)
    models = {model.lower(): (drug, model) for drug in list_drugs() for model in load_drug(drug).models}
    if word in models:
        drug, model = models[word]
        return load_drug(drug), model, drug
    hint = did_you_mean(word, [*list_drugs(), *models, "1cmt", "2cmt", "3cmt"])
    raise ParameterError(
        f"model: '{name}' is neither a short form nor in the library; expected one such as '1cmt oral', a drug "
        f"({', '.join(list_drugs())}) or a model of one.{hint or ' `pkpd drugs NAME` lists the models of a drug.'}"
    )


def output_names(model: Model) -> tuple[list[str], list[str]]:
    """Return all names of what can be observed, and those that a list of DVID stands for."""
    metabolites = [metabolite.name for metabolite in model.metabolites]
    return ["plasma", "unbound", *metabolites], ["plasma", *metabolites]


def library_model(cohort: Cohort, outputs: Sequence[str], assumptions: Sequence[Assumption]) -> FitModel:
    """Return the model of a fit.

    Parameters
    ----------
    cohort : Cohort
        The subjects; its people give shape and typical values.
    outputs : sequence of str
        What is observed, in the order of the case's outputs.
    assumptions : sequence of Assumption
    """
    person, known_of = cohort.reference, cohort.known
    drug, routes = known_of.drug, dict(known_of.routes)
    model = replace(known_of.model, metabolites=_needed(known_of.model.metabolites, outputs))
    known_of = replace(known_of, model=model)
    bare = replace(person, model=model, parameters=_without_sites(person.parameters), brain=None)
    shape = shape_of(bare, routes)
    rate_keys = {key: known_of.rate_constant(key) for key in routes if known_of.rate_constant(key)}
    entries = {
        key: Entry(
            shape.entries[key], known_of.fraction(key), known_of.lag(key), "", "", known_of.rate_constant(key),
            _dose_factor(given),
        )
        for key, (given, _) in routes.items()
    }  # fmt: skip
    seen = _seen(model, shape, outputs)

    def rates(values: Mapping[str, FloatArray]) -> FloatArray:
        rate = {key: values[constant] for key, constant in rate_keys.items()}
        row = rates_of(replace(bare, parameters=values, rate=rate), routes)  # type: ignore[arg-type]
        return np.column_stack([np.broadcast_to(column, len(values["V1"])) for column in row])

    kinetic = _kinetic(known_of)
    system = System(
        f"{drug.name} ({model.name})", kinetic, shape.structure, shape.central, shape.saturable, seen, rates,
        entries, model.compartments,
    )  # fmt: skip
    names = (*kinetic, *(name for name in system.dose_parameters if name not in kinetic), "FU")
    return FitModel(
        name=model.name,
        system=system,
        known=_known(names, known_of, person),
        units={parameter: _unit(model, parameter) for parameter in dict.fromkeys((*names, *model.parameters))},
        concentration="mg/L",
        entries=lambda case: _entries(case, known_of),
        cohort=replace(cohort, known=known_of),
        assumptions=tuple(assumptions),
    )


def _seen(model: Model, shape: Shape, outputs: Sequence[str]) -> tuple[Output, ...]:
    """What is observed, by the names of `output_names`."""
    states = {"plasma": shape.outputs[0], "unbound": shape.outputs[0]}
    states |= {metabolite.name: output for metabolite, output in zip(model.metabolites, shape.outputs[1:])}
    return tuple(Output(o, states[o].state, states[o].volume, "FU" if o == "unbound" else "") for o in outputs)


def _needed(metabolites: Sequence[Metabolite], outputs: Sequence[str]) -> tuple[Metabolite, ...]:
    """The metabolites that are observed, and those that they come from."""
    wanted = set(outputs)
    for metabolite in reversed(metabolites):
        if metabolite.name in wanted:
            wanted.add(metabolite.parent)
    return tuple(metabolite for metabolite in metabolites if metabolite.name in wanted)


def _without_sites(parameters: Mapping[str, float]) -> dict[str, float]:
    """Parameters without those of the effect site, which nobody measures."""
    return {name: value for name, value in parameters.items() if name != "KE0"}


def _dose_factor(given: str) -> float:
    factor = load_drug(given).dose_factor
    return 1.0 if factor is None else factor.value


def _kinetic(known: LibraryDrug) -> tuple[str, ...]:
    """Parameters that the rate constants are made of."""
    model = known.model
    prodrug = any(given != known.drug.name for given, _ in known.routes.values())
    names = required(model.compartments, model.elimination, prodrug)
    names = sorted(names, key=["CL", "V1", "Q2", "V2", "Q3", "V3", "VM", "KM", "KPRO"].index)
    for metabolite in model.metabolites:
        names += list(metabolite.parameters.values())
        names += [metabolite.formation] if isinstance(metabolite.formation, str) else []
        names += [metabolite.presystemic] if metabolite.presystemic and _by_mouth(known) else []
    constants = [known.rate_constant(key) for key in known.routes]
    return tuple(dict.fromkeys([*names, *(name for name in constants if name)]))


def _by_mouth(known: LibraryDrug) -> bool:
    return any(route == "po" and given == known.drug.name for given, route in known.routes.values())


def _known(names: tuple[str, ...], known: LibraryDrug, person: Individual) -> Known:
    """What is estimated by default: disposition, absorption rates, and fractions where an iv dose sets the scale."""
    typical = typical_values(known, person)
    held = [name for name in names if name[:2] in ("F_", "FU") or name.startswith(("ALAG_", "KPRO"))]
    estimated = [name for name in names if name not in held]
    fractions = tuple(name for name in held if name.startswith("F_"))
    auto = fractions if any(not known.fraction(key) for key in known.routes) else ()
    aliases = dict(SPELLINGS)
    for short, prefix in (("KA", "KA_"), ("F", "F_"), ("F1", "F_"), ("ALAG1", "ALAG_"), ("ALAG", "ALAG_")):
        own = [name for name in names if name.startswith(prefix)]
        if len(own) == 1:
            aliases[short] = own[0]
    listed = tuple(name for name in names if name != "FU" and not (name.startswith("ALAG_") and not typical[name]))
    values = {name: typical[name] for name in names}
    return Known(names, (*estimated, *auto), values, aliases, listed, auto)


def typical_values(known: LibraryDrug, person: Individual) -> dict[str, float]:
    """Return every parameter of a person that a fit may need, the ways in by the names of `LibraryDrug`."""
    values = dict(person.parameters) | {"FU": person.fu}
    for key in known.routes:
        if known.fraction(key):
            values[known.fraction(key)] = person.fraction[key]
        if known.rate_constant(key):
            values[known.rate_constant(key)] = person.rate[key]
        values[known.lag(key)] = person.lag[key]
    return values


def _unit(model: Model, name: str) -> str:
    if name in model.parameters:
        return model.parameters[name].unit.canonical_text
    return {"A": "h", "F": "1", "K": "1/h"}.get(name[0], "")


def _entries(case: Case, known: LibraryDrug) -> IntArray:
    """The way in of each dose record."""
    r = case.table.records
    rows = r.row[r.dose]
    if case.order is not None:
        rows = case.order[rows]
    found, _ = dose_routes(case.data, known.drug, known.given, rows)
    keys = list(known.routes)
    return np.array([keys.index(way_key(given, route)) for given, route in found], dtype=np.int64)
