"""One page a drug: everything that its file states, each number with its source, status and grade."""

from __future__ import annotations

from collections.abc import Mapping

from docs.generate.checks import check_points
from docs.generate.markdown import code, number, page, table
from docs.generate.model_section import model_section
from pkpd.library.catalogue import list_drugs, load_drug, load_interactions
from pkpd.library.drug import Drug, Range, Route
from pkpd.library.evidence import Source
from pkpd.library.interaction import Interaction
from pkpd.library.parameter import Value
from pkpd.library.routes import ROUTES

__all__ = ["drug_pages"]

_EVIDENCE = ("status", "grade", "source")


def drug_pages() -> dict[str, str]:
    """Return the pages by their place: one for each drug, and the list of them."""
    drugs = [load_drug(name) for name in list_drugs()]
    return {f"drugs/{drug.name}.md": _page(drug) for drug in drugs} | {"drugs/index.md": _index(drugs)}


def _index(drugs: list[Drug]) -> str:
    rows = [
        (f"[{drug.title}]({drug.name}.md)", drug.drug_class, len(drug.models) or "", " ".join(drug.routes),
         ", ".join(drug.metabolised_by), drug.summary)
        for drug in drugs
    ]  # fmt: skip
    links = "\n".join(drug.name for drug in drugs)
    return page(
        "Drug library",
        "What each drug file holds. `pkpd drugs NAME` prints the same in a terminal. How a value was obtained is its "
        "status, how far it can be trusted its grade; both are explained under [evidence](../evidence.md).",
        table(("drug", "class", "models", "routes", "genes", "in one sentence"), rows),
        f"```{{toctree}}\n:hidden:\n\n{links}\n```",
    )


def _page(drug: Drug) -> str:
    about = f"{drug.summary} Class: {drug.drug_class}."
    if drug.prodrug_of:
        about += f" A prodrug: its doses enter [{drug.prodrug_of}]({drug.prodrug_of}.md), "
        about += "where the models and the effects of genes are."
    return page(
        drug.title,
        about,
        _section("Facts", table(("fact", "value", "unit", *_EVIDENCE, "note"), _facts(drug))),
        _section("Routes", _routes(drug)),
        _section("Liver", _liver(drug)),
        _section("Ranges of total plasma concentration", _ranges(drug)),
        *[model_section(model, first=place == 0) for place, model in enumerate(drug.models.values())],
        _section("Brain entry", _brain(drug)),
        _section("At the receptors", _receptor(drug)),
        _section("Unbound fraction on request", _binding(drug)),
        _section("Genotypes", _effects(drug)),
        _section("Covariates outside the models", _covariate_effects(drug)),
        _section("Comedication", _comedication(drug)),
        _section("Doses", _doses(drug)),
        _section("Check points", check_points(drug.name)),
        _section("Notes", "\n".join(f"- {note}" for note in drug.notes)),
        _section("Sources", sources(drug.sources)),
    )


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}" if body else ""


def _value(name: str, value: Value | None) -> list[tuple[object, ...]]:
    """The row of a value, or none."""
    if value is None:
        return []
    unit = "" if value.unit.text == "1" else value.unit.text
    return [(name, number(value.raw), unit, value.status, value.grade, code(value.source), value.note)]


def _facts(drug: Drug) -> list[tuple[object, ...]]:
    values: Mapping[str, Value | None] = {
        "unbound fraction in plasma": drug.fu,
        "molar mass": drug.molar_mass,
        "blood to plasma ratio": drug.blood_plasma_ratio,
        "mass that enters the model per mass ordered": drug.dose_factor,
        "mg of the salt per mg PE": drug.salt_per_PE,
    }
    return [row for name, value in values.items() for row in _value(name, value)]


def _liver(drug: Drug) -> str:
    rows = [row for name, value in drug.hepatic.items() for row in _value(code(name), value)]
    text = table(("base set", "value", "unit", *_EVIDENCE, "note"), rows)
    return text and f"The base set of [the well-stirred liver](../genes.md#what-a-multiplier-acts-on).\n\n{text}"


def _routes(drug: Drug) -> str:
    rows = []
    for name, route in drug.routes.items():
        rows.append(_route_row(name, route, ""))
    for name, route in drug.routes_without_rate.items():
        rows.append(_route_row(name, route, "no absorption rate is known: refused"))
    head = ("route", "", "F", "KA (1/h)", "lag (h)", "status", "grade", "source", "note")
    return table(head, rows)


def _route_row(name: str, route: Route, why: str) -> tuple[object, ...]:
    values = [value for value in (route.F, route.KA, route.ALAG) if value is not None]
    joined = [" / ".join(dict.fromkeys(getattr(v, key) or "-" for v in values)) for key in ("status", "grade")]
    keys = ", ".join(dict.fromkeys(code(value.source) for value in values))
    cells = [number(value.value) if value else "" for value in (route.F, route.KA, route.ALAG)]
    return (code(name), ROUTES[name], *cells, *joined, keys, "; ".join(filter(None, (why, route.note))))


def _ranges(drug: Drug) -> str:
    rows = [(r.label, _limits(r), r.status, r.grade, code(r.source), r.note) for r in drug.ranges]
    text = table(("range", "mg/L", "status", "grade", "source", "note"), rows)
    if drug.default_range is not None:
        text += f"\n\n`time_in_range` counts **{drug.default_range.label}**."
    return text


def _limits(stated: Range) -> str:
    low, high = number(stated.low_mg_L, 4), number(stated.high_mg_L, 4)
    return f"{low} to {high}" if low and high else f"from {low}" if low else f"up to {high}"


def _brain(drug: Drug) -> str:
    if drug.brain is None:
        return ""
    brain = drug.brain
    rows = _value("Kp,uu: unbound brain over unbound plasma", brain.kp_uu)
    rows += _value("P-gp efflux over passive exchange, rho", brain.rho)
    rows += _value("other efflux, o", brain.other_efflux)
    rows += _value("equilibration half-time", brain.half_time)
    rows += _value("the half-time goes with (weight/70) to the power of", brain.half_time_weight_exponent)
    return table(("quantity", "value", "unit", *_EVIDENCE, "note"), rows)


def _receptor(drug: Drug) -> str:
    role = drug.receptor
    if role is None or role.role == "none":
        return role.note if role else ""
    rows = [row for name, value in role.constants.items() for row in _value(code(name), value)]
    for level, value in zip((2, 3, 4, 5, 6), role.ramsay_c50):
        rows += _value(f"even chance of Ramsay {level} or deeper", value)
    rows += _value("half burst suppression", role.bsr_ce50)
    rows += [row for name, value in role.bis.items() for row in _value(code(name), value)]
    basis = {"total": "total plasma concentration", "unbound": "unbound brain concentration"}[role.basis]
    text = f"Role: **{role.role}**. Concentrations refer to {basis} (see [the receptor layer](../receptor_layer.md))."
    return "\n\n".join(filter(None, (text, table(("constant", "value", "unit", *_EVIDENCE, "note"), rows), role.note)))


def _binding(drug: Drug) -> str:
    if drug.binding is None:
        return ""
    rows = [
        (code(name) + (" (default)" if name == drug.binding.default else ""), code(option.fu_equation.text),
         option.status, option.grade, code(option.source), option.note)
        for name, option in drug.binding.options.items()
    ]  # fmt: skip
    use = "Chosen in the `models` column or argument: `binding=hennig`."
    return use + "\n\n" + table(("option", "fu", *_EVIDENCE, "note"), rows)


def _effects(drug: Drug) -> str:
    rows = [
        (effect.gene, effect.subject + _lost(effect.no_function_alleles), code(effect.target),
         number(effect.multiplier), effect.span, "on" if effect.on else "off", number(effect.scenario_multiplier),
         effect.status, effect.grade, code(effect.source), effect.note)
        for effect in drug.effects
    ]  # fmt: skip
    head = ("gene", "genotype", "acts on", "multiplier", "range", "established", "exploratory", *_EVIDENCE, "note")
    text = table(head, rows)
    if drug.no_effect_of:
        genes = "all genes" if "*" in drug.no_effect_of else ", ".join(drug.no_effect_of)
        text += f"\n\nNo effect is expected of: {genes}. A result says so."
    return text.strip()


def _lost(count: int | None) -> str:
    return "" if count is None else f", {count} no-function allele{'' if count == 1 else 's'}"


def _covariate_effects(drug: Drug) -> str:
    rows = [
        (effect.name, code(effect.target), code(effect.equation.text), "on" if effect.on else "off",
         " to ".join(filter(None, (number(effect.low_valid), number(effect.high_valid)))),
         effect.status, effect.grade, code(effect.source), effect.note)
        for effect in drug.covariate_effects
    ]  # fmt: skip
    return table(("effect", "acts on", "multiplier", "established", "valid", *_EVIDENCE, "note"), rows)


def _comedication(drug: Drug) -> str:
    rows = [
        (row.perpetrator, row.kind, *_fractions(row), "exploratory only" if row.exploratory else "", row.status,
         row.grade, row.dose, row.note)
        for row in load_interactions()
        if row.victim == drug.name
    ]  # fmt: skip
    head = ("with", "is an", "hepatic CLint", "gut CLint", "CL", "P-gp", "when", "status", "grade", "dose", "note")
    return table(head, rows)


def _fractions(row: Interaction) -> tuple[str, ...]:
    return tuple(number(value) for value in (row.hepatic, row.gut, row.cl_multiplier, row.pgp))


def _doses(drug: Drug) -> str:
    parts = []
    if drug.adequate_doses:
        doses = [
            f"{number(dose.mg)} mg" if dose.mg is not None else f"{number(dose.mg_per_kg)} mg/kg"
            for dose in drug.adequate_doses
        ]
        grade = drug.adequate_doses[0]
        parts.append(
            f"Counts as an adequate dose when the stage is judged: {' or '.join(doses)} ({grade.status}, grade "
            f"{grade.grade or '-'})."
        )
    if drug.dosing:
        parts.append("As guidelines and trials give them, for information; not advice:")
        parts.append("\n".join(f"- {dose.text} ({dose.status})" for dose in drug.dosing))
    return "\n\n".join(parts)


def sources(found: Mapping[str, Source]) -> str:
    """The list of sources by key."""
    return table(("key", "source"), [(code(key), str(source)) for key, source in found.items()])
