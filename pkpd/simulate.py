"""`simulate`: a regimen in patients becomes a `Solution`. Many scenarios are solved in one go by `solve_scenarios`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pkpd.dosing import MICROSECONDS_PER_H, Administration, administer, whole_microseconds
from pkpd.errors import ParameterError, PkpdError, RegimenError, SolverError, did_you_mean
from pkpd.groups import Unit, solve_units
from pkpd.individual import individual
from pkpd.library.catalogue import load_drug
from pkpd.model_choice import read_model_choice, system_drug
from pkpd.population import Population, Subject, subjects_of
from pkpd.regimen import Regimen, parse_regimen
from pkpd.solution import Solution, SubjectResult
from pkpd.units import parse_time

if TYPE_CHECKING:
    import pandas as pd

    from pkpd.patient import Patient

__all__ = ["Scenario", "simulate", "solve_scenarios"]

FloatArray = NDArray[np.float64]
DAY_H, MINUTE_H, INTERVALS = 24.0, 1.0 / 60.0, 1440
SEIZURES = ("none", "status", "status-rodent", "status-fast")
EVIDENCE = ("established", "exploratory")
MOST_POINTS = 2_000_000


@dataclass(frozen=True)
class Scenario:
    """One regimen in one group of subjects.

    Attributes
    ----------
    name : str
    regimen : Regimen
    until_h : float, hours
    every_h : float or None, hours
        Grid; None is 1 min up to 24 h, else 1440 intervals.
    times : tuple of float or None, hours
        Output times in place of a grid.
    subjects : tuple of Subject
    models : dict of str to str
        Drug to model name; ``binding`` to a binding rule.
    evidence : str
    """

    name: str
    regimen: Regimen
    until_h: float
    every_h: float | None
    times: tuple[float, ...] | None
    subjects: tuple[Subject, ...]
    models: Mapping[str, str]
    evidence: str


def simulate(
    regimen: str | Regimen,
    patients: Patient | Population | pd.DataFrame | Sequence[Patient] | None = None,
    *,
    until: str | float,
    every: str | float | None = None,
    times: Sequence[float] | None = None,
    seizure: str = "none",
    seizure_onset: str | float = 0,
    condition: str = "treatment",
    models: str | Mapping[str, str] | None = None,
    evidence: str = "established",
    seed: int | None = None,
) -> Solution:
    """Simulate a regimen in one patient, several, or a population.

    Parameters
    ----------
    regimen : str
        Orders separated by ``;``, such as ``"lorazepam 0.1 mg/kg iv max 4 mg at 5 min"``; ``""`` or ``"none"`` is an
        untreated run.
    patients : Patient, list of Patient, Population or DataFrame, optional
        Default one adult of 35 y, 70 kg, 170 cm. A Population draws its random effects; the others are typical.
    until : str or float, hours
        End of the simulation: ``"24 h"``, or a number of hours.
    every : str or float, hours, optional
        Spacing of the output; default 1 min up to 24 h, else 1440 intervals.
    times : sequence of float, hours, optional
        Output times in place of a grid, increasing.
    seizure, seizure_onset, condition
        The receptor layer; ``"none"`` is the only kind of seizure in this version.
    models : str or mapping, optional
        ``"midazolam=midazolam_swart2004_icu; binding=hennig"``.
    evidence : {"established", "exploratory"}
    seed : int, optional
        In place of the population's seed.

    Returns
    -------
    Solution

    Raises
    ------
    RegimenError, ParameterError, DataError, UnitError
        If something cannot be read or cannot be; the message says where, what was expected and what to do.
    SolverError
        If a subject has no solution.

    Notes
    -----
    Linear systems are solved exactly; saturable ones by series to a relative tolerance of 3e-10 a step. Peaks, troughs
    and areas do not depend on the grid.
    """
    _check_seizure(seizure)
    _one_of("evidence", evidence, EVIDENCE)
    _one_of("condition", condition, ("treatment", "none"))
    parse_time(seizure_onset, allow_bare=not isinstance(seizure_onset, str))
    until_h = _positive("until", until)
    scenario = Scenario(
        name="",
        regimen=parse_regimen(regimen),
        until_h=until_h,
        every_h=None if every is None else _positive("every", every),
        times=None if times is None else _output_times(times, until_h),
        subjects=subjects_of(patients, seed),
        models=read_model_choice(models),
        evidence=evidence,
    )
    (answer,) = solve_scenarios([scenario], profiles=True)
    if isinstance(answer, PkpdError):
        raise answer
    return answer


def solve_scenarios(scenarios: Sequence[Scenario], *, profiles: bool) -> list[Solution | PkpdError]:
    """Solve scenarios together; one that cannot be solved becomes an error in its place.

    Parameters
    ----------
    scenarios : sequence of Scenario
    profiles : bool
        Keep concentrations on the grid; metrics are there in any case.

    Returns
    -------
    list of Solution or PkpdError
        One a scenario, in order.
    """
    answers: list[Solution | PkpdError | None] = [None] * len(scenarios)
    work: list[tuple[int, list[SubjectResult], FloatArray]] = []
    units: list[Unit] = []
    grids: dict[tuple[object, ...], FloatArray] = {}
    for index, scenario in enumerate(scenarios):
        try:
            key = (scenario.until_h, scenario.every_h, scenario.times)
            grid = grids[key] if key in grids else grids.setdefault(key, _grid(scenario))
            results = _prepare(scenario, grid if profiles else None)
        except PkpdError as error:
            answers[index] = error
            continue
        work.append((index, results, grid))
        units += [unit for result in results for unit in result.units]
    solve_units(units)
    for index, results, grid in work:
        failed = next(((r, u) for r in results for u in r.units if u.failure), None)
        if failed is not None:
            answers[index] = SolverError(f"subject {failed[0].subject.id}: {failed[1].failure}. Check the regimen.")
        else:
            answers[index] = Solution.collect(scenarios[index], results, grid if profiles else grid[:0])
    return [answer for answer in answers if answer is not None]


def _check_seizure(seizure: str) -> None:
    if seizure == "none":
        return
    if seizure in SEIZURES:
        raise ParameterError(
            f"seizure: '{seizure}' needs the receptor layer, which is not part of this version; expected 'none'. Leave "
            "it out, and use fixed times in the regimen."
        )
    _one_of("seizure", seizure, SEIZURES)


def _one_of(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ParameterError(
            f"{name}: '{value}' is not known; expected {' or '.join(repr(word) for word in known)}."
            f"{did_you_mean(str(value), known) or ' Choose one of these.'}"
        )


def _positive(name: str, value: str | float) -> float:
    hours = parse_time(value, allow_bare=not isinstance(value, str))  # a number is hours, a text carries its unit
    if not 0.0 < hours < math.inf:
        raise ParameterError(f"{name}: '{value}' is not possible; expected a time above 0, such as '24 h'. Correct it.")
    return hours


def _output_times(times: Sequence[float], until_h: float) -> tuple[float, ...]:
    values = tuple(float(t) for t in times)
    ordered = all(a <= b for a, b in zip(values[:-1], values[1:], strict=True))
    if not values or not ordered or not all(0.0 <= t <= until_h for t in values):
        raise ParameterError(
            f"times: {list(values[:4])} ... cannot be used; expected hours from 0 to until ({until_h:g}), increasing. "
            "Sort them, or raise until."
        )
    return values


def _grid(scenario: Scenario) -> FloatArray:
    """Output times of a scenario, h."""
    if scenario.times is not None:
        return np.array(scenario.times)
    until = scenario.until_h
    if scenario.every_h is None:
        count = INTERVALS if until > DAY_H else max(1, math.ceil(until / MINUTE_H - 1e-9))
        if until > DAY_H:
            return np.linspace(0.0, until, count + 1)
        spacing = MINUTE_H
    else:
        spacing = scenario.every_h
        count = max(1, math.ceil(until / spacing - 1e-9))
    if count > MOST_POINTS:
        raise ParameterError(
            f"every: {spacing:g} h makes {count} output times up to {until:g} h; expected at most {MOST_POINTS}. "
            "Choose a larger spacing."
        )
    grid: FloatArray = spacing * np.arange(count + 1, dtype=np.float64)
    if whole_microseconds(spacing) == spacing:
        grid = np.round(grid * MICROSECONDS_PER_H) / MICROSECONDS_PER_H  # as dose times are
    grid[-1] = until
    return grid


def _prepare(scenario: Scenario, grid: FloatArray | None) -> list[SubjectResult]:
    """Individuals and doses of each subject; raises what makes the scenario impossible."""
    if scenario.regimen.needs_seizure:
        order = next(dose for dose in scenario.regimen if dose.condition)
        raise RegimenError(
            f"regimen, order {order.index}: '{order.condition}' in '{order.text}' needs a seizure, and there is none "
            "(seizure 'none'); expected an order at a fixed time. Remove the condition."
        )
    choice = read_model_choice(scenario.models)
    routes = _routes(scenario.regimen)
    shared: dict[int, list[Administration]] = {}
    results = []
    for subject in scenario.subjects:
        patient = subject.patient
        given = shared.get(id(patient))
        if given is None:
            given = shared[id(patient)] = administer(scenario.regimen, patient, scenario.until_h)
        chance = (subject.seed, subject.index) if subject.random else None
        result = SubjectResult(subject, given)
        for name, ways in routes.items():
            person = individual(system_drug(name), patient, ways, choice, scenario.evidence, chance)
            doses = [dose for dose in given if f"{dose.drug} {dose.route}" in ways]
            result.units.append(Unit(person, ways, doses, scenario.until_h, grid, _limits(name)))
        results.append(result)
    return results


def _routes(regimen: Regimen) -> dict[str, dict[str, tuple[str, str]]]:
    """System to its ways in, in the order of first appearance; zero doses count, so that the drug is reported."""
    ways: dict[str, dict[str, tuple[str, str]]] = {}
    for dose in regimen:
        system = system_drug(dose.drug).name
        ways.setdefault(system, {})[f"{dose.drug} {dose.route}"] = (dose.drug, dose.route)
    return {name: dict(sorted(found.items())) for name, found in ways.items()}


def _limits(name: str) -> tuple[float, float]:
    found = load_drug(name).default_range
    if found is None or (found.low_mg_L is None and found.high_mg_L is None):
        return math.nan, math.nan
    return found.low_mg_L or 0.0, found.high_mg_L if found.high_mg_L is not None else math.inf
