"""The subjects of a data set as patients of the library: typical parameters at every row, from covariates alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pkpd.assumption import Assumption
from pkpd.dataset.dataset import Dataset
from pkpd.dataset.units import covariate_frame
from pkpd.errors import DataError, ParameterError
from pkpd.fit.case import Case
from pkpd.fit.layout import Layout
from pkpd.fit.library_model import LibraryDrug, typical_values
from pkpd.individual.individual import Individual, individual
from pkpd.individual.model_choice import select_model
from pkpd.library.drug import Drug
from pkpd.patients.patient import Patient

__all__ = [
    "Cohort",
    "Patients",
    "ages_not_given",
    "assumptions_of",
    "cohort_of",
    "model_of",
    "ratios_of",
    "read_patients",
    "warnings_of_people",
]

#: Weight below which somebody without an age is hardly an adult.
ADULT_KG = 35.0
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Patients:
    """Each different patient of a data set once, and the one of each row; `filled` counts cells that were empty."""

    patients: tuple[Patient, ...]
    of_row: IntArray
    filled: int


@dataclass(frozen=True)
class Cohort:
    """Patients with the typical parameters of one model.

    Attributes
    ----------
    known : LibraryDrug
    patients : Patients
    people : tuple of Individual
        Of each patient.
    reference : Individual
        At the reference covariates of the model.
    """

    known: LibraryDrug
    patients: Patients
    people: tuple[Individual, ...]
    reference: Individual

    def person_of_sets(self, case: Case, layout: Layout) -> IntArray:
        """Return the person of each parameter set."""
        rows = layout.set_row if case.order is None else case.order[layout.set_row]
        return self.patients.of_row[rows]

    def typical(self, case: Case, layout: Layout) -> dict[str, FloatArray]:
        """Return the typical parameters of each set, shape (n_sets,)."""
        return _columns(
            [typical_values(self.known, person) for person in self.people], self.person_of_sets(case, layout)
        )

    def at_reference(self, case: Case, layout: Layout, pooled: bool) -> dict[str, FloatArray]:
        """Return what an estimate of each unit stands for: a subject's first set, or the model's reference."""
        if pooled:
            return {name: np.array([value]) for name, value in typical_values(self.known, self.reference).items()}
        unit = layout.unit[layout.set_piece]
        first = np.searchsorted(unit, np.arange(int(layout.unit[-1]) + 1))
        return {name: values[first] for name, values in self.typical(case, layout).items()}

    def changes(self, case: Case) -> NDArray[np.bool_]:
        """Return the rows of the case's table at which another patient stands."""
        of_row = self.patients.of_row if case.order is None else self.patients.of_row[case.order]
        return np.append(True, of_row[1:] != of_row[:-1])


def _columns(values: list[dict[str, float]], index: IntArray) -> dict[str, FloatArray]:
    return {name: np.array([each[name] for each in values])[index] for name in values[0]}


def read_patients(data: Dataset) -> Patients:
    """Return the patient of each row; an empty cell of a covariate takes the value before it of the same ID.

    Raises
    ------
    DataError, ParameterError
        If a covariate cannot be.
    """
    frame = covariate_frame(data).astype(object)
    ids = data.frame[data.names["ID"]].to_numpy()
    filled = 0
    if len(frame.columns):
        missing = frame.isna()
        grouped = frame.groupby(ids, sort=False)
        frame = grouped.ffill().where(lambda table: table.notna(), grouped.bfill())
        filled = int((missing & frame.notna()).to_numpy().sum())
    found: dict[tuple[object, ...], int] = {}
    of_row = np.empty(len(ids), dtype=np.int64)
    patients: list[Patient] = []
    for row, cells in enumerate(frame.itertuples(index=False, name=None) if len(frame.columns) else [()] * len(ids)):
        key = tuple(None if cell is None or cell != cell else cell for cell in cells)
        if key not in found:
            found[key] = len(patients)
            try:
                given = {name: cell for name, cell in zip(frame.columns, key) if cell is not None}
                patients.append(Patient(**given))
            except ParameterError as error:
                raise DataError(f"{data.source} line {data.line(row)}: {error}") from None
        of_row[row] = found[key]
    return Patients(tuple(patients), of_row, filled)


def model_of(drug: Drug, patients: Patients, named: str | None) -> tuple[str, str, str]:
    """Return the model of all patients, the reason for it, and a warning (empty if none).

    Raises
    ------
    ParameterError
        If their ages ask for different ones.
    """
    chosen = [select_model(drug, patient, {drug.name: named} if named else {}) for patient in patients.patients]
    names = list(dict.fromkeys(model.name for model, _, _ in chosen))
    if len(names) > 1:
        raise ParameterError(
            f"model: the ages of the subjects ask for different models of {drug.name} ({', '.join(names)}); expected "
            "one for a fit. Name one of them as the model, or fit the age groups apart."
        )
    model, why, warning = chosen[0]
    return model.name, why, warning


def cohort_of(known: LibraryDrug, patients: Patients) -> Cohort:
    """Return the typical parameters of all patients."""
    drug, routes = known.drug, dict(known.routes)
    models = {drug.name: known.model.name}
    people = tuple(individual(drug, patient, routes, models, "established") for patient in patients.patients)
    values, _ = known.model.evaluate()
    reference = replace(people[0], parameters=values)
    own = {known.fraction(key): key for key in routes} | {known.rate_constant(key): key for key in routes}
    fraction, rate = dict(reference.fraction), dict(reference.rate)
    for name, key in own.items():
        if name in values:
            (fraction if name.startswith("F_") else rate)[key] = values[name]
    return Cohort(known, patients, people, replace(reference, fraction=fraction, rate=rate))


def assumptions_of(cohort: Cohort, case: Case) -> list[tuple[object, Assumption]]:
    """Return what was assumed of each subject, with its ID; a line that holds for all stands once, with an empty ID."""
    first = _first_rows(case)
    lines: list[tuple[object, Assumption]] = []
    each = [cohort.people[cohort.patients.of_row[row]].assumptions for row in first]
    defaults = [
        [Assumption(d.item, d.value, d.unit, "default", "", "", "", d.reason) for d in patient.defaults]
        for patient in (cohort.patients.patients[cohort.patients.of_row[row]] for row in first)
    ]
    used = set(cohort.known.model.covariates)
    of_subject = [
        [line for line in (*mine, *own) if not _irrelevant(line, used)]
        for mine, own in zip(each, defaults, strict=True)
    ]
    common = [line for line in of_subject[0] if all(line in other for other in of_subject[1:])]
    lines += [("", line) for line in common]
    for name, mine in zip(case.subjects, of_subject, strict=True):
        lines += [(name, line) for line in mine if line not in common]
    return lines


def _first_rows(case: Case) -> IntArray:
    """A row of the data of each subject."""
    rows = np.zeros(len(case.subjects), dtype=np.int64)
    for start, subject in zip(case.pieces.start[::-1], case.piece_subject[::-1]):
        rows[subject] = start if case.order is None else case.order[start]
    return rows


def _irrelevant(line: Assumption, covariates: set[str]) -> bool:
    """Lines on brain entry, and on a patient's missing items that the model does not ask for."""
    if "P-gp" in line.item or "pgp" in line.item:
        return True
    bare = " " not in line.item
    return bare and line.action == "default" and line.item not in covariates


def warnings_of_people(cohort: Cohort) -> list[str]:
    """Return the warnings of all people, each once."""
    return list(dict.fromkeys(sentence for person in cohort.people for sentence in person.warnings))


def ages_not_given(cohort: Cohort, named: str | None) -> list[str]:
    """Say that subjects whose age is not given count as adults, where that is likely wrong."""
    drug, model, patients = cohort.known.drug, cohort.known.model, cohort.patients.patients
    weights = [patient.weight_kg or ADULT_KG for patient in patients if patient.age_y is None]
    if named is not None and weights and "adult" not in model.classes and "icu" not in model.classes:
        return [
            f"no age is given, so that subjects count as {patients[0].covariates['age_y']:g} y old in {model.name}, "
            f"a model for {' and '.join(model.classes)}. Give a column AGE (years)"
        ]
    if named is None and min(weights, default=ADULT_KG) < ADULT_KG:
        others = [name for name, other in drug.models.items() if "adult" not in other.classes]
        remedy = f"; it chooses the model, such as {others[0]}" if others else ""
        return [
            f"no age is given, and the smallest weight is {min(weights):g} kg: the model of adults was taken, "
            f"{model.name}. Give a column AGE (years){remedy}"
        ]
    return []


def ratios_of(cohort: Cohort) -> list[Mapping[str, float]]:
    """Return, for each person, by how much effects beyond the model's own covariates multiply its parameters."""
    found: list[Mapping[str, float]] = []
    for patient, person in zip(cohort.patients.patients, cohort.people, strict=True):
        plain, _ = cohort.known.model.evaluate(patient.covariates)
        found.append({name: person.parameters[name] / value for name, value in plain.items() if value != 0.0})
    return found
