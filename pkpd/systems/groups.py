"""Subjects of many scenarios, sorted by the shape of their systems and solved together.

Systems of one shape become one call of the engine; since every system is solved alone inside it, the numbers do not
depend on what stands beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pkpd.engine.cascade import Modes, decompose, layout
from pkpd.engine.linear import BOLUS, RATE, Actions, Problems, even_step, sample, solve
from pkpd.engine.summary import AUC, CMAX, CMIN, IN_RANGE, TMAX, summarise
from pkpd.engine.trajectory import Trajectory, trace
from pkpd.errors import SolverError
from pkpd.individual.individual import Individual
from pkpd.library.catalogue import load_drug
from pkpd.models.saturable import solve_saturable_outputs
from pkpd.systems.dosing import Administration
from pkpd.systems.kinetics import Shape, factors_of, saturation_of, shape_of, theta_of
from pkpd.systems.ways import Ways, way_key

__all__ = ["DrugSystem", "solve_systems", "system_levels"]

FloatArray = NDArray[np.float64]
#: Columns of `DrugSystem.summary`.
SUMMARY = {"cmax": CMAX, "tmax": TMAX, "cmin": CMIN, "auc": AUC, "in_range": IN_RANGE}


@dataclass
class DrugSystem:
    """One drug in one subject of one scenario: what goes in, and what comes out.

    `profile` has shape (n_out, n_times) or is None; `summary` maps output name to cmax, tmax, cmin, auc, in_range;
    `half_life` maps output name to hours (NaN where saturable); `failure` says why there is nothing.
    """

    person: Individual
    routes: Ways
    given: Sequence[Administration]
    until_h: float
    grid: FloatArray | None
    range_mg_L: tuple[float, float]
    shape: Shape = field(init=False)
    profile: FloatArray | None = None
    summary: dict[str, dict[str, float]] = field(default_factory=dict)
    half_life: dict[str, float] = field(default_factory=dict)
    failure: str = ""

    def __post_init__(self) -> None:
        self.shape = shape_of(self.person, self.routes)


def solve_systems(systems: Sequence[DrugSystem]) -> None:
    """Solve all systems, filling in their results."""
    groups: dict[tuple[object, ...], list[DrugSystem]] = {}
    for system in systems:
        groups.setdefault(_group_key(system), []).append(system)
    for group in groups.values():
        _solve_group(group)


def _group_key(system: DrugSystem) -> tuple[object, ...]:
    """Systems with one key have the same shape; a drug file that was changed makes another key."""
    return system.person.drug.name, system.person.model.name, system.person.drug.sha256, tuple(system.routes)


def _solve_group(group: list[DrugSystem]) -> None:
    """Solve systems of one shape; a system without a solution drops out, and the others are solved again."""
    while group:
        try:
            _solve(group)
            return
        except SolverError as error:
            index = getattr(error, "problem", 0)
            group[index].failure = f"{group[index].person.drug.name}: {error}"
            group = group[:index] + group[index + 1 :]


def _solve(group: list[DrugSystem]) -> None:
    first = group[0]
    shape, people = first.shape, [system.person for system in group]
    theta = theta_of(people, first.routes)
    factors = factors_of(shape, people)
    actions, starts, stops = _actions(group)
    until = np.array([system.until_h for system in group])
    states = np.array([output.state for output in shape.outputs], dtype=np.int64)
    low, high = _ranges(group, len(states))
    rows = np.arange(len(group), dtype=np.int64)
    grids, places = _grids(group)
    problems = Problems(rows, starts, stops, places[:, 0].copy(), places[:, 1].copy())
    if shape.saturable:
        vm, km_amount = saturation_of(people)
        values, summary = solve_saturable_outputs(
            shape.structure, theta, vm, km_amount, shape.central, actions, problems, grids, states, factors,
            until=until, low=low, high=high,
        )  # fmt: skip
        _keep_profiles(group, values, places)
        rates = None
    else:
        modes = decompose(layout(shape.structure), theta)
        path = trace(modes, actions, problems)
        summary = summarise(modes, path, until, states, factors, low, high)
        _sample_by_grid(group, modes, path, problems, grids, places, states, factors)
        rates = modes.rate
    _keep_summaries(group, summary, rates)


def _actions(group: list[DrugSystem]) -> tuple[Actions, NDArray[np.int64], NDArray[np.int64]]:
    """Doses of each system as actions in the order of time."""
    rows: list[tuple[float, int, int, float]] = []
    bounds = [0]
    for system in group:
        rows += sorted(_system_actions(system))
        bounds.append(len(rows))
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    count, zero = len(table), np.zeros(len(table))
    actions = Actions(
        np.ascontiguousarray(table[:, 0]),
        np.zeros(count, dtype=np.int64),
        table[:, 1].astype(np.int64),
        table[:, 2].astype(np.int64),
        np.ascontiguousarray(table[:, 3]),
        zero,
        zero,
        zero,
    )
    edges = np.array(bounds, dtype=np.int64)
    return actions, edges[:-1], edges[1:]


def _system_actions(system: DrugSystem) -> list[tuple[float, int, int, float]]:
    """(time, kind, state, value): a bolus, or the start and the end of a rate."""
    person, rows = system.person, []
    for dose in system.given:
        if not dose.given or not dose.amount:
            continue
        key = way_key(dose.drug, dose.route)
        facts = load_drug(dose.drug).dose_factor if dose.drug != person.drug.name else person.drug.dose_factor
        entering = person.fraction[key] * (facts.value if facts is not None else 1.0)
        start, state = dose.time_h + person.lag[key], system.shape.entries[key]
        if dose.duration_h > 0.0:
            rows.append((start, RATE, state, dose.rate * entering))
            rows.append((start + dose.duration_h, RATE, state, -dose.rate * entering))
        else:
            rows.append((start, BOLUS, state, dose.amount * entering))
    return rows


def _ranges(group: list[DrugSystem], n_out: int) -> tuple[FloatArray, FloatArray]:
    """The range of the drug's plasma concentration (the first output); none for the others."""
    low, high = np.full(n_out, np.nan), np.full(n_out, np.nan)
    low[0], high[0] = group[0].range_mg_L
    return low, high


def _grids(group: list[DrugSystem]) -> tuple[FloatArray, NDArray[np.int64]]:
    """All grids one after the other, each once, and where each system's grid stands."""
    known: dict[int, tuple[int, int]] = {}
    parts: list[FloatArray] = []
    places, at = np.zeros((len(group), 2), dtype=np.int64), 0
    for number, system in enumerate(group):
        if system.grid is None:
            continue
        if id(system.grid) not in known:
            known[id(system.grid)] = (at, at + len(system.grid))
            parts.append(system.grid)
            at += len(system.grid)
        places[number] = known[id(system.grid)]
    return (np.concatenate(parts) if parts else np.empty(0)), places


def _sample_by_grid(
    group: list[DrugSystem],
    modes: Modes,
    path: Trajectory,
    problems: Problems,
    grids: FloatArray,
    places: NDArray[np.int64],
    states: NDArray[np.int64],
    factors: FloatArray,
) -> None:
    """Profiles, one call for each grid so that an even one is used as such."""
    for start, stop in {(int(a), int(b)) for a, b in places if b > a}:
        chosen = np.flatnonzero((places[:, 0] == start) & (places[:, 1] == stop))
        part = Problems(*(column[chosen] for column in problems))
        own = path._replace(first=path.first[chosen], count=path.count[chosen])
        times = grids[start:stop]
        part = part._replace(time_start=part.time_start - start, time_stop=part.time_stop - start)
        values = sample(modes, own, part, times, states, factors, step=even_step(times))
        cube = values.reshape(len(states), len(chosen), stop - start)
        for number, index in enumerate(chosen):
            group[index].profile = cube[:, number]


def _keep_profiles(group: list[DrugSystem], values: FloatArray, places: NDArray[np.int64]) -> None:
    at = 0
    for system, (start, stop) in zip(group, places, strict=True):
        if system.grid is not None:
            system.profile = values[:, at : at + stop - start]
        at += stop - start


def _keep_summaries(group: list[DrugSystem], summary: FloatArray, rates: FloatArray | None) -> None:
    shape = group[0].shape
    offset = layout(shape.structure).offset
    for number, system in enumerate(group):
        for o, output in enumerate(shape.outputs):
            row = summary[number, o]
            system.summary[output.name] = {name: float(row[column]) for name, column in SUMMARY.items()}
            blocks = shape.terminal.get(output.name)
            if blocks is not None and rates is not None:
                slow = min(float(rates[number, offset[b] : offset[b + 1]].min()) for b in blocks)
                system.half_life[output.name] = math.log(2.0) / slow if slow > 0.0 else math.inf


def system_levels(wanted: Sequence[tuple[DrugSystem, str]], times: FloatArray) -> FloatArray:
    """Return one output of each system at the same even times, shape (n_systems, n_times), mg/L.

    A system without a solution has its `failure` filled in, and levels that are not numbers.

    Parameters
    ----------
    wanted : sequence of (DrugSystem, str)
        With the site: ``plasma``, ``brain`` or ``effect``.
    times : ndarray, hours
    """
    levels = np.zeros((len(wanted), len(times)))
    groups: dict[tuple[object, ...], list[int]] = {}
    for index, (system, site) in enumerate(wanted):
        if system.given:
            groups.setdefault((*_group_key(system), site), []).append(index)
    for key, places in groups.items():
        group = [wanted[index][0] for index in places]
        name = f"{group[0].person.drug.name}_{key[-1]}_mg_L"
        o = next(i for i, output in enumerate(group[0].shape.outputs) if output.name == name)
        levels[places] = _levels_or_nothing(group, o, times)
    return levels


def _levels_or_nothing(group: list[DrugSystem], o: int, times: FloatArray) -> FloatArray:
    levels, left = np.full((len(group), len(times)), np.nan), list(range(len(group)))
    while left:
        try:
            levels[left] = _levels_of_group([group[place] for place in left], o, times)
            break
        except SolverError as error:
            failed = group[left.pop(getattr(error, "problem", 0))]
            failed.failure = f"{failed.person.drug.name}: {error}"
    return levels


def _levels_of_group(group: list[DrugSystem], o: int, times: FloatArray) -> FloatArray:
    shape, people = group[0].shape, [system.person for system in group]
    theta, factors = theta_of(people, group[0].routes), factors_of(shape, people)[:, o : o + 1]
    actions, starts, stops = _actions(group)
    zero = np.zeros(len(group), dtype=np.int64)
    problems = Problems(np.arange(len(group)), starts, stops, zero, zero + len(times))
    states = np.array([shape.outputs[o].state])
    if shape.saturable:
        vm, km_amount = saturation_of(people)
        values, _ = solve_saturable_outputs(
            shape.structure, theta, vm, km_amount, shape.central, actions, problems, times, states, factors
        )
    else:
        values = solve(shape.structure, theta, actions, problems, times, states, factors, step=even_step(times))
    return values.reshape(len(group), len(times))
