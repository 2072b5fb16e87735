"""The section of one kinetic model: for whom, parameters, covariates with their valid range, and variability."""

from __future__ import annotations

from docs.generate.markdown import code, number, table
from pkpd.library.model import Metabolite, Model
from pkpd.library.parameter import ParameterSpec

__all__ = ["model_section"]

_COUNT = {1: "One compartment", 2: "Two compartments", 3: "Three compartments"}


def model_section(model: Model, *, first: bool) -> str:
    """Return the section; the heading of all models stands before the first."""
    evidence = f"status {model.status}, grade {model.grade or '-'}, source `{model.source}`"
    about = (
        f"{_COUNT[model.compartments]}, {model.elimination} elimination; for: {', '.join(model.classes)}; {evidence}."
    )
    head = ("parameter", "value or equation", "unit", "status", "grade", "source", "note")
    rows = [
        (code(name), _value(spec), "" if spec.unit.text == "1" else spec.unit.text, spec.status, spec.grade,
         code(spec.source), spec.note)
        for name, spec in model.parameters.items()
    ]  # fmt: skip
    parts = [
        "## Models\n\nIn order of preference; the age of the patient decides which class is taken." if first else "",
        f"### {model.name}",
        " ".join(f"{text.rstrip('.')}." for text in (model.title, model.population) if text),
        about,
        table(head, rows),
        _covariates(model),
        _variability(model),
        *[_metabolite(metabolite) for metabolite in model.metabolites],
        "\n".join(f"- {note}" for note in model.notes),
    ]
    return "\n\n".join(part for part in parts if part)


def _value(spec: ParameterSpec) -> str:
    if spec.value is not None:
        return number(spec.value.raw)
    return code(spec.expression.text) if spec.expression is not None else ""


def _covariates(model: Model) -> str:
    rows = [
        (code(name), number(limits.reference), " to ".join(filter(None, (number(limits.low), number(limits.high)))),
         limits.note)
        for name, limits in model.covariates.items()
    ]  # fmt: skip
    return table(("covariate", "reference", "valid range", "note"), rows)


def _variability(model: Model) -> str:
    rows = [
        (code(name), number(iiv.omega2, 4), code(iiv.same_as or ""), iiv.status, iiv.grade, code(iiv.source), iiv.note)
        for name, iiv in model.iiv.items()
    ]
    head = ("between subjects", "omega² (log)", "same draw as", "status", "grade", "source", "note")
    text = table(head, rows)
    joint = [f"{one} and {other} {value:.4g}" for one, other, value in model.covariances]
    if joint:
        text += f"\n\nCovariances of the logarithms: {', '.join(joint)}."
    return text


def _metabolite(metabolite: Metabolite) -> str:
    count = _COUNT[metabolite.compartments].lower()
    source = "the drug" if metabolite.parent == "central" else metabolite.parent
    names = ", ".join(f"{role} = `{name}`" for role, name in metabolite.parameters.items())
    share = f"`{metabolite.formation}`" if isinstance(metabolite.formation, str) else number(metabolite.formation)
    return f"Metabolite **{metabolite.name}**: {count}, formed from {source} (fraction {share}); {names}."
