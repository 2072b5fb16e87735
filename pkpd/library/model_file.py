"""Reads the ``[models.<name>]`` tables of a drug file; knows their keys and refuses all others."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pkpd.errors import did_you_mean
from pkpd.library.covariates import COVARIATES
from pkpd.library.evidence import Source
from pkpd.library.model import CovariateRange, Iiv, Metabolite, Model
from pkpd.library.parameter import ParameterSpec, Value, read_parameter, read_value
from pkpd.library.reading import Table, read_evidence
from pkpd.library.structure import ROLE_UNITS, check_model, needed_unit

__all__ = ["read_covariates", "read_model"]

CLASSES = ("adult", "child", "neonate", "icu")
ELIMINATIONS = ("linear", "michaelis-menten", "both")
RESIDUALS = ("proportional", "additive", "combined", "log")
_TEXTS = ("title", "population", "confidence", "use_for")
_TABLES = ("covariates", "parameters", "iiv", "iov", "covariances", "residual", "metabolites")
_MODEL_KEYS = (*_TEXTS, *_TABLES, "class", "source", "status", "grade", "notes", "compartments", "elimination")
_EVIDENCE_KEYS = ("source", "status", "grade", "note")


def read_model(table: Table, sources: Mapping[str, Source]) -> Model:
    """Read and check one model.

    Raises
    ------
    DrugFileError
        Naming file, table and key of what is wrong.
    """
    table.only((*_MODEL_KEYS, "prodrug", "binding"))
    source, status, grade = read_evidence(table, sources)
    covariates = read_covariates(table.table("covariates", None))
    parameters = _read_parameters(table.table("parameters"), sources, covariates)
    iiv = _read_variability(table.table("iiv", None), sources, parameters)
    model = Model(
        name=table.path.rpartition(".")[2],
        classes=_read_classes(table),
        source=source,
        status=status,
        grade=grade,
        compartments=table.whole("compartments", (1, 2, 3)),
        elimination=table.text("elimination", choices=ELIMINATIONS),
        prodrug=table.flag("prodrug"),
        binding=table.text("binding", None),
        covariates=covariates,
        parameters=parameters,
        iiv=iiv,
        iov=_read_variability(table.table("iov", None), sources, parameters),
        covariances=_read_covariances(table, iiv),
        residual=_read_residual(table.table("residual", None)),
        metabolites=_read_metabolites(table, sources, parameters),
        notes=table.texts("notes"),
        **{key: table.text(key, "") for key in _TEXTS},
    )
    check_model(model, table)
    return model


def _read_classes(table: Table) -> tuple[str, ...]:
    classes = table.texts("class")
    for word in classes:
        if word not in CLASSES:
            hint = did_you_mean(word, CLASSES) or "Choose one of these."
            raise table.error(f"the class '{word}' is not known", f"one of {', '.join(CLASSES)}", hint)
    return classes


def read_covariates(table: Table) -> dict[str, CovariateRange]:
    """Read a ``covariates`` table: name = { reference, low, high, note }."""
    ranges = {}
    for name in table:
        if name not in COVARIATES:
            hint = did_you_mean(name, COVARIATES) or "Use one of these."
            raise table.error(f"the covariate '{name}' is not known", f"one of {', '.join(COVARIATES)}", hint)
        entry = table.table(name)
        entry.only(("reference", "low", "high", "note"))
        low, high = entry.number("low", None), entry.number("high", None)
        ranges[name] = CovariateRange(entry.number("reference"), low, high, entry.text("note", ""))
    return ranges


def _read_parameters(
    table: Table, sources: Mapping[str, Source], covariates: Mapping[str, CovariateRange]
) -> dict[str, ParameterSpec]:
    parameters: dict[str, ParameterSpec] = {}
    known = set(covariates)
    for name in table:
        if name in COVARIATES or not name.isidentifier():
            raise table.error(
                f"'{name}' cannot name a parameter", "a word that is no covariate", "Choose another name."
            )
        parameters[name] = read_parameter(table.table(name), sources, known, needed=needed_unit(name), name=name)
        known.add(name)
    return parameters


def _read_variability(
    table: Table, sources: Mapping[str, Source], parameters: Mapping[str, ParameterSpec]
) -> dict[str, Iiv]:
    entries = [name for name in table if name not in _EVIDENCE_KEYS]
    if not entries:
        return {}
    source, status, grade = read_evidence(table, sources, grade=False)
    found = {}
    for name in entries:
        _check_name(table, name, parameters)
        entry = table.table(name)
        entry.only(("cv_percent", "omega2", "same_as", "note"))
        if ("cv_percent" in entry) == ("omega2" in entry):
            raise entry.error("the size is not clear", "either cv_percent or omega2", "Give one of the two.")
        omega2 = entry.number("omega2", None)
        if omega2 is None:
            omega2 = math.log1p((entry.number("cv_percent") / 100.0) ** 2)
        if omega2 < 0:
            raise entry.error(f"the variance is {omega2:g}", "a number from 0 up", "Correct it.")
        same_as = entry.text("same_as", None)
        if same_as is not None:
            _check_name(entry, same_as, [other for other in entries if other != name])
        note = entry.text("note", "") or table.text("note", "")
        found[name] = Iiv(omega2, same_as, source, status, grade, note)
    return found


def _check_name(table: Table, name: str, known: Any) -> None:
    if name not in known:
        hint = did_you_mean(name, known) or "Use one of these."
        raise table.error(f"'{name}' is no parameter here", f"one of {', '.join(known)}", hint)


def _read_covariances(table: Table, iiv: Mapping[str, Iiv]) -> tuple[tuple[str, str, float], ...]:
    found = []
    for entry in table.tables("covariances"):
        entry.only(("a", "b", "covariance", "note"))
        a, b = entry.text("a"), entry.text("b")
        for name in (a, b):
            _check_name(entry, name, iiv)
        found.append((a, b, entry.number("covariance")))
    names = sorted({name for a, b, _ in found for name in (a, b)})
    matrix = {(a, b): 0.0 for a in names for b in names} | {(name, name): iiv[name].omega2 for name in names}
    for a, b, covariance in found:
        matrix[a, b] = matrix[b, a] = covariance
    if not _is_positive_definite(names, matrix):
        problem = "the covariances do not fit the variances (the matrix is not positive definite)"
        raise table.error(problem, "|covariance| below sqrt(omega2 * omega2)", "Check the numbers of 'covariances'.")
    return tuple(found)


def _is_positive_definite(names: list[str], matrix: dict[tuple[str, str], float]) -> bool:
    """Cholesky by hand: the matrices are small, and reading a file should not load an array package."""
    factor: dict[tuple[str, str], float] = {}
    for i, a in enumerate(names):
        for b in names[: i + 1]:
            rest = matrix[a, b] - math.fsum(factor[a, c] * factor[b, c] for c in names[: names.index(b)])
            if a == b:
                if rest <= 0:
                    return False
                factor[a, a] = math.sqrt(rest)
            else:
                factor[a, b] = rest / factor[b, b]
    return True


def _read_residual(table: Table) -> dict[str, object]:
    if not table.data:
        return {}
    table.text("type", choices=RESIDUALS)
    for key in ("prop_sd", "add_sd"):
        if table.number(key, 0.0) < 0:
            raise table.error(f"'{key}' is negative", "a number from 0 up", "Correct it.")
    return dict(table.data)


def _read_metabolites(
    table: Table, sources: Mapping[str, Source], parameters: Mapping[str, ParameterSpec]
) -> tuple[Metabolite, ...]:
    found: list[Metabolite] = []
    roles = {f"{role}m": role for role in ROLE_UNITS}
    facts = ("name", "compartments", "formation", "presystemic", "from", "molar_mass", "molar_ratio", "fu", "note")
    for entry in table.tables("metabolites"):
        entry.only((*facts, *roles))
        compartments = entry.whole("compartments", (1, 2, 3))
        wanted = [role for role in roles if role in ("CLm", "V1m") or int(role[1]) <= compartments]
        names = {roles[role]: _needed(entry, role, parameters, ROLE_UNITS[roles[role]]) for role in wanted}
        parent = entry.text("from", "central", choices=("central", *[other.name for other in found]))
        presystemic = _needed(entry, "presystemic", parameters, "1/h") if "presystemic" in entry else None
        formation: float | str = 1.0
        if isinstance(entry.data.get("formation"), str):
            formation = _needed(entry, "formation", parameters, "1")
        elif isinstance(entry.data.get("formation"), dict):
            formation = read_value(entry.table("formation"), sources, needed="1").value
        else:
            formation = entry.number("formation", 1.0)
        values = {key: _optional_value(entry, table, key, sources) for key in ("molar_mass", "molar_ratio", "fu")}
        found.append(Metabolite(entry.text("name"), compartments, parent, formation, names, presystemic, **values))
    return tuple(found)


def _needed(entry: Table, key: str, parameters: Mapping[str, ParameterSpec], unit: str) -> str:
    """Read the name of a parameter and check that it exists and has the dimension of `unit`."""
    name = entry.text(key)
    _check_name(entry, name, parameters)
    if parameters[name].unit.canonical_text != unit:
        found = parameters[name].unit
        raise entry.error(
            f"'{key}' points to '{name}' with the unit '{found}'", f"a parameter in '{unit}'", "Check it."
        )
    return name


def _optional_value(entry: Table, model: Table, key: str, sources: Mapping[str, Source]) -> Value | None:
    """Read a value table; a molar mass may be a bare number of g/mol, which then rests on the model's source."""
    needed = "g/mol" if key == "molar_mass" else "1"
    if key not in entry:
        return None
    if isinstance(entry.data[key], dict):
        return read_value(entry.table(key), sources, needed=needed, name=key)
    evidence = {word: model.data[word] for word in ("source", "status", "grade")}
    data = {"value": entry.data[key], "unit": needed, **evidence}
    return read_value(Table(data, entry.file, f"{entry.path}.{key}"), sources, needed=needed, name=key)
