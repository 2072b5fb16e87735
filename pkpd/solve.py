"""Scenarios become solutions: individuals, doses, the seizure with its orders, and the levels, all solved together."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pkpd.errors import PkpdError, RegimenError, SolverError
from pkpd.individual.individual import individual
from pkpd.individual.model_choice import read_model_choice
from pkpd.library.catalogue import load_drug
from pkpd.scenario import NO_SEIZURE, Scenario, output_grid
from pkpd.seizure.layer import run_layer
from pkpd.seizure.plan import plan_seizure
from pkpd.solution import Solution, SubjectResult
from pkpd.systems.dosing import Administration, administer
from pkpd.systems.groups import DrugSystem, solve_systems
from pkpd.systems.ways import way_key, ways_by_system

__all__ = ["solve_scenarios"]

FloatArray = NDArray[np.float64]


def solve_scenarios(scenarios: Sequence[Scenario], *, profiles: bool) -> list[Solution | PkpdError]:
    """Solve scenarios together; one that cannot be solved becomes an error in its place.

    Parameters
    ----------
    scenarios : sequence of Scenario
    profiles : bool
        Keep concentrations and receptor states on the grid; metrics are there in any case.

    Returns
    -------
    list of Solution or PkpdError
        One a scenario, in order.
    """
    answers: list[Solution | PkpdError | None] = [None] * len(scenarios)
    work: list[tuple[int, list[SubjectResult], FloatArray]] = []
    grids: dict[tuple[object, ...], FloatArray] = {}
    for index, scenario in enumerate(scenarios):
        try:
            key = scenario.grid_key
            grid = grids[key] if key in grids else grids.setdefault(key, output_grid(scenario))
            results = _prepare(scenario, grid if profiles else None)
        except PkpdError as error:
            answers[index] = error
            continue
        work.append((index, results, grid))
    everyone = [result for _, results, _ in work for result in results]
    run_layer([result.run for result in everyone if result.run is not None])
    for result in everyone:
        if result.run is not None:
            result.given = result.run.given
    solve_systems([system for result in everyone for system in result.systems])
    for index, results, grid in work:
        failure = next(filter(None, map(_failure, results)), None)
        shown = grid if profiles else grid[:0]
        answers[index] = failure or Solution.collect(scenarios[index], results, shown)
    return [answer for answer in answers if answer is not None]


def _failure(result: SubjectResult) -> SolverError | None:
    reasons = [system.failure for system in result.systems]
    if result.run is not None:
        reasons.append(result.run.failure)
    reason = next(filter(None, reasons), None)
    return SolverError(f"subject {result.subject.id}: {reason}. Check the regimen.") if reason else None


def _prepare(scenario: Scenario, grid: FloatArray | None) -> list[SubjectResult]:
    """Individuals of each subject, with their doses or their seizure; raises what makes the scenario impossible."""
    if scenario.seizure == NO_SEIZURE and scenario.regimen.needs_seizure:
        order = next(dose for dose in scenario.regimen if dose.condition)
        raise RegimenError(
            f"regimen, order {order.index}: '{order.condition}' in '{order.text}' needs a seizure, and there is none "
            "(seizure 'none'); expected an order at a fixed time. Remove the condition, or choose a seizure."
        )
    choice = read_model_choice(scenario.models)
    ways_of = ways_by_system(scenario.regimen)
    shared: dict[int, list[Administration]] = {}
    results = []
    for subject in scenario.subjects:
        patient = subject.patient
        given: list[Administration] = []
        if scenario.seizure == NO_SEIZURE:
            if id(patient) not in shared:
                shared[id(patient)] = administer(scenario.regimen, patient, scenario.until_h)
            given = shared[id(patient)]
        chance = (subject.seed, subject.index) if subject.random else None
        result = SubjectResult(subject, given)
        for name, ways in ways_of.items():
            person = individual(load_drug(name), patient, ways, choice, scenario.evidence, chance)
            doses = [dose for dose in given if way_key(dose.drug, dose.route) in ways]
            result.systems.append(DrugSystem(person, ways, doses, scenario.until_h, grid, _limits(name)))
        results.append(result)
    if scenario.seizure != NO_SEIZURE:
        plan_seizure(scenario, choice, results, grid)
    return results


def _limits(name: str) -> tuple[float, float]:
    found = load_drug(name).default_range
    if found is None or (found.low_mg_L is None and found.high_mg_L is None):
        return math.nan, math.nan
    return found.low_mg_L or 0.0, found.high_mg_L if found.high_mg_L is not None else math.inf
