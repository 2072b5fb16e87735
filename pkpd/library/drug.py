"""A drug as its file describes it: facts, routes, ranges, brain entry, binding, effects and models; plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pkpd.errors import ParameterError, did_you_mean
from pkpd.library.effect import CovariateEffect, Effect, match_effects
from pkpd.library.evidence import Source
from pkpd.library.expression import Expression
from pkpd.library.gene import Genotype
from pkpd.library.model import CovariateRange, Model
from pkpd.library.parameter import Value
from pkpd.library.receptor_role import ReceptorRole

__all__ = [
    "ONE_DOSE_H",
    "USUAL_WEIGHT_KG",
    "AdequateDose",
    "Binding",
    "BindingOption",
    "Brain",
    "Dosing",
    "Drug",
    "Range",
    "Route",
]

#: A dose given within this time counts as one dose, a longer one as an infusion, where plausible doses are judged.
ONE_DOSE_H = 0.5
#: Taken there where the weight of a subject is not known; smaller subjects only make the limits wider.
USUAL_WEIGHT_KG = 70.0


@dataclass(frozen=True)
class Route:
    """A way of giving the drug: bioavailable fraction, absorption rate (1/h), lag (h)."""

    F: Value
    KA: Value | None = None
    ALAG: Value | None = None
    note: str = ""


@dataclass(frozen=True)
class Range:
    """A range of total plasma concentration (mg/L); `high_mg_L` is None where the source gives a floor only."""

    label: str
    low_mg_L: float | None
    high_mg_L: float | None
    unit: str
    source: str
    status: str
    grade: str = ""
    note: str = ""


@dataclass(frozen=True)
class Dosing:
    """A dose as a guideline or trial gives it; shown, never advice."""

    text: str
    status: str
    source: str = ""
    note: str = ""


@dataclass(frozen=True)
class AdequateDose:
    """A dose that counts as adequate when the stage of the illness is judged; exactly one of the two is set."""

    mg: float | None
    mg_per_kg: float | None
    source: str
    status: str
    grade: str
    note: str = ""


@dataclass(frozen=True)
class Brain:
    """Exchange of the unbound drug between plasma and brain.

    Attributes
    ----------
    kp_uu : Value
        Unbound brain over unbound plasma at steady state and P-gp fold 1.
    rho, other_efflux : Value
        P-gp efflux and other efflux, relative to passive exchange; kp_uu = 1/(1 + rho + other_efflux).
    half_time : Value
        Equilibration half-time at P-gp fold 1, canonical hours.
    half_time_weight_exponent : Value or None
        The half-time goes with (weight/70)^exponent.
    rho_range : tuple of float or None
    flow_limited : bool
    """

    kp_uu: Value
    rho: Value
    other_efflux: Value
    half_time: Value
    half_time_weight_exponent: Value | None = None
    rho_range: tuple[float, float] | None = None
    flow_limited: bool = False

    def exchange_rate(self, weight_kg: float = 70.0) -> float:
        """Return k (1/h) of dCu/dt = k (Cu_plasma - (1 + f rho + o) Cu), from the half-time at f = 1."""
        half_time = self.half_time.value
        if self.half_time_weight_exponent is not None:
            half_time *= (weight_kg / 70.0) ** self.half_time_weight_exponent.value
        return math.log(2.0) / half_time / (1.0 + self.rho.value + self.other_efflux.value)


@dataclass(frozen=True)
class BindingOption:
    """A rule for the unbound fraction, with the covariates that it reads and their references."""

    name: str
    fu_equation: Expression
    covariates: Mapping[str, CovariateRange]
    source: str
    status: str
    grade: str
    note: str = ""

    def fu(self, covariates: Mapping[str, float]) -> float:
        """Unbound fraction for these covariates; references where they are missing."""
        env = {name: covariates.get(name, limits.reference) for name, limits in self.covariates.items()}
        return self.fu_equation.evaluate(env)


@dataclass(frozen=True)
class Binding:
    """The binding rules of a drug; `default` names the one in force unless another is asked for."""

    default: str
    options: Mapping[str, BindingOption]


@dataclass(frozen=True)
class Drug:
    """Everything the library knows about one drug.

    Attributes
    ----------
    name, title, drug_class, summary : str
    fu, molar_mass, blood_plasma_ratio, dose_factor, salt_per_PE : Value or None
        `dose_factor` is the mass that enters the model per mass ordered (1 where None).
    dose_unit : str
        ``"PE"`` for doses in phenytoin equivalents, else empty.
    prodrug_of : str or None
        The drug whose system the doses enter.
    saturable : bool
    anaesthetic_infusion : bool
        An infusion of it is anaesthesia when the stage of the illness is judged.
    metabolised_by, no_effect_of : tuple of str
        Genes that matter or were studied; genes for which "no effect expected" is the answer (``"*"``: all).
    routes : dict of str to Route
        Routes that can be computed; `routes_without_rate` those with a bioavailability but no absorption rate.
    ranges : tuple of Range
    default_range : Range or None
    models : dict of str to Model
        In order of preference.
    effects, covariate_effects : tuple
    brain : Brain or None
    receptor : ReceptorRole or None
        What it does in the receptor layer, as the file states it; None where the file says nothing.
    binding : Binding or None
    hepatic : dict of str to Value
        Base set of the well-stirred liver.
    adequate_doses, dosing, notes : tuple
    plausible : dict of str to Value
        Limits beyond which the units of a data set are in doubt: `dose` (mg/kg, given within half an hour), `infusion`
        (mg/kg/h, longer), `rate` (mg/h) and `concentration` (mg/L).
    sources : dict of str to Source
    sha256 : str
        Of the file.
    path : pathlib.Path
    """

    name: str
    title: str
    drug_class: str
    summary: str
    fu: Value | None
    molar_mass: Value | None
    blood_plasma_ratio: Value | None
    dose_factor: Value | None
    salt_per_PE: Value | None
    dose_unit: str
    prodrug_of: str | None
    saturable: bool
    anaesthetic_infusion: bool
    metabolised_by: tuple[str, ...]
    no_effect_of: tuple[str, ...]
    routes: Mapping[str, Route]
    routes_without_rate: Mapping[str, Route]
    ranges: tuple[Range, ...]
    default_range: Range | None
    models: Mapping[str, Model]
    effects: tuple[Effect, ...]
    covariate_effects: tuple[CovariateEffect, ...]
    brain: Brain | None
    receptor: ReceptorRole | None
    binding: Binding | None
    hepatic: Mapping[str, Value]
    adequate_doses: tuple[AdequateDose, ...]
    dosing: tuple[Dosing, ...]
    notes: tuple[str, ...]
    plausible: Mapping[str, Value]
    sources: Mapping[str, Source] = field(repr=False)
    sha256: str = field(repr=False)
    path: Path = field(repr=False)

    @property
    def is_benzodiazepine(self) -> bool:
        """Whether it acts at the receptors as a benzodiazepine."""
        return self.receptor is not None and self.receptor.role == "benzodiazepine"

    def default_model(self, model_class: str) -> Model | None:
        """Return the first model of a class (adult, child, neonate, icu), or None."""
        return next((model for model in self.models.values() if model_class in model.classes), None)

    def model(self, name: str) -> Model:
        """Return a model by name.

        Raises
        ------
        ParameterError
            If the drug has no such model.
        """
        if name not in self.models:
            known = ", ".join(self.models) or "none of its own"
            hint = did_you_mean(name, self.models) or " Choose one of these."
            raise ParameterError(
                f"{self.name}: the model '{name}' is not in the library; expected one of {known}.{hint}"
            )
        return self.models[name]

    def effects_for(self, genotype: Genotype) -> tuple[Effect, ...]:
        """Return the effect rows that fit a genotype, the most specific one for each target."""
        return match_effects(self.effects, genotype)

    def is_unaffected_by(self, gene: str) -> bool:
        """Whether "no effect expected" is the answer for this gene."""
        return "*" in self.no_effect_of or gene in self.no_effect_of
