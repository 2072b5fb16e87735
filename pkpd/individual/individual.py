"""Where patient, drug and evidence meet: the parameters of one drug in one patient, and every choice that made them.

Nothing later knows a genotype or a comedication; what was applied, withheld, or left at a default is written down here
with its grade. Solves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pkpd.assumption import Assumption
from pkpd.errors import ParameterError, did_you_mean
from pkpd.individual.factors import Factors, collect_factors
from pkpd.individual.model_choice import select_model
from pkpd.individual.variability import etas_of
from pkpd.library import hepatic
from pkpd.library.catalogue import load_drug
from pkpd.library.drug import Drug
from pkpd.library.model import Model
from pkpd.patients.patient import Patient

__all__ = ["BrainRates", "Individual", "individual"]


class BrainRates(NamedTuple):
    """dCu/dt = k (Cu_plasma - out Cu), k in 1/h; `out` is 1 + fold rho + other efflux, `rho` as it acts at fold 1."""

    k: float
    out: float
    rho: float


@dataclass(frozen=True)
class Individual:
    """One drug in one patient.

    Attributes
    ----------
    drug, model : Drug, Model
        The system whose parameters these are (phenytoin for fosphenytoin).
    parameters : dict of str to float
        Canonical, effects applied.
    fu : float
        Unbound fraction in plasma.
    fraction, rate, lag : dict of str to float
        Per way in (see `pkpd.systems.ways`): bioavailable fraction, absorption rate (1/h), lag (h).
    brain : BrainRates or None
    assumptions : tuple of Assumption
    warnings : tuple of str
    """

    drug: Drug
    model: Model
    parameters: Mapping[str, float]
    fu: float
    fraction: Mapping[str, float]
    rate: Mapping[str, float]
    lag: Mapping[str, float]
    brain: BrainRates | None
    assumptions: tuple[Assumption, ...]
    warnings: tuple[str, ...]


def individual(
    drug: Drug,
    patient: Patient,
    routes: Mapping[str, tuple[str, str]],
    models: Mapping[str, str],
    evidence: str,
    chance: tuple[int, int] | None = None,
) -> Individual:
    """Compute the parameters of one drug in one patient.

    Parameters
    ----------
    drug : Drug
        A drug with models of its own.
    patient : Patient
    routes : mapping of the key of a way in to (drug, route)
        Ways in which this system is dosed, iv included.
    models : mapping of str to str
        Drug to model; ``binding`` to a binding rule.
    evidence : {"established", "exploratory"}
    chance : tuple of (seed, subject), optional
        Draws the individual's deviations; None gives the typical one.

    Raises
    ------
    ParameterError
        If there is no such model or binding rule, or a parameter becomes impossible.
    """
    model, why, warning = select_model(drug, patient, models)
    etas = etas_of(drug.name, model, *chance) if chance else {}
    values, clipped = model.evaluate(patient.covariates, etas)
    lines = [Assumption(f"{drug.name} model", model.name, "", "applied", model.status, model.grade, model.source, why)]
    lines += [
        Assumption(f"{drug.name} {name}", value, "", "default", "", "", model.source, "not given: model's reference")
        for name, value in model.at_reference(patient.covariates)
    ]
    warnings = [warning] if warning else []
    warnings += [*model.out_of_range(patient.covariates), *clipped]
    factors = collect_factors(drug, model, patient, evidence)
    lines += factors.lines
    warnings += factors.warnings
    _apply(values, drug, factors)
    _check(values, drug, model)
    fraction, rate, lag = _absorption(values, drug, routes, factors)
    fu = _unbound(values, drug, model, patient, models, lines)
    brain = _brain(drug, patient, factors, lines)
    return Individual(drug, model, values, fu, fraction, rate, lag, brain, tuple(lines), tuple(warnings))


def _apply(values: dict[str, float], drug: Drug, factors: Factors) -> None:
    """Put the multipliers on the parameters that they act on."""
    clearance = factors.of("CL")
    if factors.of("CLint_hepatic") != 1.0:
        x = drug.hepatic["fu_b_CLint_over_QH"].value
        share = drug.hepatic["hepatic_fraction"].value if "hepatic_fraction" in drug.hepatic else 1.0
        clearance *= hepatic.partial_clearance_ratio(factors.of("CLint_hepatic"), x, share)
    if "CL" in values:
        values["CL"] *= clearance
    if "VM" in values:
        values["VM"] *= factors.of("Vmax") * clearance
        values["KM"] *= factors.of("Km")


def _check(values: Mapping[str, float], drug: Drug, model: Model) -> None:
    for name in ("CL", "V1", "V2", "V3", "VM", "KM", "KE0", "KPRO"):
        value = values.get(name)
        clipped = name == "CL" and value == 0.0  # a linear term below zero, put at its floor and listed
        if value is not None and not 0.0 < value < math.inf and not clipped:
            raise ParameterError(
                f"{drug.name}, model '{model.name}': {name} becomes {value:g} with this patient's covariates; expected "
                "a positive number. Check the covariates, or name another model."
            )


def _absorption(
    values: Mapping[str, float], drug: Drug, routes: Mapping[str, tuple[str, str]], factors: Factors
) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Fraction, rate and lag of each way in; a model's own absorption goes before the drug's."""
    fraction, rate, lag = {}, {}, {}
    for key, (given, route) in routes.items():
        facts = load_drug(given).routes[route] if given != drug.name else drug.routes[route]
        own = values if given == drug.name else {}
        suffix = route.upper()
        bioavailable = own.get(f"F_{suffix}", facts.F.value)
        if route == "po":
            bioavailable *= factors.of("F")
            if factors.of("CLint_hepatic") != 1.0 or factors.of("CLint_gut") != 1.0:
                bioavailable *= hepatic.oral_bioavailability_ratio(
                    factors.of("CLint_hepatic"),
                    factors.of("CLint_gut"),
                    drug.hepatic["fu_b_CLint_over_QH"].value,
                    drug.hepatic["F_G"].value,
                )
        fraction[key] = bioavailable
        if route != "iv":
            rate[key] = own.get(f"KA_{suffix}", facts.KA.value if facts.KA else math.nan)
        lag[key] = own.get(f"ALAG_{suffix}", facts.ALAG.value if facts.ALAG else 0.0)
    return fraction, rate, lag


def _unbound(
    values: Mapping[str, float],
    drug: Drug,
    model: Model,
    patient: Patient,
    models: Mapping[str, str],
    lines: list[Assumption],
) -> float:
    """Unbound fraction: the model's own, else the binding rule that was asked for, else the drug's."""
    item = f"{drug.name} fu"
    if "FU" in values:
        spec = model.parameters["FU"]
        ignored = f"; the binding rule '{models['binding']}' is not used" if "binding" in models else ""
        reason = "the model's own binding" + ignored
        lines.append(Assumption(item, values["FU"], "1", "applied", spec.status, spec.grade, spec.source, reason))
        return values["FU"]
    if drug.binding is not None:
        name = models.get("binding", drug.binding.default)
        option = drug.binding.options.get(name)
        if option is None:
            known = drug.binding.options
            raise ParameterError(
                f"{drug.name}: the binding rule '{name}' is not in the library; expected one of {', '.join(known)}."
                f"{did_you_mean(name, known) or ' Choose one of these.'}"
            )
        fu = option.fu(patient.covariates)
        reason = f"binding rule {name}" + (f": {option.note}" if option.note else "")
        lines.append(Assumption(item, fu, "1", "applied", option.status, option.grade, option.source, reason))
        lines += [
            Assumption(f"{drug.name} {key}", limits.reference, "", "default", "", "", option.source, "not given")
            for key, limits in option.covariates.items()
            if key not in patient.covariates
        ]
        return fu
    assert drug.fu is not None  # every drug with models states it: checked when its file is loaded
    fact = drug.fu
    lines.append(Assumption(item, fact.value, "1", "applied", fact.status, fact.grade, fact.source, "fixed binding"))
    return fact.value


def _brain(drug: Drug, patient: Patient, factors: Factors, lines: list[Assumption]) -> BrainRates | None:
    if drug.brain is None:
        return None
    fold = patient.pgp_fold if patient.pgp_fold is not None else 1.0
    if patient.pgp_fold is not None:
        lines.append(Assumption(f"{drug.name} pgp_fold", fold, "1", "applied", "assumption", "D", "project", "stated"))
    facts = drug.brain
    rho = facts.rho
    lines.append(
        Assumption(
            f"{drug.name} rho (P-gp efflux)",
            rho.value,
            "1",
            "applied",
            rho.status,
            rho.grade,
            rho.source,
            f"Kp,uu {facts.kp_uu.value:g} at fold 1",
        )
    )
    weight = patient.covariates.get("weight_kg", 70.0)
    acting = factors.of("CLp") * rho.value
    return BrainRates(facts.exchange_rate(weight), 1.0 + fold * acting + facts.other_efflux.value, acting)
