"""What a run of the receptor layer means: output columns, metrics and warnings of one subject's seizure.

Sedation and burst suppression follow the brain levels themselves: the sensitivities of a population belong to the
control of the seizure alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pkpd.assumption import Assumption
from pkpd.library.catalogue import load_drug
from pkpd.library.receptor_file import Receptors, load_receptors
from pkpd.models.receptor_outputs import (
    bispectral_index,
    hill_share,
    potentials_and_inhibition,
    respiratory_risk,
    seizing_share,
)
from pkpd.models.receptors import N_STATES, STATES, J, rest_state
from pkpd.seizure.evidence import seizure_assumptions, seizure_warnings
from pkpd.seizure.inputs import brain_role
from pkpd.seizure.stage import StageCourse, spells, stage_course

if TYPE_CHECKING:
    from pkpd.scenario import Scenario
    from pkpd.seizure.layer import LayerRun
    from pkpd.solution import SubjectResult
    from pkpd.systems.groups import DrugSystem

__all__ = ["COLUMNS", "FLAGS", "METRICS", "SeizureResult", "seizure_result"]

FloatArray = NDArray[np.float64]
#: Output columns in the order of the contract.
COLUMNS = (
    "seizure_activity gaba_a_surface gaba_a_internal chloride_mM kcc2 nmda_synaptic e_cl_mV e_gaba_mV "
    "benzodiazepine_occupancy inhibition inflammation pgp_fold injury tolerance_sedation tolerance_anticonvulsant "
    "termination stage sedation respiratory_risk bis burst_suppression"
).split()
METRICS = (
    "seizure_stopped time_to_cessation_min relapsed gaba_a_surface_min chloride_max_mM injury_end stage_end "
    "failed_weans over_t2"
).split()
#: Metrics that are 0 or 1; over several subjects their share is reported.
FLAGS = ("seizure_stopped", "relapsed", "over_t2")
PROPOFOL, BIS = "propofol", ("e0", "ce50", "gamma_below", "gamma_above")


@dataclass(frozen=True)
class SeizureResult:
    """The seizure of one subject.

    Attributes
    ----------
    columns : dict of str to ndarray, shape (n_times,)
        By the names of `COLUMNS`.
    metrics, reasons : dict of str to float, dict of str to str
        By the names of `METRICS`; NaN with a reason where a metric has no value.
    assumptions : tuple of Assumption
    warnings : tuple of str
    """

    columns: dict[str, FloatArray]
    metrics: dict[str, float]
    reasons: dict[str, str]
    assumptions: tuple[Assumption, ...]
    warnings: tuple[str, ...]


def seizure_result(scenario: Scenario, result: SubjectResult, grid: FloatArray) -> SeizureResult:
    """Read the outputs off a subject's run.

    Parameters
    ----------
    scenario : Scenario
    result : SubjectResult
        With its run and its solved systems, whose brain levels follow a moving P-gp fold afterwards.
    grid : ndarray, hours
        Output times; empty for the metrics alone.
    """
    run, receptors = result.run, load_receptors()
    assert run is not None
    _follow_fold(run, result.systems, grid)
    until = (scenario.until_h - scenario.onset_h) * 60.0
    changes = run.transitions[run.transitions[:, 0] <= until]
    seizing = spells(changes, until, receptors["episode_end_silence"])
    weight = run.patient.covariates.get("weight_kg", math.nan)
    stages = stage_course(seizing, run.given, scenario.regimen, weight, scenario.onset_h, receptors)
    metrics, reasons = _metrics(run, changes, stages, until, receptors)
    return SeizureResult(
        columns=_columns(run, result.systems, grid, changes, stages, until, receptors) if len(grid) else {},
        metrics=metrics,
        reasons=reasons,
        assumptions=seizure_assumptions(scenario, result, receptors),
        warnings=seizure_warnings(scenario, result, receptors),
    )


def _follow_fold(run: LayerRun, systems: Sequence[DrugSystem], grid: FloatArray) -> None:
    """Put the brain levels that followed the P-gp fold in place of those at a constant fold."""
    after = grid >= run.onset_h
    for d, system in enumerate(systems):
        if run.inputs.exchange[d, 0] <= 0.0:
            continue
        name = f"{system.person.drug.name}_brain_mg_L"
        if system.profile is not None:
            row = next(o for o, output in enumerate(system.shape.outputs) if output.name == name)
            system.profile = system.profile.copy()
            system.profile[row, after] = run.brain[: after.sum(), d]
        system.summary[name]["cmax"] = float(run.peaks[d])


def _columns(
    run: LayerRun,
    systems: Sequence[DrugSystem],
    grid: FloatArray,
    changes: FloatArray,
    stages: StageCourse,
    until: float,
    receptors: Receptors,
) -> dict[str, FloatArray]:
    before = int((grid < run.onset_h).sum())
    minutes = (grid - run.onset_h) * 60.0
    rest = rest_state(run.inputs.constants)
    rest[N_STATES - 1] = run.inputs.fold
    states = np.vstack([np.tile(rest, (before, 1)), run.states[: len(grid) - before]])
    levels = _levels(systems, "brain", len(grid))
    sensitivity = run.inputs.sensitivity(run.constitution.sensitivity)
    found: dict[str, FloatArray] = {name: states[:, place] for place, name in enumerate(STATES)}
    derived = potentials_and_inhibition(
        states, levels, sensitivity, run.inputs.role, run.inputs.drug, run.inputs.constants
    )
    found |= dict(zip(("e_cl_mV", "e_gaba_mV", "benzodiazepine_occupancy", "inhibition"), derived))
    found["stage"] = stages.at(minutes)
    seizing = seizing_share(changes, minutes, receptors["respiratory_window"], until)
    found["respiratory_risk"] = respiratory_risk(
        seizing, derived[2], receptors["resp_intercept"], receptors["resp_slope_seizing"],
        receptors["resp_slope_occupancy"],
    )  # fmt: skip
    found |= _sedation(systems, levels, found["tolerance_sedation"], receptors)
    return {name: found[name] for name in COLUMNS}


def _levels(systems: Sequence[DrugSystem], site: str, count: int) -> FloatArray:
    """Levels at a site, shape (n_times, n_drugs), mg/L; 0 for a drug that has none there."""
    levels = np.zeros((count, len(systems)))
    for d, system in enumerate(systems):
        for o, output in enumerate(system.shape.outputs):
            if system.profile is not None and output.name == f"{system.person.drug.name}_{site}_mg_L":
                levels[:, d] = system.profile[o]
    return levels


def _sedation(
    systems: Sequence[DrugSystem], levels: FloatArray, tolerance: FloatArray, receptors: Receptors
) -> dict[str, FloatArray]:
    """Sedation, BIS and burst suppression; drugs of one kind add up as loads."""
    deep, suppressed, asleep = (np.zeros(len(levels)) for _ in range(3))
    anaesthetic = load_drug(PROPOFOL)
    for d, system in enumerate(systems):
        role = brain_role(system.person.drug)
        if role is None:
            continue
        if role.ramsay_c50:
            half = role.ramsay_c50[round(receptors["sedation_level"]) - 2].value
            deep += levels[:, d] * (1.0 - tolerance) / half
        if role.bsr_ce50 is not None:
            suppressed += levels[:, d] / role.bsr_ce50.value
        if system.person.drug.name == PROPOFOL:
            there = any(output.name == f"{PROPOFOL}_effect_mg_L" for output in system.shape.outputs)
            asleep = _levels(systems, "effect", len(levels))[:, d] if there else np.full(len(levels), np.nan)
    index = anaesthetic.receptor.bis if anaesthetic.receptor else {}
    return {
        "sedation": hill_share(deep, receptors["ramsay_slope"]),
        "burst_suppression": hill_share(suppressed, receptors["bsr_hill"]),
        "bis": bispectral_index(asleep, *(index[f"bis_{name}"].value for name in BIS)),
    }


def _metrics(
    run: LayerRun, changes: FloatArray, stages: StageCourse, until: float, receptors: Receptors
) -> tuple[dict[str, float], dict[str, str]]:
    if until < 0.0:
        reason = "the seizure begins after the end of the simulation"
        return dict.fromkeys(METRICS, math.nan), dict.fromkeys(METRICS, reason)
    cessation, reason = _time_to_cessation(run, changes)
    values = {
        "seizure_stopped": float(len(changes) % 2),  # the flag starts on
        "time_to_cessation_min": cessation,
        "relapsed": float(bool((changes[:, 1] > 0.5).any())),
        "gaba_a_surface_min": float(run.extremes[0]),
        "chloride_max_mM": float(run.extremes[1]),
        "injury_end": float(run.states[-1, J]),
        "stage_end": float(stages.at(np.array([until]))[0]),
        "failed_weans": float(stages.failed_weans),
        "over_t2": float(stages.longest(until) >= receptors["t2"]),
    }
    return values, {"time_to_cessation_min": reason} if reason else {}


def _time_to_cessation(run: LayerRun, changes: FloatArray) -> tuple[float, str]:
    """Minutes from the first order given from the onset on to the first moment off after it, or why there are none."""
    given = [(row.time_h - run.onset_h) * 60.0 for row in run.given if row.given and row.time_h >= run.onset_h - 1e-9]
    if not given:
        return math.nan, "no order was given from the onset on"
    first = min(given)
    earlier = changes[changes[:, 0] < first]
    if len(earlier) % 2:
        return math.nan, "not seizing at the first order"
    later = changes[(changes[:, 0] >= first) & (changes[:, 1] < 0.5), 0]
    return (float(later[0] - first), "") if len(later) else (math.nan, "never off after the first order")
