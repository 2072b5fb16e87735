"""Many patients: a population whose covariates and genotypes are drawn, and the subjects that a simulation runs over.

Every draw has a stream of its own, keyed by (seed, subject, covariate): a subject is the same alone and in a crowd,
and adding one covariate moves no other.
"""

from __future__ import annotations

import operator
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any, cast

from pkpd.errors import DataError, ParameterError
from pkpd.options import keywords_explained, need_mapping
from pkpd.patients.columns import COLUMNS, Column, is_missing
from pkpd.patients.distributions import Distribution
from pkpd.patients.genotypes import sample_genotypes
from pkpd.patients.patient import Patient, patients_from_frame
from pkpd.patients.plan import plan_population
from pkpd.streams import seed_number, stream

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Population", "Subject", "population_of", "subjects_of"]


@dataclass(frozen=True)
class Subject:
    """One patient within a simulation.

    Attributes
    ----------
    id : object
        Label in the results: 1, 2, ... or the `id` column of a table.
    patient : Patient
    seed : int
        Seed of the subject's random streams.
    index : int
        Number of the subject in its population, from 0; with the seed it names the streams.
    random : bool
        Whether between-subject variability is drawn; a typical patient has none.
    """

    id: Any
    patient: Patient
    seed: int
    index: int
    random: bool


@dataclass(frozen=True, init=False, repr=False)
class Population:
    """Patients drawn from distributions, with between-subject variability of the kinetics.

    Parameters
    ----------
    n : int
        Number of subjects, 1 or more.
    seed : int, optional
        Seed of the random streams; None is 0. Populations of one seed share their subjects.
    ancestry : str or list of str, optional
        EUR, AFR, EAS, SAS or AMR, for all or one for each. The genotypes of genes that are not stated are then drawn
        from the frequencies of the group; without it they stay unknown.
    genotype : mapping of str to (str or list of str), optional
        Stated genotypes, for all or one for each.
    comedication : list of str or str, optional
        For all, as in `Patient`.
    **covariates
        Patient columns (and gene columns) by name. A value is one for all; a list of length `n`;
        ``("lognormal", median, cv[, low, high])``, cv being a fraction; ``("normal", mean, sd[, low, high])``; or
        ``("uniform", low, high)``. Draws outside low to high, and impossible ones, are drawn again.

    Raises
    ------
    ParameterError
        If a value cannot be, or a list has another length than `n`.

    Examples
    --------
    >>> crowd = Population(100, seed=1, weight_kg=("lognormal", 70, 0.2, 40, 140), age_y=40, ancestry="EUR")
    >>> crowd.patient(7) == Population(8, seed=1, weight_kg=("lognormal", 70, 0.2, 40, 140), age_y=40,
    ...                                ancestry="EUR").patient(7)
    True
    """

    n: int
    seed: int
    ancestry: Any
    covariates: Mapping[str, Any]
    genotype: Mapping[str, Any]
    comedication: Any

    @keywords_explained
    def __init__(
        self,
        n: int,
        *,
        seed: int | None = None,
        ancestry: str | Sequence[str] | None = None,
        genotype: Mapping[str, str | Sequence[str]] | None = None,
        comedication: str | Sequence[str] | None = None,
        **covariates: Any,
    ) -> None:
        size = _size(n)
        need_mapping("genotype", genotype, "{'CYP2C9': '*1/*3'}")
        plan = plan_population({"ancestry": ancestry, **covariates}, genotype or {}, size)
        # The instance is frozen for everybody else; this is the one place that fills it.
        self.__dict__.update(
            n=size,
            seed=seed_number(seed, "population, seed"),
            ancestry=ancestry,
            covariates=covariates,
            genotype=dict(genotype or {}),
            comedication=comedication,
            _plan=plan,
        )
        varies = any(isinstance(value, Distribution | tuple) for value in plan.values())
        alike = not varies and plan.get("ancestry") is None
        self.__dict__["_shared"] = self._make(0, self.seed) if alike else None

    def __repr__(self) -> str:
        given = {"ancestry": self.ancestry, "genotype": self.genotype, "comedication": self.comedication}
        shown = {**{name: value for name, value in given.items() if value}, **self.covariates}
        return f"Population({self.n}, seed={self.seed}{''.join(f', {k}={v!r}' for k, v in shown.items())})"

    def __len__(self) -> int:
        return self.n

    def patient(self, index: int, seed: int | None = None) -> Patient:
        """The patient number `index`.

        Parameters
        ----------
        index : int
            From 0 to n - 1.
        seed : int, optional
            In place of the population's own.

        Returns
        -------
        Patient
            With its drawn covariates and sampled genotypes; the same for the same seed and index, whatever `n`.

        Raises
        ------
        ParameterError
            If there is no such subject, or what was drawn cannot be together (a child without a weight).
        """
        if isinstance(index, bool) or not isinstance(index, Integral) or not 0 <= index < self.n:
            raise ParameterError(
                f"population, index: '{index}' is not a subject; expected 0 to {self.n - 1}. Count from 0."
            )
        shared: Patient | None = self.__dict__["_shared"]
        if shared is not None:
            return shared
        return self._make(index, self.seed if seed is None else seed_number(seed))

    def subjects(self, seed: int | None = None) -> tuple[Subject, ...]:
        """All subjects, with ids 1 to n.

        Parameters
        ----------
        seed : int, optional
            In place of the population's own.

        Returns
        -------
        tuple of Subject
        """
        number = self.seed if seed is None else seed_number(seed)
        return tuple(Subject(i + 1, self.patient(i, number), number, i, True) for i in range(self.n))

    def _make(self, index: int, seed: int) -> Patient:
        plan: dict[str, Any] = self.__dict__["_plan"]
        values: dict[str, Any] = {}
        for name, value in plan.items():
            if isinstance(value, Distribution):
                value = _draw(COLUMNS[name], value, seed, index)
            values[name] = value[index] if isinstance(value, tuple) else value
        stated = {gene: values.pop(gene) for gene in list(values) if gene not in COLUMNS}
        genes = {gene: text for gene, text in stated.items() if text is not None}
        sampled: dict[str, str] = {}
        if values.get("ancestry") is not None:
            sampled = sample_genotypes(values["ancestry"], genes, seed, index)
        try:
            return Patient(
                genotype={**genes, **sampled}, comedication=self.comedication, sampled_genes=tuple(sampled), **values
            )
        except ParameterError as error:
            raise ParameterError(f"population, subject {index + 1}: {error}") from None


def _size(n: Any) -> int:
    try:
        size = operator.index(n)
    except TypeError:
        size = 0
    if size < 1 or isinstance(n, bool):
        raise ParameterError(
            f"population, n: '{n}' is not a number of subjects; expected a whole number from 1. Write one such as 100."
        )
    return size


def _draw(column: Column, distribution: Distribution, seed: int, index: int) -> float:
    """One value of a covariate, whole for counts, drawn again while it is impossible."""
    where = f"population, column '{column.name}'"
    rng = stream(seed, index, f"covariate {column.name}")
    if column.kind == "count":
        return float(round(distribution.draw(rng, lambda x: column.possible(round(x)), where)))
    return distribution.draw(rng, column.possible, where)


def population_of(patient: Patient, n: int, seed: int | None) -> Population:
    """The population of which every subject has what is stated of a patient; the genes that are not are drawn.

    Parameters
    ----------
    patient : Patient
    n : int
    seed : int or None
    """
    stated = {name: getattr(patient, name) for name in COLUMNS if getattr(patient, name) is not None}
    ancestry = stated.pop("ancestry", None)
    return Population(
        n, seed=seed, ancestry=ancestry, genotype=patient.genotype, comedication=patient.comedication, **stated
    )


def subjects_of(
    patients: Patient | Population | pd.DataFrame | Sequence[Patient] | None, seed: int | None = None
) -> tuple[Subject, ...]:
    """The subjects of a simulation.

    Parameters
    ----------
    patients : Patient, Population, pandas.DataFrame, list of Patient, or None
        None is one adult of default values. The rows of a table are typical patients; its column `id`, if there is
        one, names them.
    seed : int, optional
        Seed of the random streams; None keeps the population's own, or 0.

    Returns
    -------
    tuple of Subject

    Raises
    ------
    ParameterError
        If it is something else, is empty, or holds an impossible value.
    DataError
        If ids repeat or are missing, or a column looks like a misspelt known one.
    """
    if isinstance(patients, Population):
        return patients.subjects(seed)
    if patients is None:
        people = [Patient()]
    elif isinstance(patients, Patient):
        people = [patients]
    elif hasattr(patients, "columns") and hasattr(patients, "iloc"):
        people = patients_from_frame(cast("pd.DataFrame", patients))
    elif isinstance(patients, list | tuple) and all(isinstance(item, Patient) for item in patients):
        people = list(patients)
    else:
        raise ParameterError(
            f"patients: '{type(patients).__name__}' does not describe patients; expected a Patient, a list of them, a "
            "Population, a DataFrame or None. Make one with pkpd.Patient(...)."
        )
    if not people:
        raise ParameterError("patients: '0' rows; expected at least one patient. Leave it out for one default adult.")
    number = seed_number(seed)
    ids = _ids(patients, len(people))
    return tuple(Subject(ids[i], person, number, i, False) for i, person in enumerate(people))


def _ids(patients: Any, count: int) -> list[Any]:
    columns = [name for name in getattr(patients, "columns", ()) if str(name).lower() == "id"]
    if not columns:
        return list(range(1, count + 1))
    ids = patients[columns[0]].tolist()
    seen: set[Any] = set()
    for row, label in enumerate(ids, start=1):
        if not isinstance(label, Hashable):
            raise DataError(
                f"row {row} of the patients, column '{columns[0]}': '{label}' is no id; expected a number or a text."
            )
        if is_missing(label) or label in seen:
            what = "is missing" if is_missing(label) else "stands twice"
            raise DataError(
                f"row {row} of the patients, column '{columns[0]}': '{label}' {what}; expected a different id in every "
                "row. Number the rows, or leave the column out."
            )
        seen.add(label)
    return ids
