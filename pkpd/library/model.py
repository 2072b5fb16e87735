"""A kinetic model of the library: its parameters in order, its covariates, its variability; evaluates, never solves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pkpd.errors import ParameterError
from pkpd.library.parameter import ParameterSpec, Value

__all__ = ["CovariateRange", "Iiv", "Metabolite", "Model"]

_NONE: Mapping[str, float] = {}


@dataclass(frozen=True)
class CovariateRange:
    """Reference and valid range of a covariate, in the unit that its name ends in.

    Attributes
    ----------
    reference : float
        Taken when the patient gives none.
    low, high : float or None
        Outside of these the model has no experience: a warning, no error.
    note : str
    """

    reference: float
    low: float | None = None
    high: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Iiv:
    """Variability between individuals of one parameter: exp(eta) with eta from N(0, omega2).

    Attributes
    ----------
    omega2 : float
        Variance of eta.
    same_as : str or None
        Name of the parameter whose standard normal this one shares.
    source, status, grade, note : str
    """

    omega2: float
    same_as: str | None = None
    source: str = ""
    status: str = ""
    grade: str = ""
    note: str = ""


@dataclass(frozen=True)
class Metabolite:
    """A metabolite that the parent's elimination feeds.

    Attributes
    ----------
    name : str
    compartments : int
        1 to 3.
    parent : str
        ``"central"`` of the drug, or the name of an earlier metabolite.
    formation : float or str
        Fraction of the parent's elimination that forms it; a name points to a parameter of the model.
    parameters : dict of str to str
        Role (CL V1 Q2 V2 Q3 V3) to the name of the model's parameter.
    presystemic : str or None
        Name of the rate constant (1/h) by which an oral depot feeds the metabolite without being drained.
    molar_mass, molar_ratio : Value or None
        Molar mass (canonical mg/nmol), and mass formed per mass of parent eliminated (1 where None).
    fu : Value or None
    """

    name: str
    compartments: int
    parent: str
    formation: float | str
    parameters: Mapping[str, str]
    presystemic: str | None = None
    molar_mass: Value | None = None
    molar_ratio: Value | None = None
    fu: Value | None = None


@dataclass(frozen=True)
class Model:
    """A published model as the drug file gives it.

    Attributes
    ----------
    name : str
    classes : tuple of str
        Of adult, child, neonate, icu.
    title, population, use_for, confidence : str
    source, status, grade : str
    compartments : int
        1 to 3: the central one and its peripherals.
    elimination : str
        linear, michaelis-menten or both.
    prodrug : bool
        Has KPRO, the conversion of a prodrug into the central compartment.
    binding : str or None
        Option of the drug's binding table on which the parameters rest.
    covariates : dict of str to CovariateRange
    parameters : dict of str to ParameterSpec
        In order of evaluation.
    iiv, iov : dict of str to Iiv
        Between individuals; between occasions (kept as data, not simulated).
    covariances : tuple of (str, str, float)
        Covariances of the etas of two parameters.
    residual : dict
        type, prop_sd, add_sd, add_unit and what else the source gives.
    metabolites : tuple of Metabolite
    notes : tuple of str
    """

    name: str
    classes: tuple[str, ...]
    title: str
    population: str
    source: str
    status: str
    grade: str
    compartments: int
    elimination: str
    prodrug: bool
    binding: str | None
    covariates: Mapping[str, CovariateRange]
    parameters: Mapping[str, ParameterSpec]
    iiv: Mapping[str, Iiv] = field(default_factory=dict)
    iov: Mapping[str, Iiv] = field(default_factory=dict)
    covariances: tuple[tuple[str, str, float], ...] = ()
    residual: Mapping[str, object] = field(default_factory=dict)
    metabolites: tuple[Metabolite, ...] = ()
    notes: tuple[str, ...] = ()
    use_for: str = ""
    confidence: str = ""

    def evaluate(
        self, covariates: Mapping[str, float] = _NONE, etas: Mapping[str, float] = _NONE
    ) -> tuple[dict[str, float], list[str]]:
        """Compute all parameters of one individual, in the order of the file.

        Parameters
        ----------
        covariates : mapping from name to float
            The patient's; what is missing stays at the model's reference, what the model does not use is ignored.
        etas : mapping from parameter name to float
            The parameter is multiplied by exp(eta) where it is defined, so that later equations see the individual's.

        Returns
        -------
        tuple of (dict, list)
            Canonical values by name, the auxiliary ones included; and one sentence for each value that was clipped.

        Raises
        ------
        ParameterError
            If an equation has no value for these covariates (a logarithm of zero, say).
        """
        env = {name: covariates.get(name, limits.reference) for name, limits in self.covariates.items()}
        values: dict[str, float] = {}
        clipped: list[str] = []
        for name, number, spec in self._steps:
            if number is not None:
                value = number
            else:
                try:
                    value = spec.expression.evaluate(env)  # type: ignore[union-attr]
                except (ArithmeticError, ValueError) as error:
                    raise self._no_value(name, env, error) from None
            if name in etas:
                value *= math.exp(etas[name])
            if number is None and spec.low is not None and value < spec.low:
                clipped.append(f"{self.name}: {name} {value:g} {spec.unit} is below {spec.low:g} and was put there")
                value = spec.low
            elif number is None and spec.high is not None and value > spec.high:
                clipped.append(f"{self.name}: {name} {value:g} {spec.unit} is above {spec.high:g} and was put there")
                value = spec.high
            env[name] = values[name] = value
        return values, clipped

    @cached_property
    def _steps(self) -> tuple[tuple[str, float | None, ParameterSpec], ...]:
        """Name and number (None for an equation) of each parameter, in order."""
        return tuple(
            (name, None if spec.value is None else spec.value.value, spec) for name, spec in self.parameters.items()
        )

    def _no_value(self, name: str, env: Mapping[str, float], error: Exception) -> ParameterError:
        expression = self.parameters[name].expression
        inputs = ", ".join(f"{key} = {env[key]:g}" for key in sorted(expression.names if expression else ()))
        return ParameterError(
            f"model '{self.name}': '{name} = {expression}' has no value for {inputs} ({error}); expected covariates "
            "within the model's range. Check the patient's covariates."
        )

    def at_reference(self, covariates: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
        """Return name and reference of the model's covariates that `covariates` does not give."""
        return tuple((name, limits.reference) for name, limits in self.covariates.items() if name not in covariates)

    def out_of_range(self, covariates: Mapping[str, float]) -> tuple[str, ...]:
        """Return one sentence for each covariate outside the model's valid range."""
        sentences = []
        for name, limits in self.covariates.items():
            value = covariates.get(name, limits.reference)
            low = -math.inf if limits.low is None else limits.low
            high = math.inf if limits.high is None else limits.high
            if not low <= value <= high:
                sentences.append(
                    f"{name} {value:g} is outside the range {low:g} to {high:g} of the model '{self.name}'"
                )
        return tuple(sentences)
