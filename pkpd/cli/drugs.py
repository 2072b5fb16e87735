"""`pkpd drugs`: the drugs of the library, their models and parameters with source, status and grade."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pkpd.cli.shared import add_json, print_json, subject_of, text_table

if TYPE_CHECKING:
    from pkpd.library.drug import Drug, Range
    from pkpd.library.effect import CovariateEffect, Effect
    from pkpd.library.model import Model
    from pkpd.library.parameter import ParameterSpec, Value

HELP = "list the drugs, or show models, parameters, routes, ranges and effects of one"
EXAMPLES = """examples:
  pkpd drugs
  pkpd drugs midazolam
  pkpd drugs phenytoin --json

Every number stands with its status, its grade and the key of its source; the sources are listed at the end."""

_NO_ADVICE = "Doses as guidelines and trials give them, for information; not advice"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `pkpd drugs`."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="a drug, or the path of a drug file; all without it")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the list, or everything about one drug."""
    from pkpd.library.catalogue import list_drugs, load_drug

    if arguments.name is None:
        drugs = [load_drug(name) for name in list_drugs()]
        if arguments.json:
            print_json([{"name": d.name, "class": d.drug_class, "models": list(d.models), "routes": list(d.routes),
                         "summary": d.summary} for d in drugs])  # fmt: skip
        else:
            rows = [(d.name, d.drug_class, str(len(d.models)), " ".join(d.routes), d.summary) for d in drugs]
            print(text_table(("drug", "class", "models", "routes", "summary"), rows))
        return 0
    drug = load_drug(arguments.name)
    if arguments.json:
        print_json(_record(drug))
    else:
        print(_text(drug))
    return 0


def _facts(drug: Drug) -> dict[str, Value]:
    """Single values of a drug by name: facts, routes, brain entry, and the limits of the check of data."""
    values: dict[str, Value | None] = {
        "unbound fraction": drug.fu,
        "molar mass": drug.molar_mass,
        "blood/plasma ratio": drug.blood_plasma_ratio,
        "dose factor": drug.dose_factor,
    }
    for name, route in drug.routes.items():
        values |= {f"{name}: F": route.F, f"{name}: KA": route.KA, f"{name}: lag": route.ALAG}
    if drug.brain is not None:
        values |= {
            "brain: Kp,uu": drug.brain.kp_uu,
            "brain: P-gp efflux rho": drug.brain.rho,
            "brain: other efflux": drug.brain.other_efflux,
            "brain: half-time": drug.brain.half_time,
        }
    values |= {f"check: plausible {name} up to": value for name, value in drug.plausible.items()}
    return {name: value for name, value in values.items() if value is not None}


def _text(drug: Drug) -> str:
    parts = [f"{drug.title} ({drug.name}): {drug.drug_class}", drug.summary]
    if drug.prodrug_of:
        parts.append(
            f"A prodrug: its doses enter the system of {drug.prodrug_of}; models and the effects of genes stand there "
            f"(`pkpd drugs {drug.prodrug_of}`)."
        )
    rows = [(name, f"{value.raw:g}", value.unit.text, value.status, value.grade or "-", value.source)
            for name, value in _facts(drug).items()]  # fmt: skip
    parts.append(
        _block(
            "Facts, routes, brain entry and limits of `pkpd check`",
            ("fact", "value", "unit", "status", "grade", "source"),
            rows,
        )
    )
    ranges = [(r.label, _limits(r), r.status, r.source) for r in drug.ranges]
    parts.append(_block("Ranges of total plasma concentration", ("range", "mg/L", "status", "source"), ranges))
    parts += [_model_text(model) for model in drug.models.values()]
    effects = [(e.gene, subject_of(e), e.target, f"{e.multiplier:g}", e.span or "-", "on" if e.on else "off", e.status,
                e.grade or "-", e.source) for e in drug.effects]  # fmt: skip
    head = ("gene", "genotype", "target", "multiplier", "range", "established", "status", "grade", "source")
    parts.append(_block("Effects of genotypes", head, effects))
    others = [(c.name, c.target, str(c.equation.text), "on" if c.on else "off", c.status, c.grade or "-", c.source)
              for c in drug.covariate_effects]  # fmt: skip
    what = ("covariate", "target", "multiplier", "established", "status", "grade", "source")
    parts.append(_block("Effects of covariates", what, others))
    if drug.no_effect_of:
        genes = "all genes" if "*" in drug.no_effect_of else ", ".join(drug.no_effect_of)
        parts.append(f"No effect expected of: {genes}")
    if drug.dosing:
        parts.append(f"{_NO_ADVICE}:\n" + "\n".join(f"  {d.text} ({d.status})" for d in drug.dosing))
    parts += [f"Note: {note}" for note in drug.notes]
    parts.append("Sources:\n" + "\n".join(f"  {key}: {source}" for key, source in drug.sources.items()))
    return "\n\n".join(part for part in parts if part)


def _block(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return f"{title}:\n{text_table(header, rows, indent='  ')}" if rows else ""


def _limits(stated: Range) -> str:
    low = "" if stated.low_mg_L is None else f"{stated.low_mg_L:.4g}"
    high = "" if stated.high_mg_L is None else f"{stated.high_mg_L:.4g}"
    if low and high:
        return f"{low} to {high}"
    return f"from {low}" if low else f"up to {high}"


def _model_text(model: Model) -> str:
    about = f"{model.compartments} compartments, {model.elimination}; for: {', '.join(model.classes)}"
    rows = [(name, _parameter(spec), spec.unit.text, spec.status, spec.grade or "-", spec.source)
            for name, spec in model.parameters.items()]  # fmt: skip
    lines = [f"Model {model.name} ({about}; status {model.status}, grade {model.grade or '-'}, source {model.source})"]
    lines += [f"  {text}" for text in (model.title, model.population) if text]
    lines.append(text_table(("parameter", "value", "unit", "status", "grade", "source"), rows, indent="  "))
    if model.covariates:
        covariates = [f"{name} {c.reference:g}{_valid(c.low, c.high)}" for name, c in model.covariates.items()]
        lines.append("  covariates (reference, valid range): " + ", ".join(covariates))
    if model.iiv:
        spread = [f"{name} omega2 {iiv.omega2:.4g}" for name, iiv in model.iiv.items()]
        lines.append("  between subjects: " + ", ".join(spread))
    return "\n".join(lines)


def _valid(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return ""
    return f" [{'' if low is None else f'{low:g}'} to {'' if high is None else f'{high:g}'}]"


def _parameter(spec: ParameterSpec) -> str:
    if spec.value is not None:
        return f"{spec.value.raw:g}"
    return f"= {spec.expression.text}" if spec.expression is not None else ""


def _evidence(item: Value | ParameterSpec | Effect | CovariateEffect) -> dict[str, Any]:
    return {"source": item.source, "status": item.status, "grade": item.grade}


def _record(drug: Drug) -> Mapping[str, Any]:
    """Everything that the text shows, for machines."""
    return {
        "name": drug.name,
        "title": drug.title,
        "class": drug.drug_class,
        "summary": drug.summary,
        "prodrug_of": drug.prodrug_of,
        "facts": {k: {"value": v.raw, "unit": v.unit.text, **_evidence(v)} for k, v in _facts(drug).items()},
        "ranges": [{"label": r.label, "low_mg_L": r.low_mg_L, "high_mg_L": r.high_mg_L, "status": r.status,
                    "source": r.source} for r in drug.ranges],
        "models": {name: _model_record(model) for name, model in drug.models.items()},
        "effects": [{"gene": e.gene, "genotype": subject_of(e), "target": e.target, "multiplier": e.multiplier,
                     "low": e.low, "high": e.high, "note": e.note, "on": e.on,
                     "scenario_multiplier": e.scenario_multiplier, **_evidence(e)} for e in drug.effects],
        "covariate_effects": [{"name": c.name, "target": c.target, "equation": c.equation.text, "on": c.on,
                               **_evidence(c)} for c in drug.covariate_effects],
        "no_effect_of": list(drug.no_effect_of),
        "dosing": {"use": _NO_ADVICE, "rows": [{"text": d.text, "status": d.status} for d in drug.dosing]},
        "notes": list(drug.notes),
        "sources": {key: str(source) for key, source in drug.sources.items()},
        "sha256": drug.sha256,
    }  # fmt: skip


def _model_record(model: Model) -> dict[str, Any]:
    return {
        "classes": list(model.classes),
        "title": model.title,
        "population": model.population,
        "compartments": model.compartments,
        "elimination": model.elimination,
        "source": model.source,
        "status": model.status,
        "grade": model.grade,
        "parameters": {name: {"value": _parameter(spec), "unit": spec.unit.text, **_evidence(spec)}
                       for name, spec in model.parameters.items()},
        "covariates": {name: {"reference": c.reference, "low": c.low, "high": c.high}
                       for name, c in model.covariates.items()},
        "omega2": {name: iiv.omega2 for name, iiv in model.iiv.items()},
    }  # fmt: skip
