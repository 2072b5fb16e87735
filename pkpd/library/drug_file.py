"""Reads a drug file; every table has a closed list of keys, every number a unit, a source, a status and a grade."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pkpd.errors import DrugFileError, did_you_mean
from pkpd.library.drug import AdequateDose, Binding, BindingOption, Brain, Dosing, Drug, Range, Route
from pkpd.library.effect import read_covariate_effect, read_effect
from pkpd.library.evidence import STATUSES, Source
from pkpd.library.expression import parse
from pkpd.library.model import CovariateRange
from pkpd.library.model_file import read_covariates, read_model
from pkpd.library.parameter import Value, read_unit, read_value
from pkpd.library.reading import Table, read_evidence, read_sources, read_toml
from pkpd.library.receptor_role import read_receptor_role
from pkpd.library.routes import ROUTES
from pkpd.units import to_canonical

__all__ = ["read_drug"]

_FACTS = {"fu": "1", "molar_mass": "g/mol", "blood_plasma_ratio": "1", "dose_factor": "1", "salt_per_PE": "1"}
_TEXTS = ("name", "title", "class", "summary", "prodrug_of", "dose_unit", "default_range")
_FLAGS = ("saturable", "anaesthetic_infusion")
_DRUG_KEYS = (*_FACTS, *_TEXTS, *_FLAGS, "metabolised_by", "no_effect_of", "notes")
_SECTIONS = (
    *("drug", "routes", "routes_without_rate", "brain", "receptor", "binding", "models", "hepatic"),
    *("plausible", "sources"),
)
_ARRAYS = ("adequate_dose", "ranges", "dosing", "effects", "covariate_effects")
_HEPATIC_UNITS = {"Q_H": "L/h", "CL_iv": "L/h", "CLint_u": "L/h", "E_H": "1", "F_G": "1", "F_oral": "1"}
_HEPATIC_UNITS |= {"fu_b_CLint_over_QH": "1", "hepatic_fraction": "1"}
_PLAUSIBLE = {"dose": "mg/kg", "infusion": "mg/kg/h", "rate": "mg/h", "concentration": "mg/L"}
_BRAIN_VALUES = {"kp_uu": "1", "rho": "1", "other_efflux": "1", "half_time": "h"}


def read_drug(path: Path) -> Drug:
    """Read one drug file.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    Drug

    Raises
    ------
    DrugFileError
        Naming file, table, key and word of the first thing that is wrong, what was expected and what to do.
    """
    top, digest = read_toml(path)
    top.only((*_SECTIONS, *_ARRAYS))
    sources = read_sources(top)
    drug = top.table("drug")
    drug.only(_DRUG_KEYS)
    facts = {key: _optional(drug, key, unit, sources) for key, unit in _FACTS.items()}
    ranges = tuple(_read_range(entry, sources) for entry in top.tables("ranges"))
    models = top.table("models", None)
    result = Drug(
        name=_read_name(drug, path),
        title=drug.text("title"),
        drug_class=drug.text("class", ""),
        summary=drug.text("summary", ""),
        dose_unit=drug.text("dose_unit", "", choices=("", "PE")),
        prodrug_of=drug.text("prodrug_of", None),
        metabolised_by=drug.texts("metabolised_by"),
        no_effect_of=drug.texts("no_effect_of"),
        routes=_read_routes(top.table("routes", None), sources, with_rate=True),
        routes_without_rate=_read_routes(top.table("routes_without_rate", None), sources, with_rate=False),
        ranges=ranges,
        default_range=_default_range(drug, ranges),
        models={name: read_model(models.table(name), sources) for name in models},
        effects=tuple(read_effect(entry, sources) for entry in top.tables("effects")),
        covariate_effects=tuple(read_covariate_effect(entry, sources) for entry in top.tables("covariate_effects")),
        brain=_read_brain(top.table("brain"), sources) if "brain" in top else None,
        receptor=read_receptor_role(top.table("receptor"), sources) if "receptor" in top else None,
        binding=_read_binding(top.table("binding"), sources) if "binding" in top else None,
        hepatic=_read_hepatic(top.table("hepatic", None), sources),
        adequate_doses=tuple(_read_adequate_dose(entry, sources) for entry in top.tables("adequate_dose")),
        dosing=tuple(_read_dosing(entry, sources) for entry in top.tables("dosing")),
        notes=drug.texts("notes"),
        plausible=_read_plausible(top.table("plausible", None), sources),
        sources=sources,
        sha256=digest,
        path=path,
        **facts,  # type: ignore[arg-type]
        **{key: drug.flag(key) for key in _FLAGS},  # type: ignore[arg-type]
    )
    return _checked_whole(result, drug)


def _read_name(drug: Table, path: Path) -> str:
    name = drug.text("name")
    if name != path.stem or not name.isidentifier() or name != name.lower():
        raise drug.error(
            f"the name is '{name}'", f"'{path.stem}', the name of the file, in small letters", "Make the two agree."
        )
    return name


def _checked_whole(drug: Drug, table: Table) -> Drug:
    """Return the drug after checking what no table can check alone."""
    if drug.prodrug_of is None and not drug.models:
        raise table.error("the drug has no model", "at least one table [models.<name>]", "Add a model.")
    if drug.prodrug_of is not None and drug.models:
        problem = f"the drug is a prodrug of '{drug.prodrug_of}' and has models of its own"
        raise table.error(problem, "models in the file of the active drug only", "Move them there.")
    for needed in ("fu", "molar_mass"):
        if getattr(drug, needed) is None:
            raise table.error(
                f"the key '{needed}' is missing", f"'{needed}' with its source", f"Add {needed} = {{ ... }}."
            )
    if not 0 < drug.fu.value <= 1:  # type: ignore[union-attr]
        raise table.error(f"'fu' is {drug.fu}", "a fraction above 0, at most 1", "Correct it.")
    if drug.receptor is not None and drug.receptor.code and (drug.brain is None or drug.prodrug_of is not None):
        problem = f"the drug has the role '{drug.receptor.role}' at the receptors, but no brain entry of its own"
        raise table.error(problem, "a table [brain], or the role 'none'", "Add [brain], or state the role of the drug.")
    for model in drug.models.values():
        if model.binding is not None and (drug.binding is None or model.binding not in drug.binding.options):
            problem = f"the model '{model.name}' rests on the binding '{model.binding}'"
            raise table.error(problem, "an option of [binding]", "Add that option, or correct the name.")
    return drug


def _optional(table: Table, key: str, needed: str, sources: Mapping[str, Source]) -> Value | None:
    return read_value(table.table(key), sources, needed=needed, name=key) if key in table else None


def _read_routes(table: Table, sources: Mapping[str, Source], *, with_rate: bool) -> dict[str, Route]:
    routes = {}
    for name in table:
        entry = table.table(name)
        if with_rate and name not in ROUTES:
            hint = did_you_mean(name, ROUTES) or "Choose one of these."
            raise table.error(f"the route '{name}' is not known", f"one of {', '.join(ROUTES)}", hint)
        entry.only(("F", "KA", "ALAG", "note") if with_rate else ("F", "note"))
        fraction = read_value(entry.table("F"), sources, needed="1", name="F")
        rate, lag = _optional(entry, "KA", "1/h", sources), _optional(entry, "ALAG", "h", sources)
        route = Route(fraction, rate, lag, entry.text("note", ""))
        if not 0 < route.F.value <= 1:
            raise entry.error(f"'F' is {route.F.value:g}", "a fraction above 0, at most 1", "Correct it.")
        if with_rate and name != "iv" and route.KA is None:
            todo = f"Give it, or move the route to [routes_without_rate.{name}]."
            raise entry.error("the absorption rate is missing", 'KA = { value = ..., unit = "1/h", ... }', todo)
        if route.KA is not None and route.KA.value <= 0:
            raise entry.error(f"'KA' is {route.KA.value:g}", "a positive rate", "Correct it.")
        routes[name] = route
    return routes


def _read_range(table: Table, sources: Mapping[str, Source]) -> Range:
    table.only(("label", "low", "high", "unit", "source", "status", "grade", "note"))
    unit = read_unit(table, needed="mg/L", name="a range")
    numbers = [table.number(key, None) for key in ("low", "high")]
    low, high = (None if number is None else to_canonical(number, unit) for number in numbers)
    if low is None and high is None:
        raise table.error("the range has no end", "low, high or both", "Add low = ...")
    if low is not None and high is not None and not low <= high:
        raise table.error(f"'low' {numbers[0]:g} is above 'high' {numbers[1]:g}", "low <= high", "Exchange them.")
    source, status, grade = read_evidence(table, sources, grade=False)
    return Range(table.text("label"), low, high, unit.text, source, status, grade, table.text("note", ""))


def _default_range(drug: Table, ranges: tuple[Range, ...]) -> Range | None:
    label = drug.text("default_range", None)
    if label is None:
        return None
    found = {entry.label: entry for entry in ranges}
    if label not in found:
        hint = did_you_mean(label, found) or "Choose one of these."
        raise drug.error(f"'default_range' is '{label}'", f"a label of [[ranges]]: {', '.join(found) or '-'}", hint)
    return found[label]


def _read_dosing(table: Table, sources: Mapping[str, Source]) -> Dosing:
    table.only(("text", "status", "source", "note"))
    source = read_evidence(table, sources, grade=False)[0] if "source" in table else ""
    status = table.text("status", choices=STATUSES)
    return Dosing(table.text("text"), status, source, table.text("note", ""))


def _read_adequate_dose(table: Table, sources: Mapping[str, Source]) -> AdequateDose:
    table.only(("mg", "mg_per_kg", "source", "status", "grade", "note"))
    if ("mg" in table) == ("mg_per_kg" in table):
        raise table.error("the dose is not clear", "either mg or mg_per_kg", "Give one of the two.")
    source, status, grade = read_evidence(table, sources)
    mg, mg_per_kg = table.number("mg", None), table.number("mg_per_kg", None)
    return AdequateDose(mg, mg_per_kg, source, status, grade, table.text("note", ""))


def _read_brain(table: Table, sources: Mapping[str, Source]) -> Brain:
    table.only((*_BRAIN_VALUES, "half_time_weight_exponent", "rho_range", "flow_limited", "note"))
    values = {key: read_value(table.table(key), sources, needed=unit) for key, unit in _BRAIN_VALUES.items()}
    efflux = 1.0 + values["rho"].value + values["other_efflux"].value
    if values["half_time"].value <= 0 or values["rho"].value < 0 or values["other_efflux"].value < 0:
        raise table.error(
            "a half-time or an efflux is negative", "a positive half-time, efflux from 0 up", "Correct it."
        )
    if abs(values["kp_uu"].value * efflux - 1.0) > 0.01:
        raise table.error(
            f"'kp_uu' is {values['kp_uu'].raw:g}, but 1/(1 + rho + other_efflux) is {1.0 / efflux:.4g}",
            "the two to agree within 1 %",
            "Correct one of the three.",
        )
    exponent = _optional(table, "half_time_weight_exponent", "1", sources)
    limits = table.data.get("rho_range")
    if limits is not None and not (isinstance(limits, list) and len(limits) == 2 and limits[0] <= limits[1]):
        raise table.error(f"'rho_range' is {limits!r}", "two numbers, low and high", "Write rho_range = [0.0, 0.3].")
    rho_range = None if limits is None else (float(limits[0]), float(limits[1]))
    return Brain(
        **values, half_time_weight_exponent=exponent, rho_range=rho_range, flow_limited=table.flag("flow_limited")
    )


def _read_binding(table: Table, sources: Mapping[str, Source]) -> Binding:
    table.only(("default", "options"))
    entries = table.table("options")
    options = {name: _read_binding_option(entries.table(name), name, sources) for name in entries}
    return Binding(table.text("default", choices=options), options)


def _read_binding_option(table: Table, name: str, sources: Mapping[str, Source]) -> BindingOption:
    table.only(("fu_equation", "covariates", "albumin_reference", "source", "status", "grade", "note"))
    covariates = read_covariates(table.table("covariates", None))
    albumin = table.number("albumin_reference", None)
    if albumin is not None:
        covariates["albumin_g_L"] = CovariateRange(albumin)
    equation = parse(table.text("fu_equation"), covariates, table.where)
    option = BindingOption(name, equation, covariates, *read_evidence(table, sources), table.text("note", ""))
    if not 0 < option.fu({}) <= 1:
        problem = f"the unbound fraction at the reference is {option.fu({}):g}"
        raise table.error(problem, "a fraction above 0, at most 1", "Correct 'fu_equation'.")
    return option


def _read_plausible(table: Table, sources: Mapping[str, Source]) -> dict[str, Value]:
    table.only(tuple(_PLAUSIBLE))
    values = {key: read_value(table.table(key), sources, needed=_PLAUSIBLE[key], name=key) for key in table}
    for key, limit in values.items():
        if not limit.value > 0:
            raise table.error(f"'{key}' is {limit.raw:g}", "a limit above 0", "Correct it.")
    return values


def _read_hepatic(table: Table, sources: Mapping[str, Source]) -> dict[str, Value]:
    values: dict[str, Any] = {}
    for key in table:
        values[key] = read_value(table.table(key), sources, needed=_HEPATIC_UNITS.get(key, ""), name=key)
    for key in ("E_H", "F_G", "hepatic_fraction"):
        if key in values and not 0 <= values[key].value <= 1:
            raise DrugFileError(f"{table.where}: '{key}' is {values[key].value:g}; expected 0 to 1. Correct it.")
    return values
