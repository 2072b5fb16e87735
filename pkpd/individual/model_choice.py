"""Which model of a drug is taken for a patient: by age class, or as the user names it."""

from __future__ import annotations

from collections.abc import Mapping

from pkpd.errors import ParameterError, did_you_mean
from pkpd.library.catalogue import canonical_drug_name, list_drugs, load_drug
from pkpd.library.drug import Drug
from pkpd.library.model import Model
from pkpd.options import need_mapping
from pkpd.patients.covariates import ADULT_AGE_Y, NEONATE_AGE_Y
from pkpd.patients.patient import Patient

__all__ = ["read_model_choice", "select_model", "system_drug"]

#: Where a class has no model, the order in which the others are tried. A neonate's model is never given to a child.
NEAREST = {"adult": ("adult", "child"), "child": ("child", "adult"), "neonate": ("neonate", "child", "adult")}


def system_drug(name: str) -> Drug:
    """Return the drug whose system the doses of `name` enter (phenytoin for fosphenytoin)."""
    drug = load_drug(name)
    return load_drug(drug.prodrug_of) if drug.prodrug_of else drug


def select_model(drug: Drug, patient: Patient, models: Mapping[str, str]) -> tuple[Model, str, str]:
    """Choose the model by the patient's age, or as `models` says.

    Returns
    -------
    tuple of (Model, str, str)
        The model, the reason, and a warning (empty if none).

    Raises
    ------
    ParameterError
        If the named model does not exist, or the drug has none for any class.
    """
    named = models.get(drug.name)
    if named is not None:
        return drug.model(named), "chosen by name", ""
    age = patient.covariates["age_y"]
    wanted = "adult" if age >= ADULT_AGE_Y else "neonate" if age < NEONATE_AGE_Y else "child"
    for candidate in NEAREST[wanted]:
        model = drug.default_model(candidate)
        if model is not None:
            if candidate == wanted:
                return model, f"first model of class {wanted}", ""
            warning = f"{drug.name}: the library has no {wanted} model; the {candidate} model '{model.name}' stands in"
            return model, f"no {wanted} model: nearest class", warning
    raise ParameterError(
        f"{drug.name}: the library has no model for a {wanted} patient; expected one of class adult, child or neonate. "
        f"Name one in models: {', '.join(drug.models)}."
    )


def read_model_choice(models: str | Mapping[str, str] | None) -> dict[str, str]:
    """Return the choice of models as a mapping, fosphenytoin's under phenytoin.

    Raises
    ------
    ParameterError
        If a part is not ``drug=model``, or a drug or model is unknown.
    """
    if models is None:
        return {}
    if isinstance(models, str):
        parts = [part.strip() for part in models.split(";") if part.strip()]
        pairs = [tuple(word.strip() for word in part.split("=")) for part in parts]
    else:
        need_mapping("models", models, "{'midazolam': 'midazolam_swart2004_icu'}")
        pairs = [(name, model) for name, model in models.items()]
    chosen: dict[str, str] = {}
    for pair in pairs:
        if len(pair) != 2 or not all(isinstance(word, str) and word for word in pair):
            raise ParameterError(
                f"models: '{'='.join(str(word) for word in pair)}' is not a choice of model; expected drug=model, "
                "several separated by ';'. `pkpd drugs NAME` lists the models of a drug."
            )
        name, model = pair
        if name.strip().lower() == "binding":
            chosen["binding"] = _binding_rule(model.strip().lower())
            continue
        system = system_drug(canonical_drug_name(name))
        chosen[system.name] = system.model(model.strip()).name
    return chosen


def _binding_rule(name: str) -> str:
    """Return the name of a binding rule that some drug of the library has."""
    bindings = [drug.binding for drug in map(load_drug, list_drugs()) if drug.binding is not None]
    known = list(dict.fromkeys(rule for binding in bindings for rule in binding.options))
    if name not in known:
        raise ParameterError(
            f"models: the binding rule '{name}' is not in the library; expected one of {', '.join(known)}."
            f"{did_you_mean(name, known) or ' Choose one of these.'}"
        )
    return name
